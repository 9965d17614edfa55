'use strict';
// Many events cross the border at once: each is told to its own client, as
// what it is, in its order.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { run } = require('./support/program');
const { listen } = require('./support/server');
const { called, event, until } = require('./support/wait');

const idle = new Int32Array(new SharedArrayBuffer(4));

// The loop stands still, and events gather.
function block(ms) {
  Atomics.wait(idle, 0, 0, ms);
}

async function connected(t, server, options) {
  const client = new mqtt('batches', null, null, true, 60000, true, options);
  t.after(() => client.disconnect());
  const [result] = await called((done) =>
    client.connect('127.0.0.1', server.port, done));
  assert.equal(result, 'OK');
  return client;
}

async function start(t, answers) {
  const server = await listen(answers);
  t.after(() => server.stop());
  return server;
}

test('topics of one length, thousands of them in a batch', async (t) => {
  const server = await start(t);
  const client = await connected(t, server);
  const heard = [];
  client.on('received', (mid, topic, payload) => heard.push([topic, payload.toString()]));
  await called((done) => client.publish(1, false, 't', 'm', done));
  const count = 5000;
  for (let i = 0; i < count; i++) {
    const topic = `topic/${String(i).padStart(6, '0')}`;
    server.send({ cmd: 'publish', topic, payload: topic });
  }
  block(300);
  await until(() => heard.length === count);
  for (const [i, [topic, payload]] of heard.entries()) {
    assert.equal(topic, payload);
    assert.equal(topic, `topic/${String(i).padStart(6, '0')}`);
  }
});

// Each is in memory of its own, which the program may give away.
test('payloads of every size, that belong to the program', async (t) => {
  const server = await start(t);
  const client = await connected(t, server);
  const sizes = [0, 1, 8192, 8193, 65536, 131071, 131072, 131073, 200000, 3 << 20, 5];
  const sent = sizes.map((size, i) => Buffer.alloc(size, `${i} and more of it`));
  const heard = [];
  client.on('received', (mid, topic, payload) => heard.push(payload));
  await called((done) => client.publish(1, false, 't', 'm', done));
  for (const payload of sent) server.send({ cmd: 'publish', topic: 't', payload });
  await until(() => heard.length === sizes.length);
  for (const [i, payload] of heard.entries()) {
    assert.ok(payload.equals(sent[i]), `${sizes[i]} bytes`);
    if (payload.length <= 8192) continue;
    structuredClone(payload.buffer, { transfer: [payload.buffer] });
    assert.equal(payload.length, 0);
  }
});

// A PUBLISH of QoS 0, and the topic once more as its payload.
function twice(topic) {
  const text = Buffer.from(topic);
  const size = 2 + 2 * text.length;
  const length = size < 0x80 ? [size] : [size & 0x7f | 0x80, size >> 7];
  return Buffer.concat([Buffer.from([0x30, ...length, text.length >> 8, text.length & 0xff]),
    text, text]);
}

// Sends each of them and resolves when as many have come, each with its own.
async function sendTwice(server, client, topics) {
  let count = 0;
  let wrong = 0;
  const listener = (mid, topic, payload) => {
    if (topic !== topics[count] || payload.toString() !== topic) wrong += 1;
    count += 1;
  };
  client.on('received', listener);
  const [connection] = server.connections;
  connection.socket.write(Buffer.concat(topics.map(twice)));
  await until(() => count === topics.length);
  client.off('received', listener);
  assert.equal(wrong, 0);
}

async function listening(t) {
  const server = await start(t);
  const client = await connected(t, server);
  client.on('received', () => {});
  await called((done) => client.publish(1, false, 't', 'm', done));
  return [server, client];
}

test('topics too long to be remembered, many in a batch', async (t) => {
  const [server, client] = await listening(t);
  const topics = Array.from({ length: 3000 }, (_, i) => `${i}/${'long'.repeat(75 + i % 3)}`);
  await sendTwice(server, client, topics);
});

test('more topics than are remembered', async (t) => {
  const [server, client] = await listening(t);
  const topics = Array.from({ length: 140000 }, (_, i) => `topic/${i}`);
  await sendTwice(server, client, topics.slice(0, 5000));
  await sendTwice(server, client, topics.slice(0, 5000)); // known by now
  await sendTwice(server, client, topics); // and forgotten before the end
  // Shorter ones take the places of those, which come again.
  await sendTwice(server, client, Array.from({ length: 20000 }, (_, i) => `s${i}`));
  await sendTwice(server, client, topics.slice(24000, 28000).concat(topics.slice(-9000)));
});

test('a success is told to who begins to listen after the call', async (t) => {
  const server = await start(t);
  const client = await connected(t, server);
  for (const qos of [0, 1, 2]) {
    assert.equal(client.publish(qos, false, 't', 'm'), 0);
    const [mid] = await event(client, 'published');
    assert.equal(mid, client.mid);
  }
});

test('timers have their turn while messages are told', async (t) => {
  const server = await start(t);
  const client = await connected(t, server);
  let count = 0;
  let atTimer = 0;
  client.on('received', () => {
    count += 1;
    const end = performance.now() + 1;
    while (performance.now() < end);
  });
  await called((done) => client.publish(1, false, 't', 'm', done));
  for (let i = 0; i < 900; i++) server.send({ cmd: 'publish', topic: 't', payload: 'm' });
  block(300);
  const timer = setInterval(() => { atTimer ||= count; }, 5);
  await until(() => count === 900);
  clearInterval(timer);
  assert.ok(atTimer < 450, `the timer had its turn after ${atTimer} messages`);
});

// Sixty-four fill its first ring; some have been taken before it grows.
test('what came during blocking calls keeps its order', async (t) => {
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const client = new mqtt('batches', null, null, true, 60000, false);
  assert.equal(client.connect('127.0.0.1', broker.port), 0);
  const heard = [];
  assert.equal(client.subscribe(0, 'order', undefined,
    (mid, topic, payload) => heard.push(Number(payload))), 0);
  let sent = 0;
  for (const count of [40, 200, 30, 500]) {
    for (let i = 0; i < count; i++) client.publish(0, false, 'order', String(sent++));
    assert.equal(client.publish(1, false, 'other', 'wait'), 0);
    block(50);
    assert.equal(client.publish(1, false, 'other', 'wait'), 0);
    await until(() => heard.length === sent);
  }
  assert.deepEqual(heard, [...Array(sent).keys()]);
  client.disconnect();
});

// All answers leave the server together.
function answering(reasonOf) {
  const waiting = [];
  return {
    waiting,
    answers: {
      publish({ messageId, payload }, connection) {
        waiting.push(() => connection.send({ cmd: 'puback', messageId,
          reasonCode: reasonOf(Number(payload)) }));
      },
    },
    release() {
      waiting.splice(0).forEach((answer) => answer());
    },
  };
}

test('each success has its own reason', async (t) => {
  const plan = answering((number) => (number % 3 === 0 ? 16 : 0));
  const server = await start(t, plan.answers);
  const client = await connected(t, server, { protocolVersion: 5 });
  const reasons = [];
  for (let i = 0; i < 60; i++) {
    client.publish(1, false, 't', String(i),
      (mid, error, ack) => reasons.push(ack?.reasonCode ?? 0));
  }
  await until(() => plan.waiting.length === 60);
  plan.release();
  block(200);
  await until(() => reasons.length === 60);
  assert.deepEqual(reasons, reasons.map((_, i) => (i % 3 === 0 ? 16 : 0)));
});

test('successes of one client do not go on in those of another', async (t) => {
  const plan = answering(() => 0);
  const server = await start(t, plan.answers);
  for (let round = 0; round < 3; round++) {
    const first = await connected(t, server);
    const second = await connected(t, server, { clientId: 'second' });
    const heard = [];
    const publish = (client, name, count) => {
      for (let i = 0; i < count; i++) {
        client.publish(1, false, 't', '0', (mid) => heard.push(`${name} ${mid}`));
      }
    };
    publish(second, 'second', 5);
    await until(() => plan.waiting.length === 5);
    plan.release();
    await until(() => heard.length === 5);
    // The one's end where the other's begin.
    publish(first, 'first', 5);
    await until(() => plan.waiting.length === 5);
    publish(second, 'second', 5);
    await until(() => plan.waiting.length === 10);
    plan.release();
    block(200);
    await until(() => heard.length === 15);
    const wanted = [1, 2, 3, 4, 5].flatMap((mid) =>
      [`first ${mid}`, `second ${mid}`, `second ${mid + 5}`]);
    assert.deepEqual(heard.sort(), wanted.sort());
  }
});

test('a reason that we gave is not told as the server\'s', async (t) => {
  const server = await start(t);
  const client = await connected(t, server, { protocolVersion: 5, reconnectPeriod: 0 });
  const lost = event(client, 'disconnected');
  for (const { socket } of server.connections) socket.write(Buffer.from('f000', 'hex'));
  const [, error] = await lost;
  assert.equal(error.code, 'MIDGE_EPROTOCOL');
  assert.equal(error.reasonCode, undefined);
});

test('a callback that throws holds up nobody else of its batch', async (t) => {
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const { code, out, err } = await run(`
    const client = new mqtt(null, null, null, true, 0, true);
    let count = 0;
    let caught = 0;
    process.on('uncaughtException', () => { caught += 1; });
    const hear = () => {
      count += 1;
      throw new Error('as told');
    };
    const granted = () => {
      for (let i = 0; i < 20; i++) client.publish(0, false, 'throws', 'm');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      const start = Date.now();
      const timer = setInterval(() => {
        if (count < 20 && Date.now() - start < 5000) return;
        clearInterval(timer);
        console.log(count, caught);
        client.disconnect();
      }, 10);
    };
    client.connect('127.0.0.1', port, () =>
      client.subscribe(0, 'throws', granted, hear));`, { port: broker.port });
  assert.deepEqual([code, out, err], [0, '20 20', '']);
});

test('a callback that throws leaves the listeners of its event their turn', async (t) => {
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const { code, out, err } = await run(`
    const client = new mqtt(null, null, null, true, 0, true);
    process.on('uncaughtException', ({ message }) => console.log(message));
    client.on('connected', () => {
      console.log('told');
      client.disconnect();
    });
    client.connect('127.0.0.1', port, () => { throw new Error('as told'); });`,
  { port: broker.port });
  assert.deepEqual([code, out.split('\n').sort(), err], [0, ['as told', 'told'], '']);
});

// The place of a client that has ended is free when its end was told.
test('a client opened in between keeps its place', async (t) => {
  const server = await start(t);
  const other = await start(t);
  const old = await connected(t, server);
  const listener = await connected(t, server, { clientId: 'listener' });
  old.disconnect();
  await event(old, 'disconnected');
  let results;
  listener.on('received', () => {
    const late = new mqtt('late', null, null, true, 60000, true);
    t.after(() => late.disconnect());
    results = called((done) => late.connect('127.0.0.1', server.port, done), 20000);
  });
  await called((done) => listener.publish(1, false, 't', 'm', done));
  server.send({ cmd: 'publish', topic: 't', payload: 'm' });
  block(200);
  assert.equal(old.connect('127.0.0.1', other.port), 0); // its old place ends
  block(200);
  await until(() => results !== undefined);
  assert.equal((await results)[0], 'OK');
});
