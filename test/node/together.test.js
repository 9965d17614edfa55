'use strict';
// Publishes of QoS 0 that leave together: nothing of it is to be noticed.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Worker } = require('node:worker_threads');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { onThread } = require('./support/echo');
const { run } = require('./support/program');
const { listen } = require('./support/server');
const { called, event, until } = require('./support/wait');

const { EINVAL, EUTF8, EQUEUE, ENOCONN } = mqtt.errors;
const BLOCKED_MS = 10000; // at most

let server;
const clients = [];

before(async () => {
  server = await listen();
});

after(async () => {
  clients.forEach((client) => client.disconnect(null, { force: true }));
  await server.stop();
});

function make(options) {
  const client = new mqtt(null, null, null, true, 0, true,
    { protocolVersion: 4, ...options });
  clients.push(client);
  return client;
}

async function connected(options, to = server) {
  const client = make(options);
  await called((done) => client.connect('127.0.0.1', to.port, done));
  return client;
}

function publishes(topic, from = server) {
  return from.packets.filter((packet) =>
    packet.cmd === 'publish' && packet.topic.startsWith(topic));
}

async function arrived(topic, count, from = server) {
  await until(() => publishes(topic, from).length >= count);
  return publishes(topic, from);
}

for (const protocolVersion of [3, 4, 5]) {
  test(`what is published in a turn arrives in its order: version ${protocolVersion}`,
    async () => {
      const client = await connected({ protocolVersion });
      const topic = `order/${protocolVersion}`;
      const calls = [];
      for (let at = 0; at < 600; at += 1) {
        const qos = at % 97 === 50 ? 1 : at % 101 === 60 ? 2 : 0;
        const retain = at % 5 === 0;
        const name = `${topic}/${'é'.repeat(at % 3)}${at % 7 < 4 ? 'a' : at % 11}`;
        const text = at % 9 === 0 ? '' : `é${at}`.repeat(1 + at % 60);
        const message = at % 2 === 0 ? text : Buffer.from(text);
        calls.push([name, text, qos, retain]);
        assert.equal(client.publish(qos, retain, name,
          text === '' && at % 2 === 0 ? null : message), 0);
        if (qos === 0 && at % 2 === 1) message.fill('?'); // it was taken as it was
      }
      const got = await arrived(topic, calls.length);
      assert.deepEqual(got.map(({ topic: name, payload, qos, retain }) =>
        [name, payload.toString(), qos, retain]), calls);
    });
}

test('every callback is called once, in order, with its event', async () => {
  const client = await connected();
  const called_ = [];
  const emitted = [];
  client.on('published', (mid) => emitted.push(mid));
  for (let at = 0; at < 3000; at += 1) {
    assert.equal(client.publish(0, false, 'each', `${at}`, (mid, error) => {
      assert.equal(error, undefined);
      called_.push(mid);
    }), 0);
    assert.equal(client.mid, at + 1);
  }
  assert.equal(called_.length, 0); // none of them inside of the call
  await until(() => emitted.length === 3000);
  const mids = Array.from({ length: 3000 }, (_, at) => at + 1);
  assert.deepEqual(called_, mids);
  assert.deepEqual(emitted, mids);
});

test('more than the memory that is shared, to more topics than are remembered', async () => {
  const client = await connected();
  const topicOf = (at) => `many/${at % 2 === 0 ? 'ü' : 'u'}${at % 10000}`;
  for (let at = 0; at < 12000; at += 1) {
    assert.equal(client.publish(0, false, topicOf(at), `${at}`.repeat(20)), 0);
  }
  const got = await arrived('many/', 12000);
  got.forEach(({ topic, payload }, at) => {
    assert.equal(topic, topicOf(at));
    assert.equal(payload.toString(), `${at}`.repeat(20));
  });
});

test('sizes around what is written together', async () => {
  const client = await connected();
  const sizes = [0, 1, 126, 127, 128, 4095, 4096, 4097, 70000, 3];
  const all = Array.from({ length: 200 }, (_, at) => sizes[at % sizes.length]);
  for (const size of all) {
    assert.equal(client.publish(0, false, 'sizes', Buffer.alloc(size, size % 251)), 0);
  }
  const got = await arrived('sizes', all.length);
  assert.deepEqual(got.map(({ payload }) => payload.length), all);
  assert.ok(got.every(({ payload }) =>
    payload.every((byte) => byte === payload.length % 251)));
});

// More of them than wait for each other, and than a socket takes.
for (const protocolVersion of [4, 5]) {
  test(`large ones leave together, in order with all others: version ${protocolVersion}`,
    async () => {
      const client = await connected({ protocolVersion });
      const topic = `large/${protocolVersion}`;
      const sizes = [16384, 4096, 4097, 10, 70000, 300000, 16384, 5000];
      const published = [];
      const told = [];
      for (let turn = 0; turn < 6; turn += 1) {
        for (let at = 0; at < 40; at += 1) {
          const number = published.length;
          const size = sizes[(at + turn) % sizes.length];
          const qos = at % 13 === 7 ? 1 : 0;
          const content = Buffer.alloc(size, `${number},`);
          const message = at % 5 === 3 ? content.toString() : Buffer.from(content);
          published.push([`${topic}/${at % 3}`, content, qos]);
          assert.equal(client.publish(qos, false, `${topic}/${at % 3}`, message,
            qos === 1 || at % 4 === 0
              ? (mid, error) => told.push([number, error]) : undefined), 0);
          if (typeof message !== 'string') message.fill('?'); // it was taken as it was
        }
        if (turn % 2 === 0) await new Promise(setImmediate);
      }
      const got = await arrived(topic, published.length);
      assert.equal(got.length, published.length);
      for (const [at, { topic: name, payload, qos }] of got.entries()) {
        assert.equal(name, published[at][0]);
        assert.ok(payload.equals(published[at][1]), `message ${at}`);
        assert.equal(qos, published[at][2]);
      }
      const waiting = published.map((one, at) => at)
        .filter((at) => published[at][2] === 1 || at % 40 % 4 === 0);
      await until(() => told.length >= waiting.length);
      assert.deepEqual(told.map(([number]) => number).sort((a, b) => a - b), waiting);
      assert.ok(told.every(([, error]) => error === undefined));
    });
}

test('a large one that is alone in its turn leaves at its end', async () => {
  const client = await connected();
  for (let count = 1; count < 5; count += 1) { // midge's thread sleeps after the first
    assert.equal(client.publish(0, false, 'large/alone', Buffer.alloc(8192)), 0);
    assert.equal((await arrived('large/alone', count)).length, count);
  }
});

test('large ones leave before the goodbye of the same turn', async () => {
  const client = await connected();
  for (let at = 0; at < 5; at += 1) {
    assert.equal(client.publish(0, false, 'large/goodbye', Buffer.alloc(16384, `${at}`)), 0);
  }
  assert.equal(client.disconnect(), 0);
  const got = await arrived('large/goodbye', 5);
  assert.deepEqual(got.map(({ payload }) => payload[0] - 48), [0, 1, 2, 3, 4]);
});

test('two clients in turns, each in its order', async () => {
  const pair = [await connected(), await connected()];
  for (let at = 0; at < 1000; at += 1) {
    const which = at % 10 < 6 ? at % 2 : 1;
    assert.equal(pair[which].publish(0, false, `pair/${which}`, `${at}`), 0);
  }
  const got = await arrived('pair/', 1000);
  for (const which of ['0', '1']) {
    const own = got.filter(({ topic }) => topic.endsWith(which))
      .map(({ payload }) => Number(payload.toString()));
    assert.deepEqual(own, [...own].sort((a, b) => a - b));
  }
});

test('a queue that is full says so at once, and takes the rest', async () => {
  for (const [limits, fits] of [
    [{ maxQueueMessages: 10 }, 10], [{ maxQueueBytes: 10 * (4 + 6) }, 10],
    [{ maxQueueBytes: 10 * (4 + 6) + 9 }, 10],
  ]) {
    const client = make({ ...limits, offlineTimeout: 0 });
    client.connect('127.0.0.1', await mosquitto.freePort());
    const codes = Array.from({ length: 13 }, () =>
      client.publish(0, false, 'full', 'sixsix'));
    assert.deepEqual(codes, [...Array(fits).fill(0), ...Array(13 - fits).fill(EQUEUE)]);
    assert.equal(client.mid, fits);
    assert.equal(client.last_error.errno, EQUEUE);
  }
});

test('there is room again once messages have left', async () => {
  const client = await connected({ maxQueueMessages: 50 });
  let accepted = 0;
  let refused = 0;
  let ended = 0;
  for (let at = 0; at < 200; at += 1) {
    const code = client.publish(0, false, 'again', 'x', () => { ended += 1; });
    if (code === 0) accepted += 1;
    else refused += 1;
  }
  assert.equal(accepted + refused, 200);
  assert.ok(accepted >= 50);
  await until(() => ended === accepted);
  await called((done) => assert.equal(client.publish(0, false, 'again', 'x', done), 0));
});

test('a message that is alone in its turn leaves at its end', async () => {
  const client = await connected();
  for (let at = 0; at < 3; at += 1) {
    await new Promise((resolve) => { setTimeout(resolve, 10); });
    assert.equal(client.publish(0, false, `single/${at}`, 'x'), 0);
    await arrived(`single/${at}`, 1); // which asks the addon for nothing
  }
});

// A server on a thread of its own: it counts the bytes behind CONNECT in shared memory.
const COUNTING = onThread(`
  socket.on('data', (data) => {
    if (data[0] === 0x10) socket.write(Buffer.from([0x20, 2, 0, 0]));
    else Atomics.add(workerData, 0, data.length);
    Atomics.notify(workerData, 0);
  });`);

// Else events and timers would bring it along, a little later.
for (const [what, count, payload, size] of [
  ['what is published in a turn', 10, 'x', 10 * 6],
  ['a large one', 1, Buffer.alloc(8192), 8198],
]) {
  test(`${what} leaves though the program is blocked behind it`, async (t) => {
    const bytes = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(COUNTING, { eval: true, workerData: bytes });
    t.after(() => worker.terminate());
    const [port] = await event(worker, 'message');
    const client = await connected({}, { port });
    await new Promise(setImmediate); // the end of that event is another end of a turn
    for (let at = 0; at < count; at += 1) assert.equal(client.publish(0, false, 't', payload), 0);
    await new Promise(setImmediate);
    const end = Date.now() + BLOCKED_MS;
    for (let came = 0; came < size && Date.now() < end; came = Atomics.load(bytes, 0)) {
      Atomics.wait(bytes, 0, came, 100);
    }
    assert.equal(Atomics.load(bytes, 0), size);
  });
}

test('what cannot be published is refused at once, between others that can', async () => {
  const client = await connected();
  const codes = ['good', 'good', 'a/#', 'good', '', 'good', 'a\ud800', 'good', 'good']
    .map((topic) => client.publish(0, false, topic && `${topic}`, 'x'));
  assert.deepEqual(codes, [0, 0, EINVAL, 0, EINVAL, 0, EUTF8, 0, 0]);
  await arrived('good', 6);
});

test('after disconnect nothing is taken, and what was before still leaves', async () => {
  const client = await connected();
  for (let at = 0; at < 100; at += 1) client.publish(0, false, 'bye', `${at}`);
  assert.equal(client.disconnect(), 0);
  assert.equal(client.publish(0, false, 'bye', 'late'), ENOCONN);
  assert.equal((await arrived('bye', 100)).length, 100);
});

test('messages without a connection wait for one, in their order', async (t) => {
  const port = await mosquitto.freePort();
  const client = make({ reconnectPeriod: 20, reconnectPeriodMax: 20 });
  client.connect('127.0.0.1', port);
  for (let at = 0; at < 3000; at += 1) {
    assert.equal(client.publish(at % 500 === 9 ? 1 : 0, false, 'later', `${at}`), 0);
  }
  const late = await listen({}, port);
  t.after(() => late.stop());
  const got = await arrived('later', 3000, late);
  got.forEach(({ payload }, at) => assert.equal(payload.toString(), `${at}`));
});

test('what the server does not allow fails by itself', async (t) => {
  const strict = await listen({ connect(packet, connection) {
    connection.version = 5;
    connection.send({ cmd: 'connack', reasonCode: 0, sessionPresent: false,
      properties: { retainAvailable: false, maximumPacketSize: 100 } });
  } });
  t.after(() => strict.stop());
  const client = await connected({ protocolVersion: 5 }, strict);
  const codes = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) =>
    new Promise((resolve) => {
      client.publish(0, name === 'c', 'rules', name === 'd' ? 'd'.repeat(200) : name,
        (mid, error) => resolve(error ? error.errno : 0));
    })));
  assert.deepEqual(codes,
    [0, 0, mqtt.errors.ENOTSUP, mqtt.errors.EOVERSIZE, 0]);
});

const ends = {
  'process.exit': 'process.exit(0);',
  'an exception': 'throw new Error("on purpose");',
  'process.exit in a worker': 'process.exit(0);',
};

for (const [name, last] of Object.entries(ends)) {
  test(`what was published before ${name} leaves`, async () => {
    const topic = `end/${name.replace(/\W/g, '')}`;
    const program = `
      const client = new mqtt(null, null, null, true, 0, true);
      client.connect('127.0.0.1', ${server.port}, () => {
        for (let at = 0; at < 500; at += 1) client.publish(0, false, '${topic}', String(at));
        client.disconnect();
        ${last}
      });`;
    const inWorker = `
      const { Worker } = require('node:worker_threads');
      new Worker('const mqtt = require(' + JSON.stringify(LIB) + ');' +
        ${JSON.stringify(program)}, { eval: true });`;
    await run(name.includes('worker') ? inWorker : program, { port: server.port });
    await arrived(topic, 500);
  });
}

test('accepted, but the client has ended meanwhile: each callback is told', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-together-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const flag = path.join(folder, 'published');
  const refuses = await listen({ async connect(packet, connection) {
    await until(() => fs.existsSync(flag));
    connection.send({ cmd: 'connack', returnCode: 5, sessionPresent: false });
  } });
  t.after(() => refuses.stop());
  const { out, err } = await run(`
    const client = new mqtt(null, null, null, true, 0, true, { protocolVersion: 4 });
    const told = [];
    client.connect('127.0.0.1', port);
    const codes = [1, 2, 3].map(() => client.publish(0, false, 't', 'm', (mid, error) => {
      told.push([mid, error instanceof Error]);
      if (told.length === 3) console.log(JSON.stringify([codes, told.sort()]));
    }));
    require('node:fs').writeFileSync(${JSON.stringify(flag)}, '');
    while (Object.keys(client.stats().causes).length === 0) ;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  `, { port: refuses.port });
  assert.equal(err, '');
  assert.deepEqual(JSON.parse(out), [[0, 0, 0], [[1, true], [2, true], [3, true]]]);
});

test('a topic that cannot be is refused alone', async () => {
  const client = await connected({});
  assert.equal(client.publish(0, false, 'alone/0', 'x'), 0);
  assert.equal(client.publish(0, false, '', 'x'), EINVAL);
  for (let at = 1; at < 50; at += 1) {
    assert.equal(client.publish(0, false, `alone/${at}`, 'x'), 0);
  }
  assert.equal((await arrived('alone/', 50)).length, 50);
});

// What is alone in its turn goes another way, where C alone looks at it.
test('a topic is taken or refused as if it were alone, whatever is in it', async (t) => {
  const [first, second] = [await listen(), await listen()];
  t.after(() => Promise.all([first.stop(), second.stop()]));
  const [alone, together] = [await connected({}, first), await connected({}, second)];
  const odd = ['', 'x', '#', '+', '\0', '\x01', '\x1f', '\x7f', '\x80', '\xff', '\u0141', '\u0223',
    '\ud800', '\uffff', '😀'];
  const lengths = [...Array.from({ length: 36 }, (_, at) => at + 1), 511, 512, 513];
  const names = lengths.flatMap((length) => odd.flatMap((text) => {
    const name = 'odd/topics/'.padEnd(length, 't').slice(0, length);
    return [name + text, text + name, name.slice(0, length >> 1) + text + name.slice(length >> 1)];
  }));
  const codes = [];
  for (const name of names) {
    codes.push(alone.publish(0, false, name, 'x'));
    await new Promise(setImmediate);
  }
  assert.deepEqual(new Set(codes), new Set([0, EINVAL, EUTF8]));
  const taken = names.filter((_, at) => codes[at] === 0);
  await arrived('', taken.length, first);
  assert.equal(together.publish(0, false, 'first', 'x'), 0);
  assert.deepEqual(names.map((name) => together.publish(0, false, name, 'x')), codes);
  const got = await arrived('', taken.length + 1, second);
  assert.deepEqual(got.map(({ topic }) => topic), ['first', ...taken]);
});
