'use strict';
// One client has much to receive, and another one of the same process has little.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const batch = require('../../lib/batch');
const mqttPacket = require('mqtt-packet');
const { listen } = require('./support/server');
const { called, until } = require('./support/wait');

const MUCH = 100 * 1024; // bytes, of messages of PAYLOAD bytes
const PAYLOAD = 61;
const SHARED_MAX = 256; // messages that JavaScript is given at a time then

// What the server sends to each of the two is written by `send` below.
async function start(t) {
  const connections = new Map();
  const server = await listen({
    connect({ clientId }, connection) {
      connections.set(clientId, connection);
      connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    },
  });
  t.after(() => server.stop());
  async function open(id, hear) {
    const client = new mqtt(id, null, null, true, 0, true, { protocolVersion: 4 });
    t.after(() => client.disconnect(null, { force: true }));
    client.on('received', (mid, topic, payload) => hear(payload));
    await called((done) => client.connect('127.0.0.1', server.port, done));
    return client;
  }
  return { server, open, send: (id, bytes) => connections.get(id).socket.write(bytes) };
}

function message(number) {
  const payload = String(number).padEnd(PAYLOAD, '.');
  return mqttPacket.generate({ cmd: 'publish', topic: 'beside/others', payload, qos: 0 });
}

// Whole messages that make `size` bytes or a little more, numbered from `first` on.
function messages(first, size) {
  const all = [];
  for (let left = size; left > 0; left -= all.at(-1).length) {
    all.push(message(first + all.length));
  }
  return { count: all.length, bytes: Buffer.concat(all) };
}

function number(payload) {
  assert.match(payload.toString(), /^\d+\.+$/);
  assert.equal(payload.length, PAYLOAD);
  return parseInt(payload, 10);
}

// The loop stands still until the reactor has read so much.
function waitForBytes(client, size) {
  const end = Date.now() + 60000;
  while (client.stats().bytes.received < size && Date.now() < end);
}

// Two clients, and how many messages each batch had.
async function pair(t) {
  const { open, send } = await start(t);
  const counts = new Map();
  let heard = 0;
  let sent = 0;
  const count = () => {
    counts.set(batch.current(), (counts.get(batch.current()) ?? 0) + 1);
    heard++;
  };
  const clients = { much: await open('much', count), little: await open('little', count) };
  // All of it waits for JavaScript, or most, while that stands still.
  async function tell(sendsLittle) {
    const { count: many, bytes } = messages(0, MUCH);
    const [before, beforeLittle] = [clients.much, clients.little]
      .map((client) => client.stats().bytes.received);
    send('much', bytes);
    waitForBytes(clients.much, before + MUCH / 2);
    if (sendsLittle) {
      send('little', message(0));
      waitForBytes(clients.little, beforeLittle + PAYLOAD);
    }
    sent += many + Number(sendsLittle);
    await until(() => heard === sent);
  }
  return { tell, counts };
}

// First: it takes a while until it is so again.
test('JavaScript is given much at a time', async (t) => {
  const { tell, counts } = await pair(t);
  for (let i = 0; i < 100 && Math.max(0, ...counts.values()) <= SHARED_MAX; i++) {
    await tell(false);
  }
  assert(Math.max(...counts.values()) > SHARED_MAX);
});

test('and less, once somebody else has little', async (t) => {
  const { tell, counts } = await pair(t);
  await tell(false);
  await tell(true);
  counts.clear();
  for (let i = 0; i < 20; i++) await tell(true);
  assert(counts.size > 1);
  assert(Math.max(...counts.values()) <= SHARED_MAX, [...counts.values()].join());
});

test('all of both comes whole and in order', async (t) => {
  const { open, send } = await start(t);
  let much = 0;
  let little = 0;
  await open('much', (payload) => assert.equal(number(payload), much++));
  await open('little', (payload) => assert.equal(number(payload), little++));
  let sent = 0;
  for (let round = 0; round < 300; round++) {
    const { count, bytes } = messages(sent, MUCH);
    sent += count;
    const cut = round * 7 % 50; // so that reads end anywhere in a message
    send('much', bytes.subarray(0, cut));
    send('much', bytes.subarray(cut));
    send('little', message(round));
    if (round % 10 === 9) await until(() => much === sent && little === round + 1);
  }
});
