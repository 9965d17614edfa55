'use strict';
// JavaScript's thread may be blocked; the connection is not its business.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { listen } = require('./support/server');
const { run } = require('./support/program');
const { called, event, until } = require('./support/wait');

// A real broker looks every six seconds for who is silent, and counts in whole ones: it bears no
// lateness of a ping where the keep-alive is 1 s.
const KEEP_ALIVE_MS = 3000;
const BLOCKED_MS = 12000;
const COUNT = 2000;

let broker;

// With a window for subscribers, mosquitto itself changes the order when it is
// full: see max_inflight_messages in mosquitto.conf(5).
before(async () => {
  broker = await mosquitto.start({ settings: { max_inflight_messages: 60000 } });
});

const clients = [];

function make(options) {
  const client = new mqtt(null, null, null, true, 60000, true, options);
  clients.push(client);
  return client;
}

after(async () => {
  clients.forEach((client) => client.disconnect());
  await broker.stop();
});

test('a keep-alive of 3 s outlives a thread that is blocked for 12 s, and ' +
  'messages sent meanwhile are delivered in order', async () => {
  const program = run(`
    const client = new mqtt(null, null, null, true, ${KEEP_ALIVE_MS}, true);
    const heard = [];
    let drops = 0;
    client.on('disconnected', (result) => { if (result !== 'OK') drops += 1; });
    client.on('received', (mid, topic, message, qos) => {
      heard.push([qos, Number(message)]);
      if (heard.length < 3 * ${COUNT}) return;
      for (const qos of [0, 1, 2]) {
        const numbers = heard.filter(([at]) => at === qos)
          .map(([, number]) => number);
        const wrong = numbers.findIndex((number, i) => number !== i);
        if (wrong < 0 && numbers.length === ${COUNT}) continue;
        console.log('QoS', qos, numbers.length, wrong, numbers.slice(wrong));
      }
      console.log(drops);
      client.disconnect();
    });
    client.connect('127.0.0.1', port, () => {
      client.subscribe(2, 'blocked/#', () => {
        client.publish(1, true, 'ready', 'now', () => {
          setTimeout(() => {
            const end = Date.now() + ${BLOCKED_MS};
            while (Date.now() < end);
          }, 100);
        });
      });
    });`, { port: broker.port });
  const other = make();
  await called((done) => other.connect('127.0.0.1', broker.port, done));
  const ready = event(other, 'received');
  other.subscribe(1, 'ready');
  await ready;
  const sent = Date.now();
  for (let i = 0; i < COUNT; i += 1) {
    for (const qos of [0, 1, 2]) {
      other.publish(qos, false, `blocked/${qos}`, `${i}`);
    }
  }
  await called((done) => other.publish(2, false, 'last', '', done));
  const { code, out, err } = await program;
  assert.deepEqual([code, out, err], [0, '0', '']);
  assert.ok(Date.now() - sent > BLOCKED_MS / 2, 'they came while it slept');
  other.disconnect();
});

test('timers and sockets have their turn during a flood', async () => {
  const { code, out, err } = await run(`
    const client = new mqtt(null, null, null, true, 0, true);
    let received = 0;
    let ticks = 0;
    let most = 0; // messages between two turns of the timer
    let last = 0;
    const timer = setInterval(() => {
      ticks += 1;
      most = Math.max(most, received - last);
      last = received;
    }, 5);
    client.on('received', () => {
      received += 1;
      const end = process.hrtime.bigint() + 20000n;
      while (process.hrtime.bigint() < end);
      if (received === 100000) {
        clearInterval(timer);
        console.log(ticks > 20, Math.max(most, received - last));
        client.disconnect();
      }
    });
    client.connect('127.0.0.1', port, () => {
      client.subscribe(0, 'flood/a', () => {
        for (let i = 0; i < 100000; i += 1) {
          client.publish(0, false, 'flood/a', 'm');
        }
      });
    });`, { port: broker.port });
  assert.deepEqual([code, err], [0, '']);
  const [isFair, most] = out.split(' ');
  assert.equal(isFair, 'true');
  assert.ok(Number(most) < 20000, `a timer was ${most} messages late`);
});

test('a program that falls behind stops the reading, not the connection',
  async () => {
    // 40 MB wait at the broker while highWaterMark holds the reading.
    const { code, out, err } = await run(`
      const client = new mqtt(null, null, null, true, 2000, true,
        { highWaterMark: 1048576 });
      let received = 0;
      let drops = 0;
      client.on('disconnected', (result) => {
        if (result === 'OK') return;
        drops += 1;
        console.log(result);
      });
      client.on('received', (mid, topic, message) => {
        const number = message.readUInt32LE(0);
        if (number !== received) {
          console.log(number, 'instead of', received, 'drops', drops);
          process.exit(9);
        }
        received += 1;
        if (received === 1) {
          const end = Date.now() + 6000;
          const before = process.memoryUsage.rss();
          while (Date.now() < end);
          const grown = process.memoryUsage.rss() - before;
          console.log(grown < 30e6);
        }
        if (received === 40000) {
          console.log(drops);
          client.disconnect();
        }
      });
      client.connect('127.0.0.1', port, () => {
        client.subscribe(1, 'behind/a', () => {
          client.publish(1, false, 'behind', '');
        });
      });`, { port: await behind(40000) });
    assert.deepEqual([code, out, err], [0, 'true\n0', '']);
  });

// A publisher that sends 1 kB messages when it is told to.
async function behind(count) {
  const other = make();
  after(() => other.disconnect());
  await called((done) => other.connect('127.0.0.1', broker.port, done));
  await called((done) => other.subscribe(1, 'behind', done, () => {
    for (let i = 0; i < count; i += 1) {
      const message = Buffer.alloc(1000);
      message.writeUInt32LE(i, 0);
      other.publish(1, false, 'behind/a', message);
    }
  }));
  return broker.port;
}

test('200,000 messages published offline are delivered in order', async () => {
  const count = 200000;
  const probe = await listen();
  const { port } = probe;
  await probe.stop();
  const client = make({ reconnectPeriod: 20 });
  assert.equal(client.connect('127.0.0.1', port), 0);
  let done = 0;
  for (let i = 0; i < count; i += 1) {
    const code = client.publish(i % 3, false, 'offline', `${i}`,
      (mid, error) => { done += mid > 0 && !error ? 1 : 0; });
    assert.equal(code, 0);
  }
  const server = await listen({}, port);
  await until(() => done === count, 'all are published', 120000);
  await until(() => server.got('publish').length === count);
  // A message of QoS 0 does not wait for acknowledgements of others.
  for (const qos of [0, 1, 2]) {
    server.got('publish').filter((packet) => packet.qos === qos)
      .forEach(({ payload, dup }, i) => {
        assert.ok(Number(payload) === 3 * i + qos && !dup, `message ${i}`);
      });
  }
  client.disconnect();
  await server.stop();
});

const sleep = (ms) =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test('disconnect cancels what this thread has not heard of yet', async () => {
  const nobody = await mosquitto.freePort();
  for (const port of [broker.port, nobody]) {
    const client = make({ reconnectPeriod: 10 });
    const heard = [];
    client.on('connected', () => heard.push('connected'));
    client.on('disconnected', (result) => heard.push(result));
    client.connect('127.0.0.1', port, (result) => heard.push(result));
    sleep(500);
    assert.equal(client.disconnect(), 0);
    await until(() => heard.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(heard, ['OK']);
  }
});
