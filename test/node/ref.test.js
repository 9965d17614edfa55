'use strict';
// ref() and unref() of a client that is connected.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mosquitto = require('../support/mosquitto');
const { run } = require('./support/program');

let broker;

before(async () => {
  broker = await mosquitto.start();
});

after(() => broker.stop());

test('a connected client lets the process end from unref() on', async () => {
  const { code, out } = await run(`
    const client = new mqtt(null, null, null, true, 0, true);
    client.connect('127.0.0.1', port, () => {
      client.unref();
      console.log('connected');
    });`, { port: broker.port, limit: 30000 });
  assert.deepEqual([code, out], [0, 'connected']);
});

test('and keeps it from ref() on', async () => {
  const { code, out } = await run(`
    const client = new mqtt(null, null, null, true, 0, true);
    client.connect('127.0.0.1', port, () => {
      client.unref();
      client.ref();
      setTimeout(() => {
        console.log('still here');
        client.disconnect();
      }, 500).unref();
    });`, { port: broker.port, limit: 30000 });
  assert.deepEqual([code, out], [0, 'still here']);
});

// As Jest does it, for one, which reports what may keep the process alive.
test('who looks for what keeps the process alive finds a client while it is open', async () => {
  const { code, out } = await run(`
    const made = [];
    require('node:async_hooks').createHook({
      init: (id, type, trigger, resource) => type === 'midge' && made.push(resource),
    }).enable();
    for (const file in require.cache) delete require.cache[file];
    const look = () => console.log(made.length, made.some((one) => one.hasRef()));
    const client = new (require(LIB))(null, null, null, true, 0, true);
    client.connect('127.0.0.1', port, () => {
      look();
      client.disconnect(() => setImmediate(look));
    });`, { port: broker.port, limit: 30000 });
  assert.deepEqual([code, out], [0, '3 true\n3 false']);
});
