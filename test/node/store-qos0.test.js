'use strict';
// QoS 0 in a store (store.qos0): what waits survives its process, and is sent by
// the next one.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { listen } = require('./support/server');
const { event, until } = require('./support/wait');

const NOWHERE = 'unix:/nowhere/midge.sock';
const COUNT = 40;

function place(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-qos0-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, 'store');
}

// A client, and what it tells of its publishes.
function keeper(t, store, options) {
  const client = new mqtt('keeper', null, null, false, 60000, true,
    { store: { path: store, qos0: true }, offlineTimeout: 0, ...options });
  t.after(() => client.disconnect(null, { force: true }));
  for (const name of ['stored', 'published']) {
    client[name] = [];
    client.on(name, (mid) => client[name].push(mid));
  }
  return client;
}

async function disconnect(client) {
  const closed = event(client, 'disconnected');
  assert.equal(client.disconnect(null, { force: true }), 0);
  await closed;
}

const numbers = (count) => Array.from({ length: count }, (_, at) => at + 1);

// The next life: the broker has what was left, each QoS in its order.
async function expectSent(t, store, mids, qosOf, options) {
  const broker = await listen();
  t.after(() => broker.stop());
  const client = keeper(t, store, options);
  const restored = event(client, 'restored');
  client.connect('127.0.0.1', broker.port);
  client.publish(1, false, 'end', '');
  const last = client.mid;
  assert.equal((await restored)[0].messages, mids.length);
  await until(() => client.published.length === mids.length + 1);
  assert.deepEqual([...client.published].sort((a, b) => a - b), [...mids, last]);
  for (const qos of [0, 1]) {
    const sent = broker.got('publish').filter((packet) => packet.qos === qos)
      .map(({ payload }) => Number(payload));
    const expected = mids.filter((mid) => qosOf(mid) === qos);
    assert.deepEqual(sent, qos === 0 ? expected : [...expected, 0]);
  }
  await disconnect(client);
  return last;
}

test('what waits is stored, and sent by the next client, once', async (t) => {
  const store = place(t);
  const first = keeper(t, store);
  const qosOf = (mid) => Number(mid % 4 === 0);
  first.connect(NOWHERE);
  // Mostly in bundles, of which some have a callback.
  for (const mid of numbers(COUNT)) {
    first.publish(qosOf(mid), false, `t/${mid % 3}`, `${mid}`, mid % 5 ? null : () => {});
  }
  await until(() => first.stored.length === COUNT);
  assert.deepEqual([...first.stored].sort((a, b) => a - b), numbers(COUNT));
  await disconnect(first);
  assert.equal(await expectSent(t, store, numbers(COUNT), qosOf), COUNT + 1);
  assert.equal(await expectSent(t, store, [], qosOf), 1);
});

test('so it is when its process is killed', async (t) => {
  const store = place(t);
  const script = `
    const mqtt = require(${JSON.stringify(path.join(__dirname, '..', '..', 'lib'))});
    const client = new mqtt('keeper', null, null, false, 60000, true,
      { store: { path: ${JSON.stringify(store)}, qos0: true } });
    client.connect(${JSON.stringify(NOWHERE)});
    client.on('stored', (mid) => mid === ${COUNT} && process.stdout.write('stored'));
    for (let mid = 1; mid <= ${COUNT}; mid += 1) client.publish(0, false, 't', String(mid));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  await event(child.stdout, 'data');
  child.kill('SIGKILL');
  await closed;
  await expectSent(t, store, numbers(COUNT), () => 0);
});

test('in a queue that is larger than memory too', async (t) => {
  const store = place(t);
  const options = { maxQueueMemory: 4000 };
  const first = keeper(t, store, options);
  const qosOf = (mid) => mid % 2;
  first.connect(NOWHERE);
  const pad = ' '.repeat(200);
  for (const mid of numbers(COUNT + 1)) first.publish(qosOf(mid), false, 't', `${mid}${pad}`);
  await until(() => first.stored.length === COUNT + 1);
  await disconnect(first);
  const last = await expectSent(t, store, numbers(COUNT + 1), qosOf, options);
  assert.equal(last, COUNT + 2);
});

test('what is sent at once is not stored', async (t) => {
  const broker = await listen();
  t.after(() => broker.stop());
  const client = keeper(t, place(t));
  client.connect('127.0.0.1', broker.port);
  // The session's own record is stored before anything is sent.
  client.publish(1, false, 't', '1');
  await until(() => client.published.length === 1);
  client.publish(0, false, 't', '2');
  client.publish(1, false, 't', '3');
  await until(() => client.published.length === 3);
  assert.deepEqual(client.stored, [1, 3]);
  await disconnect(client);
});
