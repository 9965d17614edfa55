'use strict';
// tools/test ends a suite that hangs, and no suite that is slow.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

// It has no extension, and is loaded as JavaScript all the same.
const { run, silence } = require('../../tools/test');

test('a suite that says nothing any more is stopped, with all that it started', async () => {
  const { status, text, failed } = await run('a-suite-that-hangs', 'echo begun; sleep 1000', 50);
  fs.rmSync(path.join(__dirname, '../../build/logs/a-suite-that-hangs.log'));
  assert.equal(status, 1);
  assert.equal(failed, 1);
  assert.match(text, /^(begun\n)?\na-suite-that-hangs was stopped: it had said nothing for 0\.05/);
});

test('a suite that is slow is silent only since it last said something', () => {
  let now = 1000;
  const silent = silence(() => now);
  assert.equal(silent(0), 0);
  now = 5000;
  assert.equal(silent(0), 4000);
  assert.equal(silent(1), 0);
  now = 1e9;
  assert.equal(silent(2), 0);
  now += 7;
  assert.equal(silent(2), 7);
});
