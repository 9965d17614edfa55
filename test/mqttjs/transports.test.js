'use strict';
// Streams and WebSockets of the program's own, as MQTT.js takes them, and
// client.stream of every client.
const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const net = require('node:net');
const { PassThrough } = require('node:stream');
const tls = require('node:tls');
const { afterEach, mock, test } = require('node:test');
const WebSocket = require('ws');
const mqtt = require('../../lib');
const { Client } = require('../../lib/client');
const { pair } = require('../node/support/pair');
const { called, delay, event, thrown, until } = require('../node/support/wait');
const { uncaught } = require('../node/support/uncaught');
const { text } = require('../tls/certificates');
const { listen } = require('./support/broker');

const { MqttClient } = mqtt;
const open = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

async function broker(rules, options) {
  const made = await listen(rules, options);
  open.push(made);
  return made;
}

function keep(client) {
  open.push(client);
  return client;
}

const soon = { reconnectPeriod: 20, clientId: 'mine' };
const built = (streamBuilder, options) =>
  keep(new MqttClient(streamBuilder, { ...soon, ...options }));

function connected(client) {
  return called((done) => client.once('connect', done));
}

// --- A builder of streams ---

test('a builder is called with the client, at once, and again for each attempt', async () => {
  const { port } = await broker({});
  const given = [];
  const client = built((...args) => {
    given.push(args);
    return net.connect(port, '127.0.0.1');
  });
  assert.equal(given.length, 1);
  assert.ok(client.stream instanceof net.Socket);
  const first = client.stream;
  await connected(client);
  assert.equal(client.stream, first);
  client.stream.destroy();
  await connected(client);
  assert.notEqual(client.stream, first);
  assert.ok(first.destroyed);
  assert.deepEqual(given, [[client], [client]]);
});

test('publish, subscribe, receive and end through a stream', async () => {
  const server = await broker({
    publish(packet, connection) {
      connection.send({ cmd: 'publish', topic: 'b', payload: packet.payload, qos: 0 });
      return server.answers.publish(packet);
    },
  });
  const client = built(() => {
    const [ours, theirs] = pair();
    server.accept(theirs);
    return ours;
  }, { protocolVersion: 5 });
  const messages = [];
  client.on('message', (topic, payload) => messages.push(`${topic} ${payload}`));
  assert.equal((await client.subscribeAsync('b', { qos: 1 }))[0].qos, 1);
  for (const qos of [0, 1, 2]) await client.publishAsync('a', `q${qos}`, { qos });
  await until(() => messages.length === 3);
  assert.deepEqual(messages, ['b q0', 'b q1', 'b q2']);
  await client.endAsync();
  assert.equal(server.of('disconnect').length, 1);
  assert.ok(client.stream.destroyed);
});

test('any protocol may be named: the builder knows', async () => {
  const { port } = await broker({}, { transport: 'mqtts' });
  const client = built(({ options }) => tls.connect({ host: '127.0.0.1', port: options.port,
    ca: options.ca, servername: 'localhost' }), { protocol: 'mine', port, ca: text('root.pem') });
  await connected(client);
  assert.equal(client.options.protocol, 'mine');
});

test('without options, and without a builder', async () => {
  const { port } = await broker({});
  await connected(keep(new MqttClient(() => net.connect(port, '127.0.0.1'))));
  assert.match(thrown(() => new MqttClient()).message, /streamBuilder is a function/);
  assert.match(thrown(() => new MqttClient('mqtt://a', {})).message, /streamBuilder is a function/);
});

test('a builder that throws, or returns nothing, is told and asked again', async () => {
  const { port } = await broker({});
  const why = new Error('no line today');
  let calls = 0;
  const client = built(() => {
    calls += 1;
    if (calls === 1) throw why;
    return calls === 2 ? undefined : net.connect(port, '127.0.0.1');
  });
  const seen = [];
  client.on('error', (error) => seen.push(error)).on('close', () => seen.push('close'));
  await connected(client);
  assert.equal(seen[0], why);
  assert.equal(seen[1], 'close');
  assert.equal(seen[2].code, 'ERR_INVALID_RETURN_VALUE');
  assert.match(seen[2].message, /must return a stream/);
  assert.equal(seen[3], 'close');
});

test('an error of the stream is the one that is told', async () => {
  const client = built(() => net.connect(1, '127.0.0.1'));
  const [error] = await event(client, 'error');
  assert.equal(error.code, 'ECONNREFUSED');
  assert.equal(error.syscall, 'connect');
  assert.equal(error.port, 1);
});

test('a builder is not asked while nobody wants a connection', async () => {
  const { port } = await broker({});
  let calls = 0;
  const client = built(() => {
    calls += 1;
    return net.connect(port, '127.0.0.1');
  }, { manualConnect: true });
  await delay(50);
  assert.equal(calls, 0);
  client.connect();
  assert.equal(calls, 1);
  await connected(client);
  await client.endAsync();
  client.reconnect();
  await connected(client);
  assert.equal(calls, 2);
});

test('what was made and is not wanted any more is destroyed', async () => {
  const [ours] = pair();
  const client = built(() => ours);
  await called((done) => client.end(done));
  await until(() => ours.destroyed);
});

test('an early error of the stream waits for its attempt', async () => {
  const stream = new PassThrough();
  const client = built(() => stream);
  const why = Object.assign(new Error('at once'), { code: 'EARLY' });
  stream.destroy(why);
  assert.deepEqual(await event(client, 'error'), [why]);
});

test('a message handler that is slow holds the stream back', async () => {
  const server = await broker({});
  const [ours, theirs] = pair();
  server.accept(theirs);
  const client = built(() => ours, { highWaterMark: 262144 });
  const pending = [];
  client.handleMessage = (packet, done) => pending.push(done);
  await connected(client);
  const COUNT = 200;
  for (let i = 0; i < COUNT; i += 1) {
    server.current.send({ cmd: 'publish', topic: 'a', payload: Buffer.alloc(65536), qos: 0 });
  }
  await until(() => ours.isPaused());
  assert.ok(theirs.writableLength > 65536 * COUNT / 2);
  for (let i = 0; i < COUNT; i += 1) {
    await until(() => pending.length > 0);
    pending.shift()();
  }
});

// --- WebSockets ---

test('createWebsocket is given the URL, the subprotocol and the options', async () => {
  const server = await broker({}, { transport: 'ws' });
  for (const where of [(create) => ({ createWebsocket: create }),
    (create) => ({ wsOptions: { createWebsocket: create } })]) {
    const given = [];
    const client = keep(mqtt.connect(`${server.url}/way?a=b`, {
      ...soon,
      ...where((url, protocols, options) => {
        given.push(url, protocols, options);
        return new WebSocket(url, protocols);
      }),
    }));
    await connected(client);
    assert.equal(given[0], `${server.url}/way?a=b`);
    assert.deepEqual(given[1], ['mqtt']);
    assert.equal(given[2], client.options);
    assert.equal(server.requests.at(-1).url, '/way?a=b');
    await client.publishAsync('a', Buffer.alloc(300000), { qos: 1 });
    await client.endAsync();
  }
});

test('transformWsUrl goes before createWebsocket, at each attempt', async () => {
  const server = await broker({}, { transport: 'ws' });
  let count = 0;
  const client = keep(mqtt.connect(server.url, {
    ...soon,
    protocolVersion: 3,
    protocolId: 'MQIsdp',
    transformWsUrl: (url, options, self) => {
      count += 1;
      assert.ok(self instanceof MqttClient);
      assert.equal(options, self.options);
      return `${url}?n=${count}`;
    },
    createWebsocket: (url, protocols) => {
      assert.deepEqual(protocols, ['mqttv3.1']);
      return new WebSocket(url, protocols);
    },
  }));
  await connected(client);
  client.stream.destroy();
  await connected(client);
  assert.deepEqual(server.requests.map(({ url }) => url), ['/?n=1', '/?n=2']);
});

for (const [how, more] of Object.entries({
  'the core\'s': {},
  'createWebsocket\'s': { createWebsocket: (url, protocols) => new WebSocket(url, protocols) },
})) {
  test(`transformWsUrl may promise its URL, or make an object of it: ${how}`, async () => {
    const server = await broker({}, { transport: 'ws' });
    let count = 0;
    const client = keep(mqtt.connect(server.url, {
      ...soon,
      transformWsUrl: async (url, options) => {
        await delay(10);
        count += 1;
        options.username = `user ${count}`;
        return count === 1 ? `${url}?n=${count}` : new URL(`${url}?n=${count}`);
      },
      ...more,
    }));
    await connected(client);
    client.stream.destroy();
    await connected(client);
    assert.deepEqual(server.requests.map(({ url }) => url), ['/?n=1', '/?n=2']);
    if (how === 'the core\'s') {
      assert.deepEqual(server.of('connect').map(({ username }) => username), ['user 1', 'user 2']);
    }
  });

  test(`a URL that transformWsUrl does not make is an error, and comes later: ${how}`, async () => {
    const server = await broker({}, { transport: 'ws' });
    const makers = [() => Promise.reject(new Error('no token')), () => undefined, () => 5,
      () => Promise.resolve(null), (url) => `${url}ok`];
    const client = keep(mqtt.connect(server.url, {
      ...soon, transformWsUrl: (url) => makers.shift()(url), ...more,
    }));
    const errors = [];
    client.on('error', ({ message }) => errors.push(message));
    await connected(client);
    const none = 'Option "transformWsUrl" returns a URL, or a promise of one';
    assert.deepEqual(errors, ['no token', none, none, none]);
    assert.deepEqual(server.requests.map(({ url }) => url), ['/ok']);
  });
}

test('who ends or reconnects while a URL is promised gets what was asked for last', async () => {
  const server = await broker({}, { transport: 'ws' });
  const promised = [];
  const client = keep(mqtt.connect(server.url, {
    ...soon, transformWsUrl: () => new Promise((resolve) => promised.push(resolve)),
  }));
  const errors = [];
  client.on('error', (error) => errors.push(error));
  await until(() => promised.length === 1);
  client.reconnect();
  await delay(30);
  assert.equal(promised.length, 1);
  await client.endAsync();
  // It may have the place of the one that has ended.
  const other = keep(mqtt.connect(server.url,
    { ...soon, transformWsUrl: () => new Promise(() => {}) }));
  await delay(30);
  promised[0](`${server.url}/late`);
  await delay(30);
  client.reconnect();
  await until(() => promised.length === 2);
  promised[1](`${server.url}/now`);
  await connected(client);
  assert.equal(other.connected, false);
  assert.deepEqual(errors, []);
  assert.deepEqual(server.requests.map(({ url }) => url), ['/now']);
});

// A socket of a browser's kind, with the least that it has.
function browserSocket(url, protocols, { listens = true } = {}) {
  const socket = new WebSocket(url, protocols);
  const ours = { readyState: 0, bufferedAmount: 0, sent: 0 };
  const listeners = {};
  if (listens) {
    ours.addEventListener = (name, listener) => { listeners[name] = listener; };
  }
  const tell = (name, happened) => (listens ? listeners[name] : ours[`on${name}`])?.(happened);
  socket.on('open', () => { ours.readyState = 1; tell('open', {}); });
  socket.on('message', (bytes) => tell('message', { data: ours.as(bytes) }));
  socket.on('close', () => { ours.readyState = 3; tell('close', {}); });
  socket.on('error', () => tell('error', { type: 'error' }));
  ours.as = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  ours.send = (bytes) => { ours.sent += 1; socket.send(bytes); };
  ours.close = () => socket.close();
  return ours;
}

const kinds = {
  'an ArrayBuffer': {},
  'a Blob': { as: (bytes) => new Blob([bytes]) },
  'a string': { as: (bytes) => bytes.toString('latin1') },
  'a list of Buffers': { as: (bytes) => [bytes.subarray(0, 1), bytes.subarray(1)] },
  'handlers in fields': { listens: false },
};

for (const [name, { as, ...how }] of Object.entries(kinds)) {
  test(`a WebSocket of a browser's kind: ${name}`, async () => {
    const server = await broker({}, { transport: 'ws' });
    const client = keep(mqtt.connect(server.url, {
      ...soon,
      createWebsocket: (url, protocols) =>
        Object.assign(browserSocket(url, protocols, how), as && { as }),
    }));
    const messages = [];
    client.on('message', (topic) => messages.push(topic));
    await connected(client);
    for (let i = 0; i < 20; i += 1) {
      server.current.send({ cmd: 'publish', topic: String(i), payload: 'x', qos: 0 });
    }
    await client.publishAsync('a', 'm', { qos: 1 });
    await until(() => messages.length === 20);
    assert.deepEqual(messages, Array.from({ length: 20 }, (_, i) => String(i)));
    server.current.end();
    await connected(client);
    await client.endAsync();
    await server.saw('disconnect');
  });
}

test('a WebSocket that is full is waited for', async () => {
  const server = await broker({}, { transport: 'ws' });
  let socket;
  const client = keep(mqtt.connect(server.url, {
    ...soon,
    browserBufferSize: 1000,
    browserBufferTimeout: 5,
    createWebsocket: (url, protocols) => {
      socket = browserSocket(url, protocols);
      return socket;
    },
  }));
  await connected(client);
  socket.bufferedAmount = 2000;
  let isDone = false;
  client.publish('a', 'm', () => { isDone = true; });
  await server.saw('publish');
  await delay(30);
  assert.equal(isDone, false);
  socket.bufferedAmount = 10;
  await until(() => isDone);
});

test('a WebSocket that is refused, and one that is none', async () => {
  for (const [create, words] of [
    [(url) => new WebSocket(url.replace(/\d+$/, '1')), /ECONNREFUSED|connect/],
    [(url, protocols) => browserSocket(url.replace(/:\d+/, ':1'), protocols), /WebSocket error/],
    [() => ({}), /returns a WebSocket/],
    [() => undefined, /returns a WebSocket/],
    [() => { throw new Error('no socket'); }, /no socket/],
  ]) {
    const client = keep(mqtt.connect('ws://127.0.0.1:1', { ...soon, createWebsocket: create }));
    const [error] = await event(client, 'error');
    assert.match(error.message || error.code, words);
    await event(client, 'error');
    await called((done) => client.end(true, done));
  }
  assert.match(thrown(() => mqtt.connect('ws://a', { createWebsocket: 5 })).message,
    /"createWebsocket" is a function/);
});

test('a WebSocket in each of several servers', async () => {
  const server = await broker({}, { transport: 'ws' });
  const urls = [];
  const client = keep(mqtt.connect({
    ...soon,
    protocol: 'wss',
    path: '/p',
    servers: [{ host: 'a.invalid', port: 1 },
      { host: '127.0.0.1', port: server.port, protocol: 'ws' }],
    createWebsocket: (url, protocols) => {
      urls.push(url);
      return new WebSocket(url, protocols);
    },
  }));
  await connected(client);
  assert.deepEqual(urls, ['wss://a.invalid:1/p', `${server.url}/p`]);
});

test('createWebsocket may return a stream, and means nothing without a WebSocket', async () => {
  const server = await broker({});
  await connected(keep(mqtt.connect('ws://a.invalid',
    { ...soon, createWebsocket: () => net.connect(server.port, '127.0.0.1') })));
  await connected(keep(mqtt.connect(server.url,
    { ...soon, createWebsocket: () => assert.fail('nobody asked') })));
});

test('a WebSocket of Node.js itself, where there is one', async () => {
  const server = await broker({}, { transport: 'ws' });
  const { WebSocket: before } = globalThis;
  delete globalThis.WebSocket;
  const without = keep(mqtt.connect(server.url, { ...soon, forceNativeWebSocket: true }));
  const [error] = await event(without, 'error');
  assert.match(error.message, /has no WebSocket/);
  globalThis.WebSocket = function native(url, protocols) { return browserSocket(url, protocols); };
  await connected(keep(mqtt.connect(server.url, { ...soon, forceNativeWebSocket: true })));
  globalThis.WebSocket = before;
});

// --- client.stream ---

for (const [name, break_] of Object.entries({
  'ended': (stream) => stream.end(),
  'destroyed': (stream) => stream.destroy(),
})) {
  test(`a stream of ours that is ${name} ends the connection, and another follows`, async () => {
    const server = await broker({});
    const client = keep(mqtt.connect(server.url, soon));
    assert.ok(client.stream instanceof EventEmitter);
    await connected(client);
    const { stream } = client;
    const seen = [];
    stream.on('close', () => seen.push('stream close'));
    for (const one of ['close', 'error', 'reconnect']) client.on(one, () => seen.push(one));
    assert.equal(break_(stream), stream);
    assert.ok(stream.destroyed);
    break_(stream);
    await connected(client);
    assert.deepEqual(seen, ['close', 'stream close', 'reconnect']);
    assert.notEqual(client.stream, stream);
    assert.equal(client.stream.destroyed, false);
    assert.equal(server.connections.length, 2);
  });
}

test('an error that a stream is destroyed with is told on both', async () => {
  const server = await broker({});
  const client = keep(mqtt.connect(server.url, soon));
  await connected(client);
  const why = new Error('enough');
  const seen = [];
  client.on('error', (error) => seen.push(['client', error]));
  client.stream.on('error', (error) => seen.push(['stream', error]));
  client.stream.destroy(why);
  await connected(client);
  assert.deepEqual(seen, [['client', why], ['stream', why]]);
});

test('what sets a socket up does no harm to a stream of the core\'s', async () => {
  const server = await broker({});
  const client = keep(mqtt.connect(server.url, soon));
  await connected(client);
  const { stream } = client;
  assert.equal(stream.setNoDelay(true).setKeepAlive(true, 1000), stream);
});

test('a stream knows of its connection what the options say, and nothing else', async () => {
  const look = ({ stream }) => [stream.remoteAddress, stream.remoteFamily, stream.remotePort,
    stream.localAddress, stream.encrypted, stream.authorized];
  const { port, url } = await broker({});
  const nothing = Array(6).fill(undefined);
  const cases = [
    [url, {}, ['127.0.0.1', 'IPv4', port, ...nothing.slice(3)]],
    [url, { localAddress: '127.0.0.1' }, ['127.0.0.1', 'IPv4', port, '127.0.0.1']],
    [`mqtt://localhost:${port}`, {}, [undefined, undefined, port]],
    [url, { maxRedirects: 1 }, []],
    [url, { servers: [{ host: '127.0.0.1', port: 1 }, { host: '127.0.0.1', port }] },
      ['127.0.0.1', 'IPv4', port]],
    [(await broker({}, { transport: 'unix' })).url, {}, []],
  ];
  for (const [to, options, known] of cases) {
    const client = keep(mqtt.connect(to, { ...soon, clientId: to, ...options }));
    client.on('error', () => {});
    assert.deepEqual(look(client), nothing);
    await connected(client);
    assert.deepEqual(look(client), [...known, ...nothing.slice(known.length)]);
    await client.endAsync();
  }
});

test('a stream is authorized if the server was verified', async () => {
  const secured = await broker({}, { transport: 'mqtts' });
  const cases = [[{ ca: text('root.pem') }, true], [{ rejectUnauthorized: false }, undefined],
    [{ tls: { rejectUnauthorized: false } }, undefined]];
  for (const [options, authorized] of cases) {
    const client = keep(mqtt.connect(secured.url, { ...soon, ...options }));
    await connected(client);
    assert.equal(client.stream.encrypted, true);
    assert.equal(client.stream.authorized, authorized);
    assert.throws(() => client.stream.getPeerCertificate(), /as ca/);
    await client.endAsync();
  }
});

test('a timeout of a stream is told once nothing has passed for so long', async () => {
  const client = keep(mqtt.connect((await broker({})).url, { ...soon, keepalive: 0 }));
  await connected(client);
  const { stream } = client;
  const seen = [];
  assert.equal(stream.setTimeout(600, () => seen.push('once')), stream);
  stream.on('timeout', () => seen.push('timeout'));
  const talk = setInterval(() => client.publish('a', 'm'), 20);
  await delay(1200);
  assert.deepEqual(seen, []);
  clearInterval(talk);
  await until(() => seen.length === 2);
  assert.deepEqual(seen, ['once', 'timeout']);
  await delay(800);
  assert.equal(seen.length, 2);
  await client.publishAsync('a', 'm', { qos: 1 });
  await until(() => seen.length === 3);
  const off = () => seen.push('off');
  stream.setTimeout(20, off);
  stream.setTimeout(0, off);
  assert.equal(stream.timeout, 0);
  await delay(100);
  assert.equal(seen.length, 3);
  stream.setTimeout(1e13); // more than a timer takes
  await delay(100);
  assert.equal(seen.length, 3);
});

test('ref, unref and setTimeout of a stream, beside methods of the program\'s own', async () => {
  const client = keep(mqtt.connect((await broker({})).url, { ...soon, keepalive: 0 }));
  await connected(client);
  const own = mock.fn();
  Object.assign(client, { ref: own, unref: own, stats: own });
  const { mock: asked } = mock.method(Client.prototype, 'setRef');
  assert.equal(client.stream.unref().ref(), client.stream);
  assert.deepEqual(asked.calls.map(({ arguments: [isRef] }) => isRef), [false, true]);
  await called((done) => client.stream.setTimeout(20, done));
  assert.equal(own.mock.callCount(), 0);
});

test('errors of the connection are told on its stream', async () => {
  const client = keep(mqtt.connect('mqtt://127.0.0.1:1', soon));
  const [error] = await event(client.stream, 'error');
  assert.equal(error.code, 'ECONNREFUSED');
});

test('a stream that is ended before its attempt has begun', async () => {
  const server = await broker({});
  const client = keep(mqtt.connect(server.url, soon));
  client.stream.end();
  const closed = event(client, 'close');
  await connected(client);
  await closed;
});

test('a stream that was given up breaks nothing', async () => {
  const server = await broker({});
  const client = keep(mqtt.connect(server.url, soon));
  await connected(client);
  const { stream } = client;
  server.current.reset();
  await connected(client);
  stream.destroy();
  stream.end();
  await client.publishAsync('a', 'm', { qos: 1 });
  assert.equal(server.connections.length, 2);
  await client.endAsync();
  assert.ok(client.stream.destroyed);
});

test('a listener of a stream that throws breaks nothing', async () => {
  const server = await broker({});
  const client = keep(mqtt.connect(server.url, soon));
  await connected(client);
  await uncaught(async (thrown) => {
    client.stream.on('close', () => { throw new Error('mine'); });
    client.stream.end();
    await connected(client);
    assert.deepEqual(thrown, ['mine']);
  });
});
