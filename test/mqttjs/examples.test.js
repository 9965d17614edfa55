'use strict';
// The examples do what they say, against a real broker.
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const mqtt = require('../..');
const mosquitto = require('../support/mosquitto');

const FOLDER = path.join(__dirname, '..', '..', 'examples', 'js');
let broker;

before(async () => {
  broker = await mosquitto.start();
});

after(() => broker.stop());

async function run(name) {
  const { stdout } = await promisify(execFile)(process.execPath,
    [path.join(FOLDER, name), `mqtt://127.0.0.1:${broker.port}`], { timeout: 120000 });
  return stdout.trim().split('\n');
}

test('drop-in.js', async () => {
  assert.deepEqual(await run('drop-in.js'), ['presence Hello mqtt']);
});

test('inbox.js', async () => {
  assert.deepEqual(await run('inbox.js'), ['first life one two', 'second life two true']);
});

test('own-stream.js', async () => {
  const lines = await run('own-stream.js');
  assert.deepEqual([...new Set(lines)], ['read true', 'published']);
});

test('own-store.js', async () => {
  assert.deepEqual(await run('own-store.js'), ['stored 1', 'sent, left 0']);
});

test('drop-in-async.mjs', async () => {
  assert.deepEqual(await run('drop-in-async.mjs'), ['granted 1',
    ...['one', 'two', 'three'].map((word) => `example/numbers ${word} text/plain`)]);
});

test('messages.mjs', async () => {
  assert.deepEqual(await run('messages.mjs'), ['21.5', '21.7', '21.6', 'enough']
    .map((reading) => `example/readings/kitchen ${reading}`));
});

test('handlers.js', async () => {
  assert.deepEqual(await run('handlers.js'), ['all: example/kitchen/door open',
    'all: example/kitchen/light on', 'light: example/kitchen/light on']);
});

test('request.js', async () => {
  assert.deepEqual(await run('request.js'), ['6', '30']);
});

test('offline.js', async () => {
  assert.deepEqual(await run('offline.js'), ['connected as example-offline',
    '20.1 MIDGE_EREPLACED', '20.4 MIDGE_EREPLACED', '20.9 sent', 'example/offline 20.9',
    'true [ \'MIDGE_EERRNO\' ]']);
});

// They are copied into programs that have midge as a dependency.
test('no example asks for what lies around it', () => {
  for (const name of fs.readdirSync(FOLDER)) {
    const text = fs.readFileSync(path.join(FOLDER, name), 'utf8');
    assert.match(text, /(require\(|from )'midge'/, name);
    assert.doesNotMatch(text, /(require\(|from )'\./, name);
  }
});

test('own-store.js brings bytes back as they were', async () => {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
  const told = once(client, 'message');
  await client.subscribeAsync('example/store');
  await run('own-store.js');
  const [, payload] = await told;
  assert.equal(String(payload), 'written down');
  await client.endAsync();
});
