'use strict';
// What better.test.js says that midge does better, MQTT.js 5.16 does not: each test of it
// fails there.
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { version } = require('mqtt/package.json');

const FILE = path.join(__dirname, 'better.test.js');
const END = path.join(__dirname, '..', 'support', 'end.js');
// How long each of them waits there for what never comes, and how long its process waits for
// what MQTT.js leaves behind.
const LIMIT_MS = 3000;
const SOON_MS = 1000;

function titles() {
  const found = fs.readFileSync(FILE, 'utf8').matchAll(/^test\('((?:[^'\\]|\\.)*)'/gm);
  return [...found].map(([, title]) => title.replaceAll('\\\'', '\''));
}

// Whether each test passes on MQTT.js, by title.
function played() {
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--require', END, '--test', '--test-reporter=tap', FILE], {
      env: {
        ...env, MIDGE_TEST_LIBRARY: 'mqtt', MIDGE_TEST_LIMIT_MS: LIMIT_MS,
        MIDGE_TEST_SOON_MS: SOON_MS,
      },
    }, (error, stdout) => {
      const lines = [...stdout.matchAll(/^ *(not ok|ok) \d+ - (.*)$/gm)];
      resolve(new Map(lines.map(([, outcome, title]) => [title, outcome === 'ok'])));
    });
  });
}

test('each of them fails on MQTT.js 5.16', async () => {
  assert.match(version, /^5\.16\./);
  const passed = await played();
  const all = titles();
  assert.ok(all.length >= 20, `${all.length}`);
  assert.deepEqual(all.filter((title) => passed.get(title) !== false), []);
});
