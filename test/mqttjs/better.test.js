'use strict';
// Where mqtt.connect means to be better than MQTT.js 5.16. Each of these fails
// there: MIDGE_TEST_LIBRARY=mqtt shows it, and original.test.js sees to it.
const assert = require('node:assert/strict');
const { afterEach, test } = require('node:test');
const mqtt = require(process.env.MIDGE_TEST_LIBRARY ?? '../../lib');
const { called, delay, until } = require('../node/support/wait');
const mosquitto = require('../support/mosquitto');
const { listen, answers } = require('./support/broker');
const { generator } = require('./support/dice');

const LIMIT_MS = Number(process.env.MIDGE_TEST_LIMIT_MS || 30000);
// As in test/node/blocked.test.js.
const KEEP_ALIVE_S = 3;
const BLOCKED_MS = 12000;
const open = []; // what is closed after the test

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

async function serve(rules) {
  const broker = await listen(rules);
  open.push(broker);
  return broker;
}

function connect(broker, options) {
  const client = mqtt.connect(broker.url, { reconnectPeriod: 20, clientId: 'better', ...options });
  client.on('error', () => {});
  open.push(client);
  return client;
}

function event(client, name) {
  return called((done) => client.once(name, done), LIMIT_MS);
}

async function connected(broker, options) {
  const client = connect(broker, options);
  await event(client, 'connect');
  return client;
}

const payloads = (broker) => broker.of('publish').map(({ payload }) => String(payload));

test('a session that is said to be there after a clean start is not believed', async () => {
  const broker = await serve({
    connect: () => ({ cmd: 'connack', returnCode: 0, sessionPresent: true }),
  });
  const [{ sessionPresent }] = await event(connect(broker), 'connect');
  assert.equal(sessionPresent, false);
});

test('the server\'s Receive Maximum binds what is sent', async () => {
  const broker = await serve({
    connect: () => ({ cmd: 'connack', reasonCode: 0, properties: { receiveMaximum: 2 } }),
    publish: () => undefined,
  });
  const client = await connected(broker, { protocolVersion: 5 });
  for (let i = 0; i < 5; i += 1) client.publish('a', String(i), { qos: 1 });
  await broker.saw('publish', 2);
  await delay(100);
  assert.deepEqual(payloads(broker), ['0', '1']);
  broker.current.send({ cmd: 'puback', messageId: broker.of('publish')[0].messageId });
  await broker.saw('publish', 3);
  await delay(100);
  assert.deepEqual(payloads(broker), ['0', '1', '2']);
});

test('the server\'s Maximum Packet Size binds what is sent', async () => {
  const broker = await serve({
    connect: () => ({ cmd: 'connack', reasonCode: 0, properties: { maximumPacketSize: 100 } }),
  });
  const client = await connected(broker, { protocolVersion: 5 });
  const [error] = await called((done) =>
    client.publish('a', Buffer.alloc(200), { qos: 1 }, done), LIMIT_MS);
  assert.equal(error.code, 'MIDGE_EOVERSIZE');
  assert.equal(broker.of('publish').length, 0);
});

test('what is sent again is pipelined, in order and marked as sent again', async () => {
  const broker = await serve({
    connect: (_, { number }) => ({ cmd: 'connack', returnCode: 0, sessionPresent: number > 1 }),
    publish: () => undefined,
  });
  const client = await connected(broker, { clean: false });
  for (let i = 0; i < 4; i += 1) client.publish('a', String(i), { qos: 1 + i % 2 });
  await broker.saw('publish', 4);
  broker.current.end();
  await event(client, 'connect');
  await broker.saw('publish', 8);
  const again = broker.of('publish').slice(4);
  assert.deepEqual(again.map(({ payload, dup }) => [String(payload), dup]),
    [['0', true], ['1', true], ['2', true], ['3', true]]);
});

test('connect is told right after CONNACK', async () => {
  const broker = await serve({
    publish: () => undefined,
  });
  const client = connect(broker);
  client.publish('a', 'never answered', { qos: 1 });
  await event(client, 'connect');
  assert.equal(client.connected, true);
});

test('reconnect() keeps what was not acknowledged', async () => {
  const broker = await serve({
    publish: (packet, { number }) => (number === 1 ? undefined : answers.publish(packet)),
  });
  const client = await connected(broker);
  const published = called((done) => client.publish('a', 'kept', { qos: 1 }, done), LIMIT_MS);
  await broker.saw('publish');
  client.reconnect();
  assert.equal((await published)[0], null);
});

test('more than 65,535 messages wait, and none is lost', async () => {
  const broker = await serve();
  const client = connect(broker, { manualConnect: true });
  const COUNT = 70000;
  let done = 0;
  for (let i = 0; i < COUNT; i += 1) {
    client.publish('a', String(i), { qos: 1 }, (error) => {
      assert.equal(error, null);
      done += 1;
    });
  }
  client.connect();
  await until(() => done === COUNT, 'all are published', 8 * LIMIT_MS);
  const sent = payloads(broker);
  assert.equal(new Set(sent).size, COUNT);
  assert.equal(sent.length, COUNT);
});

test('the queue has a bound, and what is past it is refused', async () => {
  const broker = await serve();
  const client = connect(broker, { manualConnect: true, maxQueueMessages: 10 });
  const outcomes = [];
  for (let i = 0; i < 12; i += 1) {
    client.publish('a', String(i), { qos: 1 }, (error) => outcomes.push(error?.code));
  }
  client.connect();
  await until(() => outcomes.length === 12, 'all have an outcome', LIMIT_MS);
  assert.equal(outcomes.filter((code) => code === 'MIDGE_EQUEUE').length, 2);
});

test('the queue has a bound by default', async () => {
  const client = mqtt.connect('mqtt://127.0.0.1:1', { manualConnect: true });
  open.push(client);
  const half = Buffer.alloc(130 * 1048576);
  client.publish('a', half, { qos: 1 }, () => {});
  const [error] = await called((done) => client.publish('a', half, { qos: 1 }, done), LIMIT_MS);
  assert.equal(error.code, 'MIDGE_EQUEUE');
});

test('QoS 2 with a topic alias delivers the right topic', async () => {
  const broker = await serve();
  const client = await connected(broker,
    { protocolVersion: 5, properties: { topicAliasMaximum: 3 } });
  const topics = [];
  client.on('message', (topic) => topics.push(topic));
  broker.current.send({
    cmd: 'publish', topic: 'first', payload: 'm', qos: 2, messageId: 1,
    properties: { topicAlias: 1 },
  });
  broker.current.send({
    cmd: 'publish', topic: '', payload: 'm', qos: 2, messageId: 2, properties: { topicAlias: 1 },
  });
  await until(() => topics.length === 2, 'two messages', LIMIT_MS);
  assert.deepEqual(topics, ['first', 'first']);
});

test('publishing in handleMessage, and waiting for it, does not lock up', async () => {
  const broker = await serve({
    connect: () => ({ cmd: 'connack', reasonCode: 0, properties: { receiveMaximum: 1 } }),
  });
  const client = await connected(broker, { protocolVersion: 5 });
  let handled = 0;
  client.handleMessage = (packet, done) => {
    client.publish('echo', packet.payload, { qos: 2 }, () => {
      handled += 1;
      done();
    });
  };
  for (let i = 1; i <= 3; i += 1) {
    broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: i });
  }
  await until(() => handled === 3, 'all are handled', LIMIT_MS);
});

test('a blocked event loop does not lose the connection', async () => {
  const broker = await mosquitto.start({ listeners: [{}] });
  try {
    const client = mqtt.connect(`mqtt://127.0.0.1:${broker.ports[0]}`,
      { keepalive: KEEP_ALIVE_S, reconnectPeriod: 0 });
    open.push(client);
    await event(client, 'connect');
    let closed = 0;
    client.on('close', () => { closed += 1; });
    const end = Date.now() + BLOCKED_MS;
    while (Date.now() < end);
    await called((done) => client.publish('a', 'still here', { qos: 1 }, done), LIMIT_MS);
    assert.equal(closed, 0);
    client.end(true);
  } finally {
    await broker.stop();
  }
});

test('end(callback) calls back, offline and with messages that wait', async () => {
  const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 60000 });
  open.push(client);
  await event(client, 'close');
  const published = called((done) => client.publish('a', 'm', { qos: 1 }, done), LIMIT_MS);
  await called((done) => client.end(done), LIMIT_MS);
  assert.equal((await published)[0].message, 'Connection closed');
});

test('end(true) tells each publish of the same turn what became of it', async () => {
  const COUNT = 5000;
  const broker = await serve({ publish: () => undefined });
  const client = await connected(broker, { protocolVersion: 5 });
  const outcomes = [];
  for (let n = 0; n < COUNT; n += 1) {
    client.publish('a', `${n}`, (error) => outcomes.push(error?.message ?? 'sent'));
  }
  await called((done) => client.end(true, done), LIMIT_MS);
  await until(() => outcomes.length === COUNT, 'every callback is called', LIMIT_MS);
  const sent = outcomes.filter((outcome) => outcome === 'sent').length;
  assert.ok(outcomes.every((outcome) => ['sent', 'Connection closed'].includes(outcome)));
  await until(() => broker.of('publish').length === sent, 'what was sent comes', LIMIT_MS);
});

test('end() does not wait for ever for a server that never answers', async () => {
  const broker = await serve({ publish: () => undefined });
  const client = await connected(broker, { closeTimeout: 200 });
  const published = called((done) => client.publish('a', 'm', { qos: 1 }, done), LIMIT_MS);
  await called((done) => client.end(done), LIMIT_MS);
  assert.equal((await published)[0].code, 'MIDGE_ECLOSED');
  await broker.saw('disconnect');
});

// The delays are of random length: of so many clients one waits much longer than a period.
test('who is taken over again and again backs off', async () => {
  const CLIENTS = 6;
  const times = new Map();
  const broker = await serve({
    connect: ({ clientId }, connection) => {
      times.get(clientId).push(performance.now());
      connection.send({ cmd: 'connack', reasonCode: 0, sessionPresent: false });
      connection.send({ cmd: 'disconnect', reasonCode: 142 });
      connection.end();
    },
  });
  for (let n = 0; n < CLIENTS; n += 1) {
    times.set(`taken ${n}`, []);
    connect(broker, { protocolVersion: 5, reconnectPeriod: undefined, clientId: `taken ${n}` });
  }
  await until(() => [...times.values()].every(({ length }) => length >= 3), '3 attempts', LIMIT_MS);
  const gaps = [...times.values()].flatMap(([one, two, three]) => [two - one, three - two]);
  assert.ok(gaps.every((gap) => gap >= 990), String(gaps));
  assert.ok(Math.max(...gaps) > 1800, `always the same: ${gaps}`);
});

test('a SUBACK that refuses carries its reason', async () => {
  const broker = await serve({
    subscribe: ({ messageId }) => ({ cmd: 'suback', messageId, granted: [135] }),
  });
  const client = await connected(broker, { protocolVersion: 5 });
  const [error] = await called((done) => client.subscribe('a', done), LIMIT_MS);
  assert.deepEqual([error.code, error.reasonCode], [135, 135]);
});

for (const [qos, answer] of [[1, 'puback'], [2, 'pubcomp']]) {
  test(`a message of QoS ${qos} in whose listener the client ends is answered before`, async () => {
    const broker = await serve();
    const client = await connected(broker);
    client.on('message', () => client.end());
    broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos, messageId: 7 });
    await broker.saw('disconnect');
    await broker.left();
    const commands = broker.seen.map(({ cmd }) => cmd);
    assert.deepEqual(commands.slice(-2), [answer, 'disconnect']);
    assert.equal(commands.filter((cmd) => cmd === answer).length, 1);
  });
}

test('every error has a code', async () => {
  const broker = await serve({ subscribe: (packet, connection) => connection.end() });
  const client = await connected(broker, { queueQoSZero: false });
  const codes = [];
  const note = (error) => codes.push(error.code);
  client.subscribe('a', note);
  await event(client, 'close');
  client.publish('a', 'm', note);
  client.publish('a', 'm', { qos: 1 }, note);
  client.removeOutgoingMessage(client.getLastMessageId());
  client.end(true);
  client.publish('a', 'm', note);
  await until(() => codes.length === 4, 'four errors', LIMIT_MS);
  assert.ok(codes.every((code) => typeof code === 'string'), String(codes));
});

test('errors that the client makes by itself have a code', async () => {
  const broker = await serve();
  const client = await connected(broker, {
    protocolVersion: 5, customHandleAcks: (topic, message, packet, done) => done(99),
  });
  const wrong = event(client, 'error');
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 1 });
  assert.equal((await wrong)[0].code, 'MIDGE_EINVAL');
  const dead = event(client, 'error');
  client.onKeepaliveTimeout();
  assert.equal((await dead)[0].code, 'MIDGE_EKEEPALIVE');
  const leaving = await serve({ connect: (packet, connection) => connection.end() });
  await assert.rejects(mqtt.connectAsync(leaving.url, {}, false), { code: 'MIDGE_ELOST' });
});

test('the caller\'s options are not written to, and are read again', async () => {
  const broker = await serve();
  const options = { host: '127.0.0.1', port: broker.port, username: 'me', password: 'old' };
  const before = structuredClone(options);
  const client = mqtt.connect(options);
  open.push(client);
  await event(client, 'connect');
  assert.deepEqual(options, before);
  options.password = 'new';
  options.reconnectPeriod = 20;
  broker.current.end();
  await broker.saw('connect', 2);
  assert.deepEqual(broker.of('connect').map(({ password }) => String(password)), ['old', 'new']);
  assert.deepEqual(options, { ...before, password: 'new', reconnectPeriod: 20 });
});

test('nothing a server sends throws', async () => {
  const random = generator(7);
  const heads = [0x20, 0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x90, 0xb0, 0xd0, 0xe0, 0xf0];
  const SESSIONS = 150;
  const broker = await serve({
    connect: (packet, connection) => {
      connection.send({ cmd: 'connack', reasonCode: 0, returnCode: 0, sessionPresent: false });
      for (let n = random(4); n >= 0; n -= 1) {
        const size = random(12);
        const body = Array.from({ length: size }, () => random(256));
        connection.sendBytes(heads[random(heads.length)], size, ...body);
      }
      setImmediate(() => connection.end());
    },
  });
  const thrown = [];
  const note = (error) => thrown.push(error);
  process.on('uncaughtException', note);
  for (const protocolVersion of [4, 5]) {
    const client = connect(broker, { reconnectPeriod: 1, protocolVersion });
    client.subscribe('a');
    client.publish('a', 'b', { qos: 2 });
    const goal = broker.connections.length + SESSIONS;
    await until(() => broker.connections.length >= goal, 'enough sessions', 120000);
    client.end(true);
  }
  process.off('uncaughtException', note);
  assert.deepEqual(thrown, []);
});

test('passwords are not in logs nor in errors', async () => {
  const lines = [];
  const client = mqtt.connect('mqtt://user:s3cr3t@127.0.0.1:1', {
    reconnectPeriod: 0, log: (...args) => lines.push(args.map((arg) => JSON.stringify(arg) ?? '')),
  });
  client.on('error', (error) => lines.push(error.message, error.stack));
  open.push(client);
  await event(client, 'close');
  assert.ok(lines.length > 0);
  assert.ok(!lines.flat().join('\n').includes('s3cr3t'));
});
