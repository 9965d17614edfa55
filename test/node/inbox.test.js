'use strict';
// The durable inbox: what was received is in the store once, and is told to the program until it
// has acknowledged it, by the same key in each life.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { until } = require('./support/wait');

const KILLS = Number(process.env.MIDGE_TEST_KILLS || 6);
const PROGRAM = path.join(__dirname, 'support/receiver.js');
const ENOUGH = 150; // deliveries of a life, before it is killed
const WINDOW = 200; // publishes that are not done
const LAST = KILLS * 2 * ENOUGH;

function folderOf(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-inbox-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}

function linesOf(file) {
  const text = fs.readFileSync(file, 'utf8');
  return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').slice(0, -1)
    .map((line) => line.split(' '));
}

async function publisher(t, port) {
  const client = new mqtt('', null, null, true, 60000, true);
  client.connect('127.0.0.1', port);
  await once(client, 'connected');
  t.after(async () => {
    client.disconnect();
    await once(client, 'disconnected');
  });
  return client;
}

// Publishes so many numbers more with QoS 1 and 2.
function flooder(client) {
  let number = 0;
  let last = 0;
  let unfinished = 0;
  const next = () => {
    while (number < last && unfinished < WINDOW) {
      number += 1;
      unfinished += 1;
      client.publish(1 + number % 2, false, 'in', `${number}`, (mid, error) => {
        assert.ifError(error);
        unfinished -= 1;
        next();
      });
    }
  };
  return (more) => {
    last += more;
    next();
  };
}

for (const api of ['class', 'connect']) {
  test(`a receiver that is killed ${KILLS} times has every message, QoS 2 by one key: ${api}`,
    { timeout: 240000 + KILLS * 5000 }, async (t) => {
      const broker = await mosquitto.start();
      t.after(() => broker.stop());
      const folder = folderOf(t);
      const file = path.join(folder, 'received');
      fs.writeFileSync(file, '');
      const live = () => {
        const child = spawn(process.execPath,
          [PROGRAM, api, broker.port, path.join(folder, 'store'), file], { stdio: 'inherit' });
        t.after(() => child.kill('SIGKILL'));
        return child;
      };
      const client = await publisher(t, broker.port);
      const flood = flooder(client);
      for (let kill = 0; kill < KILLS; kill += 1) {
        const before = linesOf(file).length;
        const child = live();
        const exit = once(child, 'exit');
        if (kill === 0) {
          // Its subscription is there when it hears of one.
          await until(() => {
            if (child.exitCode !== null) return true;
            client.publish(1, false, 'in', '0');
            return linesOf(file).length > 0;
          });
        }
        flood(2 * ENOUGH);
        await until(() => child.exitCode !== null || linesOf(file).length >= before + ENOUGH);
        child.kill('SIGKILL');
        assert.deepEqual(await exit, [null, 'SIGKILL']);
      }
      const last = live();
      await until(() => last.exitCode !== null ||
        new Set(linesOf(file).map(([, , number]) => number)).size > LAST); // and 0
      last.kill('SIGKILL');

      const keys = new Map(); // of each number
      const numbers = new Map(); // of each key
      for (const [key, , number] of linesOf(file)) {
        if (!keys.has(number)) keys.set(number, new Set());
        keys.get(number).add(key);
        assert.equal(numbers.get(key) ?? number, number, `${key} is of two messages`);
        numbers.set(key, number);
      }
      for (let number = 1; number <= LAST; number += 1) {
        const of = keys.get(`${number}`);
        assert.ok(of, `${number} of ${LAST} is lost`);
        if (number % 2 === 1) assert.equal(of.size, 1, `${number} of QoS 2: ${[...of]}`);
      }
    });
}

function receiver(store, options) {
  return new mqtt('receiver', null, null, false, 60000, true,
    { store, manualAcks: true, protocolVersion: 5,
      properties: { sessionExpiryInterval: 3600 }, ...options });
}

function collect(client) {
  const seen = [];
  client.on('received', (...message) => seen.push(message));
  return seen;
}

async function disconnect(client) {
  const closed = once(client, 'disconnected');
  assert.equal(client.disconnect(), 0);
  await closed;
}

async function open(client, port) {
  client.connect('127.0.0.1', port);
  client.subscribe(2, 'in');
  await once(client, 'subscribed');
}

test('what is not acknowledged is told again, first and by the same key', async (t) => {
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const store = { path: path.join(folderOf(t), 'store'), inbox: true };
  const sender = await publisher(t, broker.port);
  const first = receiver(store);
  const seen = collect(first);
  await open(first, broker.port);
  for (const qos of [2, 1, 0]) sender.publish(qos, false, 'in', `${qos}`);
  await until(() => seen.length === 3);
  const key = (payload) => seen.find((message) => `${message[2]}` === payload)?.[6];
  assert.match(key('2'), /^\d+:\d+:\d+$/);
  assert.equal(key('0'), undefined);
  assert.equal(first.acknowledge(key('2')), 0);
  assert.equal(first.acknowledge(key('2')), mqtt.errors.EINVAL);
  await disconnect(first);

  const second = receiver(store);
  const again = collect(second);
  await open(second, broker.port);
  sender.publish(2, false, 'in', 'new');
  await until(() => again.length === 2);
  assert.deepEqual(again.map((message) => `${message[2]}`), ['1', 'new']);
  assert.equal(again[0][6], key('1'));
  for (const message of again) assert.equal(second.acknowledge(message[0]), 0);
  await disconnect(second);

  const third = receiver(store);
  const nothing = collect(third);
  await open(third, broker.port);
  sender.publish(1, false, 'in', 'last');
  await until(() => nothing.length === 1);
  assert.equal(`${nothing[0][2]}`, 'last');
  await disconnect(third);
});

test('past maxInboxBytes nothing more comes until something is acknowledged', async (t) => {
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const store = { path: path.join(folderOf(t), 'store'), inbox: true, maxInboxBytes: 1 };
  const sender = await publisher(t, broker.port);
  const client = receiver(store);
  const seen = collect(client);
  await open(client, broker.port);
  for (let number = 0; number < 20; number += 1) {
    sender.publish(1 + number % 2, false, 'in', `${number}`);
  }
  for (let number = 0; number < 20; number += 1) {
    await until(() => seen.length > number);
    // Another turn of both loops: nothing else has come.
    assert.equal(sender.publish(1, false, 'elsewhere', ''), 0);
    await once(sender, 'published');
    assert.equal(seen.length, number + 1);
    assert.equal(client.acknowledge(seen[number][6]), 0);
  }
  await disconnect(client);
});

test('mqtt.connect acknowledges what was handled, and only that', async (t) => {
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const store = { path: path.join(folderOf(t), 'store'), inbox: true };
  const sender = await publisher(t, broker.port);
  const options = { clientId: 'receiver', clean: false, store };
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, options);
  let keys = [];
  client.handleMessage = (packet, done) => {
    keys.push(packet.deliveryKey);
    if (`${packet.payload}` === 'handled') done();
  };
  await client.subscribeAsync('in', { qos: 2 });
  for (const payload of ['handled', 'stuck', 'behind it']) sender.publish(2, false, 'in', payload);
  await until(() => keys.length === 2);
  await client.endAsync();
  const [, stuck] = keys;
  keys = [];
  const payloads = [];
  const next = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, options);
  next.on('message', (topic, payload, packet) => {
    keys.push(packet.deliveryKey);
    payloads.push(`${payload}`);
  });
  await until(() => keys.length === 2);
  assert.deepEqual(payloads, ['stuck', 'behind it']);
  assert.equal(keys[0], stuck);
  await next.endAsync();
});

test('an inbox needs acknowledgement by hand, and answers by itself', () => {
  const store = { path: '/nowhere', inbox: true };
  assert.throws(() => receiver(store, { manualAcks: false }), /options\.store\.inbox/);
  assert.throws(() => receiver({ ...store, inbox: 1 }), /options\.store\.inbox/);
  assert.throws(() => receiver({ ...store, maxInboxBytes: 0 }), /options\.store\.maxInboxBytes/);
  assert.throws(() => receiver({ ...store, inboxes: true }), /inbox/);
  assert.throws(() => mqtt.connect('mqtt://127.0.0.1:1', { clientId: 'a', clean: false, store,
    customHandleAcks: () => {} }), /"customHandleAcks" does not go with "store.inbox"/);
});
