'use strict';
// Members that MQTT.js does not document and programs look at: the same on both.
const assert = require('node:assert/strict');
const { afterEach, describe, mock, test } = require('node:test');
const theirs = require('mqtt');
const ours = require('../../lib');
const native = require('../../lib/native');
const { Conduct } = require('../../lib/mqttjs/conduct');
const { called, until } = require('../node/support/wait');
const { listen } = require('./support/broker');

const open = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

async function connected(mqtt, rules) {
  const broker = await listen(rules);
  open.push(broker);
  const client = mqtt.connect(broker.url, { reconnectPeriod: 20, clientId: 'members' });
  open.push(client);
  await called((done) => client.once('connect', done));
  return { broker, client };
}

for (const [name, mqtt] of [['MQTT.js', theirs], ['midge', ours]]) {
  describe(name, () => {
    test('outgoing is what has no outcome, by message id', async () => {
      const { broker, client } = await connected(mqtt,
        { publish: () => undefined, subscribe: () => undefined, unsubscribe: () => undefined });
      const published = () => {};
      client.publish('a', 'm', { qos: 1 }, published);
      const id = client.getLastMessageId();
      client.subscribe('t/#', () => {});
      client.unsubscribe('u', () => {});
      const plain = (at) => {
        const { volatile, cb } = client.outgoing[at];
        return [volatile, typeof cb];
      };
      assert.deepEqual(Object.keys(client.outgoing), [0, 1, 2].map((at) => String(id + at)));
      assert.equal(client.outgoing[id].cb, published);
      assert.deepEqual([plain(id), plain(id + 1), plain(id + 2)],
        [[false, 'function'], [true, 'function'], [true, 'function']]);
      await broker.saw('publish');
      broker.current.send({ cmd: 'puback', messageId: broker.of('publish')[0].messageId });
      while (client.outgoing[id] !== undefined) await new Promise(setImmediate);
      assert.equal(Object.keys(client.outgoing).length, 2);
    });

    test('stores that were not given show what is not acknowledged', async () => {
      const { client } = await connected(mqtt, { publish: () => undefined });
      client.publish('a', 'one', { qos: 1 });
      client.publish('b', 'two', { qos: 2 });
      client.publish('c', 'three');
      const packets = await client.outgoingStore.createStream().toArray();
      assert.deepEqual(packets.map(({ cmd, topic, payload, qos }) => [cmd, topic, payload, qos]),
        [['publish', 'a', 'one', 1], ['publish', 'b', 'two', 2]]);
      const [, found] = await new Promise((resolve) => {
        client.outgoingStore.get(packets[1], (...args) => resolve(args));
      });
      assert.equal(found.topic, 'b');
      assert.deepEqual(await client.incomingStore.createStream().toArray(), []);
    });

    test('another client goes on with the stores of one', async () => {
      const broker = await listen();
      open.push(broker);
      // It never begins, and MQTT.js cannot end such a one.
      const first = mqtt.connect(broker.url, { manualConnect: true, clientId: 'first' });
      first.publish('a', 'one', { qos: 1 });
      first.publish('b', 'two', { qos: 2 });
      const { incomingStore, outgoingStore } = first;
      const second = mqtt.connect(broker.url, { incomingStore, outgoingStore });
      open.push(second);
      await broker.saw('pubrel');
      assert.deepEqual(broker.of('publish').map(({ topic, qos }) => [topic, qos]),
        [['a', 1], ['b', 2]]);
    });

    test('a store that is set is the one from then on', async () => {
      const broker = await listen({ publish: () => undefined });
      open.push(broker);
      const client = mqtt.connect(broker.url, { manualConnect: true, reconnectPeriod: 20 });
      open.push(client);
      const store = new mqtt.Store();
      client.outgoingStore = store;
      assert.equal(client.outgoingStore, store);
      client.connect();
      client.publish('a', 'one', { qos: 1 });
      await broker.saw('publish');
      const [{ topic }] = await store.createStream().toArray();
      assert.equal(topic, 'a');
    });

    test('whether QoS 0 waits for a connection can be changed, and what logs', async () => {
      const logged = [];
      const log = (text) => logged.push(text);
      const options = { manualConnect: true, reconnectPeriod: 20, log };
      const broker = await listen();
      open.push(broker);
      const client = mqtt.connect(broker.url, options);
      open.push(client);
      assert.equal(client.queueQoSZero, true);
      client.queueQoSZero = false;
      assert.equal(client.queueQoSZero, false);
      const error = await new Promise((resolve) => { client.publish('a', 'm', resolve); });
      assert.equal(error.message, 'No connection to broker');
      assert.equal(typeof client.noop, 'function');
      client.connect();
      await called((done) => client.once('connect', done));
      assert.notEqual(logged.length, 0);
      const later = [];
      client.log = (text) => later.push(text);
      logged.length = 0;
      broker.current.socket.destroy();
      await called((done) => client.once('connect', done));
      assert.notEqual(later.length, 0);
      assert.equal(logged.length, 0);
    });

    test('messageIdToTopic has the filters of a SUBSCRIBE', async () => {
      const { client } = await connected(mqtt, { subscribe: () => undefined });
      client.subscribe(['a', 'b/#'], { qos: 1 }, () => {});
      assert.deepEqual(client.messageIdToTopic, { [client.getLastMessageId()]: ['a', 'b/#'] });
    });

    test('_resubscribeTopics is what need not be asked for again', async () => {
      const { broker, client } = await connected(mqtt);
      assert.deepEqual(Object.keys(client._resubscribeTopics), []);
      await client.subscribeAsync({ 'a/b': { qos: 1 }, c: { qos: 0 } });
      assert.deepEqual(Object.keys(client._resubscribeTopics), ['a/b', 'c']);
      assert.equal(client._resubscribeTopics['a/b'].qos, 1);
      assert.equal('d' in client._resubscribeTopics, false);
      await client.unsubscribeAsync('c');
      assert.deepEqual(Object.keys(client._resubscribeTopics), ['a/b']);
      await client.subscribeAsync('a/b', { qos: 1 });
      assert.equal(broker.of('subscribe').length, 1);
      delete client._resubscribeTopics['a/b'];
      assert.deepEqual(Object.keys(client._resubscribeTopics), []);
      await client.subscribeAsync('a/b', { qos: 1 });
      assert.equal(broker.of('subscribe').length, 2);
      client._resubscribeTopics = {};
      await client.subscribeAsync('a/b', { qos: 1 });
      assert.equal(broker.of('subscribe').length, 3);
    });

    test('sendPing sends PINGREQ, and what is sent and received is shown', async () => {
      const { broker, client } = await connected(mqtt);
      const shown = [];
      client.once('packetsend', (packet) => shown.push(packet));
      const answered = called((done) => client.once('packetreceive', done));
      assert.equal(client.sendPing(), undefined);
      const [pong] = await answered;
      shown.push({ ...pong });
      assert.deepEqual(shown, [{ cmd: 'pingreq' }, {
        cmd: 'pingresp', retain: false, qos: 0, dup: false, length: 0, topic: null, payload: null,
      }]);
      assert.equal(broker.of('pingreq').length, 1);
    });

    test('reschedulePing returns nothing, and does no harm', async () => {
      const { client } = await connected(mqtt);
      assert.equal(client.reschedulePing(), undefined);
      assert.equal(client.reschedulePing(true), undefined);
      await client.publishAsync('a', 'm', { qos: 1 });
      assert.equal(client.connected, true);
      await client.endAsync();
      assert.equal(client.reschedulePing(true), undefined);
      assert.equal(client.connected, false);
    });

    test('it is an emitter, whose calls can be chained', async () => {
      const { broker, client } = await connected(mqtt);
      const heard = [];
      const note = (topic) => heard.push(topic);
      const kept = () => {};
      client.setMaxListeners(20).on('message', kept).once('message', note)
        .addListener('message', kept).off('message', kept).removeListener('message', kept);
      assert.deepEqual([client.getMaxListeners(), client.listenerCount('message')], [20, 1]);
      for (const topic of ['a', 'b']) {
        broker.current.send({ cmd: 'publish', topic, payload: 'm', qos: 1, messageId: 1 });
      }
      await broker.saw('puback', 2);
      assert.deepEqual(heard, ['a']);
    });

    test('the class has a version, and makes ids', () => {
      assert.match(mqtt.MqttClient.VERSION, /^\d+\.\d+\.\d+/);
      assert.match(mqtt.MqttClient.defaultId(), /^mqttjs_[0-9a-f]{8}$/);
      assert.notEqual(mqtt.MqttClient.defaultId(), mqtt.MqttClient.defaultId());
    });

    test('queue is what waits for a connection, but for QoS 1 and 2', async () => {
      const broker = await listen();
      open.push(broker);
      const client = mqtt.connect(broker.url, { manualConnect: true });
      open.push(client);
      const published = () => {};
      client.publish('a', 'm', published);
      client.publish('b', 'm', { retain: true });
      client.publish('c', 'm', { qos: 1 });
      client.subscribe('d', () => {});
      const id = client.getLastMessageId();
      const plain = { cmd: 'publish', payload: 'm', qos: 0, messageId: 0, dup: false };
      assert.deepEqual(client.queue.map(({ packet }) => packet), [
        { ...plain, topic: 'a', retain: false },
        { ...plain, topic: 'b', retain: true },
        { cmd: 'subscribe', subscriptions: [{ topic: 'd', qos: 0 }], messageId: id },
      ]);
      assert.equal(client.queue[0].cb, published);
      assert.equal(typeof client.queue[1].cb, 'function');
      client.connect();
      await broker.saw('subscribe');
      await broker.saw('publish', 3);
      await until(() => client.queue.length === 0);
    });

    test('a queue that is set is what waits from then on', async () => {
      const broker = await listen();
      open.push(broker);
      const make = () => {
        const client = mqtt.connect(broker.url, { manualConnect: true });
        open.push(client);
        for (const topic of ['a', 'b', 'c']) client.publish(topic, 'm');
        client.subscribe('d');
        return client;
      };
      const empty = make();
      empty.queue = [];
      assert.deepEqual(empty.queue, []);
      const some = make();
      some.queue = some.queue.filter(({ packet }) => packet.topic !== 'b');
      assert.equal(some.queue.length, 3);
      for (const client of [empty, some]) {
        client.connect();
        await called((done) => client.publish('last', '', { qos: 1 }, done));
      }
      await broker.saw('publish', 4);
      assert.deepEqual(broker.of('publish').map(({ topic }) => topic).sort(),
        ['a', 'c', 'last', 'last']);
      assert.equal(broker.of('subscribe').length, 1);
    });

    test('keepaliveManager tells what the keep-alive is, while there is one', async () => {
      const broker = await listen();
      open.push(broker);
      const client = mqtt.connect(broker.url, { keepalive: 30, manualConnect: true });
      open.push(client);
      assert.equal(client.keepaliveManager, null);
      client.connect();
      await called((done) => client.once('connect', done));
      const { keepalive, intervalEvery } = client.keepaliveManager;
      assert.deepEqual([keepalive, intervalEvery], [30000, 15000]);
      await client.endAsync();
      assert.equal(client.keepaliveManager, null);
    });

    test('onKeepaliveTimeout gives the connection up, and another follows', async () => {
      const { broker, client } = await connected(mqtt);
      const failed = called((done) => client.once('error', done));
      const back = called((done) => client.once('connect', done));
      client.onKeepaliveTimeout();
      assert.equal((await failed)[0].message, 'Keepalive timeout');
      await back;
      assert.equal(broker.of('connect').length, 2);
    });
  });
}

test('reconnect() with the client\'s own stores sends nothing twice', async () => {
  const broker = await listen({ publish: ({ messageId }, { number }) =>
    (number === 1 ? undefined : { cmd: 'puback', messageId }) });
  open.push(broker);
  const client = ours.connect(broker.url, { clientId: 'own', clean: false, reconnectPeriod: 20 });
  open.push(client);
  const published = client.publishAsync('a', 'one', { qos: 1 });
  await broker.saw('publish');
  await called((done) => client.end(true, done));
  const { incomingStore, outgoingStore } = client;
  client.reconnect({ incomingStore, outgoingStore });
  await published;
  await client.publishAsync('a', 'two', { qos: 1 });
  assert.deepEqual(broker.of('publish').map(({ payload }) => String(payload)),
    ['one', 'one', 'two']);
});

// As test frameworks make them of a class.
test('an object of the class that was not made by it has members of its own', () => {
  const stub = Object.create(ours.MqttClient.prototype);
  for (const name of ['options', 'stream', 'queue', 'keepalive', 'serverProperties', 'log']) {
    assert.equal(stub[name], undefined);
    stub[name] = { of: name };
    assert.deepEqual([stub[name], Object.hasOwn(stub, name)], [{ of: name }, true]);
  }
  const client = ours.connect({ manualConnect: true });
  open.push(client);
  const { stream } = client;
  client.stream = null;
  assert.equal(client.stream, stream);
});

test('an event may have any name, and one of an object\'s own members is not heard', () => {
  const client = ours.connect({ manualConnect: true });
  open.push(client);
  for (const event of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.equal(client.emit(event), false);
    assert.equal(client.listenerCount(event), 0);
    let count = 0;
    const listener = () => { count += 1; };
    client.on(event, listener);
    assert.equal(client.emit(event), true);
    assert.ok(client.eventNames().includes(event));
    client.off(event, listener);
    assert.equal(client.emit(event), false);
    assert.equal(count, 1);
  }
});

test('reschedulePing lets the keep-alive count anew, unless reschedulePings is off', async () => {
  const broker = await listen();
  open.push(broker);
  const postponed = mock.method(native, 'postponePing');
  const cases = [[{}, 2], [{ reschedulePings: false }, 1], [{ keepalive: 0 }, 0]];
  for (const [options, count] of cases) {
    const client = ours.connect(broker.url, options);
    open.push(client);
    client.reschedulePing(true);
    await called((done) => client.once('connect', done));
    client.reschedulePing();
    client.reschedulePing(true);
    assert.equal(postponed.mock.callCount(), count);
    postponed.mock.resetCalls();
  }
  postponed.mock.restore();
});

test('the core tells of its own packets while somebody looks at packets', async () => {
  const { client } = await connected(ours);
  const traced = mock.method(native, 'trace');
  const look = () => {};
  client.on('message', look).on('packetsend', look).once('packetreceive', look);
  assert.deepEqual(traced.mock.calls.map(({ arguments: [, on] }) => on), [true]);
  client.off('packetsend', look).sendPing();
  await until(() => traced.mock.callCount() === 2);
  client.on('packetsend', look).removeAllListeners();
  assert.deepEqual(traced.mock.calls.map(({ arguments: [, on] }) => on),
    [true, false, true, false]);
  traced.mock.restore();
});

test('what is taken out of queue or outgoing is told so', async () => {
  const broker = await listen({ publish: () => undefined });
  open.push(broker);
  const client = ours.connect(broker.url, { manualConnect: true });
  open.push(client);
  const told = [];
  const note = (error) => told.push(error.message);
  client.publish('a', 'm', note);
  client.subscribe('b', note);
  client.queue = null;
  assert.deepEqual(told, ['Message removed', 'Message removed']);
  client.connect();
  client.publish('c', 'm', { qos: 1 }, note);
  client.publish('d', 'm', { qos: 1 }, note);
  await broker.saw('publish', 2);
  const [kept] = Object.entries(client.outgoing).filter(([id]) => id < client.getLastMessageId());
  client.outgoing = Object.fromEntries([kept]);
  assert.equal(told.length, 3);
  assert.deepEqual(Object.keys(client.outgoing), [kept[0]]);
  client.outgoing = {};
  assert.equal(told.length, 4);
  assert.deepEqual(client.outgoing, {});
  await called((done) => client.publish('e', 'm', done));
  assert.equal(told.length, 4);
});

// The answer is there before the removal, and is told after it.
function blockFor(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('what was removed is forgotten however it ends, also if its answer was quicker', async () => {
  const remove = mock.method(Conduct.prototype, 'remove');
  const { broker, client } = await connected(ours, {
    publish: ({ messageId, qos, topic }, connection) => {
      const cmd = qos === 1 ? 'puback' : 'pubrec';
      connection.send({ cmd, messageId });
      if (topic === 'late') return;
      blockFor(100);
      client.removeOutgoingMessage(client.getLastMessageId());
    },
    subscribe: ({ messageId }, connection) => {
      connection.send({ cmd: 'suback', messageId, granted: [0] });
      blockFor(100);
      client.removeOutgoingMessage(client.getLastMessageId());
    },
  });
  const told = [];
  const note = (error) => told.push(error?.message);
  client.publish('a', 'with a callback', { qos: 1 }, note);
  await broker.saw('publish', 1);
  client.publish('a', 'of which nobody is told', { qos: 1 });
  await broker.saw('publish', 2);
  client.subscribe('b', note);
  await broker.saw('subscribe');
  client.on('packetreceive', () => {});
  client.publish('a', 'that somebody looks at', { qos: 1 }, note);
  await broker.saw('publish', 3);
  client.publish('late', 'm', { qos: 1 });
  await until(() => Object.keys(client.outgoing).length === 0);
  assert.deepEqual(told, Array(3).fill('Message removed'));
  assert.equal(remove.mock.callCount(), 4);
  const [{ this: conduct }] = remove.mock.calls;
  await until(() => conduct.core.unfinished.length === 0);
  assert.deepEqual([...conduct.parts.removed], []);
  remove.mock.restore();
});

test('a client that does not connect by itself needs no builder', async () => {
  let calls = 0;
  class Double extends ours.MqttClient {
    constructor() { super({}, {}); }

    connect() {
      calls += 1;
      return this;
    }
  }
  for (const client of [new Double(), new ours.MqttClient(null, { manualConnect: true })]) {
    client.publish('a', 'm').subscribe('a');
    await client.endAsync();
  }
  assert.equal(calls, 1);
  const later = new ours.MqttClient(undefined, { manualConnect: true, reconnectPeriod: 0 });
  const failed = called((done) => later.once('error', done));
  later.connect();
  const [error] = await failed;
  assert.match(error.message, /streamBuilder is a function/);
  await later.endAsync();
});
