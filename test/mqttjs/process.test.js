'use strict';
// What a client means for its process.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { run } = require('../node/support/program');
const { listen } = require('./support/broker');

let broker;

before(async () => {
  broker = await listen();
});

after(() => broker.close());

async function printed(text, { port = broker.port, ...options } = {}) {
  const { code, signal, out, err } = await run(text, { port, ...options });
  assert.deepEqual({ code, signal, err }, { code: 0, signal: null, err: '' });
  return out.split('\n');
}

const CONNECT = 'const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 20 });';

test('a program ends when its client has ended', async () => {
  assert.deepEqual(await printed(`${CONNECT}
    client.publish('a', 'b', { qos: 1 }, () => client.end(() => console.log('ended')));`),
  ['ended']);
});

test('a program whose log is false or empty has none', async () => {
  for (const log of ['false', '\'\'']) {
    assert.deepEqual(await printed(`
      const client = mqtt.connect(\`mqtt://127.0.0.1:\${port}\`, { log: ${log} });
      client.on('connect', () => client.end(() => console.log('ended')));`), ['ended']);
  }
});

test('a program ends when a refused client does not try again', async () => {
  const refusing = await listen({ connect: () => ({ cmd: 'connack', returnCode: 5 }) });
  assert.deepEqual(await printed(`${CONNECT} client.on('error', ({ code }) => console.log(code));`,
    { port: refusing.port }), ['5']);
  await refusing.close();
});

test('a program ends when a lost client does not reconnect', async () => {
  assert.deepEqual(await printed(`
    const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 0 });
    client.on('error', ({ code }) => console.log(code)).on('close', () => console.log('closed'));`),
  ['ECONNREFUSED', 'closed']);
});

test('a program ends when its client is to connect by hand, and never does', async () => {
  assert.deepEqual(await printed(`
    mqtt.connect(\`mqtt://127.0.0.1:\${port}\`, { manualConnect: true });
    console.log('made');`), ['made']);
});

// Thousands are made in one process: what few of them need is not theirs from the beginning.
test('a client that is made as the one before takes a kilobyte of JavaScript at most', async () => {
  const [bytes] = await printed(`
    require('node:v8').setFlagsFromString('--expose-gc');
    const collect = require('node:vm').runInNewContext('gc');
    const clients = [];
    const make = (count) => {
      for (let i = 0; i < count; i += 1) {
        const clientId = 'kilobyte-' + clients.length;
        clients.push(mqtt.connect('mqtt://127.0.0.1:1', { clientId, manualConnect: true }));
      }
    };
    const held = async () => {
      for (let i = 0; i < 3; i += 1) {
        await new Promise(setImmediate);
        collect();
      }
      return process.memoryUsage().heapUsed;
    };
    const measure = async () => {
      make(500);
      const before = await held();
      make(5000);
      console.log((await held() - before) / 5000);
      process.exit();
    };
    measure();`);
  assert.ok(bytes > 0 && bytes < 1024, `${bytes} bytes`);
});

test('unref() lets a program end while it is connected', async () => {
  assert.deepEqual(await printed(`${CONNECT}
    client.on('connect', () => { console.log('connected'); client.unref(); });`), ['connected']);
});

test('an error that nobody listens to does not end the program', async () => {
  assert.deepEqual(await printed(`
    const client = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 20 });
    let count = 0;
    client.on('reconnect', () => {
      count += 1;
      if (count === 3) client.end(() => console.log('ended'));
    });`),
  ['ended']);
});

test('nothing is rejected that nobody could catch', async () => {
  assert.deepEqual(await printed(`${CONNECT}
    client.publishAsync('a', 'b', { qos: 1 })
      .then(() => client.subscribeAsync('#/a')).catch((error) => console.log(error.message))
      .then(() => client.endAsync()).then(() => console.log('ended'));`,
  { args: ['--unhandled-rejections=strict'] }), ['Invalid topic #/a', 'ended']);
});

// Who opens a pipe that nobody writes to waits for ever. Node.js itself opens it, where it has the
// system's authorities and is to add others to them.
test('a client without TLS reads no certificates', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-'));
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.deepEqual(await printed(`${CONNECT}
    client.on('connect', () => client.end(() => console.log('ended')));`,
  { env: { SSL_CERT_FILE: pipe, NODE_EXTRA_CA_CERTS: '' } }), ['ended']);
  fs.rmSync(folder, { recursive: true });
});

test('a client of a worker ends with it', async () => {
  assert.deepEqual(await printed(`
    const { Worker } = require('node:worker_threads');
    const worker = new Worker(\`
      const mqtt = require(\${JSON.stringify(LIB)});
      const { parentPort } = require('node:worker_threads');
      const client = mqtt.connect('mqtt://127.0.0.1:\${port}');
      client.on('connect', () => parentPort.postMessage('connected'));\`, { eval: true });
    worker.on('message', (message) => { console.log(message); worker.terminate(); });
    worker.on('exit', () => console.log('gone'));`), ['connected', 'gone']);
});

test('process.exit in a listener ends the program at once', async () => {
  assert.deepEqual(await printed(`${CONNECT}
    client.on('connect', () => { console.log('connected'); process.exit(0); });`), ['connected']);
});
