'use strict';
// Programs whose timers and clock are not those of the system, as in tests that fake them.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { run } = require('../node/support/program');
const { start } = require('./support/clients');

// What a framework puts in the place of each never calls.
const STOPPED = `
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) {
    globalThis[name] = () => ({ ref() {}, unref() {} });
  }
  process.nextTick = () => {};
  Date.now = performance.now = () => 0;`;

async function printed(text) {
  const { broker: { port } } = await start();
  const { code, signal, out, err } = await run(text, { port, limit: 60000 });
  assert.deepEqual({ code, signal, err }, { code: 0, signal: null, err: '' });
  return out.split('\n');
}

test('messages, answers and the end come while the program\'s timers are faked', async () => {
  assert.deepEqual(await printed(`${STOPPED}
    const client = mqtt.connect(\`mqtt://127.0.0.1:\${port}\`);
    let count = 0;
    client.on('message', (topic) => {
      count += 1;
      if (count === 1000) client.end(() => console.log('ended'));
    });
    client.on('connect', () => {
      client.subscribe('a', { qos: 1 }, () => {
        for (let i = 0; i < 1000; i++) client.publish('a', 'b', { qos: i % 2 });
        client.publish('a', {}, (error) => console.log(error.code));
      });
    });`), ['ERR_INVALID_ARG_TYPE', 'ended']);
});

test('the class goes on while the program\'s timers are faked', async () => {
  assert.deepEqual(await printed(`${STOPPED}
    const client = new mqtt.mqtt('', '', '', true, 60000, true);
    client.on('started', () => console.log('started'));
    client.on('received', () => client.disconnect(() => console.log('ended')));
    client.connect('127.0.0.1', port, () => {
      client.subscribe(1, 'a', () => client.publish(0, false, 'a', 'b'));
    });`), ['started', 'ended']);
});

test('a call that blocks does not fail when the clock is set', async () => {
  assert.deepEqual(await printed(`
    let time = 0;
    Date.now = () => { time += 3600000; return time; };
    const client = new mqtt.mqtt('', '', '', true, 60000, false, { timeout: 10000 });
    console.log(client.connect('127.0.0.1', port));
    console.log(client.disconnect());`), ['0', '0']);
});
