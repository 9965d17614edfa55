'use strict';
// mqtt.connect with a store: callbacks of MQTT.js's names tell what is safe.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { called, event, until } = require('../node/support/wait');
const { listen } = require('./support/broker');

function place(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-store-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, 'store');
}

for (const protocolVersion of [4, 5]) {
  test(`cbStorePut, then another client sends it (${protocolVersion})`, async (t) => {
    const broker = await mosquitto.start();
    t.after(() => broker.stop());
    const options = {
      clientId: 'keeper', clean: false, protocolVersion, store: { path: place(t) },
    };
    // Nothing is sent by this one: its connection is made by hand, and never is.
    const first = mqtt.connect('mqtt://127.0.0.1:1', options);
    let failure;
    await new Promise((resolve) => first.publish('kept', 'x', { qos: 1, cbStorePut: resolve },
      (error) => { failure = error; }));
    await first.endAsync(true);
    await until(() => failure !== undefined);
    assert.equal(failure.message, 'Connection closed');

    const listener = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
    await listener.subscribeAsync('kept', { qos: 1 });
    const received = event(listener, 'message');
    let restored;
    const second = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`,
      { ...options, onRestored: (what) => { restored = what; } });
    const [topic, payload] = await received;
    assert.deepEqual([topic, String(payload)], ['kept', 'x']);
    assert.deepEqual(restored, { messages: 1, damaged: 0, stale: false });
    const stored = [];
    await second.publishAsync('kept', 'y',
      { qos: 2, cbStorePut: () => stored.push('y') });
    assert.deepEqual(stored, ['y']);
    await Promise.all([second.endAsync(), listener.endAsync()]);
  });
}

test('an ack() of before the end is no answer to what comes after it', async (t) => {
  const broker = await listen({
    connect: (packet, { number }) =>
      ({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: number > 1 }),
  });
  const client = await mqtt.connectAsync(broker.url,
    { clientId: 'keeper', clean: false, manualAcks: true, store: { path: place(t) } });
  t.after(() => broker.close());
  t.after(() => client.endAsync(true));
  const packets = [];
  client.on('message', (topic, payload, packet) => packets.push(packet));
  const send = (qos) =>
    broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos, messageId: 5 });
  send(1);
  await until(() => packets.length === 1);
  await client.endAsync();
  packets[0].ack(); // its store is closed
  client.reconnect();
  await called((done) => client.once('connect', done));
  send(1);
  await until(() => packets.length === 2);
  packets[0].ack();
  await client.publishAsync('fence', 'm', { qos: 1 });
  assert.equal(broker.of('puback').length, 0);
  packets[1].ack();
  await broker.saw('puback');
});

test('a client with a store stays who it is', async (t) => {
  const options = {
    clientId: 'keeper', clean: false, store: { path: place(t) }, reconnectPeriod: 20,
  };
  const broker = await listen();
  const client = await mqtt.connectAsync(broker.url, options);
  for (const change of [{ clientId: 'other' }, { clean: true }]) {
    Object.assign(client.options, change);
    const failed = called((done) => client.once('error', done));
    broker.current.end();
    assert.match((await failed)[0].message, /cannot change while there is a store/);
    const opened = called((done) => client.once('connect', done));
    Object.assign(client.options, options, { keepalive: 33 });
    await opened;
    assert.equal(broker.of('connect').at(-1).keepalive, 33);
  }
  await client.endAsync();
  await broker.close();
});

test('what does not go with a store is thrown', (t) => {
  const store = { path: place(t) };
  const url = 'mqtt://127.0.0.1:1';
  assert.throws(() => mqtt.connect(url, { store, clean: false }), /Missing clientId/);
  assert.throws(() => mqtt.connect(url, { store, clientId: 'a' }), /this one is clean/);
  assert.throws(() => mqtt.connect(url, { store: {}, clientId: 'a', clean: false }),
    /store\.path/);
  assert.throws(() => mqtt.connect(url, { onRestored: 1 }),
    /"options\.onRestored" property must be of type function/);
});
