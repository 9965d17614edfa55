'use strict';
// A hundred thousand sessions with a server that makes no sense.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { runHostileSessions } = require('../node/support/hostile-runner');

const COUNT = 100000;
const HOURS_MS = 6 * 3600000;

test('a hundred thousand hostile sessions', { timeout: HOURS_MS }, async (t) => {
  const result = await runHostileSessions(COUNT, 2, HOURS_MS);
  t.diagnostic(JSON.stringify(result));
  assert.equal(result.sessions, COUNT);
  assert.ok(result.grown < 64 << 20, `${result.grown} bytes more than after the first 2,000`);
});
