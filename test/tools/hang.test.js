'use strict';
// A test that fails, or hangs, or leaves something behind, ends all the same.
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const TOOL = path.join(__dirname, '../../tools/node-test');
const LIMIT_MS = 120000;
const OPEN = "require('node:net').createServer().listen(0, '127.0.0.1');";
const HAS_LIMIT = /--test-timeout/
  .test(spawnSync(process.execPath, ['--help'], { encoding: 'utf8' }).stdout);

// Runs a file with this one test; as if no other runner were around it.
function run(body) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-hang-'));
  const file = path.join(folder, 'it.test.js');
  fs.writeFileSync(file, `require('node:test')('it', async () => { ${body} });\n`);
  const env = { ...process.env, MIDGE_TEST_FILE_MS: '15000', MIDGE_TEST_SOON_MS: '500' };
  delete env.NODE_TEST_CONTEXT;
  try {
    return spawnSync(TOOL, [file], { env, encoding: 'utf8', timeout: LIMIT_MS });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function expect(body, isFine, expected) {
  const { status, signal, stdout } = run(body);
  assert.equal(signal, null, 'it hung');
  assert.equal(status === 0, isFine, stdout);
  assert.match(stdout, expected);
}

test('a test that passes', () => expect('', true, /pass 1/));

test('a test that fails', () => expect("throw new Error('so');", false, /fail 1/));

test('a test that fails and leaves a server open', () =>
  expect(`${OPEN} throw new Error('so');`, false, /fail 1/));

test('a test that passes and leaves a server open', () =>
  expect(OPEN, false, /still there is: .*TCPServerWrap/));

test('a test that never ends', { skip: !HAS_LIMIT }, () =>
  expect(`${OPEN} await new Promise(() => {});`, false, /timed out after 15000/));
