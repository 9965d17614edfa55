'use strict';
// Who listens late: messages wait for a listener, unacknowledged, for a time.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { once } = require('node:events');
const mqtt = require('../../lib');
const { run } = require('./support/program');
const { listen } = require('./support/server');
const { called, delay, event, until } = require('./support/wait');

const payloads = (server, cmd) => server.got(cmd).length;

// Sends those payloads with QoS 1 right behind CONNACK, as a server does that
// has kept them.
function keeping(...kept) {
  return listen({
    connect(packet, connection) {
      connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
      kept.forEach((payload, at) => connection.send({
        cmd: 'publish', qos: 1, messageId: at + 1, topic: 't', payload }));
    },
  });
}

async function start(t, server, options, asynchronous = true) {
  const client = new mqtt('late', null, null, true, 0, asynchronous, options);
  t.after(async () => {
    client.disconnect();
    await server.stop();
  });
  return client;
}

const heardBy = (client, heard) =>
  client.on('received', (mid, topic, message) => heard.push(String(message)));

test('a listener that comes behind an await of connected hears everything',
  async (t) => {
    const server = await keeping('a', 'b', 'c');
    const client = await start(t, server);
    const heard = [];
    client.connect('127.0.0.1', server.port);
    await once(client, 'connected');
    heardBy(client, heard);
    await until(() => heard.length === 3);
    assert.deepEqual(heard, ['a', 'b', 'c']);
    await until(() => payloads(server, 'puback') === 3);
  });

test('a listener of the last turn hears what one of before hears', async (t) => {
  const server = await keeping('a');
  const client = await start(t, server);
  const early = [];
  const late = [];
  heardBy(client, early);
  client.connect('127.0.0.1', server.port);
  await once(client, 'connected');
  assert.deepEqual(early, []);
  heardBy(client, late);
  await until(() => early.length === 1);
  assert.deepEqual(late, ['a']);
});

test('while nobody listens messages are held and not acknowledged',
  async (t) => {
    const server = await keeping('a', 'b');
    const client = await start(t, server, { holdTimeout: 600000 });
    await called((done) => client.connect('127.0.0.1', server.port, done));
    // Its answer comes behind the messages.
    await called((done) => client.subscribe(1, 't', done));
    await delay(50);
    assert.equal(payloads(server, 'puback'), 0);
    const heard = [];
    client.publish(0, false, 'u', 'm', null,
      (mid, topic, message) => heard.push(String(message)));
    await until(() => heard.length === 2);
    await until(() => payloads(server, 'puback') === 2);
  });

test('holdTimeout lets messages go that nobody hears, with one warning',
  async () => {
    const server = await keeping('a', 'b');
    const { code, out, err } = await run(`
      const client = new mqtt('late', null, null, true, 0, true,
        { holdTimeout: 50 });
      client.connect('127.0.0.1', port);
      process.on('warning', ({ code }) => {
        console.log(code);
        setTimeout(() => client.disconnect(), 100);
      });`, { port: server.port, args: ['--no-warnings'] });
    assert.deepEqual([code, out, err], [0, 'MIDGE_UNHEARD', '']);
    await until(() => payloads(server, 'puback') === 2);
    await server.stop();
  });

test('a program that only publishes is not warned', async () => {
  const server = await listen();
  const { code, out, err } = await run(`
    const client = new mqtt('mute', null, null, true, 0, true,
      { holdTimeout: 1 });
    client.connect('127.0.0.1', port);
    client.publish(1, false, 't', 'm', () =>
      setTimeout(() => client.disconnect(), 100));`, { port: server.port });
  assert.deepEqual([code, out, err], [0, '', '']);
  await server.stop();
});

test('removing the last listener holds again', async (t) => {
  const server = await listen();
  const client = await start(t, server, { holdTimeout: 600000 });
  const heard = [];
  const listener = (mid, topic, message) => heard.push(String(message));
  client.on('received', listener);
  await called((done) => client.connect('127.0.0.1', server.port, done));
  const send = (messageId, payload) =>
    server.send({ cmd: 'publish', qos: 1, messageId, topic: 't', payload });
  send(1, 'a');
  await until(() => payloads(server, 'puback') === 1);
  for (const remove of ['off', 'removeAllListeners']) {
    heard.length = 0;
    if (remove === 'off') client.off('received', listener);
    else client.removeAllListeners();
    // It takes a turn to leave, and reaches the connection before the publish.
    await new Promise(setImmediate);
    await called((done) => client.publish(1, false, 'u', 'm', done));
    const acknowledged = payloads(server, 'puback');
    send(2, 'b');
    await called((done) => client.publish(1, false, 'u', 'm', done));
    await delay(50);
    assert.equal(payloads(server, 'puback'), acknowledged, remove);
    client.on('received', listener);
    await until(() => payloads(server, 'puback') === acknowledged + 1 && heard.length > 0);
    assert.deepEqual(heard, ['b']);
  }
});

test('one listener after the other loses nothing', async (t) => {
  const all = Array.from({ length: 50 }, (_, at) => String(at));
  const server = await keeping(...all);
  const client = await start(t, server);
  client.connect('127.0.0.1', server.port);
  const heard = [];
  while (heard.length < all.length) {
    heard.push(String((await event(client, 'received'))[2]));
  }
  assert.deepEqual(heard, all);
});

test('every connection holds its messages for late listeners', async (t) => {
  const server = await keeping('kept');
  const client = await start(t, server,
    { reconnectPeriod: 10, holdTimeout: 600000 });
  for (let round = 1; round <= 3; round += 1) {
    if (round === 1) client.connect('127.0.0.1', server.port);
    else server.cut();
    await event(client, 'connected');
    await called((done) => client.publish(1, false, 'u', 'm', done));
    assert.equal(payloads(server, 'puback'), round - 1);
    const [, , message] = await event(client, 'received');
    assert.equal(String(message), 'kept');
    await until(() => payloads(server, 'puback') === round);
  }
});

test('a blocking client that listens late hears everything', async () => {
  const server = await keeping('a', 'b');
  for (const when of ['before', 'after', 'behind once']) {
    const { code, out, err } = await run(`
      const { once } = require('node:events');
      const client = new mqtt('late', null, null, true, 0, false);
      const heard = [];
      const listen = () => client.on('received', (mid, topic, message) => {
        if (heard.push(String(message)) < 2) return;
        console.log(heard.join());
        client.disconnect();
      });
      (async () => {
        if (${when === 'before'}) listen();
        client.connect('127.0.0.1', port);
        client.publish(1, false, 'u', 'm');
        if (${when === 'after'}) listen();
        if (${when === 'behind once'}) {
          await once(client, 'connected');
          listen();
        }
      })();`, { port: server.port });
    assert.deepEqual([code, out, err], [0, 'a,b', ''], when);
  }
  await server.stop();
});
