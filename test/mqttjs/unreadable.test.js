'use strict';
// Options that change while the client lives, into what cannot be read or is none.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { called, until } = require('../node/support/wait');
const { uncaught } = require('../node/support/uncaught');
const { listen } = require('./support/broker');

let broker;
const clients = [];

before(async () => {
  broker = await listen();
});

after(async () => {
  for (const client of clients) client.end(true);
  await broker.close();
});

// Errors are events like any other here.
function event(client, name) {
  return called((done) => client.once(name, done));
}

async function connected(options) {
  const client = mqtt.connect(broker.url, { reconnectPeriod: 20, ...options });
  clients.push(client);
  await event(client, 'connect');
  return client;
}

// An option of the caller's own object that throws as long as `isBroken()`.
function throwing(name, isBroken) {
  const { hostname: host, port } = new URL(broker.url);
  const options = { host, port, reconnectPeriod: 20, [name]: undefined };
  return Object.defineProperty(options, name, {
    enumerable: true,
    get() {
      if (isBroken()) throw new Error('of the program');
      return name === 'reconnectPeriod' ? 20 : undefined;
    },
  });
}

for (const name of ['password', 'reconnectPeriod', 'of the program']) {
  test(`an option that throws is an error of its attempt: ${name}`, async () => {
    let isBroken = false;
    const client = mqtt.connect(throwing(name, () => isBroken));
    clients.push(client);
    await event(client, 'connect');
    isBroken = true;
    const told = ['offline', 'close', 'error'].map((one) => event(client, one));
    broker.current.end();
    const [, , [error]] = await Promise.all(told);
    assert.equal(error.message, 'of the program');
    await event(client, 'error');
    isBroken = false;
    await event(client, 'connect');
  });
}

test('who throws at the error of an attempt does not stop the attempts', async () => {
  await uncaught(async (thrown) => {
    const client = await connected({ will: { topic: 'gone', payload: '' } });
    client.once('error', () => {
      throw new Error('of the listener');
    });
    client.options.will = { topic: 'a/#', payload: '' };
    broker.current.end();
    await until(() => thrown.length > 0);
    client.options.will = undefined;
    await event(client, 'connect');
    assert.deepEqual(thrown, ['of the listener']);
  });
});

test('reconnectPeriod that has become what is none ends the attempts', async () => {
  for (const reconnectPeriod of [Symbol('none'), {}, NaN, -1, 10n]) {
    const client = await connected();
    client.options.reconnectPeriod = reconnectPeriod;
    broker.current.end();
    await event(client, 'close');
    assert.equal(client.reconnecting, false);
  }
});

test('reconnectPeriod that has become longer than a timer lasts is no hurry', async () => {
  const client = await connected();
  client.options.reconnectPeriod = Infinity;
  broker.current.end();
  await event(client, 'close');
  const attempts = broker.of('connect').length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(broker.of('connect').length, attempts);
});
