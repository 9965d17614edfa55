'use strict';
// Stores of the program's own: put before sent, deleted when done, sent first
// when a client starts; and stores that fail.
const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const { Readable } = require('node:stream');
const { afterEach, mock, test } = require('node:test');
const mqtt = require('../../lib');
const { called, event, until } = require('../node/support/wait');
const { listen } = require('./support/broker');

const open = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

async function broker(rules) {
  const made = await listen(rules);
  open.push(made);
  return made;
}

function connect(url, options) {
  const client = mqtt.connect(url, { reconnectPeriod: 20, clientId: 'mine', ...options });
  open.push(client);
  return client;
}

// A store in memory that answers later, and writes down what it was asked.
class LateStore {
  packets = new Map();
  asked = [];
  delays = {}; // ms, by method
  faults = {}; // by method

  #answer(method, callback, ...values) {
    const { [method]: fault } = this.faults;
    if (this.delays[method] === Infinity) return this;
    setTimeout(() => callback(fault, ...values), this.delays[method] ?? 1);
    return this;
  }

  put(packet, callback) {
    this.asked.push(`put ${packet.payload}`);
    if (!this.faults.put) this.packets.set(packet.messageId, packet);
    return this.#answer('put', callback);
  }

  get({ messageId }, callback) {
    return this.#answer('get', callback, this.packets.get(messageId));
  }

  del({ messageId }, callback) {
    const packet = this.packets.get(messageId);
    this.asked.push(`del ${packet?.payload}`);
    this.packets.delete(messageId);
    return this.#answer('del', callback, packet);
  }

  createStream() {
    this.asked.push('read');
    return Readable.from([...this.packets.values()]);
  }

  close(callback) {
    this.asked.push('close');
    this.#answer('close', callback);
  }
}

function holding(...packets) {
  const store = new LateStore();
  for (const packet of packets) store.packets.set(packet.messageId, packet);
  return store;
}

const kept = (messageId, payload, more) =>
  ({ cmd: 'publish', topic: 'a', payload, qos: 1, retain: false, dup: false, messageId, ...more });

const payloads = (server) => server.of('publish').map(({ payload }) => String(payload));

test('a message is put before it is sent, and deleted before its callback', async () => {
  const store = new LateStore();
  const order = [];
  const server = await broker({
    publish: (packet) => {
      order.push(`sent ${packet.payload}`, ...store.asked.splice(0));
      return server.answers.publish(packet);
    },
  });
  const client = connect(server.url, { outgoingStore: store });
  for (const qos of [1, 2]) {
    const [error, packet] = await called((done) =>
      client.publish('a', `q${qos}`, { qos, cbStorePut: () => order.push('stored') }, done));
    assert.equal(error, null);
    assert.equal(packet.cmd, qos === 1 ? 'publish' : 'pubrel');
    assert.equal(packet.messageId, client.getLastMessageId());
    order.push(...store.asked.splice(0), 'called');
  }
  client.publish('a', 'q0', { qos: 0 });
  await server.saw('publish', 3);
  assert.deepEqual(order.filter((word) => word !== 'read'),
    ['stored', 'sent q1', 'put q1', 'del q1', 'called',
      'stored', 'sent q2', 'put q2', 'del q2', 'called', 'sent q0']);
  assert.equal(client.outgoingStore, store);
  assert.equal(store.packets.size, 0);
});

test('a store is closed when it has answered, and then the end is told', async () => {
  const server = await broker({});
  const store = new LateStore();
  const del = store.del.bind(store);
  const order = [];
  store.del = (packet, callback) => setTimeout(() => {
    del(packet, (error) => {
      order.push('deleted');
      callback(error);
    });
  }, 50);
  store.close = (callback) => {
    order.push('closed');
    callback();
  };
  const client = connect(server.url, { outgoingStore: store });
  await new Promise((resolve) => {
    client.on('packetreceive', ({ cmd }) => cmd === 'puback' && client.end(resolve));
    client.publish('a', 'm', { qos: 1 });
  });
  assert.deepEqual(order, ['deleted', 'closed']);
});

test('what is put has the shape of a packet', async () => {
  const server = await broker({ publish() {} });
  const store = new LateStore();
  const client = connect(server.url, { outgoingStore: store, protocolVersion: 5 });
  client.publish('a', 'm', { qos: 1, retain: true, properties: { contentType: 'text' } });
  const { messageId } = await (async () => {
    await server.saw('publish');
    return [...store.packets.values()][0];
  })();
  assert.deepEqual(store.packets.get(messageId), {
    cmd: 'publish', topic: 'a', payload: 'm', qos: 1, retain: true, dup: false, messageId,
    properties: { contentType: 'text' },
  });
  assert.ok(messageId >= 1 && messageId <= 65535);
});

test('messages keep their order, however long the store takes', async () => {
  const server = await broker({});
  const store = new LateStore();
  const client = connect(server.url, { outgoingStore: store });
  await event(client, 'connect');
  const ends = [];
  for (let i = 0; i < 20; i += 1) {
    store.delays.put = 20 - i;
    ends.push(client.publishAsync('a', String(i), { qos: 1 + i % 2 }));
  }
  await Promise.all(ends);
  assert.deepEqual(payloads(server), Array.from({ length: 20 }, (_, i) => String(i)));
});

test('what a store holds is sent first, in order, and deleted', async () => {
  const server = await broker({});
  const store = holding(kept(9, 'one'), kept(4, Buffer.from('two'), { qos: 2, retain: true }),
    kept(7, JSON.parse(JSON.stringify(Buffer.from('three'))), { topic: 'b' }),
    kept(8, { ...Buffer.from('objects') }), kept(3, undefined));
  const client = connect(server.url, { outgoingStore: store });
  await client.publishAsync('a', 'four', { qos: 1 });
  assert.deepEqual(payloads(server), ['one', 'two', 'three', 'objects', '', 'four']);
  assert.deepEqual(server.of('publish').slice(0, 3).map(({ qos, retain, topic, dup }) =>
    [qos, retain, topic, dup]),
  [[1, false, 'a', false], [2, true, 'a', false], [1, false, 'b', false]]);
  await until(() => store.packets.size === 0);
});

test('properties come back, and an alias does not', async () => {
  const server = await broker({});
  const correlationData = JSON.parse(JSON.stringify(Buffer.from([1, 2])));
  const store = holding(kept(1, 'm',
    { properties: { topicAlias: 3, correlationData, userProperties: {} } }));
  connect(server.url, { outgoingStore: store, protocolVersion: 5 });
  await server.saw('publish');
  const [{ properties, topic }] = server.of('publish');
  assert.equal(topic, 'a');
  assert.deepEqual(properties, { correlationData: Buffer.from([1, 2]) });
});

test('an id that a new message has been given is not overwritten', async () => {
  let isMute = true;
  const server = await broker({
    publish: (packet) => (isMute ? undefined : server.answers.publish(packet)),
  });
  const store = holding(kept(1, 'old 1'), kept(2, 'old 2'));
  const client = connect(server.url, { outgoingStore: store });
  client.publish('a', 'new', { qos: 1 });
  const id = client.getLastMessageId();
  await server.saw('publish', 3);
  assert.deepEqual(payloads(server), ['old 1', 'old 2', 'new']);
  assert.deepEqual([...store.packets.values()].map(({ payload }) => payload).sort(),
    ['new', 'old 1', 'old 2']);
  assert.equal(store.packets.get(id).payload, 'new');
  isMute = false;
  client.reconnect();
  await until(() => store.packets.size === 0);
});

test('what has no answer when the client ends is sent by the next one', async () => {
  let isMute = true;
  const server = await broker({
    publish: (packet) => (isMute ? undefined : server.answers.publish(packet)),
  });
  const store = new mqtt.Store({ clean: false });
  const client = connect(server.url, { outgoingStore: store, closeTimeout: 50 });
  const lost = called((done) => client.publish('a', 'kept', { qos: 2 }, done));
  await server.saw('publish');
  await client.endAsync();
  assert.equal((await lost)[0].message, 'Connection closed');
  isMute = false;
  const next = connect(server.url, { outgoingStore: store });
  await next.publishAsync('a', 'new', { qos: 1 });
  assert.deepEqual(payloads(server), ['kept', 'kept', 'new']);
});

test('a store that is given to reconnect is read, and what is under way is not sent twice',
  async () => {
    const server = await broker({});
    const client = connect(server.url, { outgoingStore: new LateStore() });
    await client.publishAsync('a', 'one', { qos: 1 });
    await client.endAsync();
    const store = holding(kept(3, 'two'));
    client.reconnect({ outgoingStore: store, incomingStore: new mqtt.Store() });
    await client.publishAsync('a', 'three', { qos: 1 });
    assert.deepEqual(payloads(server), ['one', 'two', 'three']);
    client.end();
    client.reconnect({ outgoingStore: holding(kept(3, 'four')) });
    await server.saw('publish', 4);
    assert.equal(payloads(server)[3], 'four');
  });

// --- Stores that fail ---

test('an error of put reaches the callback, and the message is not sent', async () => {
  const server = await broker({});
  const store = new LateStore();
  const client = connect(server.url, { outgoingStore: store });
  store.faults.put = new Error('disk full');
  const [error] = await called((done) => client.publish('a', 'one', { qos: 1 }, done));
  assert.equal(error, store.faults.put);
  store.faults.put = undefined;
  await client.publishAsync('a', 'two', { qos: 1 });
  assert.deepEqual(payloads(server), ['two']);
});

test('an error of del reaches the callback', async () => {
  const server = await broker({});
  const store = new LateStore();
  const client = connect(server.url, { outgoingStore: store });
  store.faults.del = new Error('locked');
  const [error] = await called((done) => client.publish('a', 'one', { qos: 1 }, done));
  assert.equal(error, store.faults.del);
});

test('a store that throws is one that fails', async () => {
  const server = await broker({});
  const thrown = new Error('thrown');
  const store = new LateStore();
  const client = connect(server.url, { outgoingStore: store });
  store.put = () => { throw thrown; };
  store.close = () => { throw thrown; };
  assert.equal((await called((done) => client.publish('a', 'm', { qos: 2 }, done)))[0], thrown);
  assert.deepEqual(await called((done) => client.end(done)), [thrown]);
});

test('a store that rejects has failed, and leaves no rejection behind', async () => {
  const server = await broker({});
  const fault = new Error('rejected');
  const store = new LateStore();
  const client = connect(server.url, { outgoingStore: store, incomingStore: store });
  await event(client, 'connect');
  for (const method of ['put', 'del', 'close']) store[method] = async () => { throw fault; };
  assert.equal((await called((done) => client.publish('a', 'm', { qos: 1 }, done)))[0], fault);
  const told = event(client, 'error');
  server.current.send({ cmd: 'publish', topic: 'q2', payload: 'y', qos: 2, messageId: 9 });
  assert.deepEqual(await told, [fault]);
  assert.deepEqual(await called((done) => client.end(done)), [fault]);
  await new Promise(setImmediate);
});

test('a store that is async and calls back has answered then, and once', async () => {
  const server = await broker({});
  const store = new LateStore();
  const put = store.put.bind(store);
  store.put = async (packet, callback) => {
    await new Promise((resolve) => put(packet, resolve));
    callback();
    callback(new Error('twice'));
    throw new Error('after all');
  };
  const client = connect(server.url, { outgoingStore: store });
  await Promise.all(['one', 'two'].map((text) => client.publishAsync('a', text, { qos: 1 })));
  assert.deepEqual(payloads(server), ['one', 'two']);
});

test('a store that answers after the end changes nothing any more', async () => {
  const server = await broker({});
  const store = new LateStore();
  const answers = [];
  for (const method of ['put', 'del']) {
    store[method] = (packet, callback) => answers.push(callback);
  }
  const client = connect(server.url, { outgoingStore: store, closeTimeout: 50 });
  await event(client, 'connect');
  const outcomes = [];
  client.publish('a', 'm', { qos: 1 }, (error) => outcomes.push(error?.message));
  await called((done) => client.end(done));
  for (const answer of [...answers, ...answers]) answer();
  client.reconnect();
  await event(client, 'connect');
  assert.deepEqual([outcomes, payloads(server)], [['Connection closed'], []]);
});

for (const [name, createStream] of Object.entries({
  'throws': () => { throw new Error('no stream'); },
  'fails': () => new Readable({ read() { this.destroy(new Error('no stream')); } }),
  'is promised, and does not come': async () => { throw new Error('no stream'); },
  'is none': () => {
    const stream = new EventEmitter();
    setImmediate(() => stream.emit('error', new Error('no stream')));
    return stream;
  },
})) {
  test(`a store whose stream ${name}: it is told, and new messages are sent`, async () => {
    const server = await broker({});
    const client = connect(server.url, { outgoingStore: Object.assign(new LateStore(),
      { createStream }) });
    const told = event(client, 'error');
    await client.publishAsync('a', 'm', { qos: 1 });
    assert.equal((await told)[0].message, 'no stream');
  });
}

test('a stream that is promised is read when it is there', async () => {
  const server = await broker({});
  const store = holding(kept(6, 'one'));
  const made = store.createStream.bind(store);
  store.createStream = async () => made();
  const client = connect(server.url, { outgoingStore: store });
  await client.publishAsync('a', 'two', { qos: 1 });
  assert.deepEqual(payloads(server), ['one', 'two']);
});

test('a store that throws nothing has failed all the same', async () => {
  const server = await broker({});
  const store = Object.assign(new LateStore(), { put() { throw undefined; } });
  const client = connect(server.url, { outgoingStore: store });
  const [error] = await called((done) => client.publish('a', 'm', { qos: 1 }, done));
  assert.equal(error.message, 'put of a store has thrown undefined');
  assert.equal(server.of('publish').length, 0);
});

test('a store without a stream: it is told, and new messages are sent', async () => {
  const server = await broker({});
  const client = connect(server.url, { outgoingStore: Object.assign(new LateStore(),
    { createStream: () => null }) });
  const told = event(client, 'error');
  await client.publishAsync('a', 'm', { qos: 1 });
  assert.equal((await told)[0].name, 'TypeError');
});

test('junk among the packets of a store is told, and holds up nothing', async () => {
  const server = await broker({});
  const stream = new EventEmitter();
  const createStream = () => {
    setImmediate(() => {
      for (const junk of [null, undefined, 5, [], { messageId: Symbol('id') }]) {
        stream.emit('data', junk);
      }
      stream.emit('data', kept(6, 'one'));
      stream.emit('end');
    });
    return stream;
  };
  const client = connect(server.url,
    { outgoingStore: Object.assign(new LateStore(), { createStream }) });
  const told = [];
  client.on('error', (error) => told.push(error.message));
  await client.publishAsync('a', 'two', { qos: 1 });
  assert.deepEqual(payloads(server), ['one', 'two']);
  assert.equal(told.length, 5);
  for (const text of told) assert.match(text, /is no message of QoS 1 or 2/);
});

test('what is no message stays in the store', async () => {
  const server = await broker({});
  const store = holding({ cmd: 'pubrel', messageId: 5 }, kept(6, 'one'),
    kept(7, 'two', { topic: undefined }), kept(8, { a: 'b' }), kept(10, 5));
  const client = connect(server.url, { outgoingStore: store });
  const told = [];
  client.on('error', (error) => told.push(error.message));
  await client.publishAsync('a', 'three', { qos: 1 });
  assert.deepEqual(payloads(server), ['one', 'three']);
  assert.equal(told.length, 4);
  assert.match(told[0], /under 5 is no message.*PUBREL/);
  assert.deepEqual([...store.packets.keys()], [5, 7, 8, 10]);
});

test('a message that cannot be is told, and leaves the store', async () => {
  const server = await broker({});
  const store = new LateStore();
  const client = connect(server.url, { outgoingStore: store });
  const [error] = await called((done) => client.publish('a/#', 'm', { qos: 1 }, done));
  assert.match(error.message, /no \+ or #/);
  assert.equal(store.packets.size, 0);
});

test('there are as many ids as MQTT has', async () => {
  const server = await broker({ connect() {} });
  const client = connect(server.url, { outgoingStore: new mqtt.Store() });
  for (let i = 0; i < 65535; i += 1) client.publish('a', 'm', { qos: 1 });
  const [error] = await called((done) => client.publish('a', 'm', { qos: 1 }, done));
  assert.equal(error.code, 'MIDGE_EQUEUE');
});

test('a message is removed before it was put, and after it was sent', async () => {
  const server = await broker({ publish() {} });
  const store = new LateStore();
  const client = connect(server.url, { outgoingStore: store });
  const early = called((done) => client.publish('a', 'one', { qos: 1 }, done));
  client.removeOutgoingMessage(client.getLastMessageId());
  assert.equal((await early)[0].message, 'Message removed');
  const late = called((done) => client.publish('a', 'two', { qos: 1 }, done));
  await server.saw('publish');
  client.removeOutgoingMessage(client.getLastMessageId());
  assert.equal((await late)[0].message, 'Message removed');
  assert.deepEqual(payloads(server), ['two']);
  assert.equal(store.packets.size, 0);
});

// --- The end ---

test('end waits for what is being put, closes the stores, and is told', async () => {
  const server = await broker({});
  const out = new LateStore();
  const into = new LateStore();
  out.delays.put = 30;
  const client = connect(server.url, { outgoingStore: out, incomingStore: into });
  await event(client, 'connect');
  const published = called((done) => client.publish('a', 'm', { qos: 1 }, done));
  const order = [];
  client.on('end', () => order.push('end', out.asked.at(-1), into.asked.at(-1)));
  assert.deepEqual(await called((done) => client.end(done)), [undefined]);
  assert.equal((await published)[0], null);
  assert.deepEqual(order, ['end', 'close', 'close']);
  assert.equal(server.of('disconnect').length, 1);
});

test('a store that never answers does not hold the end', async () => {
  const server = await broker({});
  const store = new LateStore();
  Object.assign(store.delays, { put: Infinity, close: Infinity });
  const client = connect(server.url, { outgoingStore: store, closeTimeout: 50 });
  await event(client, 'connect');
  client.publish('a', 'm', { qos: 1 });
  await client.endAsync();
  assert.equal(server.of('publish').length, 0);
});

for (const force of [false, true]) {
  for (const [name, mute] of Object.entries({
    put: (store) => { store.delays.put = Infinity; },
    createStream: (store) => { store.createStream = () => new Readable({ read() {} }); },
  })) {
    test(`${name} that never answers: end(${force}) tells what waits for it`, async () => {
      const server = await broker({});
      const store = new LateStore();
      mute(store);
      const client = connect(server.url, { outgoingStore: store, closeTimeout: 50 });
      await event(client, 'connect');
      const published = called((done) => client.publish('a', 'm', { qos: 1 }, done));
      await called((done) => client.end(force, done));
      const [error] = await published;
      assert.equal(error.message, 'Connection closed');
      assert.equal(error.code, 'MIDGE_ECLOSED');
      assert.equal(server.of('publish').length, 0);
    });
  }

  test(`del that never answers: end(${force}) tells what was delivered`, async () => {
    const server = await broker({});
    const store = new LateStore();
    store.delays.del = Infinity;
    const client = connect(server.url, { outgoingStore: store, closeTimeout: 50 });
    const published = called((done) => client.publish('a', 'm', { qos: 1 }, done));
    await until(() => store.asked.includes('del m'));
    await called((done) => client.end(force, done));
    const [error, packet] = await published;
    assert.equal(error, null);
    assert.equal(packet.topic, 'a');
  });
}

test('what is put while the stores are closed is not sent', async () => {
  const server = await broker({});
  const store = new LateStore();
  const client = connect(server.url, { outgoingStore: store });
  await event(client, 'connect');
  const put = store.put.bind(store);
  store.put = (packet, callback) => {
    client.on('close', () => setImmediate(put, packet, callback));
  };
  const published = called((done) => client.publish('a', 'm', { qos: 1 }, done));
  await called((done) => client.end(true, done));
  assert.equal((await published)[0].message, 'Connection closed');
  delete store.put;
  assert.equal(store.packets.size, 1);
  const next = connect(server.url, { outgoingStore: store });
  await next.publishAsync('a', 'n', { qos: 1 });
  assert.deepEqual(payloads(server), ['m', 'n']);
});

test('a store is waited for with one patience, before the end and at it', async () => {
  const PATIENCE = 307;
  const server = await broker({});
  const store = new LateStore();
  Object.assign(store.delays, { put: Infinity, close: Infinity });
  const client = connect(server.url, { outgoingStore: store, closeTimeout: PATIENCE });
  await event(client, 'connect');
  client.publish('a', 'm', { qos: 1 });
  const timers = mock.method(globalThis, 'setTimeout');
  await called((done) => client.end(done));
  timers.mock.restore();
  assert.equal(timers.mock.calls.filter(({ arguments: [, ms] }) => ms === PATIENCE).length, 1);
});

// --- In ---

test('a message of QoS 2 is in the incoming store until it was handled', async () => {
  const server = await broker({});
  const store = new LateStore();
  const client = connect(server.url, { incomingStore: store });
  await event(client, 'connect');
  let isPut;
  const message = called((done) => client.on('message', (topic) => {
    isPut = store.packets.has(9);
    done(topic);
  }));
  server.current.send({ cmd: 'publish', topic: 'q1', payload: 'x', qos: 1, messageId: 8 });
  server.current.send({ cmd: 'publish', topic: 'q2', payload: 'y', qos: 2, messageId: 9 });
  assert.deepEqual(await message, ['q1']);
  await server.saw('pubcomp');
  await until(() => store.packets.size === 0);
  assert.equal(isPut, true);
  assert.deepEqual(store.asked, ['put y', 'del y']);
  await client.publishAsync('a', 'm', { qos: 1 });
});

test('what an incoming store does not take is not acknowledged', async () => {
  const server = await broker({});
  const store = new LateStore();
  const client = connect(server.url, { incomingStore: store });
  await event(client, 'connect');
  store.faults.put = new Error('disk full');
  const told = event(client, 'error');
  server.current.send({ cmd: 'publish', topic: 'q2', payload: 'y', qos: 2, messageId: 9 });
  assert.deepEqual(await told, [store.faults.put]);
  const next = event(client, 'message');
  server.current.send({ cmd: 'publish', topic: 'q0', payload: 'x', qos: 0 });
  assert.equal((await next)[0], 'q0');
  assert.equal(server.of('pubcomp').length, 0);
  store.faults.put = undefined;
  server.current.end();
  await event(client, 'connect');
  server.current.send({ cmd: 'publish', topic: 'q2', payload: 'y', qos: 2, messageId: 9 });
  await server.saw('pubcomp');
});
