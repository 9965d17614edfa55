'use strict';
// Handlers of subscriptions of the class.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { listen } = require('../mqttjs/support/broker');
const { called, event, until } = require('./support/wait');

let broker;
const clients = [];

before(async () => {
  broker = await mosquitto.start();
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  await broker.stop();
});

async function connect(options, clientId = 'handlers') {
  const client = new mqtt(clientId, null, null, true, 60000, true, options);
  clients.push(client);
  client.connect('127.0.0.1', broker.port);
  await event(client, 'connected');
  return client;
}

// Subscribes with a handler that writes into the log.
function handle(client, log, name, topic, options) {
  return called((done) => client.subscribe(1, topic, done, null, {
    ...options,
    onMessage(mid, from, payload, qos, retain) {
      assert.equal(this, client);
      assert.ok(mid > 0 && qos === 1 && retain === false);
      log.push(`${name}: ${from} ${payload}`);
    },
  }));
}

const publish = (client, topic, payload) =>
  called((done) => client.publish(1, false, topic, payload, done));

test('each handler has what its own filters bring, before the receive callback', async () => {
  const client = await connect();
  const log = [];
  await handle(client, log, 'lights', ['+/light', 'lamp']);
  await handle(client, log, 'all', '#');
  client.on('received', (mid, topic) => log.push(`received ${topic}`));
  await publish(client, 'kitchen/light', 'on');
  await publish(client, 'door', 'open');
  await until(() => log.length === 5);
  assert.deepEqual(log, ['lights: kitchen/light on', 'all: kitchen/light on',
    'received kitchen/light', 'all: door open', 'received door']);
});

test('identifiers of the program keep overlapping filters apart in MQTT 5', async () => {
  const client = await connect({ protocolVersion: 5 }, 'handlers5');
  const log = [];
  const named = (subscriptionIdentifier) => ({ properties: { subscriptionIdentifier } });
  await handle(client, log, 'one', 'b/+', named(1));
  await handle(client, log, 'two', 'b/#', named(2));
  await publish(client, 'b/c', 'x');
  await publish(client, 'b/c/d', 'y');
  await until(() => log.includes('two: b/c/d y'));
  assert.deepEqual(log.sort(), ['one: b/c x', 'two: b/c x', 'two: b/c/d y']);
});

test('unsubscribing takes handlers away, and a handler is somebody who listens', async () => {
  const client = await connect({ holdTimeout: 60000 }, 'handlers6');
  const log = [];
  await handle(client, log, 'first', ['c', 'd']);
  await publish(client, 'c', '1'); // nobody else listens
  await until(() => log.length === 1);
  await called((done) => client.unsubscribe('c', done));
  await handle(client, log, 'second', 'e');
  for (const topic of ['c', 'e']) await publish(client, topic, '2');
  await until(() => log.length === 2);
  assert.deepEqual(log, ['first: c 1', 'second: e 2']);
});

test('a refused filter has no handler, one that only waits too long has', async () => {
  const scripted = await listen({ connect: () => {}, subscribe: ({ messageId }) =>
    ({ cmd: 'suback', messageId, granted: [1, 0x80] }) });
  const client = new mqtt('handlers8', null, null, true, 60000, true, { offlineTimeout: 50 });
  clients.push(client);
  client.connect('127.0.0.1', scripted.port);
  const log = [];
  await handle(client, log, 'both', ['a', 'b']); // overdue
  scripted.connections[0].send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
  await scripted.saw('subscribe');
  for (const topic of ['b', 'a']) {
    scripted.current.send({ cmd: 'publish', topic, payload: 'x', qos: 1, messageId: 1 });
  }
  await until(() => log.length > 0);
  assert.deepEqual(log, ['both: a x']);
  await called((done) => client.disconnect(done));
  await scripted.close();
});

test('what is no function is no handler', async () => {
  const client = await connect({}, 'handlers7');
  assert.throws(() => client.subscribe(0, 'a', null, null, { onMessage: 1 }),
    { code: 'ERR_INVALID_ARG_TYPE', message: /options.onMessage/ });
});
