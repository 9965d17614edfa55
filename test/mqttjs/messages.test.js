'use strict';
// Messages that come faster than they are handled, handlers that throw, and
// packets that are shown.
const assert = require('node:assert/strict');
const { afterEach, test } = require('node:test');
const theirs = require('mqtt');
const mqtt = require('../../lib');
const { uncaught } = require('../node/support/uncaught');
const { called, delay, until } = require('../node/support/wait');
const { listen } = require('./support/broker');

const open = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

async function connected(rules, options, onConnect = () => {}) {
  const broker = await listen(rules);
  open.push(broker);
  const client = mqtt.connect(broker.url, { reconnectPeriod: 20, clientId: 'mine', ...options });
  open.push(client);
  onConnect(client);
  await called((done) => client.once('connect', done));
  return { broker, client };
}

test('a slow handler holds the server back, and loses nothing', async () => {
  const { broker, client } = await connected({}, { highWaterMark: 1048576 });
  const COUNT = 200;
  const payload = Buffer.alloc(262144, 'x');
  const pending = [];
  const seen = [];
  client.handleMessage = (packet, done) => {
    seen.push(packet.topic);
    pending.push(done);
  };
  for (let i = 0; i < COUNT; i += 1) {
    broker.current.send({ cmd: 'publish', topic: String(i), payload, qos: 0 });
  }
  await until(() => pending.length === 1);
  let waiting;
  do {
    waiting = broker.current.socket.writableLength;
    await delay(300);
  } while (broker.current.socket.writableLength !== waiting);
  assert.ok(waiting > 16 * 1048576, `only ${waiting} bytes are held back`);
  assert.equal(seen.length, 1);
  while (seen.length < COUNT) {
    await until(() => pending.length > 0);
    pending.shift()();
  }
  assert.deepEqual(seen, Array.from({ length: COUNT }, (_, i) => String(i)));
});

for (const qos of [0, 1, 2]) {
  test(`after an end by force at QoS ${qos} few messages are told, and none answered`, async () => {
    const { broker, client } = await connected();
    const COUNT = 5000;
    const SECOND_MS = 1000;
    let told = 0;
    let isOver = false;
    let ended;
    const ending = new Promise((resolve) => { ended = resolve; });
    client.on('message', () => {
      assert.ok(!isOver, 'none comes after the close');
      told += 1;
      if (told > 1) return;
      // Much has come by then, on the thread that reads.
      const last = Date.now() + SECOND_MS;
      while (client.stats().bytes.received < COUNT * 40 && Date.now() < last);
      client.end(true, ended);
    });
    client.on('close', () => { isOver = true; });
    const { current } = broker;
    current.socket.cork();
    for (let messageId = 1; messageId <= COUNT; messageId += 1) {
      current.send({ cmd: 'publish', topic: 'a', payload: 'm'.repeat(40), qos, messageId });
    }
    process.nextTick(() => current.socket.uncork());
    await ending;
    assert.ok(told < COUNT / 2, `${told} were told`);
    await until(() => current.isClosed);
    assert.ok(broker.of('puback').length + broker.of('pubcomp').length <= 1);
  });
}

test('after an end by force a session that lives on loses none of QoS 2', async () => {
  const COUNT = 3000;
  const { broker, client } = await connected({
    connect: (packet, { number }) =>
      ({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: number > 1 }),
  }, { clean: false, reconnectPeriod: 0 });
  const seen = new Map();
  const completed = () => new Set(broker.of('pubcomp').map(({ messageId }) => messageId)).size;
  client.on('message', (topic, payload, { messageId }) => {
    seen.set(messageId, (seen.get(messageId) ?? 0) + 1);
    if (seen.size > 1) return;
    const last = Date.now() + 1000;
    while (client.stats().bytes.received < COUNT * 30 && Date.now() < last);
    client.end(true, () => client.reconnect());
  });
  const send = (messageId, dup) => broker.current.send(
    { cmd: 'publish', topic: 'a', payload: 'm'.repeat(20), qos: 2, messageId, dup });
  for (let id = 1; id <= COUNT; id += 1) send(id, false);
  await until(() => seen.size > 0);
  await called((done) => client.once('connect', done));
  const known = new Set(broker.of('pubrec').map(({ messageId }) => messageId));
  for (let id = 1; id <= COUNT; id += 1) {
    if (known.has(id)) broker.current.send({ cmd: 'pubrel', messageId: id });
    else send(id, true);
  }
  await until(() => completed() === COUNT);
  assert.equal(seen.size, COUNT);
  assert.ok([...seen.values()].every((times) => times === 1));
});

test('many small messages and a handler that takes its time', async () => {
  const { broker, client } = await connected({});
  const COUNT = 5000;
  const seen = [];
  client.handleMessage = (packet, done) => {
    seen.push(Number(packet.payload));
    setImmediate(done);
  };
  for (let i = 0; i < COUNT; i += 1) {
    broker.current.send(
      { cmd: 'publish', topic: 'a', payload: String(i), qos: 1, messageId: i + 1 });
  }
  await broker.saw('puback', COUNT);
  assert.deepEqual(seen, Array.from({ length: COUNT }, (_, i) => i));
  assert.deepEqual(broker.of('puback').map(({ messageId }) => messageId),
    Array.from({ length: COUNT }, (_, i) => i + 1));
});

test('handleMessage of the prototype is overridden too', async () => {
  const { handleMessage } = mqtt.MqttClient.prototype;
  const seen = [];
  mqtt.MqttClient.prototype.handleMessage = (packet, done) => {
    seen.push(packet.topic);
    done();
  };
  try {
    const { broker } = await connected({});
    broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 1 });
    await broker.saw('puback');
    assert.deepEqual(seen, ['a']);
  } finally {
    mqtt.MqttClient.prototype.handleMessage = handleMessage;
  }
});

test('a listener that throws does not stop the next message', async () => {
  const thrown = [];
  const note = (error) => thrown.push(error.message);
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', note);
  try {
    const { broker, client } = await connected({});
    client.on('message', (topic) => {
      throw new Error(topic);
    });
    for (const topic of ['a', 'b']) {
      broker.current.send({ cmd: 'publish', topic, payload: 'm', qos: 0 });
    }
    await until(() => thrown.length === 2);
    assert.deepEqual(thrown, ['a', 'b']);
  } finally {
    process.off('uncaughtException', note);
    for (const listener of before) process.on('uncaughtException', listener);
  }
});

test('packets are shown as they are sent and received', async () => {
  const sent = [];
  const received = [];
  const { broker, client } = await connected({}, { manualConnect: true }, (one) => {
    one.on('packetsend', (packet) => sent.push(packet));
    one.on('packetreceive', (packet) => received.push(packet));
    one.connect();
  });
  await client.subscribeAsync('a', { qos: 1 });
  await client.publishAsync('a', '0');
  await client.publishAsync('a', '1', { qos: 1 });
  await client.publishAsync('a', '2', { qos: 2 });
  await client.unsubscribeAsync('a');
  broker.current.send({ cmd: 'publish', topic: 'b', payload: 'm', qos: 1, messageId: 9 });
  await broker.saw('puback');
  await client.endAsync();
  assert.deepEqual(sent.map(({ cmd }) => cmd), ['connect', 'subscribe', 'publish', 'publish',
    'publish', 'pubrel', 'unsubscribe', 'puback', 'disconnect']);
  assert.deepEqual(received.map(({ cmd }) => cmd),
    ['connack', 'suback', 'puback', 'pubrec', 'pubcomp', 'unsuback', 'publish']);
  assert.equal(received[2].messageId, sent[3].messageId);
});

for (const protocolVersion of [4, 5]) {
  test(`packets are shown in MQTT.js's order and shapes, MQTT ${protocolVersion}`, async () => {
    const logs = await Promise.all([theirs, mqtt].map(async (library) => {
      const broker = await listen();
      open.push(broker);
      const client = library.connect(broker.url, { protocolVersion });
      open.push(client);
      await called((done) => client.once('connect', done));
      const log = [];
      for (const event of ['packetsend', 'packetreceive']) {
        client.on(event, ({ messageId, ...packet }) =>
          log.push([event, JSON.parse(JSON.stringify(packet))])); // as it is now, without undefined
      }
      await client.subscribeAsync('a', { qos: 1 });
      await client.unsubscribeAsync('a');
      for (const qos of [0, 1, 2]) await client.publishAsync('a', 'm', { qos });
      const completed = called((done) => client.on('packetsend', ({ cmd }) => {
        if (cmd === 'pubcomp') done();
      }));
      for (const qos of [0, 1, 2]) {
        broker.current.send({ cmd: 'publish', topic: 'b', payload: 'm', qos, messageId: 7 });
      }
      await completed;
      await client.endAsync();
      return log;
    }));
    assert.equal(logs[0].length, 19);
    assert.deepEqual(logs[1], logs[0]);
  });
}

test('what waits for a connection is shown when it leaves', async () => {
  const shown = [];
  const { broker } = await connected({}, { manualConnect: true }, (one) => {
    one.on('packetsend', ({ cmd, topic = null }) => shown.push([cmd, topic]));
    one.publish('a', 'm', { qos: 1 });
    one.publish('b', 'm');
    one.subscribe('c');
    one.publish('d', 'm', { qos: 2 });
    one.unsubscribe('e');
    assert.deepEqual(shown, []);
    one.connect();
  });
  await broker.saw('unsubscribe');
  const seen = broker.seen.filter(({ cmd }) => cmd !== 'pubrel');
  assert.equal(seen.length, 6);
  assert.deepEqual(shown.slice(0, 6), seen.map(({ cmd, topic }) => [cmd, topic]));
});

test('a packet is shown once, whoever publishes it when', async () => {
  const shown = [];
  const { broker, client } = await connected({}, { manualConnect: true }, (one) => {
    one.on('packetsend', ({ cmd, topic }) => {
      if (cmd === 'publish') shown.push(topic);
    });
    one.once('packetreceive', () => one.publish('b', 'm', { qos: 1 }));
    one.once('connect', () => one.publish('c', 'm', { qos: 1 }));
    one.publish('a', 'm', { qos: 1 });
    one.connect();
  });
  await client.publishAsync('d', 'm', { qos: 1 });
  assert.deepEqual(broker.of('publish').map(({ topic }) => topic), ['a', 'b', 'c', 'd']);
  assert.deepEqual(shown.sort(), ['a', 'b', 'c', 'd']);
});

for (const sessionPresent of [true, false]) {
  const how = sessionPresent ? 'with DUP' : 'without DUP when the session is new';
  test(`what is sent again is shown again, ${how}`, async () => {
    const shown = [];
    const { broker, client } = await connected({
      connect: (_, { number }) => ({
        cmd: 'connack', returnCode: 0, sessionPresent: number > 1 && sessionPresent,
      }),
      publish: ({ messageId }, { number }) =>
        (number > 1 ? { cmd: 'puback', messageId } : undefined),
    }, { clean: false });
    client.on('packetsend', ({ cmd, topic, dup }) => {
      if (cmd === 'publish') shown.push([topic, dup]);
    });
    const published = ['a', 'b'].map((topic) => client.publishAsync(topic, 'm', { qos: 1 }));
    await broker.saw('publish', 2);
    client.once('close', () => published.push(client.publishAsync('c', 'm', { qos: 1 })));
    broker.current.end();
    await called((done) => client.once('connect', done));
    await Promise.all(published);
    assert.deepEqual(shown, [['a', false], ['b', false], ['a', sessionPresent],
      ['b', sessionPresent], ['c', false]]);
    assert.deepEqual(broker.of('publish').map(({ topic, dup }) => [topic, dup]), shown);
  });
}

test('a publish of QoS 2 that is refused shows PUBREC, and nothing after it', async () => {
  const log = [];
  const { client } = await connected({
    publish: ({ messageId }) => ({ cmd: 'pubrec', messageId, reasonCode: 0x87 }),
  }, { protocolVersion: 5 });
  client.on('packetreceive', ({ cmd, reasonCode }) => log.push([cmd, reasonCode]));
  client.on('packetsend', ({ cmd }) => log.push([cmd]));
  await assert.rejects(client.publishAsync('a', 'm', { qos: 2 }), { code: 0x87 });
  assert.deepEqual(log, [['publish'], ['pubrec', 0x87]]);
});

test('a message nobody listens to is acknowledged all the same', async () => {
  const { broker } = await connected({});
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 1 });
  await broker.saw('puback');
});

test('an acknowledgement of an earlier connection is not sent on the next', async () => {
  const { broker, client } = await connected({});
  const pending = [];
  client.handleMessage = (packet, done) => pending.push(done);
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 7 });
  await until(() => pending.length === 1);
  broker.current.end();
  await called((done) => client.once('connect', done));
  pending.shift()();
  await client.publishAsync('fence', 'm', { qos: 1 });
  assert.equal(broker.of('puback').length, 0);
});

// What never calls back, or throws: of the first message.
const STUCK = {
  'a handleMessage that never calls back': [1, (act) => {
    return { handleMessage: (packet, done) => act() || done() };
  }],
  'a customHandleAcks that never calls back': [1, (act) => {
    return { customHandleAcks: (topic, payload, packet, done) => act() || done(0) };
  }],
  'a store that never calls back': [2, (act) => {
    const incomingStore = new mqtt.Store();
    const { put } = incomingStore;
    incomingStore.put = (packet, done) => act() || put.call(incomingStore, packet, done);
    return { incomingStore };
  }],
};

function isFirst() {
  let count = 0;
  return () => {
    count += 1;
    return count === 1;
  };
}

for (const [what, [qos, make]] of Object.entries(STUCK)) {
  test(`${what} holds up no message of the next connection`, async () => {
    const { handleMessage, ...options } = make(isFirst());
    const { broker, client } = await connected({}, { protocolVersion: 5, ...options });
    if (handleMessage) client.handleMessage = handleMessage;
    const seen = [];
    client.on('message', (topic) => seen.push(topic));
    const send = (topic, messageId) =>
      broker.current.send({ cmd: 'publish', topic, payload: 'm', qos, messageId });
    send('stuck', 1);
    send('second', 2);
    await client.publishAsync('fence', 'm', { qos: 2 });
    assert.equal(seen.includes('second'), false);
    broker.current.end();
    await called((done) => client.once('connect', done));
    send('third', 3);
    await broker.saw(qos === 1 ? 'puback' : 'pubcomp');
    assert.equal(seen.at(-1), 'third');
  });
}

test('a late callback of an earlier connection hurries no message', async () => {
  const { broker, client } = await connected({});
  const pending = [];
  client.handleMessage = (packet, done) => pending.push(done);
  const send = (messageId) =>
    broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId });
  send(1);
  await until(() => pending.length === 1);
  broker.current.end();
  await called((done) => client.once('connect', done));
  send(2);
  send(3);
  await until(() => pending.length === 2);
  pending[0]();
  await client.publishAsync('fence', 'm', { qos: 1 });
  assert.equal(pending.length, 2);
  pending[1]();
  await until(() => pending.length === 3);
});

test('a handleMessage or customHandleAcks that throws holds up no message', async () => {
  const throwing = (name) => (first, ...rest) => {
    if ((first.topic ?? first) === 'bad') throw new Error(name);
    rest.at(-1)(undefined, 0);
  };
  await uncaught(async (thrown) => {
    const { broker, client } = await connected({},
      { protocolVersion: 5, customHandleAcks: throwing('of customHandleAcks') });
    const seen = [];
    client.on('message', (topic) => seen.push(topic));
    const send = (topic, messageId) =>
      broker.current.send({ cmd: 'publish', topic, payload: 'm', qos: 1, messageId });
    send('bad', 1);
    send('good', 2);
    await until(() => seen.length === 1);
    client.options.customHandleAcks = (topic, payload, packet, done) => done(0);
    client.handleMessage = throwing('of handleMessage');
    send('bad', 3);
    send('good', 4);
    await until(() => seen.length === 3);
    assert.deepEqual(seen, ['good', 'bad', 'good']);
    assert.deepEqual(thrown, ['of customHandleAcks', 'of handleMessage']);
  });
});

// How the first message fails, for the client and for each message.
const FAILING = {
  'a handleMessage with an error': [1, { handles: (done) => done(new Error('no')) }],
  'a handleMessage that throws': [1, { handles: () => { throw new Error('no'); } }],
  'a customHandleAcks with an error': [1, { judges: (done) => done(new Error('no')) }],
  'a customHandleAcks with a wrong reason': [1, { judges: (done) => done(7) }],
  'a customHandleAcks that throws': [1, { judges: () => { throw new Error('no'); } }],
  'a customHandleAcks with an error, of QoS 2,': [2, { judges: (done) => done(new Error('no')) }],
};

for (const [what, [qos, { handles, judges }]] of Object.entries(FAILING)) {
  test(`${what} holds up the acknowledgement of no other message`, async () => {
    await uncaught(async () => {
      const fails = isFirst();
      const { broker, client } = await connected({}, {
        protocolVersion: 5,
        ...judges && { customHandleAcks: (topic, payload, packet, done) => {
          if (fails()) judges(done);
          else done(0);
        } },
      });
      client.on('error', () => {});
      if (handles) {
        client.handleMessage = (packet, done) => (fails() ? handles(done) : done());
      }
      const send = (messageId, level) => broker.current.send(
        { cmd: 'publish', topic: 'a', payload: 'm', qos: level, messageId });
      send(1, qos);
      for (let id = 2; id <= 5; id += 1) send(id, 1);
      await until(() => broker.of('puback').length === 4);
      assert.deepEqual(broker.of('puback').map(({ messageId }) => messageId), [2, 3, 4, 5]);
      assert.equal(broker.of('pubrec').length, 0);
      broker.current.end();
      await called((done) => client.once('connect', done));
      send(1, qos);
      await broker.saw(qos === 1 ? 'puback' : 'pubrec', qos === 1 ? 5 : 1);
    });
  });
}

test('what waits for its handler at the end is not told after it at QoS 1', async () => {
  const { broker, client } = await connected({});
  const pending = [];
  client.handleMessage = (packet, done) => pending.push(done);
  let ended = false;
  client.on('message', () => assert.equal(ended, false));
  for (let i = 1; i <= 3; i += 1) {
    broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: i });
  }
  await until(() => pending.length === 1);
  await client.endAsync();
  ended = true;
  pending.shift()();
  client.reconnect();
  await called((done) => client.once('connect', done));
  ended = false;
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 9 });
  await until(() => pending.length === 1);
  pending.shift()();
  await broker.saw('puback');
  assert.deepEqual(broker.of('puback').map(({ messageId }) => messageId), [9]);
});

test('what waits for its handler at the end is told after it at QoS 0', async () => {
  const { broker, client } = await connected({});
  const pending = [];
  client.handleMessage = (packet, done) => pending.push(done);
  for (const payload of ['1', '2', '3']) {
    broker.current.send({ cmd: 'publish', topic: 'a', payload, qos: 0 });
  }
  await until(() => pending.length === 1);
  await client.endAsync();
  for (let i = 1; i <= 3; i += 1) {
    await until(() => pending.length === 1);
    pending.shift()();
  }
});

// A session of the server that lives on, and a message of QoS 2 that is not done when the client
// ends. [options, what is done with the client, (packet, done) of a message]
const ids = [1, 2, 3, 4];
const later = {
  handleMessage: [{}, (client, decide) => { client.handleMessage = decide; }],
  'ack()': [{ manualAcks: true }, (client, decide) =>
    client.on('message', (topic, payload, packet) => decide(packet, packet.ack))],
  customHandleAcks: [{
    customHandleAcks: (topic, payload, packet, done) => later.decide(packet, () => done(null, 0)),
  }, (client, decide) => { later.decide = decide; }],
};
for (const how of ['handleMessage', 'ack()', 'customHandleAcks']) {
  test(`${how} of QoS 2 behind the end is answered on the next connection`, async () => {
    const [options, prepare] = later[how];
    const pending = [];
    const seen = [];
    const state = new Map();
    const { broker, client } = await connected({
      connect: ({ protocolVersion }, { number }) => ({
        cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: number > 1, protocolVersion,
      }),
      pubrec: ({ messageId }) => {
        state.set(messageId, 'pubrel');
        return { cmd: 'pubrel', messageId };
      },
    }, { clean: false, protocolVersion: 5, properties: { sessionExpiryInterval: 60 }, ...options },
    (one) => {
      prepare(one, (packet, done) => pending.push(done));
      one.on('message', (topic, payload, { messageId }) => seen.push(messageId));
    });
    const send = (messageId, dup) => broker.current.send(
      { cmd: 'publish', topic: 'a', payload: 'm', qos: 2, messageId, dup });
    ids.forEach((id) => send(id, false));
    await until(() => pending.length > 0 && state.size === (how === 'customHandleAcks' ? 0 : 4));
    await delay(20); // the PUBRELs are on their way
    await client.endAsync();
    pending.shift()();
    client.reconnect();
    await called((done) => client.once('connect', done));
    for (const id of ids) {
      if (state.has(id)) broker.current.send({ cmd: 'pubrel', messageId: id });
      else send(id, true);
    }
    const completed = () => new Set(broker.of('pubcomp').map(({ messageId }) => messageId));
    while (completed().size < ids.length) {
      await until(() => pending.length > 0 || completed().size === ids.length);
      pending.splice(0).forEach((done) => done());
    }
    assert.deepEqual(seen, ids);
  });
}

test('a server that gives an identifier away before PUBCOMP loses no message', async () => {
  const { broker, client } = await connected({});
  const pending = [];
  const seen = [];
  client.on('message', (topic, payload) => seen.push(String(payload)));
  client.handleMessage = (packet, done) => pending.push(done);
  const send = (payload) =>
    broker.current.send({ cmd: 'publish', topic: 'a', payload, qos: 2, messageId: 7 });
  send('1');
  await until(() => pending.length === 1);
  send('2');
  await until(() => broker.of('pubrec').length === 2);
  pending.shift()();
  await until(() => pending.length === 1);
  pending.shift()();
  await broker.saw('pubcomp');
  assert.deepEqual(seen, ['1', '2']);
});

test('a callback of before the end hurries no message of after it', async () => {
  const { broker, client } = await connected({});
  const pending = [];
  client.handleMessage = (packet, done) => pending.push(done);
  const send = (messageId) =>
    broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId });
  send(1);
  await until(() => pending.length === 1);
  await client.endAsync();
  client.reconnect();
  await called((done) => client.once('connect', done));
  send(2);
  send(3);
  await until(() => pending.length === 2);
  await client.publishAsync('fence', 'm', { qos: 1 });
  pending[0]();
  assert.equal(pending.length, 2);
  pending[1]();
  await until(() => pending.length === 3);
});

test('handleAuth that fails is an error', async () => {
  const properties = { authenticationMethod: 'm' };
  const broker = await listen({ connect: () => ({ cmd: 'auth', reasonCode: 24, properties }) });
  open.push(broker);
  const client = mqtt.connect(broker.url, {
    manualConnect: true, protocolVersion: 5, properties: { authenticationMethod: 'm' },
  });
  open.push(client);
  client.handleAuth = (packet, callback) => callback(new Error('not like this'));
  const failed = called((done) => client.once('error', done));
  client.connect();
  assert.equal((await failed)[0].message, 'not like this');
});
