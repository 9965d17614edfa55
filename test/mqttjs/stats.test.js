'use strict';
// What a client has done so far, in numbers.
const assert = require('node:assert/strict');
const { afterEach, test } = require('node:test');
const mqtt = require('../../lib');
const { called, event, until } = require('../node/support/wait');
const mosquitto = require('../support/mosquitto');
const { listen } = require('./support/broker');

const open = []; // what is closed after the test

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.stop) await one.stop();
    else if (one.end) one.end(true);
    else if (one.disconnect) one.disconnect();
    else await one.close();
  }
});

const NOTHING = {
  queue: { messages: 0, bytes: 0 },
  inFlight: 0,
  bytes: { received: 0, sent: 0 },
  attempts: 0,
  connections: 0,
  causes: {},
  roundTrip: { count: 0, p50: 0, p90: 0, p99: 0, max: 0 },
};

test('bytes, attempts and round trips with a real server', async () => {
  const broker = await mosquitto.start();
  open.push(broker);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
  open.push(client);
  const before = client.stats();
  assert.deepEqual([before.attempts, before.connections, before.causes], [1, 1, {}]);
  const payload = Buffer.alloc(10000);
  await client.subscribeAsync('a', { qos: 1 });
  for (let n = 0; n < 20; n += 1) await client.publishAsync('a', payload, { qos: 1 });
  await until(() => client.stats().bytes.received > 200000);
  const { bytes, roundTrip, inFlight, queue } = client.stats();
  assert.ok(bytes.sent > 200000 && bytes.sent < 210000, bytes.sent);
  assert.ok(bytes.received < 210000, bytes.received);
  assert.equal(roundTrip.count, 20);
  const { p50, p90, p99, max } = roundTrip;
  assert.deepEqual([p50, p90, p99, max].sort((a, b) => a - b), [p50, p90, p99, max]);
  assert.deepEqual([inFlight, queue], [0, NOTHING.queue]);
});

test('what waits, what is in flight, and why connections ended', async () => {
  const broker = await listen({ publish: () => {} });
  open.push(broker);
  const client = mqtt.connect(broker.url, { reconnectPeriod: 20 });
  open.push(client);
  client.on('error', () => {});
  await event(client, 'connect');
  for (const qos of [1, 2]) client.publish('a', 'x', { qos });
  await broker.saw('publish', 2);
  await until(() => client.stats().inFlight === 2);
  assert.equal(client.stats().queue.messages, 2);
  assert.ok(client.stats().queue.bytes > 0);
  const again = called((done) => client.once('connect', done));
  broker.current.end();
  await again;
  const { attempts, connections, causes } = client.stats();
  assert.deepEqual({ attempts, connections, causes },
    { attempts: 2, connections: 2, causes: { MIDGE_ELOST: 1 } });
});

test('a refused connection is told by its reason', async () => {
  const broker = await listen({ connect: () => ({ cmd: 'connack', reasonCode: 0x87 }) });
  open.push(broker);
  const client = mqtt.connect(broker.url, { protocolVersion: 5 });
  open.push(client);
  await called((done) => client.once('error', done));
  const { attempts, connections, causes } = client.stats();
  assert.deepEqual({ attempts, connections, causes },
    { attempts: 1, connections: 0, causes: { MIDGE_REASON_NOT_AUTHORIZED: 1 } });
});

test('the class has it too, before it was connected as well', async () => {
  const broker = await listen();
  open.push(broker);
  const client = new mqtt('class', null, null, true, 60000, true);
  open.push(client);
  assert.deepEqual(client.stats(), NOTHING);
  client.connect('127.0.0.1', broker.port);
  await event(client, 'connected');
  await called((done) => client.publish(1, false, 'a', 'x', done));
  assert.equal(client.stats().roundTrip.count, 1);
});

test('the class pauses and resumes', async () => {
  const broker = await listen();
  open.push(broker);
  const client = new mqtt('class', null, null, true, 60000, true, { holdTimeout: 20 });
  open.push(client);
  const heard = [];
  client.on('received', (mid, topic, payload) => heard.push(String(payload)));
  client.connect('127.0.0.1', broker.port);
  await event(client, 'connected');
  assert.equal(client.pause(), client);
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'x' });
  await called((done) => client.publish(1, false, 'a', 'x', done));
  await new Promise((resolve) => setTimeout(resolve, 100)); // longer than holdTimeout
  assert.deepEqual(heard, []);
  assert.equal(client.resume(), client);
  await until(() => heard.length === 1);
});
