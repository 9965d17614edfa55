'use strict';
// Time limits of requests: ttl, timeout, signal; and offlineTimeout.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { listen } = require('./support/server');
const { called, delay, event, until } = require('./support/wait');

const { EINVAL, EEXPIRED, ETIMEOUT, ECANCELLED } = mqtt.errors;

const kinds = {
  publish: (client, limits, done) =>
    client.publish(1, false, 't', 'm', done, null, limits),
  subscribe: (client, limits, done) =>
    client.subscribe(1, 't', (mid, granted, error) => done(mid, error), null, limits),
  unsubscribe: (client, limits, done) => client.unsubscribe('t', done, limits),
};
const silent = { publish: false, subscribe: false, unsubscribe: false };

function make(t, options) {
  const client = new mqtt('limits', null, null, true, 0, true,
    { reconnectPeriod: 20, reconnectPeriodMax: 20, ...options });
  t.after(() => client.disconnect(null, { force: true }));
  return client;
}

async function connected(t, answers, options) {
  const server = await listen(answers);
  t.after(() => server.stop());
  const client = make(t, options);
  await called((done) => client.connect('127.0.0.1', server.port, done));
  return { server, client };
}

for (const [name, request] of Object.entries(kinds)) {
  test(`${name}: timeout ends a request that is not answered`, async (t) => {
    for (const protocolVersion of [4, 5]) {
      const { client } = await connected(t, silent, { protocolVersion });
      const [mid, error] = await called((done) =>
        assert.equal(request(client, { timeout: 50 }, done), 0));
      assert.deepEqual([mid, error.errno], [1, ETIMEOUT]);
    }
  });

  test(`${name}: ttl ends a request that cannot be sent`, async (t) => {
    const client = make(t, { offlineTimeout: 0 });
    client.connect('127.0.0.1', await mosquitto.freePort());
    const [, error] = await called((done) =>
      assert.equal(request(client, { ttl: 50 }, done), 0));
    assert.equal(error.errno, EEXPIRED);
  });

  test(`${name}: a signal ends it, once`, async (t) => {
    const { client } = await connected(t, silent);
    const control = new AbortController();
    const errors = [];
    assert.equal(request(client, { signal: control.signal },
      (mid, error) => errors.push(error.errno)), 0);
    await delay(20);
    assert.deepEqual(errors, []);
    control.abort();
    control.abort();
    await until(() => errors.length > 0);
    await delay(20);
    assert.deepEqual(errors, [ECANCELLED]);
  });

  test(`${name}: a signal that is aborted refuses the call`, async (t) => {
    const { client } = await connected(t);
    const signal = AbortSignal.abort();
    assert.equal(request(client, { signal }, () => {}), ECANCELLED);
    assert.match(client.last_error.message, /signal/);
    assert.equal(client.mid, 0);
  });

  test(`${name}: a limit is a number that can be, a signal is one`, async (t) => {
    const { client } = await connected(t);
    for (const limit of ['ttl', 'timeout']) {
      for (const value of [-1, NaN, Infinity, 2 ** 32]) {
        assert.equal(request(client, { [limit]: value }, () => {}), EINVAL);
        assert.match(client.last_error.message, /milliseconds/);
      }
      for (const value of ['1', {}, true]) {
        assert.throws(() => request(client, { [limit]: value }, () => {}),
          { code: 'ERR_INVALID_ARG_TYPE', message: new RegExp(limit) });
      }
    }
    for (const value of [1, 'x', {}, () => {}]) {
      assert.throws(() => request(client, { signal: value }, () => {}),
        { code: 'ERR_INVALID_ARG_TYPE', message: /signal/ });
    }
    assert.equal(request(client, { ttl: 0, timeout: null, signal: undefined },
      () => {}), 0);
  });
}

test('a signal is let go when its request has its outcome', async (t) => {
  const { client } = await connected(t);
  let listeners = 0;
  const signal = {
    aborted: false,
    addEventListener() { listeners += 1; },
    removeEventListener() { listeners -= 1; },
  };
  for (const request of Object.values(kinds)) {
    const outcome = called((done) => request(client, { signal }, done));
    assert.equal(listeners, 1);
    await outcome;
    assert.equal(listeners, 0);
  }
});

test('limits stand beside the properties of MQTT 5', async (t) => {
  const { server, client } = await connected(t, {}, { protocolVersion: 5 });
  await called((done) => client.publish(1, false, 't', 'm', done, null,
    { ttl: 5000, timeout: 60000, contentType: 'x', userProperties: { a: 'b' } }));
  const { properties } = server.got('publish')[0];
  assert.equal(properties.contentType, 'x');
  assert.deepEqual({ ...properties.userProperties }, { a: 'b' });
  assert.equal(properties.messageExpiryInterval, 5);
});

test('what was sent when its timeout came ends its flow by itself', async (t) => {
  const held = [];
  const { client, server } = await connected(t, {
    publish: (packet, connection) => held.push([packet, connection]),
  });
  for (let timeout = 30; held.length === 0; timeout *= 2) { // until one was sent in it
    const [, error] = await called((done) =>
      client.publish(2, false, 't', 'm', done, null, { timeout }));
    assert.equal(error.errno, ETIMEOUT);
  }
  const [[{ messageId }, connection]] = held;
  connection.send({ cmd: 'pubrec', messageId });
  await until(() => server.got('pubrel').length === 1);
});

test('offlineTimeout: a request without a connection is told once, and sent ' +
  'when there is one', async (t) => {
  const port = await mosquitto.freePort();
  const client = make(t, { offlineTimeout: 100 });
  const told = [];
  const note = (name) => (...args) =>
    told.push([name, args[0], args.find((arg) => arg?.errno)?.errno]);
  for (const name of ['published', 'subscribed', 'unsubscribed']) {
    client.on(name, (mid) => told.push([name, mid]));
  }
  client.connect('127.0.0.1', port);
  client.publish(1, false, 't', 'm', note('publish'));
  client.subscribe(1, 't', note('subscribe'));
  client.unsubscribe('t', note('unsubscribe'));
  await until(() => told.length === 3);
  assert.deepEqual(told, [['publish', 1, ETIMEOUT], ['subscribe', 2, ETIMEOUT],
    ['unsubscribe', 3, ETIMEOUT]]);
  const server = await listen({}, port);
  t.after(() => server.stop());
  await until(() => told.length === 6);
  assert.deepEqual(told.slice(3).sort(),
    [['published', 1], ['subscribed', 2], ['unsubscribed', 3]]);
});

test('offlineTimeout counts from the call and from the loss', async (t) => {
  const { server, client } = await connected(t, { publish: false },
    { offlineTimeout: 400, reconnectPeriod: 600000 });
  let told = 0;
  client.publish(1, false, 't', 'm', (mid, error) => {
    assert.equal(error.errno, ETIMEOUT);
    told = performance.now();
  });
  await delay(500);
  assert.equal(told, 0, 'there is a connection');
  const gone = event(client, 'disconnected');
  server.cut();
  await gone;
  const lost = performance.now();
  await until(() => told !== 0);
  assert.ok(told - lost > 390, `${told - lost}`);
  told = 0;
  const start = performance.now();
  client.publish(1, false, 't', 'm', () => { told = performance.now(); });
  await until(() => told !== 0);
  assert.ok(told - start > 390, `${told - start}`);
});

test('offlineTimeout 0: never; and none after disconnect', async (t) => {
  const client = make(t, { offlineTimeout: 0 });
  client.connect('127.0.0.1', await mosquitto.freePort());
  let told = 0;
  client.publish(1, false, 't', 'm', () => { told += 1; });
  const lasting = new mqtt('lasting', null, null, false, 0, true,
    { offlineTimeout: 50 });
  lasting.connect('127.0.0.1', await mosquitto.freePort());
  lasting.publish(1, false, 't', 'm', () => { told += 1; });
  await called((done) => lasting.disconnect(done));
  await delay(300);
  assert.equal(told, 0);
});

test('offlineTimeout is not what a blocked loop has missed', async (t) => {
  const server = await listen();
  t.after(() => server.stop());
  const client = make(t, { offlineTimeout: 1500 });
  const results = [];
  client.connect('127.0.0.1', server.port);
  client.publish(1, false, 't', 'm', (mid, error) => results.push(error));
  await delay(0);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
  await until(() => results.length > 0);
  assert.deepEqual(results, [undefined]);
});
