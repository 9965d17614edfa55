'use strict';
// What the program says of itself: --help, the manual and what shells complete
// come from one table, and so have the same options.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
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

// [letter, name] of each option that a text has a line for.
const LINE = /^ {2}(?:(-\w)(?:, )?)?(--[\w-]+)?(?: [A-Z].*)? {2}/gm;
const optionsOf = (text) => [...text.matchAll(LINE)]
  .filter(([, letter, name]) => letter || name).map(([, letter, name]) => [letter, name]);
const words = (options) => options.flat().filter(Boolean);

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

// What bash offers for each of these lines, whose last word is at the cursor.
function completed(...lines) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-cli-bash-'));
  for (const name of ['a file', 'other']) fs.writeFileSync(path.join(folder, name), '');
  const script = `${said('completion', 'bash')}
    while read -r line; do
      IFS=, read -ra COMP_WORDS <<<"$line,"
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _midge
      (IFS=,; echo "\${COMPREPLY[*]}")
    done`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script],
    { cwd: folder, input: lines.map((line) => `${line.join(',')}\n`).join(''), encoding: 'utf8' });
  fs.rmSync(folder, { recursive: true });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout.trimEnd().split('\n').map((line) => line.split(',').filter(Boolean));
}

test('bash completes commands, options and values', () => {
  const offered = completed(['midge', 're'], ['midge', 'pub', '--top'], ['midge', 'pub', '-q', ''],
    ['midge', 'sub', '-V', 'mqttv3'], ['midge', 'store', 'ch'], ['midge', 'pub', '--cafile', 'a'],
    ['midge', 'replay', 'o'], ['midge', 'man', 'st'], ['midge', 'completion', 'z'],
    ['midge', 'pub', '-m', ''], ['midge', 'pub', '-D', 'p']);
  assert.deepEqual(offered, [['record', 'replay'], ['--topic'], ['0', '1', '2'],
    ['mqttv311', 'mqttv31'], ['check'], ['a file'], ['other'], ['store'], ['zsh'], [],
    ['publish']]);
});

test('bash completes every option of every command', () => {
  const offered = completed(...commands.map((command) => ['midge', command, '-']));
  commands.forEach((command, i) => {
    if (command === 'store') return;
    assert.deepEqual(offered[i], ['--help', ...words(optionsOf(said(command, '--help=all')))]);
  });
});

// Where there are such shells.
for (const [shell, name] of [['zsh', '_midge'], ['fish', 'midge.fish']]) {
  test(`${shell} reads what it is to complete`, (t) => {
    const file = path.join(path.dirname(MIDGE), 'completions', name);
    const { status, stderr, error } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
    if (error) {
      t.skip(`there is no ${shell}`);
      return;
    }
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });
}

test('what has no page or shell is named', () => {
  assert.match(midge('man', 'nothing').err, /name one command/);
  assert.match(midge('completion').err, /bash, zsh or fish/);
  assert.match(midge('completion', 'tcsh').err, /bash, zsh or fish/);
  assert.equal(midge('completion', 'tcsh').code, 1);
});
