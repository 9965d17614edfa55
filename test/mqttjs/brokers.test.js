'use strict';
// mqtt.connect with real brokers: mosquitto, and aedes in this very thread.
const assert = require('node:assert/strict');
const { afterEach, test } = require('node:test');
const mqtt = require('../../lib');
const { called, until } = require('../node/support/wait');
const aedes = require('../support/aedes');
const mosquitto = require('../support/mosquitto');

const open = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.stop) await one.stop();
    else one.end(true);
  }
});

const BROKERS = {
  mosquitto: () => mosquitto.start(),
  aedes: () => aedes.start(),
};

async function client(broker, options) {
  const made = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`,
    { reconnectPeriod: 50, ...options });
  open.push(made);
  return made;
}

for (const [name, start] of Object.entries(BROKERS)) {
  test(`${name}: every QoS there and back, retained messages and a will`, async () => {
    const broker = await start();
    open.push(broker);
    const heard = [];
    const listener = await client(broker);
    listener.on('message', (topic, payload, { qos, retain }) =>
      heard.push([topic, String(payload), qos, retain]));
    await listener.subscribeAsync({ 'a/#': { qos: 2 }, will: { qos: 1 } });
    const speaker = await client(broker, { will: { topic: 'will', payload: 'gone', qos: 1 } });
    for (const qos of [0, 1, 2]) await speaker.publishAsync('a/b', String(qos), { qos });
    await until(() => heard.length === 3);
    assert.deepEqual(heard, [0, 1, 2].map((qos) => ['a/b', String(qos), qos, false]));
    await speaker.publishAsync('kept', 'k', { qos: 1, retain: true });
    await listener.subscribeAsync('kept');
    await until(() => heard.length === 4);
    assert.deepEqual(heard[3], ['kept', 'k', 0, true]);
    speaker.end(true); // without DISCONNECT: the will is published
    await until(() => heard.length === 5);
    assert.deepEqual(heard[4].slice(0, 2), ['will', 'gone']);
    await listener.endAsync();
  });
}

test('mosquitto: subscriptions and messages outlast its restart', async () => {
  const broker = await mosquitto.start();
  open.push(broker);
  const heard = [];
  const one = await client(broker);
  one.on('message', (topic, payload) => heard.push(String(payload)));
  await one.subscribeAsync('a', { qos: 1 });
  const closed = called((done) => one.once('close', done));
  const connected = called((done) => one.on('connect', done));
  await broker.restart();
  await closed;
  const published = one.publishAsync('a', 'kept', { qos: 1 });
  await connected;
  await published;
  await until(() => heard.includes('kept'));
  await one.endAsync();
});
