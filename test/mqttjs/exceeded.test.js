'use strict';
// A server that sends more at once than our receiveMaximum, as mosquitto 2.0.11 does: all of it
// is taken, as MQTT.js takes what has QoS 1, where the class ends the connection as MQTT 5
// wants it.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { afterEach, test } = require('node:test');
const Class = require('../../lib');
const { connect } = Class;
const { called, event, until } = require('../node/support/wait');
const { listen } = require('./support/broker');

const COUNT = 200;
const ALL = Array.from({ length: COUNT }, (_, at) => at + 1);

const open = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

const present = (packet, { number }) =>
  ({ cmd: 'connack', reasonCode: 0, sessionPresent: number > 1 });

// A client that allows 2, and what has come to it, by number.
async function connected(options, rules) {
  const broker = await listen({ connect: present, ...rules });
  open.push(broker);
  const client = connect(broker.url, {
    protocolVersion: 5, clientId: 'mine', clean: false, reconnectPeriod: 20,
    properties: { receiveMaximum: 2, sessionExpiryInterval: 60 }, ...options });
  open.push(client);
  const errors = [];
  client.on('error', (error) => errors.push(error));
  await called((done) => client.once('connect', done));
  return { broker, client, errors };
}

const qosOf = (number) => 1 + number % 2;
const publish = (messageId, dup = false) =>
  ({ cmd: 'publish', topic: 't', payload: `${messageId}`, qos: qosOf(messageId), messageId, dup });
const numberOf = ({ payload }) => Number(payload);
const acknowledged = (broker) => [...broker.of('puback'), ...broker.of('pubcomp')]
  .map(({ messageId }) => messageId).sort((a, b) => a - b);
const sortedNumbers = (packets) => packets.map(numberOf).sort((a, b) => a - b);

// All in one turn of the loop, in which the client cannot answer.
function flood({ current }, numbers = ALL, dup = false) {
  current.socket.cork();
  for (const number of numbers) current.send(publish(number, dup));
  current.socket.uncork();
}

async function assertAllTaken({ broker, errors }, packets) {
  await until(() => acknowledged(broker).length === COUNT);
  assert.deepEqual(acknowledged(broker), ALL);
  assert.deepEqual(sortedNumbers(packets), ALL);
  assert.deepEqual(errors, []);
  assert.equal(broker.connections.length, 1);
  assert.equal(broker.of('connect')[0].properties.receiveMaximum, 2);
}

test('messages of QoS 1 and 2 are told once, in their order, and acknowledged', async () => {
  const world = await connected();
  const packets = [];
  world.client.on('message', (topic, payload, packet) => packets.push(packet));
  flood(world.broker);
  await assertAllTaken(world, packets);
  for (const qos of [1, 2]) {
    const numbers = packets.filter((packet) => packet.qos === qos).map(numberOf);
    assert.deepEqual(numbers, ALL.filter((number) => qosOf(number) === qos));
  }
});

test('manualAcks: what is acknowledged late, and in another order, was kept all the while',
  async () => {
    const world = await connected({ manualAcks: true });
    const packets = [];
    world.client.on('message', (topic, payload, packet) => packets.push(packet));
    flood(world.broker);
    await until(() => packets.length === COUNT);
    assert.deepEqual(acknowledged(world.broker), []);
    for (const packet of packets.slice().reverse()) packet.ack();
    await assertAllTaken(world, packets);
  });

test('manualAcks: what was not acknowledged comes again, and is too much again', async () => {
  const { broker, client, errors } = await connected({ manualAcks: true });
  const heard = [];
  client.on('message', (topic, payload, packet) => {
    heard.push(packet);
    if (broker.connections.length > 1) packet.ack();
  });
  flood(broker, ALL.filter((number) => qosOf(number) === 1));
  await until(() => heard.length === COUNT / 2);
  broker.current.reset();
  await until(() => broker.connections.length === 2 && broker.current.number === 2);
  flood(broker, ALL.filter((number) => qosOf(number) === 1), true);
  flood(broker, ALL.filter((number) => qosOf(number) === 2));
  await until(() => acknowledged(broker).length === COUNT);
  assert.deepEqual(acknowledged(broker), ALL);
  assert.deepEqual(sortedNumbers(heard.slice(COUNT / 2)), ALL);
  assert.ok(errors.every(({ code }) => code !== 147), String(errors));
});

test('highWaterMark: a slow loop over messages() has all of them', async () => {
  const world = await connected({ highWaterMark: 1024 });
  const messages = world.client.messages('t', { qos: 2, highWaterMark: 4 });
  await world.broker.saw('subscribe');
  flood(world.broker);
  const packets = [];
  while (packets.length < COUNT) {
    packets.push((await messages.next()).value);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await assertAllTaken(world, packets);
});

test('handleMessage that takes its time has all of them, one by one', async () => {
  const world = await connected();
  const packets = [];
  world.client.handleMessage = (packet, done) => {
    packets.push(packet);
    setImmediate(done);
  };
  flood(world.broker);
  await assertAllTaken(world, packets);
});

test('customHandleAcks is asked for all of them', async () => {
  const packets = [];
  const world = await connected({ customHandleAcks: (topic, payload, packet, done) => done(0) });
  world.client.on('message', (topic, payload, packet) => packets.push(packet));
  flood(world.broker);
  await assertAllTaken(world, packets);
});

test('a paused client has all of them when it goes on', async () => {
  const world = await connected();
  const packets = [];
  world.client.on('message', (topic, payload, packet) => packets.push(packet));
  world.client.pause();
  flood(world.broker);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(packets, []);
  world.client.resume();
  await assertAllTaken(world, packets);
});

test('a store with an inbox has all of them', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const world = await connected({ store: { path: folder, inbox: true } });
  const packets = [];
  world.client.on('message', (topic, payload, packet) => packets.push(packet));
  flood(world.broker);
  await assertAllTaken(world, packets);
  await world.client.endAsync();
});

test('the class ends the connection, as MQTT 5 wants it', async () => {
  const broker = await listen({ connect: present });
  open.push(broker);
  const client = new Class('mine', null, null, false, 60000, true, {
    protocolVersion: 5, manualAcks: true, reconnectPeriod: 0, properties: { receiveMaximum: 2 } });
  client.on('received', () => {});
  const lost = event(client, 'disconnected');
  client.connect('127.0.0.1', broker.port);
  await event(client, 'connected');
  flood(broker);
  await lost;
  await broker.saw('disconnect');
  assert.equal(broker.of('disconnect')[0].reasonCode, 147);
});
