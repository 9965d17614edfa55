'use strict';
// How long a request may take, who may end it, and the ends of clients.
const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { afterEach, test } = require('node:test');
const mqtt = require('../../lib');
const { called } = require('../node/support/wait');
const { listen } = require('./support/broker');

const open = []; // what is closed after the test

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

// It accepts a client, and answers nothing else.
async function serve(rules = { publish: () => {}, subscribe: () => {}, unsubscribe: () => {} }) {
  const broker = await listen(rules);
  open.push(broker);
  return broker;
}

async function connect(broker, options) {
  const client = await mqtt.connectAsync(broker.url, options);
  client.on('error', () => {});
  open.push(client);
  return client;
}

// Each of the three, with these options.
function requests(client, options) {
  return [
    client.publishAsync('a', 'x', { qos: 1, ...options }),
    client.subscribeAsync('a', options),
    client.unsubscribeAsync('a', options),
  ];
}

async function codes(promises) {
  const outcomes = await Promise.allSettled(promises);
  return outcomes.map(({ reason }) => reason?.code);
}

test('what is not answered in time fails with MIDGE_ETIMEOUT', async () => {
  const client = await connect(await serve());
  assert.deepEqual(await codes(requests(client, { timeout: 50 })),
    Array(3).fill('MIDGE_ETIMEOUT'));
});

test('a signal of many requests has one listener, and none when they are done', async () => {
  const silent = await connect(await serve());
  const client = await connect(await serve({}));
  const { signal, abort } = (() => {
    const controller = new AbortController();
    return { signal: controller.signal, abort: () => controller.abort() };
  })();
  const publish = (who) =>
    Array.from({ length: 12 }, () => who.publishAsync('a', 'x', { qos: 1, signal }));
  const answered = publish(client);
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  await Promise.all(answered);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  const cancelled = [...publish(silent), ...publish(client)];
  await Promise.all(cancelled.slice(12));
  abort();
  assert.deepEqual(await codes(cancelled.slice(0, 12)), Array(12).fill('MIDGE_ECANCELLED'));
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('what cannot be sent in time fails with MIDGE_EEXPIRED', async () => {
  const broker = await serve({ connect: () => {} });
  const client = mqtt.connect(broker.url);
  open.push(client);
  assert.deepEqual(await codes(requests(client, { ttl: 50 })), Array(3).fill('MIDGE_EEXPIRED'));
});

test('ttl is the message expiry of MQTT 5', async () => {
  const broker = await serve({});
  const client = await connect(broker, { protocolVersion: 5 });
  await client.publishAsync('a', 'x', { qos: 1, ttl: 60000 });
  assert.equal(broker.of('publish')[0].properties.messageExpiryInterval, 60);
});

test('an AbortSignal ends requests, before and after they were sent', async () => {
  const broker = await serve();
  const client = await connect(broker);
  const controller = new AbortController();
  const under = codes(requests(client, { signal: controller.signal }));
  await broker.saw('unsubscribe');
  controller.abort();
  assert.deepEqual(await under, Array(3).fill('MIDGE_ECANCELLED'));
  assert.deepEqual(await codes(requests(client, { signal: controller.signal })),
    Array(3).fill('MIDGE_ECANCELLED'));
  assert.equal(broker.of('publish').length, 1);
});

test('limits that cannot be fail the request, and are not thrown', async () => {
  const client = await connect(await serve());
  assert.deepEqual(await codes(requests(client, { ttl: -1 })), Array(3).fill('MIDGE_EINVAL'));
  for (const wrong of [{ timeout: '1' }, { signal: {} }]) {
    assert.deepEqual(await codes(requests(client, wrong)), Array(3).fill('ERR_INVALID_ARG_TYPE'));
  }
});

// Answers CONNECT when it is told to.
async function slowly() {
  let accept;
  const broker = await serve({
    connect: (packet, connection) => {
      accept = () => connection.send(broker.answers.connect(packet));
    },
  });
  return { broker, accept: async () => broker.saw('connect').then(() => accept()) };
}

test('coalesce: without a connection only the newest of a topic waits', async () => {
  const { broker, accept } = await slowly();
  const client = mqtt.connect(broker.url);
  open.push(client);
  const publish = (topic, payload, coalesce) =>
    client.publishAsync(topic, payload, { qos: 1, coalesce });
  const outcomes = codes([publish('a', '1', true), publish('b', '2', true),
    publish('a', '3', false), publish('a', '4', true), publish('a', '5', true)]);
  // Its end says that those before it have been taken up.
  await assert.rejects(client.publishAsync('c', 'x', { qos: 1, ttl: 1 }),
    { code: 'MIDGE_EEXPIRED' });
  await accept();
  assert.deepEqual(await outcomes,
    ['MIDGE_EREPLACED', undefined, undefined, 'MIDGE_EREPLACED', undefined]);
  assert.deepEqual(broker.of('publish').map(({ payload }) => String(payload)), ['2', '3', '5']);
  await Promise.all(['6', '7'].map((payload) => publish('a', payload, true)));
  assert.deepEqual(broker.of('publish').slice(3).map(({ payload }) => String(payload)),
    ['6', '7']);
  assert.deepEqual(await codes([publish('a', '8', 1)]), ['ERR_INVALID_ARG_TYPE']);
});

test('the class coalesces too', async () => {
  const { broker, accept } = await slowly();
  const client = new mqtt('class', null, null, true, 60000, true);
  client.connect('127.0.0.1', broker.port);
  const ends = [];
  const publish = (payload) => called((done) => client.publish(1, false, 'a', payload, done,
    undefined, { coalesce: true })).then(([, error]) => ends.push([payload, error?.errno]));
  const all = Promise.all(['1', '2', '3'].map(publish));
  const [, late] = await called((done) =>
    client.publish(1, false, 'c', 'x', done, undefined, { ttl: 1 }));
  assert.equal(late.code, 'MIDGE_EEXPIRED');
  await accept();
  await all;
  const { EREPLACED } = mqtt.errors;
  assert.deepEqual(ends, [['1', EREPLACED], ['2', EREPLACED], ['3', undefined]]);
  assert.throws(() => client.publish(1, false, 'a', 'x', null, null, { coalesce: 'yes' }),
    { code: 'ERR_INVALID_ARG_TYPE', message: /coalesce/ });
  await called((done) => client.disconnect(done));
});

test('an AbortSignal ends the wait for a connection', async () => {
  const broker = await serve({ connect: () => {} });
  const controller = new AbortController();
  const connecting = mqtt.connectAsync(broker.url, { signal: controller.signal });
  await broker.saw('connect');
  controller.abort(new Error('too slow'));
  await assert.rejects(connecting, (error) => error.name === 'AbortError' &&
    error.cause.message === 'too slow');
  await broker.left();
  await assert.rejects(mqtt.connectAsync(broker.url, { signal: controller.signal }),
    { name: 'AbortError', code: 'ABORT_ERR' });
  await assert.rejects(mqtt.connectAsync({ port: broker.port, signal: AbortSignal.abort() }),
    { name: 'AbortError' });
  assert.equal(broker.of('connect').length, 1);
});

test('a signal that comes after the connection does nothing to it', async () => {
  const broker = await serve({});
  const controller = new AbortController();
  const client = await connect(broker, { signal: controller.signal });
  controller.abort();
  await client.publishAsync('a', 'x', { qos: 1 });
  assert.ok(client.connected);
});

test('an AbortSignal ends the wait of end() for what is unfinished', async () => {
  const broker = await serve();
  const client = await connect(broker, { closeTimeout: 60000 });
  const published = codes([client.publishAsync('a', 'x', { qos: 1 })]);
  await broker.saw('publish');
  const controller = new AbortController();
  const ended = client.endAsync({ signal: controller.signal });
  controller.abort();
  await ended;
  assert.deepEqual(await published, ['MIDGE_ECLOSED']);
  assert.equal(broker.of('disconnect').length, 0);
  const other = await connect(broker);
  await other.endAsync({ signal: controller.signal });
  assert.ok(other.disconnected);
});

test('a client is disposed of as it is ended', { skip: !Symbol.asyncDispose }, async () => {
  const broker = await serve({});
  const one = await connect(broker);
  await one[Symbol.asyncDispose]();
  assert.ok(one.disconnected);
  const two = await connect(broker);
  const ended = called((done) => two.once('end', done));
  two[Symbol.dispose]();
  await ended;
  assert.equal(broker.of('disconnect').length, 2);
});
