'use strict';
// What people mistype, and what they are told; and what cannot be written.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { MIDGE } = require('./support/program');

const NPX = path.join(__dirname, '..', '..', 'bin', 'midge.js');

function midge(...words) {
  const { status, stdout, stderr } = spawnSync(MIDGE, words, { encoding: 'utf8' });
  return { code: status, out: stdout, err: stderr };
}

// What is typed behind midge, and what names the fix.
const MISTYPED = [
  ['pub --hots x', '--hots is no option: did you mean --host?'],
  ['pub --topics a', '--topics is no option: did you mean --topic?'],
  ['pub --pasword a', '--pasword is no option: see --help=all'],
  ['pub -topic a', '-topic is no option: did you mean --topic?'],
  ['bench pub --client 5', '--client is no option: did you mean --clients?'],
  ['pub --topic=a -m x', '--topic=a is no option: a space is between --topic and a'],
  ['pub --topic= -m x', '--topic= is no option: did you mean --topic?'],
  ['pub -p1884 -t a -m x', '-p1884 is no option: a space is between -p and 1884'],
  ['sub -vR -t a', '-vR is no option: see --help=all'],
  ['pub house/lamp on', '\'house/lamp\' has no option before it: see --help'],
  ['pub -F x', '-F is an option of another command: sub, rr'],
  ['pub -W 1', '-W is an option of another command: sub, rr, record'],
  ['pubb', 'pubb is no command: did you mean midge pub?'],
  ['subscribe -t a', 'subscribe is no command: did you mean midge sub?'],
  ['rrr', 'rrr is no command: did you mean midge rr?'],
  ['benchmark', 'benchmark is no command: did you mean midge bench?'],
  ['rrequest', 'rrequest is no command: see midge --help'],
  ['-t a', '-t is no command: see midge --help'],
  ['pub -D will contenttype a', 'there is no such property, there is payload-format-indicator, '],
  ['pub -D unsubscribe content-type a', 'it does not belong there, but user-property\n'],
  ['pub -h localhost:1884 -t a -m x', '-h has no port in it: -h localhost -p 1884'],
  ['pub -h mqtt://localhost -t a -m x', 'a URL is -L mqtt://localhost'],
  ['bench conn -h 127.0.0.1:1884', '-h has no port in it: -h 127.0.0.1 -p 1884'],
  ['pub -P secret -t a -m x', '-P needs -u: before MQTT 5'],
  ['pub -t a -m x --will-topic a/#', 'the topic \'a/#\' cannot be: \'+\' and \'#\''],
  ['help no-such', 'midge help: name one command'],
];

for (const [typed, fix] of MISTYPED) {
  test(`midge ${typed}`, () => {
    const { code, out, err } = midge(...typed.split(' '));
    assert.ok(err.includes(fix), err);
    assert.equal(code, 1);
    assert.equal(out, '');
  });
}

// [words, fix], where a word is empty or has a space.
const REFUSED = [
  [['pub', '-t', '', '-m', 'x'], 'the topic \'\' cannot be: it is empty'],
  [['sub', '-t', ''], 'the topic \'\' cannot be: it is empty'],
  [['bench', 'pub', '-t', ''], 'the topic \'\' cannot be: it is empty'],
  [['pub', '-t', 'a\tb', '-m', 'x'], 'cannot be: it is not UTF-8 without control characters'],
  [['pub', '-t', 'a'.repeat(65536), '-m', 'x'], `${'a'.repeat(100)}...' cannot be: it has more`],
  [['pub', '-h', '', '-t', 'a', '-m', 'x'], '-h is empty'],
  [['sub', '-t', 'a', '-F', '%t %'], 'behind the last \'%\' a letter is missing'],
  [['sub', '-t', 'a', '-F', '%-20'], 'behind the last \'%\' a letter is missing'],
  [['sub', '-t', 'a', '-F', '\\'], 'behind the last \'\\\' a letter is missing'],
];

for (const [words, fix] of REFUSED) {
  test(`midge ${words.map((word) => JSON.stringify(word.slice(0, 20))).join(' ')}`, () => {
    const { code, out, err } = midge(...words);
    assert.ok(err.includes(fix), err);
    assert.equal(code, 1);
    assert.equal(out, '');
  });
}

test('help says the same as --help', () => {
  assert.deepEqual(midge('help'), midge('--help'));
  assert.deepEqual(midge('help', 'pub'), midge('pub', '--help'));
  assert.equal(midge('help').code, 0);
});

test('an IPv6 address may stand in brackets', () => {
  for (const host of ['::1', '[::1]']) {
    assert.match(midge('pub', '-h', host, '-p', '1', '-t', 'a', '-m', 'x').err,
      /cannot connect to \[?::1\]?:1:|unreachable|not available/);
  }
});

// Node.js takes the buffer of standard output away, and with it the news that nothing was written.
for (const command of [[MIDGE], [process.execPath, NPX]]) {
  test(`a full disk is an end with 1: ${path.basename(command[0])}`, () => {
    const full = fs.openSync('/dev/full', 'w');
    for (const words of [['--help'], ['man', 'pub'], ['completion', 'bash'], ['--version']]) {
      const { status, stderr } = spawnSync(command[0], [...command.slice(1), ...words],
        { encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
      assert.match(stderr, /standard output takes nothing more/, words.join(' '));
      assert.equal(status, 1);
    }
    fs.closeSync(full);
  });
}
