'use strict';
// Many sessions with a server that makes no sense: nothing is thrown, nothing
// crashes, nothing is left. `make soak` runs a hundred thousand.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { runHostileSessions } = require('./support/hostile-runner');

test('thousands of hostile sessions leave nothing behind', async () => {
  const { sessions, refused, broken, open, grown } = await runHostileSessions(3000, 1);
  assert.equal(sessions, 3000);
  assert.equal(open, 0);
  assert.equal(refused + broken, sessions);
  assert.ok(broken > 100 && refused > 100, `${broken} broken, ${refused} refused`);
  assert.ok(grown < 64 << 20, `${grown} bytes more than after the first`);
});
