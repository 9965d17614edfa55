'use strict';
// One point of a curve, in a process of its own: what a message costs when there
// are `n` of something. Prints JSON: { cost (µs of CPU, of all threads) } or what
// else the curve is of.
//
//   node --expose-gc work.js <work> <n> <URL of the sink> <URL of the server>

const { spawn } = require('child_process');
const { once } = require('events');
const { performance } = require('perf_hooks');
const midge = require('../..');

const [work, words, sink, server] = process.argv.slice(2);
const n = Number(words);
const US_PER_MS = 1e3;
const BURSTS = 4;
const PAYLOAD = Buffer.alloc(64, 'x');
const SETTLE_MS = 200;

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function fail(error) {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
}

function check(code) {
  if (code !== 0) fail(new Error(midge.strerror(code)));
}

function open(url, options) {
  return new Promise((resolve) => {
    const client = new midge.mqtt(null, null, null, true, 0, true, options);
    check(client.connect(url, undefined, (result, error) => {
      if (error) fail(error);
      resolve(client);
    }));
  });
}

async function openAll(url, count) {
  const clients = [];
  while (clients.length < count) {
    const some = Math.min(100, count - clients.length);
    clients.push(...await Promise.all(Array.from({ length: some }, () => open(url))));
  }
  return clients;
}

async function floodElsewhere() {
  const child = spawn(process.execPath, [__filename, 'flood', '0', sink, server],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill());
  await once(child.stdout, 'data');
}

function cpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

// The first time warms up.
async function cost(count, go) {
  await go(count);
  const before = cpu();
  await go(count);
  return { cost: (cpu() - before) / count };
}

// Publishes `count` in bursts, the next one when an earlier one has left.
function publishAll(count, window, publish) {
  return new Promise((resolve) => {
    const size = Math.max(1, Math.ceil(window / BURSTS));
    let sent = 0;
    let unfinished = 0;
    function burst() {
      const last = Math.min(sent + size, count);
      if (sent === last) return;
      unfinished++;
      for (; sent < last - 1; sent++) publish(sent);
      publish(sent++, finish);
    }
    function finish() {
      unfinished--;
      if (sent === count && unfinished === 0) resolve();
      else burst();
    }
    for (let i = 0; i < BURSTS; i++) burst();
  });
}

// As many messages as `count`, over `topics` of them.
function receiveAll(client, topics, size, count) {
  return new Promise((resolve) => {
    let left = count;
    client.removeAllListeners('received');
    client.on('received', () => {
      left--;
      if (left === 0) resolve();
    });
    check(client.subscribe(0, `stream/${topics}/${count}/${size}`));
  });
}

const works = {
  async 'publish to topics'() {
    const client = await open(sink);
    const topics = Array.from({ length: n }, (_, i) => `growth/${i}/topic`);
    return cost(Math.max(200000, n), (count) => publishAll(count, 2000,
      (i, done) => check(client.publish(0, false, topics[i % n], PAYLOAD, done))));
  },

  async 'receive from topics'() {
    const client = await open(server);
    return cost(Math.max(300000, n), (count) => receiveAll(client, n, 64, count));
  },

  async subscriptions() {
    const client = await open(server);
    for (let i = 1; i < n; i++) check(client.subscribe(0, `growth/${n}/+/${i}`));
    return cost(300000, (count) => receiveAll(client, 1, 64, count));
  },

  // The handler of each subscription is looked for by the topic.
  async 'handlers of subscriptions'() {
    const client = midge.connect(server, { keepalive: 0 });
    let times = 0;
    let left;
    let finished;
    const handle = () => {
      left--;
      if (left === 0) finished();
    };
    for (let i = 1; i < n; i++) client.subscribe(`growth/${n}/+/${i}`, {}, () => {}, handle);
    client.subscribe('growth/+/topic', {}, () => {}, handle);
    return cost(100000, (count) => new Promise((resolve) => {
      left = count;
      finished = resolve;
      client.subscribe(`stream/1/${count}/64/${times++}`); // each time another one
    }));
  },

  // One of them publishes: what the others cost by being there.
  async 'idle clients'() {
    const [client] = await openAll(sink, n);
    return cost(200000, (count) => publishAll(count, 2000,
      (i, done) => check(client.publish(0, false, 'growth', PAYLOAD, done))));
  },

  // All of them publish, 20 messages each before the next one's turn.
  async 'busy clients'() {
    const clients = await openAll(sink, n);
    return cost(Math.max(200000, 20 * n), (count) => publishAll(count, 4000,
      (i, done) => check(clients[Math.floor(i / 20) % n].publish(0, false, 'growth', PAYLOAD,
        done))));
  },

  // A hundred are in flight, and `n` more wait in the queue.
  async queued() {
    const client = await open(sink, { maxInFlight: 100 });
    return cost(Math.max(100000, n), (count) => publishAll(count, 100 + n,
      (i, done) => check(client.publish(1, false, 'growth', PAYLOAD, done))));
  },

  async 'payloads published'() {
    const client = await open(server);
    const payload = Buffer.alloc(n, 'x');
    const count = Math.max(8, Math.min(100000, Math.ceil(2 ** 28 / (n + 512))));
    const window = Math.max(4, Math.min(1000, Math.floor(2 ** 24 / (n + 1))));
    return cost(count, (all) => publishAll(all, window,
      (i, done) => check(client.publish(0, false, 'growth', payload, done))));
  },

  async 'payloads received'() {
    const client = await open(server);
    const count = Math.max(8, Math.min(100000, Math.ceil(2 ** 28 / (n + 512))));
    return cost(count, (all) => receiveAll(client, 1, n, all));
  },

  // The resident size after each tenth of `n` messages, out and in.
  async memory() {
    const [out, back] = await Promise.all([open(sink), open(server)]);
    const sizes = [];
    for (let i = 0; i < 10; i++) {
      await Promise.all([
        publishAll(n / 10, 1000, (at, done) =>
          check(out.publish(0, false, 'growth', PAYLOAD, done))),
        receiveAll(back, 1, 64, n / 10),
      ]);
      global.gc();
      await wait(SETTLE_MS);
      sizes.push(process.memoryUsage.rss());
    }
    return { sizes };
  },

  // Takes all that the server has, until somebody ends it.
  async flood() {
    const client = await open(server);
    console.log('flooded');
    await receiveAll(client, 1, 64, 1e9);
  },

  // Ten clients send themselves a message each 10 ms. Meanwhile another server floods
  // nobody (0), a client of another process (1), or one of this process (2).
  async neighbours() {
    const clients = await openAll(sink, 10);
    const times = [];
    let isOver = false;
    await Promise.all(clients.map((client, i) => new Promise((resolve) => {
      let began;
      client.on('received', () => {
        times.push(performance.now() - began);
        if (isOver) resolve();
        else setTimeout(say, 10);
      });
      const say = () => {
        began = performance.now();
        check(client.publish(0, false, 'bench/echo', PAYLOAD));
      };
      say();
      if (i > 0) return;
      (async () => {
        if (n === 1) await floodElsewhere();
        await wait(500);
        times.length = 0;
        if (n === 2) receiveAll(await open(server), 1, 64, 1e9);
        await wait(3000);
        isOver = true;
      })();
    })));
    times.sort((a, b) => a - b);
    return { p99: times[Math.floor(times.length * 0.99)] * US_PER_MS };
  },
};

works[work]().then((result) => {
  console.log(JSON.stringify(result));
  process.exit();
}, fail);
