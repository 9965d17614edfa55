'use strict';
// What the process does with clients in it: how it ends, worker threads,
// several copies, and what nobody refers to any more.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Worker } = require('node:worker_threads');
const mosquitto = require('../support/mosquitto');
const { run } = require('./support/program');
const { delay, event } = require('./support/wait');

const LIB = path.join(__dirname, '..', '..', 'lib');
const ROUNDS = Number(process.env.MIDGE_TEST_ROUNDS || 10);

let broker;
const workers = [];

before(async () => {
  broker = await mosquitto.start();
});

after(async () => {
  await Promise.all(workers.map((worker) => worker.terminate()));
  await broker.stop();
});

// Publishes and receives all it can, from when it is connected on.
const traffic = `
  const client = new mqtt(null, null, null, true, 60000, true);
  client.on('received', () => {});
  function go(topic) {
    for (let i = 0; i < 200; i += 1) {
      client.publish(i % 3, false, topic, Buffer.alloc(100));
    }
    timer = setTimeout(go, 1, topic);
  }
  let timer;
  client.connect('127.0.0.1', port, () => {
    const topic = 'process/' + client.client_id;
    client.subscribe(2, topic, () => go(topic));
  });
`;

test('an open client keeps the process alive, disconnect lets it end',
  async () => {
    const { code, out, err } = await run(`
      const client = new mqtt(null, null, null, true, 0, true);
      client.connect('127.0.0.1', port, () => {
        setTimeout(() => {
          console.log('alive');
          client.disconnect(() => console.log('disconnected'));
        }, 300).unref();
      });`, { port: broker.port });
    assert.deepEqual([code, out, err], [0, 'alive\ndisconnected', '']);
  });

test('client.unref() lets the process end, ref() takes it back', async () => {
  const unref = await run(`
    const client = new mqtt(null, null, null, true, 0, true);
    client.unref();
    client.connect('127.0.0.1', port);
    client.on('connected', () => {});`, { port: broker.port });
  assert.deepEqual([unref.code, unref.err], [0, '']);
  const later = await run(`
    const client = new mqtt(null, null, null, true, 0, true);
    client.connect('127.0.0.1', port, () => client.unref());`,
  { port: broker.port });
  assert.deepEqual([later.code, later.err], [0, '']);
  const ref = await run(`
    const client = new mqtt(null, null, null, true, 0, true);
    client.connect('127.0.0.1', port);
    client.unref();
    client.ref();
    client.on('connected', () => { console.log('ref'); client.disconnect(); });
    `, { port: broker.port });
  assert.deepEqual([ref.code, ref.out, ref.err], [0, 'ref', '']);
});

test('a client that is never connected keeps nothing alive', async () => {
  const { code, out } = await run(`
    const client = new mqtt(null, null, null, true, 0, true);
    client.on('started', () => console.log('started'));`);
  assert.deepEqual([code, out], [0, 'started']);
});

test('started is told to each client, whatever a listener throws', async () => {
  const { out } = await run(`
    let thrown = 0;
    process.on('uncaughtException', () => { thrown += 1; });
    const clients = [1, 2, 3].map(() => new mqtt(null, null, null, true, 0, true));
    let started = 0;
    for (const client of clients) {
      client.on('started', () => {
        started += 1;
        throw new Error('of a listener');
      });
    }
    process.on('exit', () => console.log(started, thrown));
  `);
  assert.equal(out, '3 3');
});

test('an open client that nobody refers to goes on', async () => {
  const { code, out, err } = await run(`
    (() => {
      const client = new mqtt(null, null, null, true, 0, true);
      client.connect('127.0.0.1', port, () => client.subscribe(0, 'nobody/a', subscribed));
      client.on('received', (mid, topic, message) => {
        console.log(message.toString());
        client.disconnect();
      });
    })();
    const other = new mqtt(null, null, null, true, 0, true);
    other.connect('127.0.0.1', port);
    function subscribed() {
      setTimeout(() => {
        for (let i = 0; i < 10; i += 1) global.gc();
        setTimeout(() => {
          other.publish(1, false, 'nobody/a', 'heard', () => other.disconnect());
        }, 100);
      }, 100);
    }`, { port: broker.port, args: ['--expose-gc'] });
  assert.deepEqual([code, out, err], [0, 'heard', '']);
});

test('a session that was given up, once it is freed, ends no client that came later', async () => {
  const { code, out, err } = await run(`
    const { once } = require('node:events');
    const { Session } = require(LIB + '/session');
    const { giveUp } = Session.prototype;
    let left = 0;
    const registry = new FinalizationRegistry(() => { left -= 1; });
    Session.prototype.giveUp = function register(isClosed) {
      left += 1;
      registry.register(this);
      giveUp.call(this, isClosed);
    };
    async function open() {
      const client = new mqtt(null, null, null, true, 0, true);
      client.connect('127.0.0.1', port);
      await once(client, 'connected');
      return client;
    }
    (async () => {
      const first = [];
      for (let i = 0; i < 20; i += 1) {
        const client = await open();
        client.disconnect();
        client.connect('localhost', port);
        await once(client, 'connected');
        first.push(client);
      }
      const later = [];
      for (let i = 0; i < 40; i += 1) later.push(await open());
      for (let round = 0; left > 0 && round < 100; round += 1) {
        global.gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const all = [...first, ...later];
      console.log(left, all.filter((client) => client.publish(0, false, 'a', 'b') !== 0).length);
      for (const client of all) client.disconnect();
    })();`, { port: broker.port, args: ['--expose-gc'] });
  assert.deepEqual([code, out, err], [0, '0 0', '']);
});

test('clients that nobody refers to are freed', async () => {
  const { code, out, err } = await run(`
    const native = require(LIB + '/native');
    const { close } = native;
    let closed = 0;
    native.close = (index) => {
      closed += 1;
      return close(index);
    };
    let left = 300;
    let made = 0;
    const registry = new FinalizationRegistry(() => { left -= 1; });
    function next() {
      if (made === 300) return check(0);
      made += 1;
      const client = new mqtt(null, null, null, true, 0, true);
      registry.register(client);
      client.connect('127.0.0.1', port, () => client.disconnect(next));
    }
    function check(round) {
      global.gc();
      const isOver = left <= 5 && closed >= 295;
      if (isOver || round === 100) console.log(isOver, made, closed <= made);
      else setTimeout(check, 20, round + 1);
    }
    next();`, { port: broker.port, args: ['--expose-gc'] });
  assert.deepEqual([code, out, err], [0, 'true 300 true', '']);
});

const ends = {
  'process.exit': ['process.exit(7);', 7],
  'process.exit in a callback':
    ["client.on('received', () => process.exit(7));", 7],
  'an uncaught exception': ["throw new Error('mine');", 1],
  'an uncaught exception in a callback':
    ["client.on('received', () => { throw new Error('mine'); });", 1],
  'a rejection nobody handles': ["Promise.reject(new Error('mine'));", 1],
  'process.abort': ['process.abort();', null],
  'a signal': ["process.kill(process.pid, 'SIGTERM');", null],
  'calls after exit began': [`process.on('exit', () => {
    client.publish(1, false, 't', 'm');
    client.subscribe(1, 't');
    client.disconnect();
    client.connect('127.0.0.1', port);
    new mqtt(null, null, null, true, 0, false).connect('127.0.0.1', port);
  }); process.exit(7);`, 7],
};
for (const [name, [text, expected]] of Object.entries(ends)) {
  test(`${name} with traffic in flight`, async () => {
    for (let round = 0; round < Math.min(3, ROUNDS); round += 1) {
      const wait = [30, 120, 300][round];
      const { code, signal, err } = await run(
        `${traffic} setTimeout(() => { ${text} }, ${wait});`,
        { port: broker.port });
      if (expected !== null) assert.deepEqual([code, signal], [expected, null], err);
      else assert.match(signal, /SIG(ABRT|TERM)/);
    }
  });
}

const workerText = (text) => `
  const mqtt = require(${JSON.stringify(LIB)});
  const { parentPort, workerData } = require('node:worker_threads');
  const port = workerData;
  ${text}`;

function startWorker(text) {
  const worker = new Worker(workerText(text),
    { eval: true, workerData: broker.port });
  workers.push(worker);
  return worker;
}

test('works in a worker thread, which ends after disconnect', async () => {
  const worker = startWorker(`
    const client = new mqtt(null, null, null, true, 0, true);
    client.connect('127.0.0.1', port, () => {
      client.subscribe(1, 'process/worker', () => {
        client.publish(1, false, 'process/worker', 'm');
      });
    });
    client.on('received', (mid, topic, message) => {
      parentPort.postMessage(message.toString());
      client.disconnect();
    });`);
  assert.deepEqual(await event(worker, 'message'), ['m']);
  assert.deepEqual(await event(worker, 'exit'), [0]);
});

test('workers terminated with traffic in flight', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const two = [startWorker(traffic), startWorker(traffic)];
    await Promise.all(two.map((worker) => event(worker, 'online')));
    await delay(20 + 40 * (round % 5));
    await Promise.all(two.map((worker) => worker.terminate()));
  }
});

test('process.exit inside a worker with traffic in flight', async () => {
  for (let round = 0; round < 3; round += 1) {
    const worker = startWorker(`${traffic}
      setTimeout(() => process.exit(5), ${50 + 50 * round});`);
    assert.deepEqual(await event(worker, 'exit'), [5]);
  }
});

test('an uncaught exception inside a worker ends the worker alone',
  async () => {
    const worker = startWorker(`${traffic}
      client.on('received', () => { throw new Error('in the worker'); });`);
    const [error] = await event(worker, 'error');
    assert.equal(error.message, 'in the worker');
  });

test('the main thread exits while workers have traffic in flight', async () => {
  const { code, err } = await run(`
    const { Worker } = require('node:worker_threads');
    for (let i = 0; i < 3; i += 1) {
      new Worker(${JSON.stringify(workerText(traffic))},
        { eval: true, workerData: port });
    }
    ${traffic}
    setTimeout(() => process.exit(3), 600);`, { port: broker.port });
  assert.deepEqual([code, err], [3, '']);
});

test('several copies in one process do not know of each other', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-copies-'));
  after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const addon = process.env.MIDGE_ADDON ||
    path.join(LIB, '..', 'build', 'addon', 'midge.node');
  for (const copy of ['a', 'b']) {
    fs.cpSync(LIB, path.join(folder, copy, 'lib'), { recursive: true });
    fs.copyFileSync(path.join(LIB, '..', 'package.json'),
      path.join(folder, copy, 'package.json'));
    fs.mkdirSync(path.join(folder, copy, 'build', 'addon'), { recursive: true });
    fs.copyFileSync(addon,
      path.join(folder, copy, 'build', 'addon', 'midge.node'));
  }
  const { code, out, err } = await run(`
    const { MIDGE_ADDON } = process.env;
    delete process.env.MIDGE_ADDON;
    const classes = ['a', 'b'].map((copy) =>
      require(${JSON.stringify(folder)} + '/' + copy + '/lib'));
    if (MIDGE_ADDON) process.env.MIDGE_ADDON = MIDGE_ADDON;
    for (const file of Object.keys(require.cache)) delete require.cache[file];
    classes.push(mqtt, require(LIB));
    let left = classes.length;
    console.log(new Set(classes).size);
    for (const one of classes) {
      const client = new one(null, null, null, true, 0, true);
      client.connect('127.0.0.1', port, () => {
        client.subscribe(1, 'copies/' + client.client_id, () => {
          client.publish(1, false, 'copies/' + client.client_id, 'm');
        });
      });
      client.on('received', () => client.disconnect(() => {
        left -= 1;
        if (left === 0) console.log('all');
      }));
    }`, { port: broker.port });
  assert.deepEqual([code, out, err], [0, '4\nall', '']);
});

test('beside https of Node: two copies of OpenSSL do not meet', async () => {
  const { code, out, err } = await run(`
    const crypto = require('node:crypto');
    const tls = require('node:tls');
    const client = new mqtt(null, null, null, true, 0, true);
    console.log(client.tls_opts_set('1', 'tlsv1.2', 'ECDHE+AESGCM'));
    console.log(crypto.createHash('sha256').update('x').digest('hex').length);
    tls.createSecureContext({ ciphers: 'ECDHE+AESGCM' });
    console.log(client.tls_psk_set('00ff', 'me', null));
    crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });`);
  assert.deepEqual([code, out, err], [0, '0\n64\n0', '']);
});

test('a thousand clients in one process share one thread', async () => {
  const { code, out, err } = await run(`
    const fs = require('node:fs');
    const threads = () => fs.readdirSync('/proc/self/task').length;
    const clients = Array.from({ length: 1000 }, () =>
      new mqtt(null, null, null, true, 0, true));
    const before = threads();
    let connected = 0;
    for (const client of clients) {
      client.connect('127.0.0.1', port, (result) => {
        connected += result === 'OK' ? 1 : 0;
        if (connected < clients.length) return;
        console.log(threads() - before <= 6);
        clients.forEach((one) => one.disconnect());
      });
    }
    process.on('exit', () => console.log(connected));`, { port: broker.port });
  assert.deepEqual([code, out, err], [0, 'true\n1000', '']);
});
