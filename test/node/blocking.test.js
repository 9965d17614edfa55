'use strict';
// Calls of a client with `asynchronous` false return their outcome.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { Worker } = require('node:worker_threads');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { run } = require('./support/program');
const { delay, event, until } = require('./support/wait');

const { EINVAL, ENOCONN, ETIMEOUT, EERRNO, EREFUSED, ELOST } = mqtt.errors;

let broker;
const clients = [];

before(async () => {
  broker = await mosquitto.start();
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  await broker.stop();
});

function make(options) {
  const client = new mqtt(null, null, null, true, 60000, false, options);
  clients.push(client);
  return client;
}

// A server that lives on another thread, for this one is going to be blocked.
async function serve(answers) {
  const worker = new Worker(`
    const { parentPort } = require('node:worker_threads');
    const { listen } = require(${JSON.stringify(require.resolve('./support/server'))});
    listen(${answers}).then((server) => {
      parentPort.postMessage(server.port);
      parentPort.once('message', () => server.stop());
    });`, { eval: true });
  const [port] = await event(worker, 'message');
  worker.unref();
  return { port, stop: () => worker.terminate() };
}

// A machine may be slower than a client's limit.
function connectInTime(client, port) {
  let status = ETIMEOUT;
  while (status === ETIMEOUT) status = client.connect('127.0.0.1', port);
  assert.equal(status, 0);
}

test('each blocking call returns what the broker answered', () => {
  const client = make();
  assert.equal(client.connect('127.0.0.1', broker.port), 0);
  assert.equal(client.connected, true);
  assert.equal(client.connect('127.0.0.1', broker.port), EINVAL);
  assert.equal(client.subscribe(1, 'blocking/#'), 0);
  for (const qos of [0, 1, 2]) {
    assert.equal(client.publish(qos, false, 'blocking/a', 'm'), 0);
  }
  assert.equal(client.unsubscribe('blocking/#'), 0);
  assert.equal(client.disconnect(), 0);
  assert.equal(client.connected, false);
  assert.equal(client.publish(0, false, 'blocking/a', 'm'), ENOCONN);
});

test('callbacks and events come once, on a later turn, in order', async () => {
  const client = make();
  const heard = [];
  const note = (name) => (...args) => heard.push([name, args[0]]);
  for (const name of ['connected', 'subscribed', 'published', 'unsubscribed',
    'disconnected']) client.on(name, note(`on ${name}`));
  client.on('received', (mid, topic, message) =>
    heard.push(['on received', message.toString()]));
  client.connect('127.0.0.1', broker.port, note('connect'));
  client.subscribe(1, 'blocking/b', note('subscribe'));
  client.publish(1, false, 'blocking/b', 'one', note('publish'));
  client.publish(1, false, 'blocking/b', 'two', note('publish'));
  client.unsubscribe('blocking/b', note('unsubscribe'));
  client.disconnect(note('disconnect'));
  assert.deepEqual(heard, []);
  await event(client, 'disconnected');
  await delay(20);
  const received = heard.filter(([name]) => name === 'on received');
  assert.deepEqual(received.map(([, message]) => message), ['one', 'two']);
  assert.deepEqual(heard.filter(([name]) => name !== 'on received'), [
    ['connect', 'OK'], ['on connected', 'OK'],
    ['subscribe', 1], ['on subscribed', 1],
    ['publish', 2], ['on published', 2],
    ['publish', 3], ['on published', 3],
    ['unsubscribe', 4], ['on unsubscribed', 4],
    ['disconnect', 'OK'], ['on disconnected', 'OK'],
  ]);
});

test('a blocking client connects again after disconnect', async () => {
  const client = make();
  const heard = [];
  client.on('connected', () => heard.push('connected'));
  client.on('disconnected', () => heard.push('disconnected'));
  for (let i = 0; i < 3; i += 1) {
    assert.equal(client.connect('127.0.0.1', broker.port), 0);
    assert.equal(client.publish(1, false, 'blocking/c', 'm'), 0);
    assert.equal(client.disconnect(), 0);
  }
  await until(() => heard.length === 6);
  assert.deepEqual(heard, Array(3).fill(['connected', 'disconnected']).flat());
});

test('a blocking client connects elsewhere after disconnect', async () => {
  const server = await serve('{}');
  const client = make();
  const heard = [];
  client.on('connected', () => heard.push('connected'));
  client.on('disconnected', () => heard.push('disconnected'));
  for (const port of [broker.port, server.port, broker.port]) {
    assert.equal(client.connect('127.0.0.1', port), 0);
    assert.equal(client.publish(1, false, 'blocking/c', 'm'), 0);
    assert.equal(client.disconnect(), 0);
  }
  await until(() => heard.length === 6);
  assert.deepEqual(heard, Array(3).fill(['connected', 'disconnected']).flat());
  await server.stop();
});

test('a server that accepts and stays mute: ETIMEOUT from connect',
  async () => {
    const server = await serve('{ connect() {} }');
    const client = make({ timeout: 300 });
    const results = [];
    assert.equal(client.connect('127.0.0.1', server.port, (result, error) =>
      results.push(error.errno)), ETIMEOUT);
    assert.equal(client.connected, false);
    assert.equal(client.publish(0, false, 't', 'm'), ENOCONN);
    await until(() => results.length > 0);
    await delay(100);
    assert.deepEqual(results, [ETIMEOUT]);
    await server.stop();
  });

test('a server that goes mute: ETIMEOUT, and the callback waits',
  async () => {
    const server = await serve(
      '{ publish() {}, subscribe() {}, unsubscribe() {} }');
    const client = make({ timeout: 1500, closeTimeout: 200 });
    connectInTime(client, server.port);
    const published = [];
    assert.equal(client.publish(1, false, 't', 'm', (mid, error) =>
      published.push(error.code)), ETIMEOUT);
    assert.equal(client.publish(2, false, 't', 'm'), ETIMEOUT);
    assert.equal(client.subscribe(1, 't'), ETIMEOUT);
    assert.equal(client.unsubscribe('t'), ETIMEOUT);
    assert.equal(client.publish(0, false, 't', 'm'), 0);
    await delay(50);
    assert.deepEqual(published, [], 'what was accepted stays accepted');
    assert.equal(client.disconnect(), 0);
    await until(() => published.length > 0);
    assert.deepEqual(published, ['MIDGE_ECLOSED']);
    await server.stop();
  });

test('nobody listens: EERRNO, and nothing is left running', async () => {
  const port = await mosquitto.freePort();
  const started = Date.now();
  const { code, out, err } = await run(`
    const client = new mqtt(null, null, null, true, 60000, false);
    let heard = 0;
    client.on('disconnected', () => { heard += 100; });
    const code = client.connect('127.0.0.1', port, (result, error) => {
      heard += 1;
      console.log(code, error.code);
    });
    process.on('exit', () => console.log(heard));`, { port });
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.equal(out, `${EERRNO} ECONNREFUSED\n1`);
  assert.ok(Date.now() - started < 20000);
});

test('a refused CONNECT: EREFUSED, with the reason on the callback',
  async () => {
    const server = await serve(`{ connect(packet, connection) {
      connection.send({ cmd: 'connack', returnCode: 5 });
    } }`);
    const client = make();
    const results = [];
    assert.equal(client.connect('127.0.0.1', server.port, (result, error) =>
      results.push(error.reasonCode)), EREFUSED);
    const [reason, error] = await event(client, 'disconnected');
    assert.equal(error.reasonCode, 5);
    assert.equal(reason, error.message);
    assert.deepEqual(results, [5]);
    await server.stop();
  });

test('the connection is lost while publish waits: ELOST at once', async () => {
  const server = await serve(`{ publish(packet, connection) {
    connection.close();
  } }`);
  const client = make({ reconnectPeriod: 60000 });
  assert.equal(client.connect('127.0.0.1', server.port), 0);
  assert.equal(client.publish(1, false, 't', 'm'), ELOST);
  assert.equal(client.disconnect(), 0);
  await event(client, 'disconnected');
  await server.stop();
});

test('a refused subscription is a negative reason code', async () => {
  const server = await serve(`{ subscribe({ messageId }, connection) {
    connection.send({ cmd: 'suback', messageId, granted: [0x80] });
  } }`);
  const client = make();
  client.connect('127.0.0.1', server.port);
  assert.equal(client.subscribe(1, 't'), -0x80);
  client.disconnect();
  await server.stop();
});

test('messages for other clients of the thread wait their turn', async () => {
  const other = new mqtt(null, null, null, true, 60000, true);
  clients.push(other);
  const heard = [];
  other.on('received', (mid, topic, message) => heard.push(Number(message)));
  other.connect('127.0.0.1', broker.port);
  await event(other, 'connected');
  other.subscribe(0, 'blocking/others');
  await event(other, 'subscribed');
  const client = make();
  client.connect('127.0.0.1', broker.port);
  for (let i = 0; i < 500; i += 1) {
    assert.equal(client.publish(1, false, 'blocking/others', `${i}`), 0);
  }
  assert.deepEqual(heard, []);
  client.disconnect();
  await until(() => heard.length === 500);
  assert.deepEqual(heard, Array.from({ length: 500 }, (_, i) => i));
  other.disconnect();
});

test('blocking calls inside callbacks keep the order of events', async () => {
  const client = make();
  client.connect('127.0.0.1', broker.port);
  client.subscribe(1, 'blocking/nested');
  const heard = [];
  client.on('received', (mid, topic, message) => {
    heard.push(Number(message));
    if (heard.length < 50) {
      const code = client.publish(1, false, 'blocking/nested',
        `${heard.length}`);
      assert.equal(code, 0);
    }
  });
  assert.equal(client.publish(1, false, 'blocking/nested', '0'), 0);
  await until(() => heard.length === 50);
  assert.deepEqual(heard, Array.from({ length: 50 }, (_, i) => i));
  client.disconnect();
});

// Messages right behind CONNACK, whose payload begins with their number.
const flooding = (count, size) => `{ connect(packet, connection) {
  connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
  for (let i = 0; i < ${count}; i += 1) {
    const payload = Buffer.alloc(${size});
    payload.writeUInt32BE(i);
    connection.send({ cmd: 'publish', qos: 0, topic: 't', payload });
  }
}, publish: false }`;

for (const heard of [true, false]) {
  test(`a blocking call takes no more of a flood than highWaterMark, ${
    heard ? 'heard' : 'not heard'}`, async () => {
    const COUNT = 2000;
    const server = await serve(flooding(COUNT, 20000));
    const { code, out, err } = await run(`
      const client = new mqtt('x', null, null, true, 0, false,
        { highWaterMark: 1 << 20, timeout: 5000 });
      let next = 0;
      const listen = () => client.on('received', (mid, topic, message) => {
        if (message.readUInt32BE(0) !== next) throw new Error('order');
        next += 1;
        if (next === ${COUNT}) {
          console.log('all');
          client.disconnect(null, { force: true });
        }
      });
      if (${heard}) listen();
      console.log(client.connect('127.0.0.1', port));
      const before = process.memoryUsage().rss;
      console.log(client.publish(1, false, 't', 'm'));
      console.log(process.memoryUsage().rss - before < 12 * 2 ** 20);
      if (!${heard}) listen();`, { port: server.port });
    assert.deepEqual([code, out, err], [0, `0\n${ETIMEOUT}\ntrue\nall`, '']);
    await server.stop();
  });
}

test('events of blocking calls in callbacks keep their order, however many',
  async () => {
    const server = await serve(`{ publish({ messageId }, connection) {
      connection.next ??= 0;
      for (let i = 0; i < 3000; i += 1) {
        connection.send({ cmd: 'publish', qos: 0, topic: 't',
          payload: String(connection.next) });
        connection.next += 1;
      }
      connection.send({ cmd: 'puback', messageId });
    } }`);
    const client = make();
    const heard = [];
    client.on('received', (mid, topic, message) => {
      heard.push(Number(message));
      if (heard.length === 10 || heard.length === 1500) {
        assert.equal(client.publish(1, false, 't', 'm'), 0);
      }
    });
    assert.equal(client.connect('127.0.0.1', server.port), 0);
    assert.equal(client.publish(1, false, 't', 'm'), 0);
    await until(() => heard.length === 9000);
    assert.ok(heard.every((number, at) => number === at));
    client.disconnect();
    await server.stop();
  });

test('what blocking calls have taken is given back', async () => {
  const { code, out, err } = await run(`
    const client = new mqtt(null, null, null, true, 0, false);
    let left = 60;
    let before;
    client.on('received', (mid, topic, message) => {
      if (message.length < 4 << 20) return;
      left -= 1;
      if (left === 50) before = process.memoryUsage().rss;
      if (left > 0) return setImmediate(go);
      console.log(process.memoryUsage().rss - before < 100 * 2 ** 20);
      client.disconnect();
    });
    const payload = Buffer.alloc(4 << 20);
    // Its own message has come before the answer to the one behind it.
    function go() {
      client.publish(1, false, client.client_id, payload);
      client.publish(1, false, client.client_id, 'm');
      global.gc();
    }
    client.connect('127.0.0.1', port);
    client.subscribe(1, client.client_id);
    go();`, { port: broker.port, args: ['--expose-gc'] });
  assert.deepEqual([code, out, err], [0, 'true', '']);
});

test('the end that one connect has yet to come to is not that of the next',
  async () => {
    const server = await serve('{ publish() {} }');
    const client = make({ timeout: 300, closeTimeout: 1000 });
    connectInTime(client, server.port);
    assert.equal(client.publish(1, false, 't', 'm'), ETIMEOUT);
    assert.equal(client.disconnect(), ETIMEOUT);
    await delay(0);
    const heard = [];
    client.on('connected', () => heard.push('connected'));
    client.on('disconnected', (result) => heard.push(result));
    connectInTime(client, server.port);
    assert.equal(client.disconnect(null, { force: true }), 0);
    await until(() => heard.at(-1) === 'OK' && heard.includes('connected'));
    await server.stop();
  });

test('a worker that waits in a blocking call can be terminated', async () => {
  const server = await serve('{ connect() {} }');
  const worker = new Worker(`
    const mqtt = require(${JSON.stringify(require.resolve('../../lib'))});
    const { parentPort, workerData } = require('node:worker_threads');
    const client = new mqtt(null, null, null, true, 0, false);
    parentPort.postMessage('waiting');
    client.connect('127.0.0.1', workerData);`,
  { eval: true, workerData: server.port });
  await event(worker, 'message');
  await delay(200);
  const started = Date.now();
  await worker.terminate();
  assert.ok(Date.now() - started < 10000);
  await server.stop();
});
