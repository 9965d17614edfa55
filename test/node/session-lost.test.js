'use strict';
// A session that the broker has lost, or that ended otherwise, with messages in
// flight: they are sent as new, or told and dropped (sessionLost).
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { listen } = require('./support/server');
const { event, thrown, until } = require('./support/wait');

const { ECLOSED, ESESSION } = mqtt.errors;
const MESSAGES = [[1, '1'], [2, '2'], [1, '3']];

// A broker that knows no session and answers no PUBLISH until `broker.answers` does.
async function forgetful(t) {
  const broker = await listen({ publish: false });
  t.after(() => broker.stop());
  broker.sent = () => broker.got('publish')
    .map(({ payload, dup }) => `${payload}${dup ? '+' : ''}`);
  broker.acknowledge = () => {
    broker.answers.publish = ({ messageId, qos }, connection) =>
      connection.send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId });
  };
  return broker;
}

function place(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-lost-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, 'store');
}

// A client, and what it tells of its publishes.
function keeper(t, options) {
  const client = new mqtt('keeper', null, null, false, 60000, true,
    { reconnectPeriod: 20, offlineTimeout: 0, ...options });
  t.after(() => client.disconnect(null, { force: true }));
  client.told = [];
  client.on('published', (mid) => client.told.push(mid));
  client.on('failed', (mid, { errno }) => client.told.push([mid, errno]));
  return client;
}

async function disconnect(client) {
  const closed = event(client, 'disconnected');
  assert.equal(client.disconnect(null, { force: true }), 0);
  await closed;
}

test('what was in flight is told once and not sent again', async (t) => {
  const broker = await forgetful(t);
  const client = keeper(t, { sessionLost: 'drop' });
  const called = [];
  client.connect('127.0.0.1', broker.port);
  await event(client, 'connected');
  for (const [qos, message] of MESSAGES) {
    client.publish(qos, false, 't', message, (mid, error) => called.push([mid, error?.code]));
  }
  await until(() => broker.sent().length === 3);
  broker.acknowledge();
  const again = event(client, 'connected');
  broker.cut();
  await event(client, 'disconnected');
  client.publish(1, false, 't', '4', (mid, error) => called.push([mid, error?.code]));
  const [, connack] = await again;
  assert.deepEqual([connack.sessionPresent, connack.renewed, connack.dropped], [false, 0, 3]);
  await until(() => called.length === 4);
  const dropped = [1, 2, 3].map((mid) => [mid, 'MIDGE_ESESSION']);
  assert.deepEqual(called, [...dropped, [4, undefined]]);
  assert.deepEqual(client.told, [...[1, 2, 3].map((mid) => [mid, ESESSION]), 4]);
  assert.deepEqual(broker.sent(), ['1', '2', '3', '4']);
  await disconnect(client);
});

test('unless that is asked for, it is sent as new', async (t) => {
  const broker = await forgetful(t);
  const client = keeper(t, { sessionLost: 'resend' });
  client.connect('127.0.0.1', broker.port);
  await event(client, 'connected');
  for (const [qos, message] of MESSAGES) client.publish(qos, false, 't', message);
  await until(() => broker.sent().length === 3);
  broker.acknowledge();
  const again = event(client, 'connected');
  broker.cut();
  const [, connack] = await again;
  assert.deepEqual([connack.renewed, connack.dropped], [3, 0]);
  await until(() => client.told.length === 3);
  assert.deepEqual(broker.sent(), ['1', '2', '3', '1', '2', '3']);
  assert.deepEqual(client.told.sort(), [1, 2, 3]);
  await disconnect(client);
});

// The first life: what it leaves in the store was sent, and not answered.
async function leave(t, broker, store) {
  const client = keeper(t, { store: { path: store } });
  client.connect('127.0.0.1', broker.port);
  for (const [qos, message] of MESSAGES) client.publish(qos, false, 't', message);
  await until(() => broker.sent().length === 3);
  await disconnect(client);
  assert.deepEqual(client.told, [1, 2, 3].map((mid) => [mid, ECLOSED]));
  broker.acknowledge();
}

test('of a former life it is told by its message id, and leaves the store', async (t) => {
  const broker = await forgetful(t);
  const store = place(t);
  await leave(t, broker, store);
  for (const [count, mid] of [[3, 4], [0, 1]]) {
    const client = keeper(t, { store: { path: store }, sessionLost: 'drop' });
    const restored = event(client, 'restored');
    client.connect('127.0.0.1', broker.port);
    client.publish(2, false, 't', 'new');
    assert.equal((await restored)[0].messages, count);
    await until(() => client.told.includes(mid));
    const dropped = [1, 2, 3].slice(0, count).map((of) => [of, ESESSION]);
    assert.deepEqual(client.told, [...dropped, mid]);
    await disconnect(client);
  }
  assert.deepEqual(broker.sent(), ['1', '2', '3', 'new', 'new']);
});

test('mqtt.connect tells callbacks, and of a former life an event', async (t) => {
  const broker = await forgetful(t);
  const store = place(t);
  await leave(t, broker, store);
  broker.answers.publish = undefined;
  const client = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, { clientId: 'keeper',
    clean: false, reconnectPeriod: 20, store: { path: store }, sessionLost: 'drop' });
  t.after(() => client.endAsync(true));
  const failed = [];
  client.on('failed', (mid, { code }) => failed.push([mid, code]));
  await event(client, 'connect');
  assert.deepEqual(failed, [1, 2, 3].map((mid) => [mid, 'MIDGE_ESESSION']));
  const outcome = client.publishAsync('t', '4', { qos: 2 });
  await until(() => broker.sent().length === 4);
  broker.cut();
  await assert.rejects(outcome, { code: 'MIDGE_ESESSION', errno: ESESSION });
  assert.deepEqual(broker.sent(), ['1', '2', '3', '4']);
  assert.equal(failed.length, 3);
});

test('another word is refused', () => {
  const wrong = thrown(() => new mqtt('a', null, null, false, 0, true, { sessionLost: 'forget' }));
  assert.equal(wrong.code, 'ERR_OUT_OF_RANGE');
  assert.match(wrong.message, /"options\.sessionLost".* 'resend' or 'drop'/);
});
