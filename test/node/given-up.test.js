'use strict';
// What comes of a connect that was given up meanwhile, and of one that has
// ended by itself; where the next one goes to.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { listen } = require('./support/server');
const { called, delay, event, until } = require('./support/wait');

const idle = new Int32Array(new SharedArrayBuffer(4));

function make(t, options) {
  const client = new mqtt('given-up', null, null, true, 60000, true, options);
  t.after(() => client.disconnect());
  return client;
}

async function start(t, answers) {
  const server = await listen(answers);
  t.after(() => server.stop());
  return server;
}

// Every result that is told from here on.
function record(client) {
  const heard = [];
  client.on('connected', (result) => heard.push(`connected ${result}`));
  client.on('disconnected', (result) => heard.push(`disconnected ${result}`));
  return heard;
}

test('a connection that came before the goodbye was heard is not told', async (t) => {
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const client = make(t);
  const heard = record(client);
  client.connect('127.0.0.1', broker.port, () => heard.push('connect called back'));
  Atomics.wait(idle, 0, 0, 500); // it is there, and nobody has heard
  assert.equal(client.connected, false);
  assert.equal(client.disconnect((result) => heard.push(`ended ${result}`)), 0);
  await until(() => heard.length > 0);
  await delay(100);
  assert.deepEqual(heard, ['ended OK', 'disconnected OK']);
});

test('a loss that came before the goodbye was heard is not told', async (t) => {
  const server = await start(t);
  const client = make(t);
  await called((done) => client.connect('127.0.0.1', server.port, done));
  const heard = record(client);
  server.cut();
  Atomics.wait(idle, 0, 0, 500); // it is lost, and nobody has heard
  assert.equal(client.disconnect(), 0);
  await until(() => heard.length > 0);
  await delay(100);
  assert.deepEqual(heard, ['disconnected OK']);
});

test('after a refusal that cannot heal one may connect again', async (t) => {
  let returnCode = 5;
  const server = await start(t, {
    connect(packet, connection) {
      connection.send({ cmd: 'connack', returnCode, sessionPresent: false });
    },
  });
  const client = make(t, { protocolVersion: 4 });
  const ended = event(client, 'disconnected');
  client.connect('127.0.0.1', server.port);
  await ended;
  returnCode = 0;
  const [result] = await called((done) =>
    assert.equal(client.connect('127.0.0.1', server.port, done), 0));
  assert.equal(result, 'OK');
  assert.equal(client.connected, true);
});

test('connect elsewhere goes there', async (t) => {
  const here = await start(t);
  const there = await start(t);
  const client = make(t);
  await called((done) => client.connect('127.0.0.1', here.port, done));
  client.disconnect();
  await called((done) => client.connect('127.0.0.1', there.port, done));
  assert.equal(here.got('connect').length, 1);
  assert.equal(there.got('connect').length, 1);
  client.disconnect();
  await called((done) => client.connect('127.0.0.1', here.port, done));
  assert.equal(here.got('connect').length, 2);
  assert.equal(there.got('connect').length, 1);
});

test('the port of a URL counts before the argument', async (t) => {
  const server = await start(t);
  const client = make(t);
  const [result] = await called((done) =>
    client.connect(`mqtt://127.0.0.1:${server.port}`, 1, done));
  assert.equal(result, 'OK');
});

test('a zone is looked for as it is written', async (t) => {
  const client = make(t, { reconnectPeriod: 0 });
  const [, error] = await called((done) => client.connect('fe80::1%25x', 1883, done));
  assert.match(error.message, /fe80::1%25x/);
});
