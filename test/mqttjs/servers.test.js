'use strict';
// Several servers: the next one when one fails, and first the one that accepted.
const assert = require('node:assert/strict');
const { afterEach, test } = require('node:test');
const mqtt = require('../../lib');
const { locate } = require('../../lib/mqttjs/url');
const { called, until } = require('../node/support/wait');
const mosquitto = require('../support/mosquitto');
const { listen } = require('./support/broker');

const open = []; // what is closed after the test

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.stop) await one.stop();
    else if (one.end) one.end(true);
    else await one.close();
  }
});

function connect(brokers, options) {
  const client = mqtt.connect({
    servers: brokers.map(({ port }) => ({ host: '127.0.0.1', port, protocol: 'mqtt' })),
    reconnectPeriod: 20, ...options,
  });
  client.on('error', () => {});
  open.push(client);
  return client;
}

function connected(client) {
  return called((done) => client.once('connect', done));
}

test('two real servers: the other one takes over, with subscriptions and messages', async () => {
  const brokers = [await mosquitto.start(), await mosquitto.start()];
  open.push(...brokers);
  const client = connect(brokers, { connectTimeout: 5000 });
  await connected(client);
  const heard = [];
  await client.subscribeAsync('a', { qos: 1 }, (topic, payload) => heard.push(String(payload)));
  await client.publishAsync('a', 'at the first', { qos: 1 });
  let again = connected(client);
  await brokers[0].pause();
  const published = client.publishAsync('a', 'at the second', { qos: 1 });
  await again;
  await published;
  await until(() => heard.length === 2);
  again = connected(client);
  await brokers[0].start();
  await brokers[1].pause();
  await again;
  await client.publishAsync('a', 'at the first again', { qos: 1 });
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ['at the first', 'at the second', 'at the first again']);
});

test('the server that accepted is tried first when the connection is lost', async () => {
  const refusing = await listen({
    connect: () => ({ cmd: 'connack', returnCode: 3, reasonCode: 0x88 }),
  });
  const accepting = await listen();
  open.push(refusing, accepting);
  const client = connect([refusing, accepting], { reconnectOnConnackError: true });
  await connected(client);
  assert.equal(refusing.of('connect').length, 1);
  for (let count = 2; count <= 4; count += 1) {
    const again = connected(client);
    accepting.current.reset();
    await again;
    assert.equal(accepting.of('connect').length, count);
  }
  assert.equal(refusing.of('connect').length, 1);
});

test('servers that do not answer, and names that nobody knows, are passed over', async () => {
  const silent = await listen({ connect: () => {} });
  const accepting = await listen();
  open.push(silent, accepting);
  const client = mqtt.connect({
    servers: [
      { host: 'nobody.invalid', port: 1883 },
      { host: '127.0.0.1', port: silent.port },
      { host: '127.0.0.1', port: accepting.port },
    ],
    connectTimeout: 300,
    reconnectPeriod: 20,
  });
  client.on('error', () => {});
  open.push(client);
  await connected(client);
  assert.equal(silent.of('connect').length, 1);
  assert.equal(accepting.of('connect').length, 1);
});

test('a host that is no name is looked up whole, and not found', async () => {
  const broker = await listen();
  open.push(broker);
  const { port } = broker;
  for (const host of [`127.0.0.1:${port}`, '127.0.0.1/', 'u:p@127.0.0.1', ' 127.0.0.1 ', 'a%41']) {
    const client = mqtt.connect({ host, port, reconnectPeriod: 0 });
    open.push(client);
    const [{ code, hostname }] = await called((done) => client.once('error', done));
    assert.deepEqual([code, hostname], ['ENOTFOUND', host]);
  }
  assert.deepEqual(locate({ protocol: 'mqtt', host: 'bröker.test', port: 1 }),
    ['mqtt://xn--brker-kua.test:1']);
  const { options } = mqtt.connect('mqtt://bröker.test', { manualConnect: true });
  assert.equal(options.host, 'xn--brker-kua.test');
  const client = connect([broker]);
  await connected(client);
  client.options.servers = [{ host: {}, port }, { port }];
  broker.current.end();
  await connected(client);
});
