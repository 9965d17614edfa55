'use strict';
// client.messages(): messages one by one, as fast as they are asked for.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');
const { called, delay, event, until } = require('../node/support/wait');
const { connect, serve, start } = require('./support/clients');

async function serveOne(rules) {
  const broker = await serve(rules);
  return { broker, client: await connect(broker.url) };
}

function tell(broker, topic, ...payloads) {
  for (const payload of payloads) broker.current.send({ cmd: 'publish', topic, payload });
}

async function texts(messages, most = Infinity) {
  const list = [];
  for await (const { payload } of messages) {
    list.push(String(payload));
    if (list.length === most) break;
  }
  return list;
}

test('each message is a packet, in order, and leaving the loop unsubscribes', async () => {
  const { broker, client } = await serveOne();
  const messages = client.messages('a/+', { qos: 1 });
  await broker.saw('subscribe');
  broker.current.send({ cmd: 'publish', topic: 'a/b', payload: 'x', qos: 1, messageId: 5 });
  tell(broker, 'a/c', 'y');
  const heard = [];
  for await (const { topic, payload, qos, messageId } of messages) {
    heard.push([topic, String(payload), qos, messageId]);
    if (heard.length === 2) break;
  }
  assert.deepEqual(heard, [['a/b', 'x', 1, 5], ['a/c', 'y', 0, undefined]]);
  await broker.saw('unsubscribe');
  assert.deepEqual(broker.of('unsubscribe')[0].unsubscriptions, ['a/+']);
  assert.deepEqual(await messages.next(), { value: undefined, done: true });
});

test('what somebody else is subscribed to stays', async () => {
  const { broker, client } = await serveOne();
  client.subscribe('mine');
  const one = client.messages(['mine', 'shared', 'alone']);
  const two = client.messages('shared');
  await one.return();
  await broker.saw('unsubscribe');
  assert.deepEqual(broker.of('unsubscribe')[0].unsubscriptions, ['alone']);
  tell(broker, 'shared', 'x');
  assert.deepEqual(await texts(two, 1), ['x']);
  await broker.saw('unsubscribe', 2);
  assert.deepEqual(broker.of('unsubscribe')[1].unsubscriptions, ['shared']);
});

test('two iterators of overlapping filters each have all of theirs', async () => {
  const { url } = await start();
  const client = await connect(url, { protocolVersion: 5 });
  const all = client.messages('a/#', { qos: 1 });
  const one = client.messages('a/b', { qos: 1 });
  for (const [topic, payload] of [['a/b', '1'], ['a/c', '2'], ['a/b', '3']]) {
    await client.publishAsync(topic, payload, { qos: 1 });
  }
  assert.deepEqual(await Promise.all([texts(all, 3), texts(one, 2)]),
    [['1', '2', '3'], ['1', '3']]);
});

test('the end of the client, and of the subscription, end the loop', async () => {
  const { broker, client } = await serveOne();
  const ended = texts(client.messages('a'));
  const left = texts(client.messages('b'));
  let count = 0;
  client.on('message', () => { count += 1; });
  await broker.saw('subscribe', 2);
  tell(broker, 'a', 'x', 'y');
  tell(broker, 'b', 'z');
  await until(() => count === 3);
  await client.unsubscribeAsync('b');
  assert.deepEqual(await left, ['z']);
  await client.endAsync();
  assert.deepEqual(await ended, ['x', 'y']);
  await assert.rejects(texts(client.messages('a')), { code: 'MIDGE_ECLOSED' });
});

test('a refused subscription ends the loop with its error', async () => {
  const { client } = await serveOne({
    subscribe: ({ messageId }) => ({ cmd: 'suback', messageId, granted: [0x80] }),
  });
  await assert.rejects(texts(client.messages('a')), {
    name: 'ErrorWithSubackPacket', message: /Subscribe error/,
  });
  await assert.rejects(texts(client.messages('a/#/b')), { message: 'Invalid topic a/#/b' });
});

test('an AbortSignal ends the loop with an AbortError', async () => {
  const { broker, client } = await serveOne();
  const controller = new AbortController();
  const loop = texts(client.messages('a', { signal: controller.signal }));
  await broker.saw('subscribe');
  const reason = new Error('enough');
  controller.abort(reason);
  await assert.rejects(loop, (error) => error.name === 'AbortError' &&
    error.code === 'ABORT_ERR' && error.cause === reason);
  await broker.saw('unsubscribe');
  await assert.rejects(texts(client.messages('b', { signal: controller.signal })),
    { name: 'AbortError' });
  assert.equal(broker.of('subscribe').length, 1);
});

test('a loop goes on over a lost connection', async () => {
  const { broker, client } = await serveOne();
  const loop = texts(client.messages('a'), 2);
  await broker.saw('subscribe');
  tell(broker, 'a', '1');
  await event(client, 'message');
  broker.current.reset();
  await broker.saw('subscribe', 2);
  tell(broker, 'a', '2');
  assert.deepEqual(await loop, ['1', '2']);
});

test('options that cannot be are refused at once', async () => {
  const { client } = await serveOne();
  for (const highWaterMark of [0, -1, 1.5, '8']) {
    assert.throws(() => client.messages('a', { highWaterMark }), { code: 'ERR_OUT_OF_RANGE' });
  }
  assert.throws(() => client.messages('a', { signal: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
});

const FLOOD = 6000;
const SIZE = 32768; // 196 MB in all
const GROWTH = 96 * 1048576;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

// A slow reader of a flood that another client sends: what it was given, how
// much memory it took, and how often its connection was lost.
async function flood({ url, qos, highWaterMark = 262144 }) {
  const reader = await connect(url, { clientId: 'reader', keepalive: 4, highWaterMark });
  let lost = 0;
  reader.on('close', () => { lost += 1; });
  const messages = reader.messages('flood', { qos, highWaterMark: 32 });
  const writer = await connect(url, { clientId: 'writer' });
  await writer.publishAsync('flood', Buffer.alloc(SIZE), { qos: 1 });
  const payload = Buffer.alloc(SIZE);
  await messages.next();
  collect();
  const before = process.memoryUsage.rss();
  const sent = (async () => {
    for (let n = 0; n < FLOOD; n += 1) {
      payload.writeUInt32BE(n);
      const done = writer.publishAsync('flood', payload, { qos });
      if (n % 64 === 63) await done;
    }
  })();
  let expected = 0;
  let most = 0;
  for await (const message of messages) {
    assert.equal(message.payload.readUInt32BE(), expected, 'none is lost or told twice');
    expected += 1;
    if (expected % 500 === 0) {
      await delay(5);
      collect();
      most = Math.max(most, process.memoryUsage.rss() - before);
    }
    if (expected === 200) await delay(7000); // longer than its keep-alive allows
    if (expected === FLOOD) break;
  }
  await sent;
  return { lost, most };
}

for (const qos of [0, 1]) {
  test(`a slow loop over a flood of QoS ${qos} loses nothing, nor its connection`, async () => {
    const { url } = await start({ settings: { max_queued_messages: 0, max_inflight_messages: 0 } });
    const { lost, most } = await flood({ url, qos });
    assert.equal(lost, 0);
    assert.ok(most < GROWTH, `${most} bytes more memory`);
  });
}

test('what waits for a slow loop does not grow with each step', async () => {
  const broker = await serve();
  const client = await connect(broker.url, { highWaterMark: 65536 });
  const messages = client.messages('a', { highWaterMark: 2 });
  await broker.saw('subscribe');
  const payload = Buffer.alloc(16384);
  for (let n = 0; n < 2000; n += 1) broker.current.send({ cmd: 'publish', topic: 'a', payload });
  let read = 0;
  for (let n = 0; n < 200; n += 1) {
    await messages.next();
    await new Promise(setImmediate);
    if (n === 20) read = client.stats().bytes.received;
  }
  const more = client.stats().bytes.received - read;
  assert.ok(more < 900 * payload.length, `${more} bytes were read meanwhile`);
});

test('only the client of a slow loop is held back', async () => {
  const { url } = await start();
  const slow = await connect(url);
  const quick = await connect(url);
  const stuck = slow.messages('a', { highWaterMark: 1 });
  const heard = [];
  await quick.subscribeAsync('a', {}, (topic, payload) => heard.push(String(payload)));
  for (const n of [1, 2, 3]) await quick.publishAsync('a', String(n), { qos: 1 });
  await until(() => heard.length === 3);
  assert.deepEqual(await texts(stuck, 3), ['1', '2', '3']);
});

test('pause() holds messages back, resume() lets them come', async () => {
  const { broker, client } = await serveOne();
  const heard = [];
  client.on('message', (topic, payload) => heard.push(String(payload)));
  await client.subscribeAsync('a');
  tell(broker, 'a', '1');
  await until(() => heard.length === 1);
  assert.equal(client.pause(), client);
  client.pause();
  tell(broker, 'a', '2', '3');
  await client.publishAsync('b', 'x', { qos: 1 }); // answers come meanwhile
  await delay(50);
  assert.deepEqual(heard, ['1']);
  assert.equal(client.resume(), client);
  await until(() => heard.length === 3);
  assert.deepEqual(heard, ['1', '2', '3']);
});

test('who pauses in a handler has no more of the same batch', async () => {
  const { broker, client } = await serveOne();
  const heard = [];
  await client.subscribeAsync('a', {}, (topic, payload) => {
    heard.push(String(payload));
    client.pause();
  });
  tell(broker, 'a', ...'12345');
  for (let n = 1; n <= 5; n += 1) {
    await until(() => heard.length === n);
    await delay(10);
    assert.equal(heard.length, n);
    client.resume();
  }
  assert.deepEqual(heard, [...'12345']);
});

test('a pause outlives the connection', async () => {
  const { broker, client } = await serveOne();
  const heard = [];
  client.on('message', (topic, payload) => heard.push(String(payload)));
  client.pause();
  const again = called((done) => client.once('connect', done));
  broker.current.reset();
  await again;
  tell(broker, 'a', 'x');
  await client.publishAsync('b', 'x', { qos: 1 });
  await delay(50);
  assert.deepEqual(heard, []);
  client.resume();
  await until(() => heard.length === 1);
});

// The answers that the loop waits for stand behind what it has not taken.
test('a loop that publishes and waits is not stopped by a backlog', async () => {
  const { url } = await start();
  const client = await connect(url);
  const count = 5000;
  const messages = client.messages('in');
  const sender = await connect(url);
  await client.subscribeAsync('ready');
  for (let i = 0; i < count; i += 1) sender.publish('in', Buffer.alloc(400, 65));
  let heard = 0;
  for await (const { payload } of messages) {
    assert.equal(payload.length, 400);
    await client.publishAsync('out', 'x', { qos: 1 });
    heard += 1;
    if (heard === count) break;
  }
});

test('a client that is paused with a backlog connects again', async () => {
  const { url } = await start();
  const client = await connect(url, { highWaterMark: 262144 });
  await client.subscribeAsync('in');
  client.pause();
  const sender = await connect(url);
  for (let i = 0; i < 100; i += 1) sender.publish('in', Buffer.alloc(10000, 65));
  await sender.publishAsync('in', 'last', { qos: 1 });
  await until(() => client.stats().bytes.received > 262144);
  const again = event(client, 'connect');
  client.stream.destroy();
  await again;
  await client.publishAsync('out', 'x', { qos: 1 });
});
