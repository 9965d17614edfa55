'use strict';
// What node:diagnostics_channel is told of clients, and that it is told nothing
// that nobody wants to hear.
const assert = require('node:assert/strict');
const diagnostics = require('node:diagnostics_channel');
const { afterEach, test } = require('node:test');
const mqtt = require('../../lib');
const { called, event, until } = require('../node/support/wait');
const { listen } = require('./support/broker');

const NAMES = ['connected', 'closed', 'publish', 'subscribe', 'unsubscribe', 'done', 'message'];

const open = []; // what is closed after the test
const subscriptions = [];

afterEach(async () => {
  for (const [name, listener] of subscriptions.splice(0)) {
    diagnostics.channel(name).unsubscribe(listener);
  }
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

// [channel, message] of everything that happens.
function listenToAll() {
  const told = [];
  for (const name of NAMES) {
    const listener = (message, channel) => {
      assert.equal(channel, `midge:${name}`);
      told.push([name, message]);
    };
    diagnostics.channel(`midge:${name}`).subscribe(listener);
    subscriptions.push([`midge:${name}`, listener]);
  }
  return told;
}

async function serve(rules) {
  const broker = await listen(rules);
  open.push(broker);
  return broker;
}

test('who hears of a request may make another one: each has its own id and outcome', async () => {
  const broker = await serve({});
  const client = mqtt.connect(broker.url);
  open.push(client);
  await event(client, 'connect');
  const mids = [];
  const traces = [];
  const listener = ({ mid, topic, filters }) => {
    mids.push(mid);
    if (topic === 'trace') return;
    traces.push(client.publishAsync('trace', String(topic ?? filters), { qos: 1 }));
  };
  for (const name of ['publish', 'subscribe']) {
    diagnostics.channel(`midge:${name}`).subscribe(listener);
    subscriptions.push([`midge:${name}`, listener]);
  }
  for (const qos of [0, 1]) {
    const packet = await client.publishAsync('job', 'x', { qos });
    if (qos === 1) {
      assert.equal(packet.topic, 'job');
      assert.equal(packet.messageId, mids[2]);
    }
  }
  await client.subscribeAsync('filter');
  for (const packet of await Promise.all(traces)) assert.equal(packet.topic, 'trace');
  assert.deepEqual(mids, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(broker.of('publish').map(({ topic, payload }) => `${topic} ${payload}`),
    ['job x', 'trace job', 'job x', 'trace job', 'trace filter']);
  await client.endAsync();
});

test('each channel tells of its part of a client\'s life', async () => {
  const broker = await serve({
    subscribe: ({ messageId }) => ({ cmd: 'suback', messageId, granted: [0x80] }),
  });
  const told = listenToAll();
  const client = mqtt.connect(broker.url, { reconnectPeriod: 20, clientId: 'told' });
  open.push(client);
  client.on('error', () => {});
  await event(client, 'connect');
  await client.publishAsync('a', 'x');
  await client.publishAsync('b', Buffer.from('y'), { qos: 1, retain: true });
  await assert.rejects(client.subscribeAsync('c'));
  await client.unsubscribeAsync('d');
  broker.current.send({ cmd: 'publish', topic: 'e', payload: 'z', qos: 1, messageId: 9 });
  await event(client, 'message');
  const again = called((done) => client.once('connect', done));
  broker.current.end();
  await again;
  await client.endAsync();
  assert.ok(told.every(([, message]) => message.client === client));
  const lines = told.map(([name, { client: owner, payload, error, connack, ...rest }]) => {
    assert.equal(owner, client);
    return [name, ...Object.values(rest), payload && String(payload), error?.code,
      connack?.clientId].filter((value) => value !== undefined);
  });
  assert.deepEqual(lines, [
    ['connected', 'told'],
    ['publish', 1, 'a', 0, false, 'x'],
    ['done', 1],
    ['publish', 2, 'b', 1, true, 'y'],
    ['done', 2],
    ['subscribe', 3, ['c']],
    ['done', 3, 'MIDGE_REASON_UNSPECIFIED_ERROR'],
    ['unsubscribe', 4, ['d']],
    ['done', 4],
    ['message', 'e', 1, false, 9, 'z'],
    ['closed', true, false, 'MIDGE_ELOST'],
    ['connected', 'told'],
    ['closed', false, true],
  ]);
});

test('the class tells of itself too', async () => {
  const broker = await serve();
  const told = listenToAll();
  const client = new mqtt('class', null, null, true, 60000, true);
  client.connect('127.0.0.1', broker.port);
  await event(client, 'connected');
  client.publish(0, false, 'a', 'x');
  client.publish(1, false, 'a', 'x');
  await until(() => told.filter(([name]) => name === 'done').length === 2);
  await called((done) => client.disconnect(done));
  assert.deepEqual(told.map(([name]) => name),
    ['connected', 'publish', 'publish', 'done', 'done', 'closed']);
  assert.ok(told.every(([, message]) => message.client === client));
});

test('what nobody listens to is not made', async () => {
  const broker = await serve();
  const client = mqtt.connect(broker.url);
  open.push(client);
  for (const name of NAMES) {
    assert.equal(diagnostics.channel(`midge:${name}`).hasSubscribers, false);
  }
  const { publish } = diagnostics.Channel.prototype;
  let count = 0;
  diagnostics.Channel.prototype.publish = () => { count += 1; };
  try {
    await event(client, 'connect');
    await client.publishAsync('a', 'x', { qos: 1 });
  } finally {
    diagnostics.Channel.prototype.publish = publish;
  }
  assert.equal(count, 0);
});
