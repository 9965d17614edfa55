'use strict';
// Windows that an earlier run of the bench has found.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Windows } = require('../../bench/sweep');

const WORK = { scheme: 'mqtt', id: 'publish-0' };
const MIDGE = { name: 'midge' };

test('windows are read from their file, and those without a rate are not', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-windows-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'windows.json');
  const found = { style: 'each', window: 100, rate: 5,
    tried: [{ style: 'each', window: 100, rate: 5 }, { style: 'each', window: 10, error: 'no' }] };
  new Windows(file, { isWritten: true }).set(WORK, MIDGE, found);
  assert.deepEqual(new Windows(file, { isRead: true }).get(WORK, MIDGE), found);
  const { rate, ...older } = found;
  for (const other of [older, { ...found, tried: [{ style: 'each', window: 100, rates: [5] }] }]) {
    new Windows(file, { isWritten: true }).set(WORK, MIDGE, other);
    assert.equal(new Windows(file, { isRead: true }).get(WORK, MIDGE), undefined);
  }
});
