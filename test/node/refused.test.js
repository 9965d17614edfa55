'use strict';
// Subscriptions that the server refuses, however short its answer.
const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const mqtt = require('../..');
const { listen } = require('./support/server');
const { event, until } = require('./support/wait');

const REFUSED = { 4: 0x80, 5: 0x87 };

async function connected(t, protocolVersion, answers) {
  const server = await listen(answers);
  after(() => server.stop());
  const client = new mqtt(null, null, null, true, 60000, true,
    { protocolVersion, reconnectPeriod: 20 });
  t.after(() => client.disconnect(null, { force: true }));
  client.connect('127.0.0.1', server.port);
  await event(client, 'connected');
  return { client, server };
}

for (const version of [4, 5]) {
  for (const topic of ['a', ['a'], ['a', 'b']]) {
    test(`MQTT ${version}: a refusal of ${JSON.stringify(topic)} is an error`, async (t) => {
      const reason = REFUSED[version];
      const { client } = await connected(t, version, {
        subscribe({ messageId, subscriptions }, connection) {
          const granted = subscriptions.map(() => reason);
          connection.send({ cmd: 'suback', messageId, granted });
        },
      });
      client.on('subscribed', () => assert.fail('it was refused'));
      const [mid, granted, error] = await new Promise((resolve) => {
        client.subscribe(1, topic, (...told) => resolve(told));
      });
      assert.equal(mid, client.mid);
      assert.deepEqual(granted, Array.isArray(topic) ? topic.map(() => reason) : reason);
      assert.ok(error instanceof Error);
      assert.equal(error.reasonCode, reason);
      assert.deepEqual(error.granted, granted);
    });
  }
}

test('MQTT 5: a refused unsubscribe is an error', async (t) => {
  const { client } = await connected(t, 5, {
    unsubscribe({ messageId }, connection) {
      connection.send({ cmd: 'unsuback', messageId, granted: [0x87] });
    },
  });
  client.on('unsubscribed', () => assert.fail('it was refused'));
  const [, error] = await new Promise((resolve) => {
    client.unsubscribe('a', (...told) => resolve(told));
  });
  assert.equal(error.reasonCode, 0x87);
});

test('an answer of credentials that cannot be used is told, and asked for again', async (t) => {
  const server = await listen();
  after(() => server.stop());
  let asked = 0;
  const client = new mqtt(null, null, null, true, 60000, true, {
    reconnectPeriod: 20,
    credentials: () => {
      asked += 1;
      return { url: asked < 3 ? 'mqtt://127.0.0.1:99999' : `mqtt://127.0.0.1:${server.port}` };
    },
  });
  t.after(() => client.disconnect(null, { force: true }));
  const told = [];
  client.connect('127.0.0.1', server.port, (result, error) => told.push([result, error]));
  await until(() => client.connected);
  assert.equal(asked, 3);
  assert.equal(told.length, 3);
  assert.match(told[0][0], /credentials/);
  assert.equal(told[0][1].errno, mqtt.errors.EINVAL);
  assert.equal(told[2][0], 'OK');
});

test('a blocking connect says what is wrong with its credentials', () => {
  const client = new mqtt(null, null, null, true, 60000, false,
    { credentials: () => ({ url: 'nowhere' }) });
  assert.equal(client.connect('127.0.0.1', 1), mqtt.errors.EINVAL);
  assert.match(client.last_error.message, /credentials/);
});
