'use strict';
// Clients that are made one after the other with the same options share what was
// found out for the first of them, and nobody notices.
const assert = require('node:assert/strict');
const { after, afterEach, before, test } = require('node:test');
const mqtt = require('../../lib');
const { event, until } = require('../node/support/wait');
const { listen } = require('./support/broker');

let broker;
const clients = [];

before(async () => {
  broker = await listen();
});

afterEach(() => {
  for (const client of clients.splice(0)) client.end(true);
  broker.seen.length = 0;
});

after(() => broker.close());

function connect(options) {
  const client = mqtt.connect(broker.url, options);
  clients.push(client);
  return client;
}

async function connected(options) {
  const client = connect(options);
  await event(client, 'connect');
  return client;
}

const seen = (clientId) => broker.of('connect').filter((packet) => packet.clientId === clientId);

test('each client is who it is', async () => {
  for (const at of [1, 2, 3]) {
    const who = { clientId: `client ${at}`, username: `user ${at}`, password: `secret ${at}` };
    const client = await connected({ ...who, reconnectPeriod: 0, keepalive: 30 });
    const { clientId, username, password } = client.options;
    assert.deepEqual({ clientId, username, password }, who);
    const [packet] = seen(who.clientId);
    assert.equal(packet.username, who.username);
    assert.equal(String(packet.password), who.password);
  }
});

test('clients without an identifier each have another one', async () => {
  for (let count = 0; count < 3; count += 1) await connected({ reconnectPeriod: 0 });
  const ids = broker.of('connect').map(({ clientId }) => clientId);
  assert.equal(new Set(ids).size, 3);
});

test('an option that differs counts', async () => {
  for (const keepalive of [30, 30, 40, 40]) {
    const client = await connected({ clientId: `${clients.length}`, keepalive });
    assert.equal(client.options.keepalive, keepalive);
  }
  await connected({ clientId: '4', keepalive: 40, clean: false });
  const packets = broker.of('connect').map(({ keepalive, clean }) => [keepalive, clean]);
  assert.deepEqual(packets, [[30, true], [30, true], [40, true], [40, true], [40, false]]);
});

test('what a program changes in one client is its own', async () => {
  const options = (clientId) => ({ clientId, manualConnect: true, reconnectPeriod: 10 });
  const [first, second, third] = ['first', 'second', 'third'].map((id) => connect(options(id)));
  second.options.username = 'me';
  second.options.my = 'own';
  for (const client of [first, second, third]) {
    client.connect();
    await event(client, 'connect');
  }
  assert.deepEqual(broker.of('connect').map(({ username }) => username),
    [undefined, 'me', undefined]);
  assert.equal(third.options.my, undefined);
});

test('an object among the options is read for each client', async () => {
  const properties = { sessionExpiryInterval: 5 };
  const options = (clientId) => ({ clientId, protocolVersion: 5, properties });
  await connected(options('first'));
  await connected(options('second'));
  properties.sessionExpiryInterval = 6;
  await connected(options('third'));
  assert.deepEqual(broker.of('connect').map((packet) => packet.properties.sessionExpiryInterval),
    [5, 5, 6]);
});

test('the caller\'s own object is read again, of each client', async () => {
  const all = ['first', 'second', 'third'].map((clientId) =>
    ({ clientId, username: clientId, reconnectPeriod: 10 }));
  for (const options of all) await connected(options);
  const { current } = broker;
  all[2].username = 'another';
  all[2].keepalive = 7;
  current.end();
  await until(() => seen('third').length === 2);
  const [, { username, keepalive }] = seen('third');
  assert.deepEqual({ username, keepalive }, { username: 'another', keepalive: 7 });
  assert.equal(all[1].username, 'second');
});

test('a password that was changed counts at the next attempt', async () => {
  const options = (clientId) => ({ clientId, username: 'me', password: 'a', reconnectPeriod: 10 });
  await connected(options('first'));
  const client = await connected(options('second'));
  client.options.password = 'b';
  broker.current.end();
  await until(() => seen('second').length === 2);
  assert.deepEqual(seen('second').map(({ password }) => String(password)), ['a', 'b']);
});

test('one connection is made, however it is asked for', async () => {
  const options = (clientId) => ({ clientId, manualConnect: true, reconnectPeriod: 10 });
  connect(options('none'));
  const client = connect(options('one'));
  client.reconnect();
  await event(client, 'connect');
  for (let times = 2; times < 4; times += 1) {
    await client.endAsync();
    client.reconnect();
    await event(client, 'connect');
    assert.equal(seen('one').length, times);
  }
  await client.endAsync();
  client.connect();
  await event(client, 'connect');
  assert.equal(seen('one').length, 4);
  assert.equal(client.stats().attempts, 4);
});

test('its stream can be dropped before it is connected', async () => {
  const options = (clientId) => ({ clientId, manualConnect: true, reconnectPeriod: 10 });
  connect(options('none'));
  const client = connect(options('one'));
  client.connect();
  const { stream } = client;
  stream.destroy();
  await event(client, 'close');
  await event(client, 'connect');
  assert.notEqual(client.stream, stream);
  assert.equal(stream.destroyed, true);
});
