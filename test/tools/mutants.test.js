'use strict';
// The faults of test/mutants and test/simulate fit the sources as they are.
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const TOOL = path.join(__dirname, '../../tools/mutants');

function mutants(...words) {
  return spawnSync(process.execPath, [TOOL, ...words], { encoding: 'utf8' });
}

test('every fault has its place, once', () => {
  const { status, stdout } = mutants('--check');
  assert.equal(status, 0, stdout);
  assert.ok(Number(/^(\d+) faults$/m.exec(stdout)[1]) >= 200, stdout);
});

test('so has every fault of the simulator', () => {
  const tool = path.join(__dirname, '../../tools/simulate');
  const { status, stdout } = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  assert.ok(Number(/^(\d+) mutants$/m.exec(stdout)[1]) >= 70, stdout);
});

test('the slices are all of the faults, each once', () => {
  const all = mutants('--list').stdout.trim().split('\n').slice(0, -1);
  const slices = [1, 2, 3].flatMap((k) =>
    mutants('--list', '--slice', `${k}/3`).stdout.trim().split('\n').slice(0, -1));
  assert.deepEqual(slices.sort(), all.sort());
});

test('a pattern picks by place, name or test', () => {
  const { stdout } = mutants('--list', 'src/codec/topic');
  assert.match(stdout, /a wildcard need not be a whole level/);
  assert.doesNotMatch(stdout, /src\/base/);
});

test('a pattern that picks nothing fails', () => {
  assert.equal(mutants('--check', 'no such fault').status, 1);
});

test('an option that is none runs nothing', () => {
  const { status, stdout, stderr } = mutants('--help');
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /there is no --help: tools\/mutants \[--check/);
});
