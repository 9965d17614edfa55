'use strict';
// manualAcks: messages are acknowledged by packet.ack(), by the promise of a
// handler, or by the callback of handleMessage.
const assert = require('node:assert/strict');
const { afterEach, test } = require('node:test');
const mqtt = require('../../lib');
const { called, until } = require('../node/support/wait');
const { listen } = require('./support/broker');

const open = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

const present = (packet, connection) =>
  ({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: connection.number > 1 });

async function connected(options, rules = {}) {
  const broker = await listen({ connect: present, ...rules });
  open.push(broker);
  const client = mqtt.connect(broker.url, {
    reconnectPeriod: 20, clientId: 'mine', manualAcks: true, clean: false, ...options });
  open.push(client);
  await called((done) => client.once('connect', done));
  const packets = [];
  client.on('message', (topic, payload, packet) => packets.push(packet));
  return { broker, client, packets };
}

const publish = (qos, messageId) =>
  ({ cmd: 'publish', topic: 't', payload: 'm', qos, messageId });
const ids = (broker, cmd) => broker.of(cmd).map(({ messageId }) => messageId);
const fence = (client) => client.publishAsync('fence', 'm', { qos: 1 });

for (const protocolVersion of [3, 4, 5]) {
  const version = protocolVersion === 3 ? { protocolVersion, protocolId: 'MQIsdp' }
    : { protocolVersion };

  test(`acknowledged in any order, MQTT ${protocolVersion}`, async () => {
    const { broker, client, packets } = await connected(version);
    for (const id of [1, 2]) broker.current.send(publish(1, id));
    for (const id of [3, 4]) broker.current.send(publish(2, id));
    await until(() => packets.length === 4);
    await fence(client);
    assert.deepEqual([...ids(broker, 'puback'), ...ids(broker, 'pubcomp')], []);
    packets[3].ack();
    packets[2].ack();
    packets[1].ack();
    await broker.saw('pubcomp', 2);
    assert.deepEqual(ids(broker, 'pubcomp'), [4, 3]);
    await fence(client);
    assert.deepEqual(ids(broker, 'puback'), [], 'PUBACK keeps the order of the messages');
    packets[0].ack();
    await broker.saw('puback', 2);
    assert.deepEqual(ids(broker, 'puback'), [1, 2]);
  });
}

test('many messages of several clients are answered, each in its order', async () => {
  const clients = await Promise.all(['one', 'two'].map((clientId) =>
    connected({ clientId, manualAcks: false })));
  const count = 600;
  const all = Array.from({ length: count }, (_, at) => at + 1);
  for (const id of all) {
    for (const { broker } of clients) broker.current.send(publish(id % 2 + 1, id));
  }
  for (const { broker } of clients) {
    await broker.saw('puback', count / 2);
    await broker.saw('pubcomp', count / 2);
    assert.deepEqual(ids(broker, 'puback'), all.filter((id) => id % 2 === 0));
    assert.deepEqual(ids(broker, 'pubcomp'), all.filter((id) => id % 2 === 1));
  }
});

test('after a lost connection the answers go to the new one', async () => {
  const { broker, client } = await connected({ manualAcks: false });
  broker.current.end();
  await called((done) => client.once('connect', done));
  for (const id of [1, 2]) broker.current.send(publish(id, id));
  await broker.saw('puback');
  await broker.saw('pubcomp');
  assert.deepEqual(broker.of('puback').map(({ connection }) => connection), [2]);
});

test('a message that waits for its ack holds up no other one', async () => {
  const { broker, packets } = await connected();
  broker.current.send(publish(1, 1));
  broker.current.send(publish(2, 2));
  broker.current.send({ ...publish(0), messageId: undefined });
  await until(() => packets.length === 3);
  assert.deepEqual(packets.map(({ qos }) => qos).sort(), [0, 1, 2]);
});

test('ack() of QoS 0 is nothing', async () => {
  const { broker, packets } = await connected();
  broker.current.send({ ...publish(0), messageId: undefined });
  await until(() => packets.length === 1);
  packets[0].ack();
  packets[0].ack();
});

test('the second ack() throws, and names the mistake', async () => {
  const { broker, client, packets } = await connected();
  broker.current.send(publish(1, 1));
  await until(() => packets.length === 1);
  packets[0].ack();
  assert.throws(() => packets[0].ack(), { code: 'MIDGE_EINVAL', message: /acknowledged before/ });
  await fence(client);
  assert.deepEqual(ids(broker, 'puback'), [1]);
});

test('a reason is a number from 0 to 255', async () => {
  const { broker, client, packets } = await connected({ protocolVersion: 5 });
  broker.current.send(publish(1, 1));
  await until(() => packets.length === 1);
  for (const reason of [256, -1, 1.5, NaN, 256 + 0x87]) {
    assert.throws(() => packets[0].ack(reason), { code: 'MIDGE_EINVAL', message: /from 0 to 255/ });
  }
  packets[0].ack(0x87);
  await broker.saw('puback');
  assert.equal(broker.of('puback')[0].reasonCode, 0x87);
  await client.endAsync(false, { reasonCode: 256 + 4 });
  await broker.saw('disconnect');
  assert.equal(broker.of('disconnect')[0].reasonCode, 0);
});

test('a packet shows no ack to who looks at its fields', async () => {
  const { broker, packets } = await connected();
  broker.current.send(publish(1, 1));
  await until(() => packets.length === 1);
  assert.deepEqual(Object.keys(packets[0]), ['cmd', 'retain', 'qos', 'dup', 'length', 'topic',
    'payload', 'messageId']);
});

test('an ack has a reason in MQTT 5', async () => {
  const { broker, packets } = await connected({ protocolVersion: 5 });
  broker.current.send(publish(1, 1));
  await until(() => packets.length === 1);
  assert.throws(() => packets[0].ack(1), { code: 'MIDGE_EINVAL', message: /PUBACK/ });
  assert.throws(() => packets[0].ack('no'), { code: 'ERR_INVALID_ARG_TYPE' });
  packets[0].ack(0x87);
  await broker.saw('puback');
  assert.equal(broker.of('puback')[0].reasonCode, 0x87);
});

test('an ack of an earlier connection does no harm', async () => {
  const { broker, client, packets } = await connected();
  broker.current.send(publish(1, 7));
  await until(() => packets.length === 1);
  broker.current.end();
  await called((done) => client.once('connect', done));
  broker.current.send(publish(1, 7));
  await until(() => packets.length === 2);
  packets[0].ack();
  await fence(client);
  assert.deepEqual(ids(broker, 'puback'), []);
  packets[1].ack();
  await broker.saw('puback');
});

test('an ack of QoS 2 counts as long as the session', async () => {
  const { broker, client, packets } = await connected();
  broker.current.send(publish(2, 7));
  await until(() => packets.length === 1);
  broker.current.end();
  await called((done) => client.once('connect', done));
  packets[0].ack();
  broker.current.send({ cmd: 'pubrel', messageId: 7 });
  await broker.saw('pubcomp');
  assert.equal(packets.length, 1);
});

test('an ack of QoS 2 in a session that is lost is of nothing', async () => {
  const { broker, client, packets } = await connected({}, {
    connect: () => ({ cmd: 'connack', returnCode: 0, sessionPresent: false }),
  });
  broker.current.send(publish(2, 7));
  await until(() => packets.length === 1);
  broker.current.end();
  await called((done) => client.once('connect', done));
  broker.current.send(publish(2, 7));
  await until(() => packets.length === 2);
  packets[0].ack();
  await fence(client);
  assert.deepEqual(ids(broker, 'pubcomp'), []);
  packets[1].ack();
  await broker.saw('pubcomp');
});

test('an ack after the end is nothing', async () => {
  const { broker, client, packets } = await connected();
  broker.current.send(publish(1, 1));
  await until(() => packets.length === 1);
  await client.endAsync();
  packets[0].ack();
  assert.deepEqual(ids(broker, 'puback'), []);
});

test('the callback of handleMessage acknowledges, if ack() has not', async () => {
  const { broker, client, packets } = await connected();
  const pending = [];
  client.handleMessage = (packet, done) => pending.push(done);
  for (const id of [1, 2]) broker.current.send(publish(1, id));
  await until(() => pending.length === 1);
  await fence(client);
  assert.deepEqual(ids(broker, 'puback'), []);
  pending.shift()();
  await until(() => pending.length === 1);
  packets[1].ack();
  await broker.saw('puback', 2);
  pending.shift()();
  await fence(client);
  assert.deepEqual(ids(broker, 'puback'), [1, 2]);
});

test('the promise of a handler acknowledges, and one that fails does not', async () => {
  const { broker, client } = await connected();
  const pending = [];
  await client.subscribeAsync('t', { qos: 1 }, () =>
    new Promise((resolve, reject) => pending.push({ resolve, reject })));
  for (const id of [1, 2, 3]) broker.current.send(publish(1, id));
  await until(() => pending.length === 3);
  await fence(client);
  assert.deepEqual(ids(broker, 'puback'), []);
  pending[0].resolve();
  await broker.saw('puback');
  const before = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  try {
    pending[1].reject(new Error('not this one'));
    const [error] = await called((done) => process.once('unhandledRejection', done));
    assert.equal(error.message, 'not this one');
  } finally {
    for (const listener of before) process.on('unhandledRejection', listener);
  }
  pending[2].resolve();
  await fence(client);
  assert.deepEqual(ids(broker, 'puback'), [1]);
});

test('a handler that has called ack() acknowledges once', async () => {
  const { broker, client } = await connected();
  await client.subscribeAsync('t', { qos: 1 }, async (topic, payload, packet) => packet.ack());
  broker.current.send(publish(1, 1));
  await broker.saw('puback');
  await fence(client);
  assert.deepEqual(ids(broker, 'puback'), [1]);
});

test('messages() gives packets that are acknowledged one by one', async () => {
  const { broker, client } = await connected();
  const seen = [];
  const loop = (async () => {
    for await (const packet of client.messages('t', { qos: 1 })) {
      seen.push(packet.messageId);
      packet.ack();
      if (seen.length === 2) break;
    }
  })();
  await broker.saw('subscribe');
  for (const id of [1, 2]) broker.current.send(publish(1, id));
  await loop;
  await broker.saw('puback', 2);
  assert.deepEqual(seen, [1, 2]);
});

test('messages() gives the topic that an alias stands for, and its ack', async () => {
  const { broker, client, packets } = await connected(
    { protocolVersion: 5, properties: { topicAliasMaximum: 5 } });
  const messages = client.messages('t', { qos: 1 });
  await broker.saw('subscribe');
  const properties = { topicAlias: 2 };
  broker.current.send({ ...publish(1, 1), properties });
  broker.current.send({ ...publish(1, 2), topic: '', properties });
  const [first, second] = [await messages.next(), await messages.next()];
  assert.deepEqual([first.value.topic, second.value.topic], ['t', 't']);
  assert.equal(packets[1].topic, '');
  assert.deepEqual(second.value.properties, { topicAlias: 2 });
  first.value.ack();
  second.value.ack();
  await broker.saw('puback', 2);
  await messages.return();
});

test('customHandleAcks refuses, and what it does not refuse is the program\'s', async () => {
  const { broker, client, packets } = await connected({
    protocolVersion: 5,
    customHandleAcks: (topic, message, packet, done) =>
      done([0x87, 16, 0][packet.messageId - 1]),
  });
  for (const id of [1, 2, 3]) broker.current.send(publish(1, id));
  await broker.saw('puback', 2);
  await fence(client);
  assert.deepEqual(ids(broker, 'puback'), [1, 2]);
  assert.deepEqual(packets.map(({ messageId }) => messageId), [3]);
  packets[0].ack(16);
  await broker.saw('puback', 3);
  assert.deepEqual(broker.of('puback').map(({ reasonCode }) => reasonCode), [0x87, 16, 16]);
});

test('a slow program holds the server back by Receive Maximum', async () => {
  const { broker, packets } = await connected(
    { protocolVersion: 5, properties: { receiveMaximum: 2 } });
  assert.equal(broker.of('connect')[0].properties.receiveMaximum, 2);
  for (const id of [1, 2]) broker.current.send(publish(1, id));
  await until(() => packets.length === 2);
  packets[0].ack();
  await broker.saw('puback');
  broker.current.send(publish(1, 1));
  await until(() => packets.length === 3);
});
