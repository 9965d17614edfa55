'use strict';
// Calls in a wrong order, inside callbacks, and callbacks that throw.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { listen } = require('./support/server');
const { run } = require('./support/program');
const { called, delay, event, until } = require('./support/wait');

const { EINVAL, ENOCONN } = mqtt.errors;

let server;
const clients = [];

before(async () => {
  server = await listen();
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  await server.stop();
});

function make(options, clean = true, id = null) {
  const client = new mqtt(id, null, null, clean, 0, true, options);
  clients.push(client);
  return client;
}

async function connected(options, to = server) {
  const client = make(options);
  await called((done) => client.connect('127.0.0.1', to.port, done));
  return client;
}

const calls = {
  publish: (client, done) => client.publish(1, false, 't', 'm', done),
  subscribe: (client, done) => client.subscribe(1, 't', done),
  unsubscribe: (client, done) => client.unsubscribe('t', done),
  disconnect: (client, done) => client.disconnect(done),
};

for (const [name, call] of Object.entries(calls)) {
  test(`${name} before connect returns ENOCONN`, () => {
    const client = make();
    assert.equal(call(client, () => assert.fail('called back')), ENOCONN);
    assert.equal(client.mid, 0);
  });

  test(`${name} after disconnect returns ENOCONN`, async () => {
    const client = await connected();
    await called((done) => client.disconnect(done));
    assert.equal(call(client, () => assert.fail('called back')), ENOCONN);
  });

  test(`${name} right after disconnect returns ENOCONN`, async () => {
    const client = await connected();
    client.disconnect();
    assert.equal(call(client, () => assert.fail('called back')), ENOCONN);
    await event(client, 'disconnected');
  });
}

test('connect twice returns EINVAL and changes nothing', async () => {
  const client = make();
  const results = [];
  const port = server.port;
  assert.equal(client.connect('127.0.0.1', port, (r) => results.push(r)), 0);
  assert.equal(client.connect('127.0.0.1', port, assert.fail), EINVAL);
  assert.equal(client.connect('127.0.0.1', 1, assert.fail), EINVAL);
  await until(() => results.length > 0);
  assert.equal(client.connect('127.0.0.1', port, assert.fail), EINVAL);
  await called((done) => client.publish(1, false, 't', 'm', done));
  assert.deepEqual(results, ['OK']);
});

test('connect again after disconnect, also at once, also elsewhere',
  async () => {
    const other = await listen();
    const client = await connected();
    const heard = [];
    client.on('connected', (result) => heard.push(`connected ${result}`));
    client.on('disconnected', (result) => heard.push(`disconnected ${result}`));
    for (const to of [server, server, other, server]) {
      const before_ = to.got('connect').length;
      assert.equal(client.disconnect(), 0);
      assert.equal(client.connect('127.0.0.1', to.port), 0);
      await event(client, 'connected');
      assert.equal(to.got('connect').length, before_ + 1);
    }
    assert.deepEqual(heard,
      Array(4).fill(['disconnected OK', 'connected OK']).flat());
    await called((done) => client.publish(1, false, 't', 'm', done));
    client.disconnect();
    await other.stop();
  });

test('calls between connect and the connection take effect then', async () => {
  const client = make();
  assert.equal(client.connect('127.0.0.1', server.port), 0);
  const heard = [];
  for (const [name, call] of Object.entries(calls)) {
    if (name === 'disconnect') continue;
    assert.equal(call(client, (mid) => heard.push(mid)), 0);
  }
  assert.equal(client.mid, 3);
  await until(() => heard.length === 3);
  assert.deepEqual(heard.sort(), [1, 2, 3]);
});

test('disconnect while connecting cancels: OK, and no connect callback',
  async () => {
    const client = make();
    assert.equal(client.connect('127.0.0.1', server.port, assert.fail), 0);
    client.on('connected', assert.fail);
    assert.equal(client.disconnect(), 0);
    assert.deepEqual(await event(client, 'disconnected'), ['OK']);
    await delay(50);
  });

test('disconnect twice: the second returns ENOCONN', async () => {
  const client = await connected();
  let count = 0;
  client.on('disconnected', () => { count += 1; });
  assert.equal(client.disconnect(), 0);
  assert.equal(client.disconnect(), ENOCONN);
  await delay(100);
  assert.equal(count, 1);
});

test('standing callbacks are called every time and can be replaced',
  async () => {
    const own = await listen();
    const heard = [];
    const client = make({ reconnectPeriod: 10 });
    client.connect('127.0.0.1', own.port, (result) => heard.push(result));
    await until(() => heard.length === 1);
    own.cut();
    await until(() => heard.length === 2);
    assert.deepEqual(heard, ['OK', 'OK']);
    const first = called((done) => client.disconnect(done));
    await first;
    client.connect('127.0.0.1', own.port, () => heard.push('other'));
    await until(() => heard.length === 3);
    assert.equal(heard[2], 'other');
    const receives = [];
    client.subscribe(0, 't', null, () => receives.push('subscribe'));
    client.on('received', () => receives.push('listener'));
    await event(client, 'subscribed');
    own.send({ cmd: 'publish', topic: 't', payload: 'm', qos: 0 });
    await until(() => receives.length === 2);
    client.publish(0, false, 't', 'm', null, () => receives.push('publish'));
    client.publish(0, false, 't', 'm');
    await event(client, 'published');
    own.send({ cmd: 'publish', topic: 't', payload: 'm', qos: 0 });
    await until(() => receives.length === 4);
    assert.deepEqual(receives,
      ['subscribe', 'listener', 'publish', 'listener']);
    client.disconnect();
    await own.stop();
  });

test('a lost connection is told with its reason, then re-established',
  async () => {
    const own = await listen();
    const client = await connected({ reconnectPeriod: 10 }, own);
    const heard = [];
    client.on('disconnected', (result, error) => heard.push([result, error]));
    const again = event(client, 'connected');
    own.cut();
    await again;
    const [[result, error]] = heard;
    assert.equal(result, error.message);
    assert.notEqual(result, 'OK');
    assert.equal(error.errno, mqtt.errors.ELOST);
    assert.equal(typeof error.code, 'string');
    client.disconnect();
    await own.stop();
  });

test('each failed attempt is told to the standing callback', async () => {
  const own = await listen();
  const { port } = own;
  await own.stop();
  const client = make({ reconnectPeriod: 10 });
  const errors = [];
  client.connect('127.0.0.1', port, (result, error) => {
    if (error) errors.push([result, error.code, error.errno, error.message]);
  });
  client.on('disconnected', () => errors.push('disconnected'));
  await until(() => errors.length >= 3);
  const again = await listen({}, port);
  await event(client, 'connected');
  for (const [result, code, errno, message] of errors) {
    assert.equal(result, message);
    assert.equal(code, 'ECONNREFUSED');
    assert.equal(errno, mqtt.errors.EERRNO);
  }
  client.disconnect();
  await again.stop();
});

test('a name that nobody knows: ENOTFOUND', async () => {
  const client = make();
  const [, error] = await called((done) =>
    assert.equal(client.connect('no-such-name.invalid', 1883, done), 0));
  assert.ok(['ENOTFOUND', 'EAI_AGAIN'].includes(error.code), error.code);
  assert.equal(error.errno, mqtt.errors.ELOOKUP);
  client.disconnect();
});

test('a refusal that cannot heal ends the attempts', async () => {
  const own = await listen({
    connect(packet, connection) {
      connection.send({ cmd: 'connack', returnCode: 4 });
    },
  });
  const client = make({ reconnectPeriod: 10 });
  const results = [];
  client.connect('127.0.0.1', own.port, (result, error) =>
    results.push([result, error?.reasonCode, error?.errno]));
  const [reason, error] = await event(client, 'disconnected');
  assert.equal(error.reasonCode, 4);
  assert.equal(error.errno, mqtt.errors.EREFUSED);
  assert.deepEqual(results, [[reason, 4, mqtt.errors.EREFUSED]]);
  assert.equal(client.publish(0, false, 't', 'm'), ENOCONN);
  await delay(100);
  assert.equal(own.got('connect').length, 1);
  assert.equal(client.tls_insecure_set(false), 0);
  assert.equal(client.connect('127.0.0.1', server.port), 0);
  await event(client, 'connected');
  await own.stop();
});

test('what cannot be finished at disconnect fails, once, in a clean session',
  async () => {
    const mute = await listen({ publish() {}, subscribe() {} });
    const client = await connected({}, mute);
    const ends = [];
    for (const qos of [1, 2]) {
      client.publish(qos, false, 't', 'm', (mid, error) =>
        ends.push([mid, error.code]));
    }
    client.subscribe(1, 't', (mid, granted, error) =>
      ends.push([mid, error.code]));
    let published = 0;
    client.publish(0, false, 't', 'm', (mid, error) => {
      assert.equal(error, undefined);
      published += 1;
    });
    client.disconnect();
    await until(() => ends.length === 3 && published === 1);
    ends.sort(([a], [b]) => a - b);
    assert.deepEqual(ends, [[1, 'MIDGE_ECLOSED'], [2, 'MIDGE_ECLOSED'],
      [3, 'MIDGE_ECLOSED']]);
    await mute.stop();
  });

test('in a session that lasts, the callbacks wait for the next connection',
  async () => {
    const own = await listen({ publish() {} });
    const client = make({}, false, 'lasting');
    client.connect('127.0.0.1', own.port);
    await event(client, 'connected');
    const ends = [];
    client.publish(1, false, 't', 'm', (mid, error) => ends.push([mid, error]));
    await until(() => own.got('publish').length === 1);
    await called((done) => client.disconnect(done));
    await delay(50);
    assert.deepEqual(ends, []);
    own.answers.publish = ({ messageId }, connection) =>
      connection.send({ cmd: 'puback', messageId });
    client.connect('127.0.0.1', own.port);
    await until(() => ends.length === 1);
    assert.deepEqual(ends, [[1, undefined]]);
    client.disconnect();
    await own.stop();
  });

// Every call inside every callback and listener: each returns a code, none
// throws, and the client goes on.
const places = ['connect', 'subscribe', 'unsubscribe', 'publish', 'receive',
  'disconnect', 'connected', 'disconnected', 'subscribed', 'unsubscribed',
  'published', 'received', 'started'];
for (const place of places) {
  test(`every call inside ${place}`, async () => {
    const client = make();
    let codes;
    const inside = () => {
      if (codes !== undefined) return;
      codes = [
        client.connect('127.0.0.1', server.port),
        client.set_willmsg('t', 'm', 0, false), client.clear_willmsg(),
        client.free_willmsg(), client.tls_insecure_set(false),
        client.subscribe(0, 'x'), client.unsubscribe('x'),
        client.publish(0, false, 'x', 'm'), client.publish(1, false, 'x', 'm'),
        client.ref() && 0, client.disconnect(),
        client.connect('127.0.0.1', server.port), client.disconnect(),
      ];
    };
    const at = (name) => (place === name ? inside : undefined);
    const own = await listen({
      publish(packet, connection) {
        const { messageId } = packet;
        if (messageId) connection.send({ cmd: 'puback', messageId });
        connection.send({ cmd: 'publish', topic: 't', payload: 'm', qos: 0 });
      },
    });
    if (['connected', 'disconnected', 'subscribed', 'unsubscribed',
      'published', 'received', 'started'].includes(place)) {
      client.on(place, inside);
    }
    client.connect('127.0.0.1', own.port, at('connect'));
    client.subscribe(1, 't', at('subscribe'), at('receive'));
    client.unsubscribe('t', at('unsubscribe'));
    client.publish(1, false, 't', 'm', at('publish'));
    await until(() => own.got('publish').length > 0 || codes !== undefined);
    const isLast = place.startsWith('disconnect');
    if (!isLast) await until(() => codes !== undefined);
    client.disconnect(at('disconnect'));
    await until(() => codes !== undefined);
    assert.ok(codes.every((code) => Number.isInteger(code) && code <= 0),
      String(codes));
    client.disconnect();
    await delay(20);
    await own.stop();
  });
}

test('callbacks that throw reach uncaughtException; nothing is lost',
  async () => {
    const { code, out, err } = await run(`
      const client = new mqtt(null, null, null, true, 0, true);
      const heard = [];
      const thrown = [];
      process.on('uncaughtException', (error) => thrown.push(error.message));
      client.on('published', (mid) => {
        if (mid % 2 === 0) throw new Error('listener ' + mid);
      });
      client.connect('127.0.0.1', port, () => {
        for (let i = 1; i <= 1000; i += 1) {
          client.publish(i % 3, false, 't', 'm', (mid) => {
            heard.push(mid);
            if (heard.length === 1000) setTimeout(() => client.disconnect(), 300);
            throw new Error('callback ' + mid);
          });
        }
      });
      client.on('disconnected', () => {
        const unique = new Set(heard);
        console.log(heard.length, unique.size, thrown.length,
          thrown.filter((text) => text.startsWith('listener')).length);
        throw new Error('last');
      });`, { port: server.port });
    assert.equal(err, '');
    assert.equal(code, 0);
    assert.equal(out, '1000 1000 1500 500');
  });

test('a receive callback that throws gets every message once, in order',
  async () => {
    const { code, out } = await run(`
      const client = new mqtt(null, null, null, true, 0, true);
      const heard = [];
      let thrown = 0;
      process.on('uncaughtException', () => { thrown += 1; });
      client.on('received', (mid, topic, message) => {
        heard.push(Number(message));
        if (heard.length === 5000) client.disconnect();
        throw new Error('received');
      });
      client.on('disconnected', () => {
        console.log(thrown, heard.every((number, i) => number === i));
      });
      client.connect('127.0.0.1', port, () => client.subscribe(0, 'flood', null,
        () => { throw new Error('callback'); }));`,
    { port: (await flood(5000)).port });
    assert.equal(code, 0);
    assert.equal(out, '10000 true');
  });

// Sends `count` numbers to whoever subscribes.
async function flood(count) {
  const own = await listen({
    subscribe({ messageId }, connection) {
      connection.send({ cmd: 'suback', messageId, granted: [0] });
      for (let i = 0; i < count; i += 1) {
        connection.send({ cmd: 'publish', topic: 'flood', payload: `${i}`,
          qos: 0 });
      }
    },
  });
  after(() => own.stop());
  return own;
}

test('an uncaught exception in a callback ends the process as any other',
  async () => {
    const { code, err } = await run(`
      const client = new mqtt(null, null, null, true, 0, true);
      client.connect('127.0.0.1', port, () => { throw new Error('mine'); });`,
    { port: server.port });
    assert.equal(code, 1);
    assert.match(err, /Error: mine/);
  });

// One record of the addon tells many successes; they are of one client.
test('successes of two clients are told to their own', async (t) => {
  const make_ = async (name) => {
    const client = new mqtt(name, null, null, true, 0, true);
    t.after(() => client.disconnect());
    await called((done) => client.connect('127.0.0.1', server.port, done));
    return client;
  };
  const [one, two] = [await make_('one'), await make_('two')];
  await called((done) => two.publish(0, false, 't', 'm', done));
  const told = [];
  const note = (client) => (mid, error) => told.push([client, mid, error]);
  for (let round = 0; round < 50; round += 1) {
    one.publish(0, false, 't', 'm', note('one'));
    two.publish(0, false, 't', 'm', note('two'));
    // So that one batch has both, and their ids follow each other.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    await until(() => told.length === 2 * (round + 1));
  }
  for (const [name, first] of [['one', 1], ['two', 2]]) {
    assert.deepEqual(told.filter(([client]) => client === name),
      Array.from({ length: 50 }, (_, at) => [name, first + at, undefined]));
  }
});

test('each message has its own topic, however many there are', async (t) => {
  const COUNT = 9000;
  const topicOf = (i) => `t/${String(i % 3001).padStart(4, '0')}`;
  const own = await listen({ connect(packet, connection) {
    connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    for (let i = 0; i < COUNT; i += 1) {
      connection.send({ cmd: 'publish', qos: 0, topic: topicOf(i), payload: `${i}` });
    }
  } });
  t.after(() => own.stop());
  const client = make();
  const wrong = [];
  let heard = 0;
  client.on('received', (mid, topic, message) => {
    if (topic !== topicOf(heard) || Number(message) !== heard) wrong.push(topic);
    heard += 1;
  });
  client.connect('127.0.0.1', own.port);
  await until(() => heard === COUNT);
  assert.deepEqual(wrong, []);
});

// A client that begins amid the last events of another must not take its place
// before they are over.
test('a client that is made while another ends is heard', async (t) => {
  const mute = await listen({ publish: false });
  t.after(() => mute.stop());
  const client = await connected({}, mute);
  let isHeard = false;
  client.publish(1, false, 't', 'm', () => {
    const next = make();
    next.on('connected', () => { isHeard = true; });
    assert.equal(next.connect('127.0.0.1', server.port), 0);
  });
  client.disconnect(null, { force: true });
  client.connect('localhost', mute.port);
  // So that all of its end is in one batch.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  await until(() => isHeard);
});
