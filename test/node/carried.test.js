'use strict';
// Transports of the program's own: a stream in JavaScript carries the bytes,
// and whatever it does, the client copes.
const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const net = require('node:net');
const { Duplex } = require('node:stream');
const tls = require('node:tls');
const { afterEach, test } = require('node:test');
const mqtt = require('../../lib');
const { listen } = require('../mqttjs/support/broker');
const { text } = require('../tls/certificates');
const { pair } = require('./support/pair');
const { called, delay, event, thrown, until } = require('./support/wait');

const open = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.disconnect) one.disconnect(null, { force: true });
    else await one.close();
  }
});

async function broker(rules, options) {
  const made = await listen(rules, options);
  open.push(made);
  return made;
}

function client(transport, options) {
  const made = new mqtt('carried', null, null, true, 60000, true,
    { transport, reconnectPeriod: 20, ...options });
  open.push(made);
  return made;
}

// The outcomes of attempts, in order: 'OK' or an Error.
function outcomes(made) {
  const list = [];
  made.connect('mqtt://carried.test', (result, error) => list.push(error ?? result));
  return list;
}

async function connected(transport, options) {
  const made = client(transport, options);
  const [result, error] = await called((done) => made.connect('mqtt://carried.test', done));
  assert.equal(result, 'OK', error?.message);
  return made;
}

// A broker in this process, at the other end of a line.
async function lined(rules, options) {
  const server = await broker(rules);
  const lines = [];
  const made = await connected(() => {
    const [ours, theirs] = pair();
    lines.push(ours);
    server.accept(theirs);
    return ours;
  }, options);
  return { server, made, lines };
}

// A stream that says what it is told to, once it is used, and swallows the rest.
function stub(behave) {
  return () => {
    const stream = new Duplex({ read() {}, write: (chunk, encoding, done) => done() });
    stream.once('newListener', () => setImmediate(() => behave(stream)));
    return stream;
  };
}

// A stream that throws when somebody listens to that event.
function deaf(name) {
  const stream = new Duplex({ read() {}, write: (chunk, encoding, done) => done() });
  const { on } = stream;
  stream.on = function listen(event, listener) {
    if (event === name) throw new Error(`no listener of ${name}`);
    return on.call(this, event, listener);
  };
  return stream;
}

test('messages of every quality of service go both ways', async () => {
  const { server, made } = await lined({
    publish(packet, connection) {
      connection.send(server.answers.publish(packet) ?? { cmd: 'pingresp' });
      connection.send({ cmd: 'publish', topic: packet.topic, payload: packet.payload, qos: 0 });
    },
  });
  const seen = [];
  made.on('received', (mid, topic, payload) => seen.push(`${topic} ${payload}`));
  for (const qos of [0, 1, 2]) {
    const [, error] = await called((done) => made.publish(qos, false, 'a', `q${qos}`, done));
    assert.equal(error, undefined);
  }
  await until(() => seen.length === 3);
  assert.deepEqual(seen, ['a q0', 'a q1', 'a q2']);
});

test('the place that is wanted is told, and servers take turns', async () => {
  const places = [];
  const made = client((place) => {
    places.push(place);
    throw new Error('no');
  }, { servers: ['mqtts://two.test:99'] });
  made.connect('mqtt://one.test');
  await until(() => places.length >= 3);
  assert.deepEqual(places.slice(0, 3), [{ host: 'one.test', port: 1883 },
    { host: 'two.test', port: 99 }, { host: 'one.test', port: 1883 }]);
});

test('a socket, a TLS of the program\'s own, and a promise of one', async () => {
  const plain = await broker({});
  const secure = await broker({}, { transport: 'mqtts' });
  const ways = [
    () => net.connect(plain.port, '127.0.0.1'),
    () => tls.connect({ host: '127.0.0.1', port: secure.port, ca: text('root.pem'),
      servername: 'localhost' }),
    async () => {
      const socket = net.connect(plain.port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    },
  ];
  for (const way of ways) {
    const made = await connected(way);
    const [, error] = await called((done) => made.publish(1, false, 'a', 'm', done));
    assert.equal(error, undefined);
    assert.deepEqual(await called((done) => made.disconnect(done)), ['OK']);
  }
  assert.equal(plain.of('disconnect').length, 2);
  assert.equal(secure.of('disconnect').length, 1);
});

test('blocking calls have no stream to wait for', () => {
  const error = thrown(() => new mqtt('a', null, null, true, 0, false, { transport() {} }));
  assert.match(error.message, /"transport" needs an asynchronous client/);
  assert.equal(error.code, 'ERR_INVALID_ARG_VALUE');
  assert.match(thrown(() => client('tcp')).message, /options\.transport/);
});

test('a proxy is the stream\'s own business', () => {
  const made = client(() => {}, { proxy: 'http://a.test:1' });
  assert.equal(made.connect('mqtt://b.test'), mqtt.errors.EINVAL);
  assert.match(made.last_error.message, /connect it yourself/);
});

// What went wrong with one attempt; others follow.
const faults = {
  'nothing is returned': [() => undefined, /must return a stream.*Received undefined/,
    'ERR_INVALID_RETURN_VALUE'],
  'a promise of nothing': [async () => 5, /must return a stream.*number \(5\)/,
    'ERR_INVALID_RETURN_VALUE'],
  'an error is thrown': [() => { throw Object.assign(new Error('no line'), { code: 'ELINE' }); },
    /no line/, 'ELINE'],
  'no error is thrown': [() => { throw 'a word'; }, /a word/, 'MIDGE_EERRNO'],
  'a promise is rejected': [() => Promise.reject(new Error('later')), /later/, 'MIDGE_EERRNO'],
  'the stream was destroyed before': [() => new Duplex().destroy(), /destroyed before it was used/,
    'MIDGE_ELOST|MIDGE_EERRNO'],
  'the stream fails': [stub((stream) => stream.destroy(Object.assign(new Error('bad cable'),
    { code: 'ECABLE' }))), /bad cable/, 'ECABLE'],
  'the stream ends': [stub((stream) => stream.push(null)), /server closed the connection/,
    'MIDGE_ELOST'],
  'the stream is ended by the program': [stub((stream) => stream.end()), /ended by the program/,
    'MIDGE_ELOST'],
  'the stream closes without an end': [stub((stream) => stream.destroy()), /stream was closed/,
    'MIDGE_ELOST'],
  'it is closed, and says nothing else': [stub((stream) => stream.emit('close')),
    /stream was closed/, 'MIDGE_ELOST'],
  'an object is read': [() => {
    const stream = new Duplex({ objectMode: true, read() {}, write: (a, b, done) => done() });
    stream.push({ topic: 'a' });
    return stream;
  }, /"chunk" argument.*instance of Object/, 'ERR_INVALID_ARG_TYPE'],
  'write throws': [() => Object.assign(new EventEmitter(),
    { write() { throw Object.assign(new Error('no write'), { code: 'EWRITE' }); } }),
  /no write/, 'EWRITE'],
  'nobody may listen': [() => deaf('error'), /no listener of error/, 'MIDGE_EERRNO'],
  'nobody may listen to a promised one': [async () => deaf('error'), /no listener of error/,
    'MIDGE_EERRNO'],
  'nobody may listen to its bytes': [() => deaf('data'), /no listener of data/,
    'MIDGE_ELOST|MIDGE_EERRNO'],
  'the error cannot be made a text': [stub((stream) => stream.emit('error', Object.create(null))),
    /\[object Object\]/, 'MIDGE_ELOST|MIDGE_EERRNO'],
  'the error has no text': [stub((stream) => stream.emit('error',
    Object.assign(new Error(''), { message: Symbol('none') }))), /\[object Error\]/,
  'MIDGE_ELOST|MIDGE_EERRNO'],
  'nothing is MQTT': [stub((stream) => stream.push('HTTP/1.1 400 Bad Request')),
    /./, 'MIDGE_EPROTOCOL|MIDGE_REASON_.*'],
  'nobody answers': [stub(() => {}), /did not answer CONNECT within 200 ms/, 'ETIMEDOUT'],
};

for (const [name, [transport, words, code]] of Object.entries(faults)) {
  test(`${name}: the attempt has failed, and another one follows`, async () => {
    const server = await broker({});
    let attempts = 0;
    const list = outcomes(client((place) => {
      attempts += 1;
      return attempts < 3 ? transport(place) : net.connect(server.port, '127.0.0.1');
    }, { connectTimeout: name === 'nobody answers' ? 200 : 30000, maxBreaks: 0 }));
    await until(() => list.length >= 3);
    for (const error of list.slice(0, 2)) {
      assert.match(error.message, words);
      assert.match(error.code, new RegExp(`^(${code})$`));
    }
    assert.equal(list[2], 'OK');
  });
}

test('a stream that is destroyed in the middle is followed by another', async () => {
  const { server, made, lines } = await lined({
    publish: (packet, connection) => (connection.number === 1 ? undefined
      : server.answers.publish(packet)),
  });
  const published = called((done) => made.publish(1, false, 'a', 'm', done));
  await server.saw('publish');
  lines[0].destroy();
  assert.equal((await published)[1], undefined);
  assert.equal(lines.length, 2);
});

test('an error in the middle is the cause of the loss', async () => {
  const { made, lines } = await lined({});
  const why = Object.assign(new Error('cut'), { code: 'ECUT' });
  const lost = event(made, 'disconnected');
  lines[0].destroy(why);
  assert.match((await lost)[0], /cut/);
});

test('strings are bytes in UTF-8', async () => {
  const stream = new Duplex({ read() {}, write: (a, b, done) => done(), encoding: 'utf8' });
  const made = await connected(() => {
    setImmediate(() => stream.push(Buffer.from('\x20\x02\x00\x00\x30\x06\x00\x01aäx', 'utf8')));
    return stream;
  });
  const [, topic, payload] = await event(made, 'received');
  assert.deepEqual([topic, String(payload)], ['a', 'äx']);
});

test('a stream of the old kind takes bytes until it says no', async () => {
  const server = await broker({});
  const socket = net.connect(server.port, '127.0.0.1');
  const old = Object.assign(new EventEmitter(), {
    written: 0,
    write(bytes) {
      this.written += bytes.length;
      socket.write(bytes);
      setTimeout(() => this.emit('drain'), 5);
      return false;
    },
    end: () => socket.end(),
  });
  for (const name of ['data', 'end', 'close']) socket.on(name, (...a) => old.emit(name, ...a));
  const made = await connected(() => old);
  let done = 0;
  for (let i = 0; i < 50; i += 1) {
    made.publish(0, false, 'a', Buffer.alloc(20000), () => { done += 1; });
  }
  await until(() => done === 50);
  assert.ok(old.written > 1000000);
  assert.deepEqual(await called((end) => made.disconnect(end)), ['OK']);
  await server.saw('disconnect');
});

test('what a slow stream has not taken is not published', async () => {
  const server = await broker({});
  const [ours, theirs] = pair();
  server.accept(theirs);
  let release;
  let isSlow = false;
  const write = ours._write.bind(ours);
  ours._write = (chunk, encoding, done) => {
    if (isSlow) release = () => write(chunk, encoding, done);
    else write(chunk, encoding, done);
  };
  const made = await connected(() => ours);
  isSlow = true;
  let done = 0;
  for (let i = 0; i < 100; i += 1) {
    made.publish(0, false, 'a', Buffer.alloc(20000), () => { done += 1; });
  }
  await until(() => ours.writableLength > 200000);
  await delay(50);
  assert.equal(done, 0);
  assert.ok(ours.writableLength < 400000, `${ours.writableLength} bytes were handed out`);
  isSlow = false;
  release();
  await until(() => done === 100);
  await server.saw('publish', 100);
});

test('a goodbye waits for a slow stream', async () => {
  const server = await broker({});
  const [ours, theirs] = pair({ writableHighWaterMark: 1 });
  server.accept(theirs);
  const write = ours._write.bind(ours);
  ours._write = (chunk, encoding, done) => setTimeout(write, 20, chunk, encoding, done);
  const made = await connected(() => ours, { closeTimeout: 30000 });
  for (let i = 0; i < 10; i += 1) made.publish(0, false, 'a', Buffer.alloc(30000));
  assert.deepEqual(await called((done) => made.disconnect(done)), ['OK']);
  assert.equal(server.of('publish').length, 10);
  assert.equal(server.of('disconnect').length, 1);
  assert.ok(ours.destroyed);
});

test('a program that falls behind holds the stream back, and loses nothing', async () => {
  const COUNT = 400;
  const { server, made, lines } = await lined({}, { highWaterMark: 262144, holdTimeout: 60000 });
  for (let i = 0; i < COUNT; i += 1) {
    server.current.send({ cmd: 'publish', topic: 'a', payload: Buffer.alloc(20000, i), qos: 0 });
  }
  await until(() => lines[0].isPaused());
  await delay(100);
  assert.ok(server.current.socket.writableLength > COUNT * 20000 / 2);
  const seen = [];
  made.on('received', (mid, topic, payload) => seen.push(payload[0]));
  await until(() => seen.length === COUNT);
  assert.deepEqual(seen, Array.from({ length: COUNT }, (_, i) => i % 256));
});

for (const name of ['pause', 'resume']) {
  test(`a stream that cannot ${name} is followed by another`, async () => {
    const { server, made, lines } = await lined({}, { highWaterMark: 65536, holdTimeout: 60000 });
    const lost = event(made, 'disconnected');
    lines[0][name] = () => { throw new Error(`no ${name}`); };
    for (let i = 0; i < 40; i += 1) {
      server.current.send({ cmd: 'publish', topic: 'a', payload: Buffer.alloc(20000), qos: 0 });
    }
    if (name === 'resume') {
      await until(() => lines[0].isPaused());
      made.on('received', () => {});
    }
    assert.match((await lost)[0], new RegExp(`no ${name}`));
    await until(() => lines.length === 2);
  });
}

test('a stream that lets nobody go does not hold the end', async () => {
  const { made, lines } = await lined({});
  lines[0].off = () => { throw new Error('no off'); };
  assert.deepEqual(await called((done) => made.disconnect(done)), ['OK']);
  assert.ok(lines[0].destroyed);
});

test('a stream that is silent is a dead link', async () => {
  const server = await broker({ pingreq() {} });
  const made = new mqtt('carried', null, null, true, 1000, true,
    { transport: () => net.connect(server.port, '127.0.0.1'), reconnectPeriod: 20 });
  open.push(made);
  await called((done) => made.connect('mqtt://carried.test', done));
  const [reason] = await event(made, 'disconnected');
  assert.match(reason, /keep-alive/);
});

test('disconnecting before there is a stream, and connecting again', async () => {
  const server = await broker({});
  let made = 0;
  const one = client(() => {
    made += 1;
    return made === 1 ? new Promise(() => {}) : net.connect(server.port, '127.0.0.1');
  });
  one.connect('mqtt://carried.test');
  await until(() => made === 1);
  assert.deepEqual(await called((done) => one.disconnect(done)), ['OK']);
  const [result] = await called((done) => one.connect('mqtt://other.test', done));
  assert.equal(result, 'OK');
  assert.equal(made, 2);
});

test('a stream that comes too late is destroyed', async () => {
  let give;
  let isAsked = false;
  const one = client(() => {
    isAsked = true;
    return new Promise((resolve) => { give = resolve; });
  });
  one.connect('mqtt://carried.test');
  await until(() => isAsked);
  await called((done) => one.disconnect(done));
  const [late] = pair();
  give(late);
  await until(() => late.destroyed);
});
