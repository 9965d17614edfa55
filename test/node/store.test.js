'use strict';
// A session in a store: what was stored is delivered by the next client of the
// store, in order, and told under its old message id.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { event: once, until } = require('./support/wait');

// A directory of its own for each test, and a broker when it wants one.
function place(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-store-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, 'store');
}

function keeper(store, options) {
  // However slow the machine, no request is overdue.
  return new mqtt('keeper', null, null, false, 60000, true,
    { store, offlineTimeout: 0, ...options });
}

// Nobody listens there: what is published is stored, and waits.
const NOWHERE = 'unix:/nowhere/midge.sock';

async function disconnect(client) {
  const closed = once(client, 'disconnected');
  assert.equal(client.disconnect(null, { force: true }), 0);
  await closed;
}

function collect(client, event) {
  const seen = [];
  client.on(event, (...args) => seen.push(args));
  return seen;
}

// Stores messages '1' to `${count}` and leaves them.
async function leaveMessages(store, count, options) {
  const client = keeper(store, options);
  const stored = collect(client, 'stored');
  assert.equal(client.connect(NOWHERE), 0);
  for (let number = 1; number <= count; number += 1) {
    assert.equal(client.publish(1 + number % 2, false, 'kept', `${number}`), 0);
  }
  await until(() => stored.length === count);
  assert.deepEqual(stored.map(([mid]) => mid), Array.from({ length: count }, (_, at) => at + 1));
  await disconnect(client);
}

for (const durability of ['os', 'disk']) {
  for (const protocolVersion of [4, 5]) {
    test(`what was stored is sent by the next client (${durability}, ${protocolVersion})`,
      async (t) => {
        const broker = await mosquitto.start();
        t.after(() => broker.stop());
        const store = { path: place(t), durability };
        await leaveMessages(store, 20, { protocolVersion });

        const listener = new mqtt('', null, null, true, 60000, true);
        const received = collect(listener, 'received');
        listener.connect('127.0.0.1', broker.port);
        listener.subscribe(2, 'kept');
        await once(listener, 'subscribed');

        const client = keeper(store, { protocolVersion });
        const published = collect(client, 'published');
        const restored = once(client, 'restored');
        assert.equal(client.connect('127.0.0.1', broker.port), 0);
        assert.equal(client.publish(2, false, 'kept', '21'), 0);
        assert.equal(client.mid, 21);
        assert.deepEqual(await restored, [{ messages: 20, damaged: 0, stale: false }]);
        await until(() => published.length === 21);
        await until(() => received.length === 21);
        const numbers = Array.from({ length: 21 }, (_, at) => at + 1);
        // Each QoS in its order: the broker has one of QoS 2 at PUBREL.
        for (const qos of [1, 2]) {
          assert.deepEqual(received.filter((message) => message[3] === qos)
            .map(([, , message]) => Number(message)),
          numbers.filter((number) => 1 + number % 2 === qos));
        }
        assert.deepEqual(published.map(([mid]) => mid).sort((a, b) => a - b), numbers);
        await disconnect(client);
        await disconnect(listener);
      });
  }
}

test('a store has one client at a time, and is free when disconnected is told', async (t) => {
  const store = { path: place(t) };
  const first = keeper(store);
  assert.equal(first.connect(NOWHERE), 0);
  const second = keeper(store);
  assert.equal(second.connect(NOWHERE), mqtt.errors.ELOCKED);
  assert.match(second.last_error.message, /store ".*store" is open already, in this process/);
  assert.equal(second.last_error.code, 'MIDGE_ELOCKED');
  await disconnect(first);
  assert.equal(second.connect(NOWHERE), 0);
  await disconnect(second);
  assert.equal(first.publish(1, false, 't', 'x'), mqtt.errors.ENOCONN);
  assert.equal(first.connect(NOWHERE), 0);
  await disconnect(first);
});

test('what waits when its client disconnects ends with ECLOSED, and stays in the store',
  async (t) => {
    const store = { path: place(t) };
    const client = keeper(store);
    assert.equal(client.connect(NOWHERE), 0);
    const outcome = new Promise((resolve) => {
      client.publish(1, false, 't', 'x', (mid, error) => resolve([mid, error.code]));
    });
    await once(client, 'stored');
    await disconnect(client);
    assert.deepEqual(await outcome, [1, 'MIDGE_ECLOSED']);
    assert.equal(client.connect(NOWHERE), 0);
    const [restored] = await once(client, 'restored');
    assert.equal(restored.messages, 1);
    await disconnect(client);
  });

test('QoS 0 is not stored unless that is asked for', async (t) => {
  const store = { path: place(t) };
  const client = keeper(store);
  const stored = collect(client, 'stored');
  client.connect(NOWHERE);
  client.publish(0, false, 't', 'x');
  client.publish(1, false, 't', 'y');
  await once(client, 'stored');
  await disconnect(client);
  assert.deepEqual(stored, [[2]]);
});

test('what does not go with a store is said so', (t) => {
  const store = { path: place(t) };
  const clean = new mqtt('a', null, null, true, 60000, true, { store });
  assert.equal(clean.connect(NOWHERE), mqtt.errors.EINVAL);
  assert.match(clean.last_error.message, /a store keeps a session, and this one is clean/);
  const short = keeper(store,
    { protocolVersion: 5, properties: { sessionExpiryInterval: 0 } });
  assert.equal(short.connect(NOWHERE), mqtt.errors.EINVAL);
  assert.match(short.last_error.message, /give a session expiry interval/);
  const isFile = keeper({ path: __filename });
  assert.equal(isFile.connect(NOWHERE), mqtt.errors.EFOREIGN);
  assert.match(isFile.last_error.message, /is to be a directory, and a file is there/);
  for (const [wrong, words] of [
    [{}, /options\.store\.path/], [{ path: '' }, /the path of a directory/],
    [{ path: 'a\0b' }, /the path of a directory/],
    [{ path: 'a', durability: 'none' }, /'os' or 'disk'/],
    [{ path: 'a', force: 1 }, /options\.store\.force/],
    [{ path: 'a', qos0: 1 }, /options\.store\.qos0/],
    [{ paht: 'a' }, /"paht" of options\.store: did you mean "path"\?/], ['a', /options\.store/],
  ]) {
    assert.throws(() => keeper(wrong), words);
  }
});

test('a store of another program is refused', (t) => {
  const folder = place(t);
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'data.mdb'), 'x'.repeat(10000));
  const client = keeper({ path: folder });
  assert.equal(client.connect(NOWHERE), mqtt.errors.EFOREIGN);
});

test('damage is told, and what is whole is sent', async (t) => {
  const store = { path: place(t) };
  const client = keeper(store);
  const stored = collect(client, 'stored');
  client.connect(NOWHERE);
  for (const text of ['first-of-them', 'second-of-them', 'third-of-them']) {
    client.publish(1, false, 't', text);
  }
  await until(() => stored.length === 3);
  await disconnect(client);
  const file = path.join(store.path, 'data.mdb');
  const bytes = fs.readFileSync(file);
  for (let at = bytes.indexOf('second-of'); at >= 0; at = bytes.indexOf('second-of', at)) {
    bytes[at] = 'S'.charCodeAt(0);
  }
  fs.writeFileSync(file, bytes);
  client.connect(NOWHERE);
  assert.deepEqual(await once(client, 'restored'), [{ messages: 2, damaged: 1, stale: false }]);
  await disconnect(client);
});

// The first of the pages with messages whose loss `connect` does not see, but
// who reads the messages: some are of the tables that it looks at.
async function spoilTable(store) {
  const PAGE = 4096;
  const file = path.join(store.path, 'data.mdb');
  const whole = fs.readFileSync(file);
  for (let at = 2 * PAGE; at < whole.length; at += PAGE) {
    if (!whole.subarray(at, at + PAGE).includes('keptx')) continue;
    fs.writeFileSync(file, Buffer.from(whole).fill(0, at, at + PAGE));
    const client = keeper(store);
    if (client.connect(NOWHERE) !== 0) continue;
    const isSpoiled = await Promise.race([
      once(client, 'store').then(() => true), once(client, 'restored').then(() => false)]);
    await disconnect(client);
    if (isSpoiled) return;
  }
  assert.fail('no page of messages is needed');
}

async function spoiled(t) {
  const store = { path: place(t) };
  const client = keeper(store);
  const stored = collect(client, 'stored');
  client.connect(NOWHERE);
  for (let i = 0; i < 2000; i += 1) client.publish(1, false, 'keptx', `keptx ${i}`);
  await until(() => stored.length === 2000);
  await disconnect(client);
  await spoilTable(store);
  return store;
}

test('damaged tables are told, and hold nobody who ends', async (t) => {
  const client = keeper(await spoiled(t));
  const failed = collect(client, 'failed');
  const published = collect(client, 'published');
  assert.equal(client.connect(NOWHERE), 0, `${client.last_error}`);
  const early = client.publish(1, false, 'keptx', 'early'); // it may be known by then
  const [error] = await once(client, 'store');
  assert.equal(error.code, 'MIDGE_ESTORE');
  assert.match(error.message, /damaged.*move it away/);
  assert.equal(client.publish(1, false, 'keptx', 'late'), mqtt.errors.ESTORE);
  await disconnect(client);
  assert.deepEqual([...failed, ...published].map(([, why]) => why.code),
    early === 0 ? ['MIDGE_ESTORE'] : []);
});

test('damaged tables are an error of mqtt.connect, and hold nobody who ends', async (t) => {
  const store = await spoiled(t);
  const client = mqtt.connect('mqtt://127.0.0.1:1', { clientId: 'keeper', clean: false, store });
  const outcome = new Promise((resolve) => {
    client.publish('keptx', 'early', { qos: 1 }, resolve);
  });
  const [error] = await once(client, 'error');
  assert.equal(error.code, 'MIDGE_ESTORE');
  await client.endAsync();
  assert.equal((await outcome).code, 'MIDGE_ESTORE');
});

// What mosquitto has of a session is gone with it: it is not persistent.
test('subscriptions of a former life are renewed when the broker has lost them', async (t) => {
  const store = { path: place(t) };
  const life = async (use) => {
    const broker = await mosquitto.start();
    t.after(() => broker.stop());
    const client = keeper(store);
    const connected = once(client, 'connected');
    client.connect('127.0.0.1', broker.port);
    await connected;
    await use(client, broker);
    await disconnect(client);
    await broker.stop();
  };
  await life(async (client) => {
    for (const topic of ['kept/+', 'left']) {
      client.subscribe(1, topic);
      await once(client, 'subscribed');
    }
    client.unsubscribe('left');
    await once(client, 'unsubscribed');
  });
  await life(async (client, broker) => {
    const received = collect(client, 'received');
    const other = new mqtt('', null, null, true, 60000, true);
    other.connect('127.0.0.1', broker.port);
    const sent = setInterval(() => {
      other.publish(1, false, 'left', 'x');
      other.publish(1, false, 'kept/a', 'y');
    }, 20);
    await until(() => received.length > 2).finally(() => clearInterval(sent));
    assert.deepEqual([...new Set(received.map(([, topic]) => topic))], ['kept/a']);
    await disconnect(other);
  });
});

// A new session: what the broker has of the old one would be taken for what is
// sent now.
for (const how of ['an older day', 'another place']) {
  test(`a store from ${how} begins a new session`, async (t) => {
    const broker = await mosquitto.start();
    t.after(() => broker.stop());
    const store = { path: place(t) };
    const connack = async (client) => {
      const restored = once(client, 'restored');
      const opened = once(client, 'connected');
      client.connect('127.0.0.1', broker.port);
      await opened;
      return (await restored)[0].stale;
    };
    const first = keeper(store);
    assert.equal(await connack(first), false);
    await disconnect(first);
    const data = path.join(store.path, 'data.mdb');
    const copy = fs.readFileSync(data);
    const second = keeper(store);
    assert.equal(await connack(second), false);
    second.publish(1, false, 't', 'x');
    await once(second, 'published');
    await disconnect(second);
    if (how === 'an older day') {
      fs.writeFileSync(data, copy);
    } else {
      const other = `${store.path}-copy`;
      fs.cpSync(store.path, other, { recursive: true });
      store.path = other;
    }
    const third = keeper(store);
    assert.equal(await connack(third), true);
    await disconnect(third);
    const fourth = keeper(store);
    assert.equal(await connack(fourth), false);
    await disconnect(fourth);
  });
}

test('a queue that is larger than memory is sent in its order, and each callback is called',
  async (t) => {
    const broker = await mosquitto.start();
    t.after(() => broker.stop());
    const listener = new mqtt('', null, null, true, 60000, true);
    const received = collect(listener, 'received');
    listener.connect('127.0.0.1', broker.port);
    listener.subscribe(1, 'kept');
    await once(listener, 'subscribed');
    const store = { path: place(t) };
    const count = 5000;
    const payload = (number) => `${number} ${'x'.repeat(200)}`;
    const numbers = Array.from({ length: 2 * count }, (_, at) => at + 1);

    const first = keeper(store, { maxQueueMemory: 50000 });
    const ends = [];
    const stored = collect(first, 'stored');
    first.connect(NOWHERE);
    for (let number = 1; number <= count; number += 1) {
      first.publish(1, false, 'kept', payload(number),
        (mid, error) => ends.push([mid, error.code]));
    }
    await until(() => stored.length === count);
    await disconnect(first);
    await until(() => ends.length === count);
    assert.deepEqual(ends.map(([mid]) => mid).sort((a, b) => a - b), numbers.slice(0, count));
    assert.deepEqual([...new Set(ends.map(([, code]) => code))], ['MIDGE_ECLOSED']);

    const second = keeper(store, { maxQueueMemory: 50000 });
    const published = collect(second, 'published');
    const called = [];
    const restored = once(second, 'restored');
    second.connect('127.0.0.1', broker.port);
    for (let number = count + 1; number <= 2 * count; number += 1) {
      second.publish(1, false, 'kept', payload(number), (mid) => called.push(mid));
    }
    assert.deepEqual(await restored, [{ messages: count, damaged: 0, stale: false }]);
    await until(() => received.length === 2 * count && published.length === 2 * count);
    assert.deepEqual(received.map(([, , message]) => parseInt(message, 10)), numbers);
    assert.deepEqual(published.map(([mid]) => mid), numbers);
    assert.deepEqual(called, numbers.slice(count));
    assert.deepEqual(second.stats().queue, { messages: 0, bytes: 0 });
    await disconnect(second);
    await disconnect(listener);
  });

test('a blocking client waits for the broker, store or not', async (t) => {
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const client = new mqtt('keeper', null, null, false, 60000, false,
    { store: { path: place(t) } });
  const events = [];
  for (const event of ['stored', 'published']) client.on(event, (mid) => events.push(event + mid));
  assert.equal(client.connect('127.0.0.1', broker.port), 0);
  assert.equal(client.publish(2, false, 't', 'x'), 0);
  const closed = once(client, 'disconnected');
  assert.equal(client.disconnect(), 0);
  await closed;
  assert.deepEqual(events, ['stored1', 'published1']);
});
