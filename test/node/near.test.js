'use strict';
// A program that sleeps between messages reads its connection on its own thread;
// one that is busy, or has much to read, has the other thread do it. Nobody can tell,
// but by the time it takes.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { performance } = require('node:perf_hooks');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { listenEcho, onThread } = require('./support/echo');
const { run } = require('./support/program');
const { listen } = require('./support/server');
const { delay, event, until } = require('./support/wait');

const TRIPS = 400;
const TRIES = 5; // of what a stall of the machine spoils

let echo;

before(async () => {
  echo = await listenEcho();
});

after(() => echo.stop());

// Of the program's other threads: how often they have slept.
const SLEPT = `
  const slept = () => fs.readdirSync('/proc/self/task')
    .filter((thread) => Number(thread) !== process.pid)
    .map((thread) => fs.readFileSync('/proc/self/task/' + thread + '/status', 'utf8'))
    .map((text) => Number(/\\nvoluntary_ctxt_switches:\\s*(\\d+)/.exec(text)[1]))
    .reduce((sum, count) => sum + count, 0);`;

for (const [name, answer] of [
  ['at once', 'say();'],
  ['with QoS 1', 'client.publish("a", "x", { qos: 1 });'],
  ['after a promise', 'Promise.resolve().then(say);'],
  ['in the next tick', 'process.nextTick(say);'],
]) {
  test(`a program that answers ${name} needs no other thread`, async () => {
    let most = 0;
    for (let i = 0; i < TRIES && most < TRIPS; i += 1) {
      const { code, out, err } = await run(`
        const fs = require('node:fs');
        ${SLEPT}
        const client = mqtt.connect('mqtt://127.0.0.1:' + port);
        const say = () => client.publish('a', 'x');
        let trips = 0;
        let start;
        client.on('message', () => {
          trips += 1;
          if (trips === ${TRIPS}) start = slept();
          if (trips === ${3 * TRIPS}) {
            console.log(slept() - start);
            client.end();
          } else {
            ${answer}
          }
        });
        client.on('connect', say);`, { port: echo.port });
      assert.deepEqual([code, err], [0, '']);
      most = 2 * TRIPS - Number(out);
    }
    assert.ok(most >= TRIPS, `the others slept ${2 * TRIPS - most} times`);
  });
}

async function connected(port, options) {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, options);
  after(() => client.end(true));
  await event(client, 'connect');
  return client;
}

// Message by message, each to a program that waits for it.
async function calm(server, client, topic = 'calm') {
  for (let i = 0; i < 50; i += 1) {
    const told = event(client, 'message');
    server.send({ cmd: 'publish', topic, payload: 'x', qos: 0 });
    await told;
  }
}

test('what comes in a flood behind single messages comes in order, and all of it', async () => {
  const server = await listen();
  const client = await connected(server.port);
  for (let round = 0; round < 5; round += 1) {
    await calm(server, client);
    const heard = [];
    const listener = (topic, payload) => heard.push(Number(payload));
    client.on('message', listener);
    for (let i = 0; i < 5000; i += 1) {
      server.send({ cmd: 'publish', topic: 'flood', payload: String(i), qos: 1, messageId: i + 1 });
    }
    await until(() => heard.length === 5000, 'all came');
    client.off('message', listener);
    assert.ok(heard.every((number, at) => number === at));
    await until(() => server.got('puback').length === 5000 * (round + 1), 'all were answered');
  }
  await client.endAsync();
  await server.stop();
});

test('who pauses hears nothing until it resumes, and then all', async () => {
  const server = await listen();
  const client = await connected(server.port);
  for (let round = 0; round < 5; round += 1) {
    await calm(server, client);
    let heard = 0;
    const listener = () => { heard += 1; };
    client.pause();
    client.on('message', listener);
    for (let i = 0; i < 100; i += 1) {
      server.send({ cmd: 'publish', topic: 'paused', payload: 'x', qos: 0 });
    }
    await delay(30);
    assert.equal(heard, 0);
    client.resume();
    await until(() => heard === 100, 'what waited came');
    client.off('message', listener);
  }
  await client.endAsync();
  await server.stop();
});

test('a connection that is cut is noticed at once, and opened again', async () => {
  const server = await listen();
  const client = await connected(server.port, { reconnectPeriod: 20 });
  client.on('error', ({ code }) => assert.equal(code, 'ECONNRESET'));
  for (let round = 0; round < 5; round += 1) {
    await calm(server, client);
    const closed = new Promise((resolve) => { client.once('close', resolve); });
    const opened = new Promise((resolve) => { client.once('connect', resolve); });
    if (round % 2 === 0) server.cut();
    else for (const { socket } of server.connections) socket.resetAndDestroy();
    await closed;
    await opened;
  }
  await client.endAsync();
  await server.stop();
});

// A server on a thread of its own: it answers each message by one, and says in shared
// memory when the last has come.
const ELSEWHERE = onThread(`
  socket.setNoDelay(true);
  socket.on('data', (data) => {
    if (data[0] === 0x10) socket.write(Buffer.from([0x20, 2, 0, 0]));
    if (data.includes('last')) Atomics.store(workerData, 0, 1);
    else socket.write(Buffer.from([0x30, 4, 0, 1, 0x61, 0x78]));
  });`);

test('what is published before a long callback leaves while it lasts', async () => {
  const { code, out, err } = await run(`
    const { Worker } = require('node:worker_threads');
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const server = new Worker(${JSON.stringify(ELSEWHERE)}, { eval: true, workerData: flag });
    server.on('message', (at) => {
      const client = mqtt.connect('mqtt://127.0.0.1:' + at);
      let trips = 0;
      client.on('message', () => {
        trips += 1;
        if (trips < 100) client.publish('a', 'x');
        if (trips !== 100) return;
        for (let i = 0; i < 5; i += 1) client.publish('last', 'x', { qos: 1 });
        const end = Date.now() + 20000;
        while (Atomics.load(flag, 0) === 0 && Date.now() < end);
        console.log(Atomics.load(flag, 0));
        process.exit();
      });
    });`);
  assert.deepEqual([code, out, err], [0, '1', '']);
});

test('blocking calls come back while the connection is the program\'s', async () => {
  const { code, out, err } = await run(`
    const client = new mqtt(null, null, null, true, 60000, true);
    let trips = 0;
    client.on('received', () => {
      trips += 1;
      if (trips % 50 === 0) client.subscribe(0, 'some' + trips);
      if (trips < 500) client.publish(0, false, 'a', 'x');
      else { client.disconnect(); console.log('done'); }
    });
    client.connect('127.0.0.1', port);
    client.publish(0, false, 'a', 'x');`, { port: echo.port });
  assert.deepEqual([code, out, err], [0, 'done', '']);
});

test('several of one program are read by it, and each ends for itself', async () => {
  const clients = await Promise.all(Array.from({ length: 70 }, () => connected(echo.port)));
  const trips = clients.map(() => 0);
  clients.forEach((client, at) => client.on('message', () => {
    trips[at] += 1;
    if (trips[at] === 100 + at) client.end();
    else client.publish('a', String(at));
  }));
  clients.forEach((client) => client.publish('a', 'x'));
  await until(() => clients.every((client) => client.disconnected), 'all have ended');
  assert.deepEqual(trips, clients.map((client, at) => 100 + at));
});

const ANSWERING = `
  const message = Buffer.from([0x30, 4, 0, 1, 0x61, 0x78]);
  require('node:net').createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      socket.write(data[0] === 0x10 ? Buffer.from([0x20, 2, 0, 0]) : message);
    });
    socket.on('close', () => process.exit());
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;

// Those that this process may run on, as in "0-3,8".
function cores() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const ranges = /\nCpus_allowed_list:\s*(\S+)/.exec(status)[1].split(',');
  return ranges.map((range) => range.split('-').map(Number)).flatMap(([first, last = first]) =>
    Array.from({ length: last - first + 1 }, (none, at) => first + at));
}

// Prints whether the loop goes round while quick answers are waited for, and whether it
// sleeps afterwards.
const ROUNDS = `
  const fs = require('node:fs');
  const { execFileSync, spawn } = require('node:child_process');
  const rounds = () => performance.nodeTiming.uvMetricsInfo.loopCount;
  const slept = () => Number(/\\nvoluntary_ctxt_switches:\\s*(\\d+)/.exec(
    fs.readFileSync('/proc/self/task/' + process.pid + '/status', 'utf8'))[1]);
  const server = spawn('taskset',
    ['-c', '${cores()[1]}', process.execPath, '-e', ${JSON.stringify(ANSWERING)}]);
  server.stdout.on('data', (at) => {
    const client = mqtt.connect('mqtt://127.0.0.1:' + Number(at));
    const end = Date.now() + 3000;
    let trips = 0;
    let before = rounds();
    client.on('message', () => {
      trips += 1;
      const gone = trips % 100 === 0 ? rounds() - before : 0;
      if (trips % 100 === 0) before += gone;
      if (gone < 300 && Date.now() < end) return client.publish('a', 'x');
      console.log(gone >= 300);
      const sleeps = slept();
      let ticks = 0;
      return setInterval(() => {
        ticks += 1;
        if (ticks < 50) return;
        console.log(slept() - sleeps >= 25);
        process.exit();
      }, 10);
    });
    client.on('connect', () => {
      execFileSync('taskset', ['-p', '-c', '${cores()[0]}', String(process.pid)]);
      client.publish('a', 'x');
    });
  });`;

// In C it is tested when; here, that Node's loop does it, and sleeps afterwards. On the
// core that the program runs on, the server has answered before anybody could wait for it.
// Beside other work answers are not quick, and a program that has polled in vain is shy.
test('the loop goes round while quick answers are waited for, and sleeps after them', {
  skip: (cores().length < 2 && 'one core') ||
    (performance.nodeTiming.uvMetricsInfo === undefined && 'Node.js does not count rounds'),
}, async () => {
  let told = await run(ROUNDS);
  for (let tries = 1; tries < 30 && told.out.startsWith('false'); tries += 1) {
    told = await run(ROUNDS);
  }
  assert.deepEqual([told.code, told.out, told.err], [0, 'true\ntrue', '']);
});

// Sends 60 messages at once, twenty times, each a while after the last ones were answered.
// It tells how many answers came first of each 60.
const FLOODING = onThread(`
  const messages = Buffer.concat(Array.from({ length: 60 },
    (none, at) => Buffer.from([0x32, 6, 0, 1, 0x61, 0, at + 1, 0x78])));
  let flood = 0;
  let left = 60;
  socket.on('data', (data) => {
    if (data[0] === 0x10) {
      socket.write(Buffer.concat([Buffer.from([0x20, 2, 0, 0]), messages]));
      return;
    }
    if (left === 60) Atomics.store(workerData, flood, data.length / 4);
    left -= data.length / 4;
    if (left > 0) return;
    left = 60;
    flood += 1;
    if (flood < 20) setTimeout(() => socket.write(messages), 10);
  });`);

// Prints whether all answers to each of the last of those left together, when the program
// reads by itself. Our clock stands: they are not late. The last message of a flood is not
// done until answers have come, or for 20 ms.
const ANSWERED = `
  const { Worker } = require('node:worker_threads');
  require(LIB + '/clock').now = () => 1;
  const firsts = new Int32Array(new SharedArrayBuffer(80));
  const server = new Worker(${JSON.stringify(FLOODING)}, { eval: true, workerData: firsts });
  server.on('message', (at) => {
    const client = mqtt.connect('mqtt://127.0.0.1:' + at);
    let heard = 0;
    client.on('message', () => {
      heard += 1;
      if (heard % 60 !== 0 || heard === 60) return;
      const end = Date.now() + 20;
      while (Atomics.load(firsts, heard / 60 - 1) === 0 && Date.now() < end);
      if (heard < 1200) return;
      console.log(firsts.slice(12).every((first) => first === 60 || first === 0));
      process.exit();
    });
  });`;

// A write costs more than they do. A stall of the machine makes it the other thread that reads.
test('many messages that the program has read are answered together', async () => {
  let told = await run(ANSWERED);
  for (let tries = 1; tries < 60 && told.out === 'false'; tries += 1) {
    told = await run(ANSWERED);
  }
  assert.deepEqual([told.code, told.out, told.err], [0, 'true', '']);
});
