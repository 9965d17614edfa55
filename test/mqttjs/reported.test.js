'use strict';
// What users of MQTT clients report again and again about reconnecting, ending,
// subscribing, keep-alive and memory, tried on mqtt.connect.
const assert = require('node:assert/strict');
const net = require('node:net');
const { afterEach, test } = require('node:test');
const mqtt = require('../../lib');
const { called, delay, until } = require('../node/support/wait');
const { run } = require('../node/support/program');
const { listen, answers } = require('./support/broker');

const QUIET_MS = 200; // in which what must not happen would happen
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

function connect({ url }, options) {
  const client = mqtt.connect(url, { reconnectPeriod: 10, ...options });
  open.push(client);
  return client;
}

async function connected(broker, options) {
  const client = connect(broker, options);
  await event(client, 'connect');
  return client;
}

const NOWHERE = { url: 'mqtt://127.0.0.1:1' };
const silent = { connect: () => undefined };
// Errors are told beside it.
const event = (client, name) => called((done) => client.once(name, done));
const ended = (client, ...args) => called((done) => client.end(...args, done));

// Ending

for (const [where, rules] of Object.entries({
  'nobody listens': undefined, 'the server is silent': silent, 'it is connected': {},
})) {
  test(`end calls back when ${where}, with messages that wait, and again`, async () => {
    const broker = rules ? await serve({ publish: () => undefined, ...rules }) : NOWHERE;
    const client = connect(broker, { clientId: 'kept', clean: false, closeTimeout: 100 });
    if (broker.saw) await broker.saw('connect');
    for (const qos of [0, 1, 2]) client.publish('a', 'm', { qos });
    await Promise.all([ended(client), ended(client)]);
    await ended(client);
    assert.equal(client.connected, false);
  });
}

for (const name of ['error', 'close', 'offline', 'reconnect']) {
  test(`end in the listener of ${name} is the end of it`, async () => {
    const client = connect(NOWHERE);
    const over = event(client, 'end');
    client.once(name, () => client.end());
    await over;
    client.on('reconnect', () => assert.fail('it tried again'));
    await delay(QUIET_MS);
  });
}

test('a client whose listeners were all removed goes on, and its errors do no harm', async () => {
  const broker = await serve();
  const client = await connected(broker);
  client.removeAllListeners();
  broker.current.reset();
  await broker.saw('connect', 2);
  client.removeAllListeners('error').emit('error', new Error('mine'));
  await client.publishAsync('a', 'm', { qos: 1 });
});

test('end in the listener of connect is the end of it', async () => {
  const broker = await serve();
  const client = connect(broker);
  client.on('connect', () => client.end());
  await event(client, 'end');
  await delay(QUIET_MS);
  assert.equal(broker.of('connect').length, 1);
});

test('what is asked of a client that has ended throws nothing', async () => {
  const client = await connected(await serve());
  await ended(client);
  const errors = [];
  client.on('error', ({ message }) => errors.push(message));
  client.publish('a', 'm').subscribe('a').unsubscribe('a');
  for (const start of [(done) => client.publish('a', 'm', done),
    (done) => client.subscribe('a', done), (done) => client.unsubscribe('a', done)]) {
    const [error] = await called(start);
    assert.equal(error.message, 'client disconnecting');
  }
  await assert.rejects(client.publishAsync('a', 'm'), { message: 'client disconnecting' });
  assert.deepEqual(new Set(errors), new Set(['client disconnecting']));
});

test('a client that was ended connects again when it is asked at once', async () => {
  const broker = await serve();
  const client = await connected(broker);
  for (let round = 1; round <= 5; round += 1) {
    client.end(round % 2 === 0);
    client.reconnect();
    await until(() => client.connected && broker.of('connect').length === round + 1);
  }
  await client.publishAsync('a', 'm', { qos: 1 });
});

// Reconnecting

test('a client that was ended before it was connected by hand makes one attempt', async () => {
  const broker = await serve();
  const client = connect(broker, { manualConnect: true });
  const told = [];
  for (const name of ['reconnect', 'close', 'connect']) client.on(name, () => told.push(name));
  client.on('packetsend', ({ cmd }) => told.push(cmd));
  await delay(QUIET_MS); // the core asks whether it may
  await ended(client);
  const again = event(client, 'connect');
  client.connect();
  await again;
  await delay(QUIET_MS);
  assert.deepEqual(told, ['connect', 'connect']);
  assert.equal(broker.connections.length, 1);
});

test('every publish on its way calls back once when the link breaks often', async () => {
  const broker = await serve();
  const client = await connected(broker);
  const COUNT = 500;
  const outcomes = [];
  for (let i = 0; i < COUNT; i += 1) {
    client.publish('a', String(i), { qos: 1 + i % 2 }, (error) => outcomes.push(error));
    if (i % 100 === 50) {
      broker.current.reset();
      await event(client, 'connect');
    }
  }
  await until(() => outcomes.length >= COUNT);
  await delay(QUIET_MS);
  assert.deepEqual(outcomes, Array(COUNT).fill(null));
});

test('20,000 messages published before there is a connection keep their order', async () => {
  const sent = [[], []]; // by QoS
  let count = 0;
  const broker = await serve({
    publish: (packet) => {
      count += 1;
      sent[packet.qos].push(Number(packet.payload));
      return answers.publish(packet);
    },
  });
  const client = connect(broker);
  const COUNT = 20000;
  for (let i = 0; i < COUNT; i += 1) client.publish('a', String(i), { qos: i % 2 });
  await event(client, 'connect');
  await until(() => count === COUNT);
  sent.forEach((numbers, qos) => {
    assert.ok(numbers.every((number, i) => number === 2 * i + qos), `QoS ${qos}`);
  });
});

test('reconnecting leaves no listeners behind, and warns of none', async () => {
  const broker = await serve();
  const warnings = [];
  const note = (warning) => warnings.push(warning);
  process.on('warning', note);
  const client = await connected(broker);
  const count = () => client.eventNames().map((name) => client.listenerCount(name)).join();
  const before = count();
  for (let round = 0; round < 30; round += 1) {
    for (let i = 0; i < 50; i += 1) client.publish('a', 'm', { qos: i % 3 });
    broker.current.reset();
    await event(client, 'connect');
  }
  assert.equal(count(), before);
  process.off('warning', note);
  assert.deepEqual(warnings, []);
});

test('reconnect() in the listener of close makes one connection at a time', async () => {
  let current = 0;
  let most = 0;
  const broker = await serve({
    connect: (packet, connection) => {
      current += 1;
      most = Math.max(most, current);
      connection.socket.on('close', () => { current -= 1; });
      return answers.connect();
    },
  });
  const client = await connected(broker);
  client.on('close', () => client.reconnect());
  for (let round = 0; round < 5; round += 1) {
    const again = event(client, 'connect');
    broker.current.end();
    await again;
  }
  await delay(QUIET_MS);
  assert.equal(client.connected, true);
  assert.equal(most, 1);
  client.removeAllListeners('close');
});

test('a server that ends each connection at once is tried at the period', async () => {
  const broker = await serve({
    connect: (packet, connection) => {
      connection.send(answers.connect());
      connection.end();
    },
  });
  const client = connect(broker, { reconnectPeriod: 100 });
  await broker.saw('connect', 2);
  const before = broker.of('connect').length;
  const start = Date.now();
  await broker.saw('connect', before + 4);
  // One of them may have been on its way.
  assert.ok(Date.now() - start >= 150, `${Date.now() - start} ms`);
  await ended(client);
});

// Who has set no period backs off, which is a test of better.test.js.
test('who is taken over, and has set reconnectPeriod, is back after that period', async () => {
  const times = [];
  const broker = await serve({
    connect: (packet, connection) => {
      times.push(performance.now());
      connection.send(answers.connect());
      connection.send({ cmd: 'disconnect', reasonCode: 142 });
      connection.end();
    },
  });
  connect(broker, { protocolVersion: 5, reconnectPeriod: 100 });
  await broker.saw('connect', 6);
  const gaps = times.slice(1).map((time, at) => time - times[at]);
  assert.ok(gaps.every((gap) => gap >= 95), String(gaps));
  assert.ok(Math.min(...gaps) < 600, `it backs off: ${gaps}`);
});

test('a silent server is told as a timeout, and tried again', async () => {
  const broker = await serve(silent);
  const client = connect(broker, { connectTimeout: 50 });
  const [error] = await event(client, 'error');
  assert.equal(error.message, 'connack timeout');
  await broker.saw('connect', 2);
  broker.rules.connect = answers.connect;
  await event(client, 'connect');
});

test('a server that falls silent is noticed by the keep-alive', async () => {
  const broker = await serve({ pingreq: () => undefined });
  const client = await connected(broker, { keepalive: 1 });
  const errors = [];
  client.on('error', ({ message }) => errors.push(message));
  await event(client, 'connect');
  assert.deepEqual(errors, ['Keepalive timeout']);
});

test('a host that has no address is tried until it is ended', async () => {
  const client = connect({ url: 'mqtt://broker.invalid' });
  const errors = [];
  client.on('error', ({ code }) => errors.push(code));
  await until(() => errors.length >= 2);
  assert.ok(errors.every((code) => ['ENOTFOUND', 'EAI_AGAIN'].includes(code)), `${errors}`);
  await ended(client);
});

// Subscribing

test('subscribing in each connect is one SUBSCRIBE to a connection', async () => {
  const broker = await serve();
  const client = connect(broker);
  let granted = 0;
  client.on('connect', () => client.subscribe('a', () => { granted += 1; }));
  for (let round = 1; round <= 4; round += 1) {
    await until(() => granted === round);
    const again = event(client, 'connect');
    broker.current.reset();
    await again;
  }
  await until(() => granted === 5);
  await delay(QUIET_MS);
  const counts = [1, 2, 3, 4, 5].map((number) =>
    broker.of('subscribe').filter(({ connection }) => connection === number).length);
  assert.deepEqual(counts, [1, 1, 1, 1, 1]);
});

test('a link that breaks before SUBACK tells it once, and subscribes all the same', async () => {
  let isDeaf = true;
  const broker = await serve({
    subscribe: (packet, connection) => {
      if (!isDeaf) return answers.subscribe(packet);
      isDeaf = false;
      connection.reset();
      return undefined;
    },
  });
  const client = await connected(broker);
  const outcomes = [];
  client.subscribe('a', { qos: 1 }, (error) => outcomes.push(error?.message));
  await broker.saw('subscribe', 2);
  await delay(QUIET_MS);
  assert.deepEqual(outcomes, ['Connection closed']);
  assert.deepEqual(broker.of('subscribe').map(({ subscriptions }) => subscriptions[0].topic),
    ['a', 'a']);
});

test('what was unsubscribed without a connection is not subscribed again', async () => {
  const broker = await serve();
  const client = await connected(broker);
  await client.subscribeAsync(['a', 'b']);
  const lost = event(client, 'close');
  broker.current.reset();
  await lost;
  client.unsubscribe('a');
  await event(client, 'connect');
  await client.publishAsync('fence', '', { qos: 1 });
  const [, ...later] = broker.of('subscribe');
  assert.deepEqual(later.flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topic)),
    ['b']);
});

// Receiving

test('publishing and waiting for it in the handler of a message stops nothing', async () => {
  const broker = await serve();
  const client = await connected(broker);
  let answered = 0;
  client.on('message', async (topic, payload) => {
    await client.publishAsync('answer', payload, { qos: 2 });
    answered += 1;
  });
  const COUNT = 200;
  for (let i = 1; i <= COUNT; i += 1) {
    broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: i % 3, messageId: i });
  }
  await until(() => answered === COUNT);
});

test('a handler that throws loses no other message', async () => {
  const broker = await serve();
  broker.rules.subscribe = (packet, connection) => {
    connection.send(answers.subscribe(packet));
    for (let i = 1; i <= 10; i += 1) {
      connection.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: i % 2, messageId: i });
    }
  };
  const { code, out, err } = await run(`
    let heard = 0;
    process.on('uncaughtException', ({ message }) => { heard += message === 'mine'; });
    const client = mqtt.connect('${broker.url}');
    client.on('message', () => { heard += 1; throw new Error('mine'); });
    client.subscribe('a');
    setInterval(() => heard === 20 && process.exit(console.log('all')), 5);`);
  assert.deepEqual([code, out, err], [0, 'all', '']);
});

test('a payload of megabytes, an empty one and a topic in any script come whole', async () => {
  const broker = await serve();
  broker.rules.publish = (packet, connection) => {
    const { topic, payload, qos } = packet;
    connection.send({ cmd: 'publish', topic, payload, qos, messageId: 9 });
    return answers.publish(packet);
  };
  const client = await connected(broker);
  const big = Buffer.alloc(5000000, 'midge');
  for (const [topic, payload] of Object.entries({
    a: big, b: Buffer.alloc(0), 'кухня/灯/💡': Buffer.from('é'),
  })) {
    const heard = event(client, 'message');
    await client.publishAsync(topic, payload, { qos: 1 });
    const [heardTopic, heardPayload] = await heard;
    assert.equal(heardTopic, topic);
    assert.ok(payload.equals(heardPayload), topic);
  }
});

// Options

test('options that two clients share are not written to', async () => {
  const broker = await serve();
  const options = Object.freeze({
    reconnectPeriod: 10, protocolVersion: 5,
    will: Object.freeze({ topic: 'w', payload: Buffer.alloc(0), qos: 1,
      properties: Object.freeze({ willDelayInterval: 1 }) }),
    properties: Object.freeze({ sessionExpiryInterval: 1 }),
  });
  const shared = JSON.stringify(options);
  const [one, other] = await Promise.all([connected(broker, options), connected(broker, options)]);
  assert.equal(JSON.stringify(options), shared);
  assert.notEqual(one.options.clientId, other.options.clientId);
  assert.deepEqual(broker.of('connect').map(({ will }) => String(will.payload)), ['', '']);
});

test('a name and a password in a URL are taken for what they encode', async () => {
  const broker = await serve();
  await connected({ url: broker.url.replace('//', '//us%40er:p%3Ass%2F@') });
  const [{ username, password }] = broker.of('connect');
  assert.deepEqual([username, String(password)], ['us@er', 'p:ss/']);
});

test('reconnect() while it is connected leaves a client that can be used', async () => {
  const broker = await serve();
  const client = await connected(broker, { clientId: 'mine' });
  await client.subscribeAsync('a', { qos: 1 });
  const again = event(client, 'connect');
  client.reconnect();
  await again;
  assert.equal(client.disconnecting, false);
  assert.equal((await client.subscribeAsync('b', { qos: 1 })).length, 1);
  assert.deepEqual(broker.of('subscribe').map(({ subscriptions }) => subscriptions[0].topic),
    ['a', 'a', 'b']);
});

test('a filter that is asked for a hundred times, offline, is one SUBSCRIBE', async () => {
  const broker = await serve();
  const client = connect(broker, { manualConnect: true });
  for (let n = 0; n < 100; n += 1) client.subscribe('a');
  client.connect();
  await client.subscribeAsync('last');
  assert.deepEqual(broker.of('subscribe').map(({ subscriptions }) => subscriptions[0].topic),
    ['a', 'last']);
});

test('a connectTimeout below reconnectPeriod does not end the attempts', async () => {
  const client = connect(NOWHERE, { reconnectPeriod: 60, connectTimeout: 20 });
  let attempts = 0;
  client.on('reconnect', () => { attempts += 1; });
  await until(() => attempts === 4);
});

test('properties that are undefined are none', async () => {
  const broker = await serve();
  const client = await connected(broker, { protocolVersion: 5 });
  const properties = { correlationData: undefined, contentType: undefined, topicAlias: undefined };
  await client.publishAsync('a', '', { qos: 1, properties });
  await client.subscribeAsync('a', { properties: { subscriptionIdentifier: undefined } });
  assert.equal(broker.of('publish').length, 1);
});

test('a refusal with a code that nobody knows is told with it', async () => {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(Buffer.from([0x20, 2, 0, 99])));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => new Promise((resolve) => server.close(resolve)) });
  const client = connect({ url: `mqtt://127.0.0.1:${server.address().port}` });
  const [error] = await event(client, 'error');
  assert.equal(typeof error.message, 'string');
  assert.doesNotMatch(error.message, /undefined/);
  assert.notEqual(error.code, undefined);
});

test('a port that cannot be is told as one, and a URL as none', () => {
  for (const args of [['mqtt://me:secret@localhost:99999'], [{ port: 65536 }], [{ port: 'x' }],
    [{ servers: [{ host: 'a', port: -1 }] }]]) {
    assert.throws(() => mqtt.connect(...args), ({ code, message }) =>
      code === 'ERR_SOCKET_BAD_PORT' && !message.includes('secret'));
  }
  for (const url of ['mqtt://localhost:port', 'ws://[::1']) {
    assert.throws(() => mqtt.connect(url), /URL cannot be read: .* # \/ \? are written as %23/);
  }
});

test('what is published while old messages are sent again is lost in no store', async () => {
  const COUNT = 200;
  const broker = await serve({
    publish: ({ messageId, topic }, connection) => {
      if (topic === 'cut' && connection.number === 1) connection.reset();
      return { cmd: 'puback', messageId };
    },
  });
  const outgoingStore = new mqtt.Store({ clean: false });
  const client = connect(broker, { outgoingStore, clean: false, clientId: 'mine' });
  const published = [];
  const publish = (topic, from) => {
    for (let n = from; n < from + COUNT; n += 1) {
      const to = n === from + COUNT / 2 ? 'cut' : topic;
      published.push(client.publishAsync(to, `${n}`, { qos: 1 }));
    }
  };
  publish('before', 0);
  client.once('connect', () => publish('meanwhile', COUNT));
  client.once('close', () => publish('later', 2 * COUNT));
  await until(() => published.length === 3 * COUNT);
  await Promise.all(published);
  const seen = new Set(broker.of('publish').map(({ payload }) => Number(payload)));
  assert.equal(seen.size, 3 * COUNT);
});
