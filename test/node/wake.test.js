'use strict';
// How JavaScript is woken: by a handle of Node's own loop, and by Node-API's
// function where the runtime is, or may be, another one.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mosquitto = require('../support/mosquitto');
const { run } = require('./support/program');

let broker;

before(async () => {
  broker = await mosquitto.start();
});

after(() => broker.stop());

// Prints how many handles of the loop a client adds, and its own message.
const program = `
  process.report.excludeNetwork = true;
  const handles = () => process.report.getReport().libuv
    .filter(({ type }) => type === 'async').length;
  const before = handles();
  const client = new mqtt(null, null, null, true, 60000, true);
  client.on('received', (mid, topic, payload) => {
    console.log(handles() - before, String(payload));
    client.disconnect();
  });
  client.connect('127.0.0.1', port, () => {
    client.subscribe(0, client.client_id, () => {
      client.publish(0, false, client.client_id, 'arrived');
    });
  });`;

function pretend(what) {
  return `Object.defineProperty(process, '${what}', { value: { ...process.${what}, `;
}

const runtimes = {
  'Node': ['', 2],
  'what calls itself Bun': ['globalThis.Bun = {};', 1],
  'what calls itself Deno': ['globalThis.Deno = {};', 1],
  'what has a version of Bun': [`${pretend('versions')} bun: '1' } });`, 1],
  'what has a version of Deno': [`${pretend('versions')} deno: '1' } });`, 1],
  'a libuv that is not Node\'s': [`${pretend('versions')} uv: '1.0.0' } });`, 1],
  'a release of another name': [`${pretend('release')} name: 'other' } });`, 1],
};

for (const [name, [words, count]] of Object.entries(runtimes)) {
  test(`${name}: ${count === 2 ? 'its loop is rung' : 'the function is called'}`, async () => {
    const { code, out, err } = await run(words + program, { port: broker.port });
    assert.deepEqual([code, out, err], [0, `${count} arrived`, '']);
  });
}

// In the scope of a callback, of which Node's hooks and AsyncLocalStorage know.
test('a callback is one of Node\'s: what it leaves for later follows it at once', async () => {
  const { code, out, err } = await run(`
    const { executionAsyncId } = require('node:async_hooks');
    const client = new mqtt(null, null, null, true, 0, true);
    client.on('received', () => {
      console.log(executionAsyncId() > 0);
      process.nextTick(() => {
        console.log('tick');
        Promise.resolve().then(() => console.log('job')).then(() => client.disconnect());
      });
    });
    client.connect('127.0.0.1', port, () => {
      client.subscribe(0, client.client_id, () => {
        client.publish(0, false, client.client_id, 'x');
      });
    });`, { port: broker.port });
  assert.deepEqual([code, out, err], [0, 'true\ntick\njob', '']);
});

test('a callback is in no context of the call that opened the first client', async () => {
  const { code, out, err } = await run(`
    const { AsyncLocalStorage } = require('node:async_hooks');
    const storage = new AsyncLocalStorage();
    for (const name of ['first', 'second']) {
      storage.run(name, () => {
        const client = new mqtt(null, null, null, true, 0, true);
        client.connect('127.0.0.1', port, () => {
          console.log(storage.getStore());
          client.disconnect();
        });
      });
    }
    storage.run('third', () => {
      const client = new mqtt(null, null, null, true, 0, false);
      client.connect('127.0.0.1', port, () => console.log(storage.getStore()));
      client.disconnect();
    });`, { port: broker.port });
  assert.deepEqual([code, out, err], [0, Array(3).fill('undefined').join('\n'), '']);
});

const busy = `
  const client = new mqtt(null, null, null, true, 60000, true);
  client.on('received', () => client.publish(0, false, client.client_id, 'again'));
  client.connect('127.0.0.1', port, () => {
    client.subscribe(0, client.client_id, () => {
      for (let i = 0; i < 20; i += 1) client.publish(0, false, client.client_id, 'x');
      ready();
    });
  });`;

// Node ends the process if anything is left in the loop of a worker.
test('workers that end while they are woken leave nothing in their loop', async () => {
  const { code, signal, out, err } = await run(`
    const { Worker } = require('node:worker_threads');
    const text = \`
      const mqtt = require(\${JSON.stringify(LIB)});
      const { parentPort, workerData: { port, way } } = require('node:worker_threads');
      const ready = () => {
        parentPort.postMessage('ready');
        if (way === 'exit') process.exit(0);
        if (way === 'unref') client.unref();
        if (way === 'throw') throw new Error('mine');
      };${busy}\`;
    const ways = ['terminate', 'exit', 'unref', 'throw'];
    let left = 20;
    function next(number) {
      const way = ways[number % ways.length];
      const worker = new Worker(text, { eval: true, workerData: { port, way } });
      worker.on('message', () => { if (way === 'terminate') worker.terminate(); });
      worker.on('error', ({ message }) => { if (message !== 'mine') console.log(message); });
      worker.on('exit', () => {
        left -= 1;
        if (left >= 4) next(left);
        if (left === 0) console.log('all');
      });
    }
    for (let i = 0; i < 4; i += 1) next(i);`, { port: broker.port });
  assert.deepEqual([code, signal, out, err], [0, null, 'all', '']);
});
