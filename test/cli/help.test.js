'use strict';
// What the program says of itself: --help and the manual come from one table, and
// so have the same options.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { optionsOf, words } = require('./support/help');
const { MIDGE } = require('./support/program');

function midge(...words) {
  const { status, stdout, stderr } = spawnSync(MIDGE, words, { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

function said(...words) {
  const { code, out, err } = midge(...words);
  assert.equal(code, 0, err);
  return out;
}

const commands = said('man', '--list').trim().split('\n');

test('every command has a page, and stands in --help', () => {
  const named = [...said('--help').matchAll(/^ {2}midge (\w+) {2,}/gm)].map(([, name]) => name);
  assert.deepEqual(named, [...commands, 'man', 'completion']);
  assert.ok(commands.includes('pub') && commands.includes('record'));
});

for (const command of commands) {
  test(`midge ${command} --help fits a screen`, () => {
    for (const all of [false, true]) {
      const lines = said(command, all ? '--help=all' : '--help').trimEnd().split('\n');
      assert.ok(all || lines.length <= 23, `${lines.length} lines`);
      assert.deepEqual(lines.filter((line) => line.length > 80), []);
    }
  });

  test(`midge ${command} --help, --help=all and the manual have the same options`, () => {
    const some = optionsOf(said(command, '--help'));
    const all = optionsOf(said(command, '--help=all'));
    if (command !== 'store') assert.ok(some.length > 8 && all.length > 30, `${all.length}`);
    const known = words(all);
    assert.deepEqual(words(some).filter((word) => !known.includes(word)), []);
    if (command === 'store') return;
    const page = said('man', command).replaceAll('\\-', '-');
    const inPage = [...page.matchAll(/^\.TP\n\\fB(-\w)?(?:\\fR, \\fB)?(--[\w-]+)?\\fR/gm)]
      .map(([, letter, name]) => [letter, name]);
    assert.deepEqual(inPage, all);
  });
}

test('the pages of the manual are right', () => {
  for (const page of [[], ...commands.map((name) => [name])]) {
    const { status, stdout, error } = spawnSync('mandoc', ['-Tlint', '-Wstyle'],
      { input: said('man', ...page), encoding: 'utf8' });
    assert.equal(error, undefined);
    assert.equal(stdout, '');
    assert.equal(status, 0);
  }
});

test('the manual has every sequence of -F', () => {
  const text = said('man', 'sub');
  for (const letter of '%ACDEFIJPRSUXjlmpqrtx') {
    assert.ok(text.includes(`\n\\fB%${letter}\n\\fR`), letter);
  }
});

test('the build leaves pages and completions to install', () => {
  const folder = path.dirname(MIDGE);
  assert.deepEqual(fs.readdirSync(path.join(folder, 'man1')).sort(),
    ['midge.1', ...commands.map((name) => `midge-${name}.1`)].sort());
  assert.deepEqual(fs.readdirSync(path.join(folder, 'completions')).sort(),
    ['_midge', 'midge', 'midge.fish']);
});

test('what has no page or shell is named', () => {
  assert.match(midge('man', 'nothing').err, /name one command/);
  assert.match(midge('completion').err, /bash, zsh or fish/);
  assert.match(midge('completion', 'tcsh').err, /bash, zsh or fish/);
  assert.equal(midge('completion', 'tcsh').code, 1);
});
