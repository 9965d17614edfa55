'use strict';
// Options that change what a client does.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mqttPacket = require('mqtt-packet');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { listen } = require('./support/server');
const { run } = require('./support/program');
const { called, delay, event, until } = require('./support/wait');

let server;
const clients = [];

before(async () => {
  server = await listen();
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  await server.stop();
});

function make(options, args = [null, null, null, true, 0]) {
  const client = new mqtt(...args, true, options);
  clients.push(client);
  return client;
}

const lastConnect = () => server.got('connect').at(-1);

test('clientId, username, password, clean, keepalive fill in for arguments ' +
  'that are left out', async () => {
  const options = { clientId: 'from-options', username: 'u', password: 'p',
    clean: false, keepalive: 7 };
  const client = make(options, Array(5).fill(undefined));
  await called((done) => client.connect('127.0.0.1', server.port, done));
  const packet = lastConnect();
  assert.deepEqual([packet.clientId, packet.username, String(packet.password),
    packet.clean, packet.keepalive], ['from-options', 'u', 'p', false, 7]);
  const other = make(options, ['argument', 'v', 'q', true, 9000]);
  await called((done) => other.connect('127.0.0.1', server.port, done));
  const sent = lastConnect();
  assert.deepEqual([sent.clientId, sent.username, String(sent.password),
    sent.clean, sent.keepalive], ['argument', 'v', 'q', true, 9]);
});

test('will', async () => {
  const client = make({ will: { topic: 't', payload: 'w', qos: 2,
    retain: true } });
  await called((done) => client.connect('127.0.0.1', server.port, done));
  const { topic, payload, qos, retain } = lastConnect().will;
  assert.deepEqual([topic, String(payload), qos, retain], ['t', 'w', 2, true]);
});

test('will changes after connect apply to the next connection', async () => {
  const own = await listen();
  const client = make({ reconnectPeriod: 10 });
  await called((done) => client.connect('127.0.0.1', own.port, done));
  assert.equal(client.set_willmsg('t', 'later', 1, false), 0);
  let again = event(client, 'connected');
  own.cut();
  await again;
  assert.equal(String(own.got('connect')[1].will.payload), 'later');
  assert.equal(client.clear_willmsg(), 0);
  again = event(client, 'connected');
  own.cut();
  await again;
  assert.equal(own.got('connect')[2].will, undefined);
  client.disconnect();
  await own.stop();
});

test('reconnectPeriod 0: one attempt, and disconnected after a loss',
  async () => {
    const own = await listen();
    const client = make({ reconnectPeriod: 0 });
    await called((done) => client.connect('127.0.0.1', own.port, done));
    const gone = event(client, 'disconnected');
    own.cut();
    const [, error] = await gone;
    assert.equal(error.errno, mqtt.errors.ELOST);
    assert.equal(client.publish(0, false, 't', 'm'), mqtt.errors.ENOCONN);
    await delay(100);
    assert.equal(own.got('connect').length, 1);
    assert.equal(client.connect('127.0.0.1', own.port), 0);
    await event(client, 'connected');
    client.disconnect();
    await own.stop();
  });

test('reconnectOnConnackError tries again what cannot heal', async () => {
  const own = await listen({
    connect(packet, connection) {
      connection.send({ cmd: 'connack', returnCode: 5 });
    },
  });
  const client = make({ reconnectPeriod: 10, reconnectOnConnackError: true });
  let failures = 0;
  client.connect('127.0.0.1', own.port, () => { failures += 1; });
  await until(() => failures >= 3);
  client.disconnect();
  await own.stop();
});

test('resubscribe: by itself, or not', async () => {
  for (const resubscribe of [true, false]) {
    const own = await listen();
    const client = make({ reconnectPeriod: 10, resubscribe });
    await called((done) => client.connect('127.0.0.1', own.port, done));
    await called((done) => client.subscribe(1, ['a', 'b'], done));
    const again = event(client, 'connected');
    own.cut();
    await again;
    await called((done) => client.publish(1, false, 't', 'm', done));
    const filters = own.got('subscribe').slice(1)
      .flatMap(({ subscriptions }) => subscriptions.map(({ topic }) => topic));
    assert.deepEqual(filters, resubscribe ? ['a', 'b'] : []);
    client.disconnect();
    await own.stop();
  }
});

// The answer to `unsubscribe` is lost, and that to the `subscribe` behind it is not.
test('what is subscribed to again behind an unsubscribe is not taken away later', async () => {
  for (const resubscribe of [true, false]) {
    for (const sessionPresent of [true, false]) {
      const own = await listen({
        connect(packet, connection) {
          const isThere = sessionPresent && own.got('connect').length > 1;
          connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: isThere });
        },
        unsubscribe() {},
      });
      const client = make({ reconnectPeriod: 10, resubscribe }, ['kept', null, null, false, 0]);
      await called((done) => client.connect('127.0.0.1', own.port, done));
      await called((done) => client.subscribe(1, 'a', done));
      const unsubscribed = called((done) => client.unsubscribe('a', done));
      await called((done) => client.subscribe(1, 'a', done));
      const again = event(client, 'connected');
      own.cut();
      await again;
      assert.ok(!(await unsubscribed).some((told) => told instanceof Error));
      await called((done) => client.publish(1, false, 't', 'm', done));
      assert.equal(own.got('unsubscribe').length, 1);
      const isRenewed = resubscribe && !sessionPresent;
      assert.equal(own.got('subscribe').length, isRenewed ? 3 : 2);
      client.disconnect();
      await own.stop();
    }
  }
});

test('queueQoSZero false: QoS 0 without a connection returns ELOST',
  async () => {
    const client = make({ queueQoSZero: false });
    assert.equal(client.connect('127.0.0.1', server.port), 0);
    assert.equal(client.publish(0, false, 't', 'm'), mqtt.errors.ELOST);
    assert.equal(client.publish(1, false, 't', 'm'), 0);
    await event(client, 'connected');
    assert.equal(client.publish(0, false, 't', 'm'), 0);
  });

test('connectTimeout: a server that stays mute', async () => {
  const mute = await listen({ connect() {} });
  const client = make({ connectTimeout: 100 });
  const [, error] = await called((done) =>
    client.connect('127.0.0.1', mute.port, done));
  assert.equal(error.errno, mqtt.errors.ETIMEOUT);
  client.disconnect();
  await mute.stop();
});

test('replyTimeout: a subscription without an answer', async () => {
  const mute = await listen({ subscribe() {} });
  const client = make({ replyTimeout: 100 });
  await called((done) => client.connect('127.0.0.1', mute.port, done));
  const [, , error] = await called((done) => client.subscribe(0, 't', done));
  assert.equal(error.errno, mqtt.errors.ETIMEOUT);
  client.disconnect();
  await mute.stop();
});

test('localAddress', async () => {
  const own = await listen({
    accept(connection) { connection.from = connection.socket.remoteAddress; },
  });
  const client = make({ localAddress: '127.0.0.2' });
  await called((done) => client.connect('127.0.0.1', own.port, done));
  assert.equal([...own.connections][0].from, '127.0.0.2');
  client.disconnect();
  await own.stop();
});

test('credentials: asked before each attempt, by promise or value',
  async () => {
    const own = await listen();
    const asked = [];
    const client = make({
      reconnectPeriod: 10,
      async credentials({ attempt, lastError }) {
        asked.push([attempt, lastError && lastError.code]);
        await delay(5);
        return { username: `user${asked.length}`, password: Buffer.from('p') };
      },
    });
    await called((done) => client.connect('127.0.0.1', own.port, done));
    const again = event(client, 'connected');
    own.cut();
    await again;
    const sent = own.got('connect').map(({ username, password }) =>
      [username, String(password)]);
    assert.deepEqual(sent, [['user1', 'p'], ['user2', 'p']]);
    assert.equal(asked[0][1], undefined);
    client.disconnect();
    await own.stop();
    const sync = make({ credentials: () => ({ username: 'now' }) });
    await called((done) => sync.connect('127.0.0.1', server.port, done));
    assert.equal(lastConnect().username, 'now');
  });

test('credentials that throw or reject fail the attempt, which is retried',
  async () => {
    let asked = 0;
    const client = make({
      reconnectPeriod: 10,
      credentials() {
        asked += 1;
        if (asked === 1) throw new Error('thrown');
        if (asked === 2) return Promise.reject(new Error('rejected'));
        if (asked === 3) return { username: 7 };
        return { username: 'fine' };
      },
    });
    const results = [];
    client.connect('127.0.0.1', server.port, (result) => results.push(result));
    await until(() => results.length === 4);
    assert.deepEqual(results.slice(0, 2), ['thrown', 'rejected']);
    assert.match(results[2], /credentials.username/);
    assert.equal(results[3], 'OK');
    assert.equal(lastConnect().username, 'fine');
  });

test('disconnect while credentials are awaited', async () => {
  let release;
  const client = make({
    credentials: () => new Promise((resolve) => { release = resolve; }),
  });
  const before_ = server.got('connect').length;
  client.connect('127.0.0.1', server.port, assert.fail);
  await until(() => release !== undefined);
  assert.equal(client.disconnect(), 0);
  assert.deepEqual(await event(client, 'disconnected'), ['OK']);
  release({ username: 'late' });
  await delay(50);
  assert.equal(server.got('connect').length, before_);
});

// The next client may have the place that the addon gave to the one of before.
test('credentials that come late are for no other client', async (t) => {
  const own = await listen();
  t.after(() => own.stop());
  let late;
  let isFirst = true;
  const client = make({ credentials() {
    if (!isFirst) return {};
    isFirst = false;
    return new Promise((resolve) => { late = resolve; });
  } });
  client.connect('127.0.0.1', own.port);
  await until(() => late !== undefined);
  assert.equal(client.disconnect(), 0);
  await event(client, 'disconnected');
  client.connect('localhost', own.port);
  await event(client, 'connected');
  await delay(50);
  const before_ = own.got('connect').length;
  for (let i = 0; i < 3; i += 1) {
    let isAsked = false;
    make({ credentials: () => {
      isAsked = true;
      return new Promise(() => {});
    } }).connect('127.0.0.1', own.port);
    await until(() => isAsked);
  }
  late({ username: 'late' });
  await delay(100);
  assert.equal(own.got('connect').length, before_);
});

test('credentials hear the last error, but none from before a connection',
  async (t) => {
    const own = await listen();
    t.after(() => own.stop());
    const port = await mosquitto.freePort();
    const seen = [];
    const client = make({
      reconnectPeriod: 10,
      credentials({ lastError }) {
        seen.push(lastError?.code);
        return { url: `mqtt://127.0.0.1:${seen.length < 2 ? port : own.port}` };
      },
    });
    await new Promise((resolve) => {
      client.on('connected', resolve);
      client.connect('127.0.0.1', port);
    });
    assert.deepEqual(seen, [undefined, 'ECONNREFUSED']);
    assert.equal(client.disconnect(), 0);
    await event(client, 'disconnected');
    client.connect('127.0.0.1', port);
    await event(client, 'connected');
    assert.deepEqual(seen, [undefined, 'ECONNREFUSED', undefined]);
  });

test('credentials that fail do not hold a process that may end', async () => {
  const started = Date.now();
  const { code, out, err } = await run(`
    const client = new mqtt(null, null, null, true, 0, true, {
      reconnectPeriod: 600000,
      credentials() { throw new Error('no'); },
    });
    client.connect('127.0.0.1', port, (result) => {
      console.log(result);
      // Its timer has begun by then.
      setTimeout(() => client.unref(), 50);
    });`, { port: server.port });
  assert.deepEqual([code, out, err], [0, 'no', '']);
  assert.ok(Date.now() - started < 60000);
});

test('servers: others are tried in turn', async (t) => {
  const own = await listen();
  t.after(() => own.stop());
  const nobody = await mosquitto.freePort();
  const client = make({ reconnectPeriod: 10, servers: [
    `mqtt://127.0.0.1:${nobody}`, `mqtt://127.0.0.1:${own.port}`] });
  client.connect('127.0.0.1', nobody);
  await event(client, 'connected');
  assert.equal(own.got('connect').length, 1);
});

test('subscribeBatchSize: filters of a SUBSCRIBE that renews', async (t) => {
  const own = await listen();
  t.after(() => own.stop());
  for (const [subscribeBatchSize, most] of [[undefined, 8], [3, 3]]) {
    const client = make({ reconnectPeriod: 10, subscribeBatchSize });
    await called((done) => client.connect('127.0.0.1', own.port, done));
    for (let i = 0; i < 20; i += 1) client.subscribe(0, `t/${i}`);
    await called((done) => client.subscribe(0, 't/20', done));
    const again = event(client, 'connected');
    const before_ = own.got('subscribe').length;
    own.cut();
    await again;
    const filters = () => own.got('subscribe').slice(before_)
      .flatMap(({ subscriptions }) => subscriptions);
    await until(() => filters().length === 21);
    const sizes = own.got('subscribe').slice(before_)
      .map(({ subscriptions }) => subscriptions.length);
    assert.equal(Math.max(...sizes), most);
    await called((done) => client.disconnect(done));
  }
});

test('subscribeBatchSize cuts a call too, which has one outcome', async (t) => {
  const own = await listen({
    subscribe({ messageId, subscriptions }, connection) {
      connection.send({ cmd: 'suback', messageId, granted: subscriptions
        .map(({ topic, qos }) => (topic === 'refused' ? 0x80 : qos)) });
    },
  });
  t.after(() => own.stop());
  for (const [subscribeBatchSize, sizes] of [[undefined, [5]], [2, [2, 2, 1]],
    [1, [1, 1, 1, 1, 1]], [5, [5]]]) {
    const client = make({ subscribeBatchSize });
    await called((done) => client.connect('127.0.0.1', own.port, done));
    own.packets.length = 0;
    const filters = ['a', 'b', 'c', 'd', 'e'];
    const told = [];
    client.on('subscribed', (...args) => told.push(args));
    assert.deepEqual(await called((done) => client.subscribe(1, filters, done)),
      [1, [1, 1, 1, 1, 1]]);
    assert.deepEqual(told, [[1, [1, 1, 1, 1, 1]]]);
    const packets = own.got('subscribe');
    assert.deepEqual(packets.map(({ subscriptions }) => subscriptions.length),
      sizes);
    assert.deepEqual(packets.flatMap(({ subscriptions }) =>
      subscriptions.map(({ topic }) => topic)), filters);
    const [mid, granted, error] = await called((done) =>
      client.subscribe(1, ['a', 'b', 'c', 'refused'], done));
    assert.deepEqual([mid, granted, error.granted, error.errno],
      [2, [1, 1, 1, 0x80], [1, 1, 1, 0x80], -0x80]);
    assert.equal(client.subscribe(1, ['a', 'b', 'a#']), mqtt.errors.EINVAL);
    assert.equal(client.mid, 2);
    const [third] = await called((done) => client.publish(1, false, 't', 'm', done));
    assert.equal(third, 3);
    await called((done) => client.disconnect(done));
  }
});

// There is no connection yet, so nothing has left when the last part is refused.
test('subscribeBatchSize: nothing is asked of a call that is refused', async (t) => {
  const own = await listen();
  t.after(() => own.stop());
  const client = make({ subscribeBatchSize: 2 });
  client.connect('127.0.0.1', own.port);
  assert.equal(client.subscribe(1, ['a', 'b', 'a#']), mqtt.errors.EINVAL);
  await called((done) => client.subscribe(1, 'c', done));
  assert.deepEqual(own.got('subscribe').flatMap(({ subscriptions }) =>
    subscriptions.map(({ topic }) => topic)), ['c']);
});

test('subscribeBatchSize in blocking mode', async () => {
  const { code, out, err } = await run(`
    const client = new mqtt(null, null, null, true, 0, false,
      { subscribeBatchSize: 2 });
    const heard = [];
    client.connect('127.0.0.1', port);
    console.log(client.subscribe(1, ['a', 'b', 'c', 'd', 'e'],
      (mid, granted) => heard.push(mid, granted.join())));
    console.log(client.publish(1, false, 't', 'm', (mid) => heard.push(mid)));
    client.disconnect(() => console.log(heard.join(' ')));`,
  { port: server.port });
  assert.deepEqual([code, out, err], [0, '0\n0\n1 1,1,1,1,1 2', '']);
});

test('maxBreaks: a request that breaks connections ends with EBREAKS',
  async (t) => {
    for (const [maxBreaks, breaks] of [[undefined, 5], [2, 2]]) {
      const own = await listen({
        publish({ payload, messageId }, connection) {
          if (String(payload) === 'bad') connection.close();
          else connection.send({ cmd: 'puback', messageId });
        },
      });
      t.after(() => own.stop());
      const client = make({ reconnectPeriod: 5, offlineTimeout: 0, maxBreaks });
      client.connect('127.0.0.1', own.port);
      let bad;
      const good = called((done) => {
        client.publish(1, false, 't', 'bad', (mid, error) => { bad = error; });
        client.publish(1, false, 't', 'good', done);
      });
      assert.deepEqual(await good, [2]);
      assert.equal(bad.errno, mqtt.errors.EBREAKS);
      assert.match(bad.message, /PUBLISH/);
      assert.equal(own.got('connect').length, breaks + 1);
    }
  });

test('strictText: control characters that are received break the connection',
  async (t) => {
    const odd = { cmd: 'publish', qos: 0, topic: 'a\u0001', payload: 'm' };
    const own = await listen({ connect(packet, connection) {
      connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
      connection.send(odd);
    } });
    t.after(() => own.stop());
    const lenient = make({});
    lenient.connect('127.0.0.1', own.port);
    assert.equal((await event(lenient, 'received'))[1], odd.topic);
    const strict = make({ strictText: true, reconnectPeriod: 0 });
    strict.connect('127.0.0.1', own.port);
    const [, error] = await event(strict, 'disconnected');
    assert.equal(error.errno, mqtt.errors.EPROTOCOL);
  });

test('highWaterMark is each client\'s own', async (t) => {
  const payload = Buffer.alloc(10000);
  const own = await listen({ connect(packet, connection) {
    connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    if (packet.clientId !== 'flooded') return;
    for (let i = 0; i < 2000; i += 1) {
      connection.send({ cmd: 'publish', qos: 0, topic: 't', payload });
    }
  } });
  t.after(() => own.stop());
  // Nobody listens, so that its messages stay where they are.
  const flooded = make({ highWaterMark: 1000, holdTimeout: 600000 },
    ['flooded', null, null, true, 0]);
  await called((done) => flooded.connect('127.0.0.1', own.port, done));
  const other = make({}, ['other', null, null, true, 0]);
  await called((done) => other.connect('127.0.0.1', own.port, done));
  for (let i = 0; i < 20; i += 1) {
    await called((done) => other.publish(1, false, 't', 'm', done));
  }
  let heard = 0;
  flooded.on('received', () => { heard += 1; });
  await until(() => heard === 2000);
});

// A flood comes while the program is blocked, and then a message for another
// client: how many of the flood are delivered before that one, and how many
// bytes of it were read.
async function meetFlood(options) {
  const own = await listen();
  const flooded = make(options);
  await called((done) => flooded.connect('127.0.0.1', own.port, done));
  const other = make({});
  await called((done) => other.connect('127.0.0.1', own.port, done));
  let count = 0;
  let before = -1;
  flooded.on('received', () => { count += 1; });
  other.on('received', () => { before = count; });
  const [first, second] = own.connections;
  const message = { cmd: 'publish', qos: 0, topic: 't', payload: Buffer.alloc(200) };
  await new Promise(setImmediate); // they have begun to listen
  first.socket.write(Buffer.concat(Array(20000).fill(mqttPacket.generate(message))));
  block(200);
  second.send(message);
  block(100);
  const read = flooded.stats().bytes.received;
  await until(() => before >= 0);
  await own.stop();
  return { before, read };
}

function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('what waits of a flood does not delay others, however much it is', async () => {
  for (const highWaterMark of [undefined, 1 << 24]) {
    const { before } = await meetFlood({ highWaterMark });
    assert.ok(before < 64 * 1024 / 200, `${before} before the other one's`);
  }
});

test('what waits of a flood by default is bounded', async () => {
  const { read } = await meetFlood({});
  assert.ok(read < 1024 * 1024, `${read} bytes were read`);
});

test('credentials in blocking mode: a value; a promise cannot be awaited',
  async () => {
    const { code, out, err } = await run(`
      const answers = [{ username: 'now' }, Promise.resolve({})];
      const codes = answers.map((answer) => {
        const client = new mqtt(null, null, null, true, 0, false,
          { credentials: () => answer, timeout: 1000 });
        const code = client.connect('test.mosquitto.invalid', 1883);
        return code;
      });
      console.log(codes.map((code) => mqtt.strerror(code)).join('; '));`);
    assert.equal(err, '');
    assert.equal(code, 0);
    assert.match(out, /^the name of the server cannot be resolved; /);
  });

test('maxInFlight: no more than that are under way', async () => {
  const own = await listen({ publish() {} });
  const client = make({ maxInFlight: 5 });
  await called((done) => client.connect('127.0.0.1', own.port, done));
  for (let i = 0; i < 20; i += 1) client.publish(1, false, 't', 'm');
  await until(() => own.got('publish').length >= 5);
  await delay(50);
  assert.equal(own.got('publish').length, 5);
  client.disconnect();
  await own.stop();
});

test('a URL: mqtt:, port in it wins, the argument fills in', async () => {
  const urls = [
    [`mqtt://127.0.0.1:${server.port}`, undefined],
    [`mqtt://127.0.0.1:${server.port}`, 1],
    [`mqtt://127.0.0.1:${server.port}`, '1'],
    ['mqtt://127.0.0.1', server.port],
    ['tcp://127.0.0.1', `${server.port}`],
    [`MQTT://name:pass%40word@127.0.0.1:${server.port}/`, null],
  ];
  for (const [url, port] of urls) {
    const client = make({});
    const [connection] = await called((done) =>
      assert.equal(client.connect(url, port, done), 0));
    assert.equal(connection, 'OK');
    client.disconnect();
  }
  const { username, password } = lastConnect();
  assert.deepEqual([username, String(password)], ['name', 'pass@word']);
  const client = make({});
  const [result] = await called((done) =>
    client.connect(`mqtt://127.0.0.1:${server.port}`, done));
  assert.equal(result, 'OK');
});
