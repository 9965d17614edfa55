'use strict';
// Test runners load a module again and again, each time with its own globals, but
// an addon only once in a process: each copy of lib/ is a copy of its own.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mosquitto = require('../support/mosquitto');
const { run } = require('./support/program');
const { listen } = require('./support/server');
const { until } = require('./support/wait');

let broker;

before(async () => {
  broker = await mosquitto.start();
});

after(() => broker.stop());

const support = `
  const Module = require('node:module');
  const fs = require('node:fs');
  const path = require('node:path');
  const vm = require('node:vm');

  function reload() {
    for (const file of Object.keys(require.cache)) {
      if (!file.endsWith('.node')) delete require.cache[file];
    }
    return require(LIB);
  }

  // Its own module registry and globals; what is native comes from outside.
  function isolated() {
    const context = vm.createContext({ Buffer, process, setTimeout, clearTimeout,
      setImmediate, clearImmediate, queueMicrotask, URL, AbortController, AbortSignal });
    const loaded = new Map();
    const load = (file) => {
      if (!path.isAbsolute(file) || file.endsWith('.node')) return require(file);
      if (file.endsWith('.json')) return JSON.parse(fs.readFileSync(file));
      if (loaded.has(file)) return loaded.get(file).exports;
      const module = { exports: {} };
      loaded.set(file, module);
      const inside = Module.createRequire(file);
      vm.runInContext(Module.wrap(fs.readFileSync(file, 'utf8')), context, { filename: file })
        .call(module.exports, module.exports, (id) => load(inside.resolve(id)), module,
          file, path.dirname(file));
      return module.exports;
    };
    return load(path.join(LIB, 'index.js'));
  }

  // One message of its own, whose topic the addon has not seen, and the one before.
  async function exchange(client, topics) {
    for (const topic of topics) {
      const arrived = new Promise((resolve) => {
        client.once('message', (name, payload) => resolve(name + ' ' + payload));
      });
      await client.subscribeAsync(topic);
      await client.publishAsync(topic, 'x', { qos: 1 });
      console.log(await arrived);
    }
  }

  const open = (copy) => copy.connectAsync({ host: '127.0.0.1', port });
  `;

for (const [how, load] of [['is required anew', 'reload'], ['has its own globals', 'isolated']]) {
  test(`a copy of lib/ that ${how} leaves those before it as they were`, async () => {
    const { code, out, err } = await run(`${support}
      (async () => {
        const first = await open(mqtt);
        await exchange(first, ['a', 'b']);
        for (let i = 0; i < 3; i += 1) {
          const client = await open(${load}());
          await exchange(client, ['b', 'c' + i]);
          await exchange(first, ['d' + i]);
          await client.endAsync();
        }
        await first.endAsync();
      })();`, { port: broker.port });
    const lines = ['a', 'b', 'b', 'c0', 'd0', 'b', 'c1', 'd1', 'b', 'c2', 'd2'];
    assert.deepEqual([code, out, err], [0, lines.map((topic) => `${topic} x`).join('\n'), '']);
  });
}

test('many copies listen to the process once', async () => {
  const { code, out, err } = await run(`${support}
    for (let i = 0; i < 12; i += 1) reload();
    const count = (name) => process.listenerCount(name);
    console.log(count('exit'), count('uncaughtExceptionMonitor'));`);
  assert.deepEqual([code, out, err], [0, '1 1', '']);
});

test('each of them says goodbye when the process ends', async () => {
  const server = await listen();
  after(() => server.stop());
  const { code, err } = await run(`${support}
    (async () => {
      const clients = [await open(mqtt), await open(reload()), await open(reload())];
      clients.forEach((client) => client.end());
      process.exit(7);
    })();`, { port: server.port });
  assert.deepEqual([code, err], [7, '']);
  await until(() => server.got('disconnect').length === 3, 'three goodbyes');
});

test('a copy without clients has no thread once another is loaded, and then has one again',
  async () => {
    const { code, out, err } = await run(`${support}
      const threads = () => fs.readdirSync('/proc/self/task').length;
      async function visit(copy) {
        await (await open(copy)).endAsync();
      }
      (async () => {
        const before = threads();
        for (const copy of [mqtt, reload(), reload()]) await visit(copy);
        console.log(threads() - before);
        do {
          gc();
          await new Promise(setImmediate);
          reload();
        } while (threads() > before);
        const client = await open(mqtt);
        await exchange(client, ['again']);
        await client.endAsync();
      })();`, { port: broker.port, args: ['--expose-gc'] });
    assert.deepEqual([code, out, err], [0, '3\nagain x', '']);
  });

test('nor does one without clients keep a descriptor', async () => {
  const { code, out, err } = await run(`${support}
    const polls = () => fs.readdirSync('/proc/self/fd').filter((name) => {
      try {
        return fs.readlinkSync('/proc/self/fd/' + name).includes('eventpoll');
      } catch {
        return false; // it was that of the folder
      }
    }).length;
    (async () => {
      const before = polls();
      for (const copy of [mqtt, reload(), reload()]) await (await open(copy)).endAsync();
      console.log(polls() > before);
      do {
        gc();
        await new Promise(setImmediate);
        reload();
      } while (polls() > before);
    })();`, { port: broker.port, args: ['--expose-gc'] });
  assert.deepEqual([code, out, err], [0, 'true', '']);
});

test('copies that were left open end with the process', async () => {
  const { code, signal, out, err } = await run(`${support}
    (async () => {
      for (let i = 0; i < 3; i += 1) (await open(reload())).publish('left', Buffer.alloc(5000));
      console.log('open');
      process.exit(0);
    })();`, { port: broker.port });
  assert.deepEqual([code, signal, out, err], [0, null, 'open', '']);
});

test('and with a worker', async () => {
  const { code, signal, out, err } = await run(`
    const { Worker } = require('node:worker_threads');
    const text = 'const LIB = ' + JSON.stringify(LIB) + ', port = ' + port + ';' +
      ${JSON.stringify(support)} +
      '(async () => { for (let i = 0; i < 3; i += 1) await open(reload());' +
      ' require("node:worker_threads").parentPort.postMessage("open"); })();';
    const worker = new Worker(text, { eval: true });
    worker.on('message', (words) => { console.log(words); worker.terminate(); });
    worker.on('exit', () => console.log('ended'));`, { port: broker.port });
  assert.deepEqual([code, signal, out, err], [0, null, 'open\nended', '']);
});
