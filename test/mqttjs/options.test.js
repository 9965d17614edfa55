'use strict';
// Each option is honoured or refused: none is ignored.
const assert = require('node:assert/strict');
const net = require('node:net');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { called, until } = require('../node/support/wait');
const { text } = require('../tls/certificates');
const { listen } = require('./support/broker');

let broker;
const clients = [];

before(async () => {
  broker = await listen();
});

after(async () => {
  for (const client of clients) client.end(true);
  await broker.close();
});

// Errors are events like any other here.
function event(client, name) {
  return called((done) => client.once(name, done));
}

function connect(options, url = broker.url) {
  const client = mqtt.connect(url, { reconnectPeriod: 20, ...options });
  clients.push(client);
  return client;
}

async function connected(options, url) {
  const client = connect(options, url);
  await event(client, 'connect');
  return client;
}

// What cannot be honoured, and a word of what to do instead.
const REFUSED = [
  [{ incomingStore: {} }, /incomingStore.*createStream/],
  [{ outgoingStore: { put() {} } }, /outgoingStore.*createStream/],
  [{ store: { path: 'x' } }, /this one is clean: set clean to false/],
  [{ streamBuilder: () => {} }, /streamBuilder.*new MqttClient/],
  [{ protocol: 'ws', createWebsocket: {} }, /createWebsocket.*function/],
  [{ authPacket: {} }, /authPacket.*handleAuth/],
  [{ socksTimeout: 5 }, /socksTimeout.*connectTimeout/],
  [{ socksProxy: 'socks4://127.0.0.1' }, /socksProxy.*socks5/],
  [{ timerVariant: { set: () => {}, clear: () => {} } }, /timerVariant/],
  [{ messageIdProvider: {} }, /messageIdProvider.*allocate/],
  [{ customHandleAcks: 1 }, /customHandleAcks.*function/],
  [{ protocolId: 'MQIsdp' }, /protocolId.*MQTT/],
  [{ checkServerIdentity: () => {} }, /checkServerIdentity.*verifyHost/],
  [{ secureProtocol: 'SSLv3_method' }, /secureProtocol.*minVersion/],
  [{ secureProtocol: 'TLS_method', minVersion: 'TLSv1.2' }, /secureProtocol.*neither/],
  [{ secureContext: {} }, /secureContext.*cert/],
  [{ cert: ['a', 'b'] }, /cert is a list/],
  [{ tls: { verifyhost: 'x' } }, /"verifyhost" of options\.tls: did you mean "verifyHost"\?/],
  [{ protocol: 'wx' }, /"wx".*mini-programs/],
  [{ protocol: 'alis' }, /"alis".*mini-programs/],
  [{ protocol: 'ws', wsOptions: { handshakeTimeout: 5 } }, /handshakeTimeout.*connectTimeout/],
  [{ servers: [{ host: 'a', port: 1, protocol: 'wx' }] }, /protocol "wx".*servers/],
  [{
    protocol: 'ws', transformWsUrl: (url) => url, servers: [{ host: 'a' }, { host: 'b' }],
  }, /transformWsUrl.*servers/],
  [{ keepalive: -1 }, /keepalive/],
  [{ protocolVersion: 6 }, /protocolVersion/],
];

for (const [options, words] of REFUSED) {
  test(`${Object.keys(options)} that cannot be honoured: ${words.source}`, () => {
    assert.throws(() => connect({ host: '127.0.0.1', ...options }, null), words);
  });
}

// What is of another kind, and what the error has to name.
const MISTYPED = [
  ['servers', ['x', 5, {}, [5], [null]]],
  ['socksProxy', [5, {}]],
  ['protocol', [NaN, 5, {}]],
  ['defaultProtocol', [5]],
  ['tls', [5, 'x', []]],
  ['headers', [5, 'x', []]],
  ['wsOptions', [5, 'x']],
  ['reconnectPeriod', [true, {}, [], Symbol('s'), 10n]],
  ['host', [5, {}, Symbol('s'), ['a'], () => {}]],
  ['hostname', [10n, new Date()]],
  ['port', [Symbol('s'), {}, [1883], 10n, true]],
  ['path', [5, {}, Symbol('s')]],
  ['auth', [5, ['a', 'b'], Symbol('s')]],
  ['pskCallback', [5, 'x', {}]],
  ['customHandleAcks', [5, {}]],
  ['ALPNProtocols', ['mqtt', 5, [Symbol('s')], [null], {}]],
  ['keyPath', [5, {}]],
  ['certPath', [true, Symbol('s')]],
  ['caPaths', [5, [5], {}]],
];

for (const [name, values] of MISTYPED) {
  test(`${name} of another kind is a TypeError that names it`, () => {
    for (const value of values) {
      assert.throws(() => connect({ host: '127.0.0.1', [name]: value }, null), {
        name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message: new RegExp(`options\\.${name}"`),
      });
    }
  });
}

// What anybody may give by mistake, or out of malice.
const ODD = {
  'a symbol': () => Symbol('s'),
  'a bigint': () => 5n,
  'a function': () => () => {},
  NaN: () => NaN,
  '-0': () => -0,
  'a negative number': () => -5,
  infinity: () => Infinity,
  true: () => true,
  'a string': () => 'abc',
  'a null character': () => 'a\0b',
  'half a character': () => 'a\ud800',
  'an object': () => ({}),
  'an object without a prototype': () => Object.create(null),
  'what is frozen': () => Object.freeze({ a: 1 }),
  'a list of a symbol': () => [Symbol('s')],
  'a list of null': () => [null],
  bytes: () => Buffer.from('x'),
  'a map': () => new Map([[1, 2]]),
  'a proxy that refuses': () => new Proxy({}, {
    get() { throw Object.assign(new Error('refused'), { code: 'MINE' }); },
  }),
  'what cannot be text': () => ({
    toString() { throw Object.assign(new Error('refused'), { code: 'MINE' }); },
  }),
};

const ODD_NAMES = [
  'protocolVersion', 'protocolId', 'clientId', 'clean', 'keepalive', 'connectTimeout',
  'reconnectPeriod', 'resubscribe', 'subscribeBatchSize', 'username', 'password', 'will',
  'properties', 'authPacket', 'customHandleAcks', 'autoUseTopicAlias', 'messageIdProvider',
  'incomingStore', 'outgoingStore', 'servers', 'host', 'hostname', 'port', 'protocol',
  'defaultProtocol', 'path', 'query', 'auth', 'unixSocket', 'rejectUnauthorized', 'key', 'cert',
  'ca', 'pfx', 'passphrase', 'ALPNProtocols', 'servername', 'minVersion', 'maxVersion',
  'pskCallback', 'keyPath', 'certPath', 'caPaths', 'crl', 'ciphers', 'socksProxy', 'socksTimeout',
  'wsOptions', 'transformWsUrl', 'createWebsocket', 'forceNativeWebSocket', 'timerVariant', 'log',
  'reconnectPeriodMax', 'negotiate', 'maxBreaks', 'lowerQoS', 'strictText', 'maxQueueMessages',
  'sessionLost', 'secureOptions',
  'maxQueueBytes', 'maxInFlight', 'highWaterMark', 'replyTimeout', 'closeTimeout', 'maxRedirects',
  'localAddress', 'tcpNoDelay', 'proxy', 'headers', 'tls', 'onRestored', 'manualAcks',
  'will.topic', 'will.payload', 'will.qos', 'will.retain', 'wsOptions.headers', 'wsOptions.auth',
  'wsOptions.origin', 'wsOptions.headers.a', 'servers.0.host', 'servers.0.port',
  'servers.0.protocol', 'properties.receiveMaximum', 'properties.userProperties',
  'properties.authenticationData',
];

function withOption(options, name, value) {
  const [first, ...rest] = name.split('.');
  if (rest.length === 0) return { ...options, [first]: value };
  if (first === 'servers') return { ...options, servers: [{ host: 'a', [rest[1]]: value }] };
  const inner = first === 'will' ? { topic: 'gone' } : {};
  return { ...options, [first]: withOption(inner, rest.join('.'), value) };
}

// What its error may speak of instead.
const ALSO = {
  pfx: /PKCS#12/, keyPath: /key/, certPath: /cert/, caPaths: /CA/, crl: /revocation list/,
  servername: /server's name/, ciphers: /cipher/, 'will.topic': /topic|UTF-8/, auth: /user name/,
  username: /user name/, unixSocket: /Unix socket/, clientId: /client id/, query: /client id/,
  properties: /property/, ALPNProtocols: /ALPN/, host: /WebSocket|URL/, hostname: /WebSocket|URL/,
  port: /port|URL/, 'wsOptions.origin': /Origin/, 'servers.0.host': /WebSocket|URL/,
  'servers.0.port': /port|URL/,
};

function assertTakenOrNamed(name, kind, options) {
  try {
    mqtt.connect(options).on('error', () => {}).end(true);
  } catch (error) {
    const where = `${name}: ${kind}: ${error.stack}`;
    assert.ok(error instanceof Error && typeof error.code === 'string', where);
    const last = name.split('.').findLast((part) => part !== 'a');
    assert.ok(error.code === 'MINE' || error.message.includes(last) ||
      ALSO[name]?.test(error.message), where);
  }
}

for (const base of [{ protocolVersion: 5 }, { protocol: 'ws' }, { protocol: 'mqtts' }]) {
  test(`whatever an option is, it is taken or its error names it: ${Object.values(base)}`, () => {
    const plain = { host: '127.0.0.1', manualConnect: true, ...base };
    for (const name of ODD_NAMES) {
      for (const [kind, make] of Object.entries(ODD)) {
        assertTakenOrNamed(name, kind, withOption(plain, name, make()));
      }
    }
  });
}

test('authentication data without a method is told, and ends the client', async () => {
  const properties = { authenticationData: Buffer.from('x') };
  const client = connect({ protocolVersion: 5, properties });
  const [{ message, code }] = await event(client, 'error');
  assert.deepEqual([message, code, client.disconnected],
    ['Packet has no Authentication Method', 'MIDGE_EINVAL', true]);
});

test('a path of a WebSocket begins with a slash', () => {
  assert.throws(() => connect({ path: 'mqtt', manualConnect: true }, 'ws://127.0.0.1'),
    { code: 'ERR_INVALID_ARG_VALUE', message: /"path".*begins with/ });
});

test('a period that is no number is out of range', () => {
  for (const reconnectPeriod of [NaN, 'soon']) {
    assert.throws(() => connect({ reconnectPeriod }),
      { name: 'RangeError', code: 'ERR_OUT_OF_RANGE', message: /options\.reconnectPeriod"/ });
  }
});

test('false is none of it', () => {
  for (const name of 'servers protocol tls headers wsOptions reconnectPeriod'.split(' ')) {
    connect({ host: '127.0.0.1', manualConnect: true, [name]: false }, null);
  }
});

// As of `isSecure && store`, or of a setting that is empty.
for (const name of ['incomingStore', 'outgoingStore', 'properties', 'subscribeBatchSize', 'store',
  'socksProxy', 'proxy', 'localAddress']) {
  test(`a client with false or nothing as ${name} works`, async () => {
    for (const value of [false, '']) {
      const client = connect({ [name]: value }).subscribe(['one', 'two']);
      await client.publishAsync('one', 'text', { qos: 1 });
      await client.endAsync();
    }
  });
}

// What changes nothing in Node.js, in MQTT.js neither, and names of the
// program's own.
test('what means nothing is taken', async () => {
  const client = await connected({
    writeCache: false, encoding: 'utf8', objectMode: true, binary: true, browserBufferSize: 5,
    browserBufferTimeout: 5, my: {}, timerVariant: 'worker', reschedulePings: false,
    manualConnect: false, defaultProtocol: 'mqtt', transformWsUrl: null, servers: [],
    anythingElse: { of: 'mine' }, log: undefined, wsOptions: {}, incomingStore: null,
  });
  assert.deepEqual(client.options.anythingElse, { of: 'mine' });
});

test('a certificate and a key make each protocol the secure one', () => {
  const pair = { cert: text('client.pem'), key: text('client.key'), manualConnect: true };
  const protocols = { mqtt: 'mqtts', mqtts: 'mqtts', ws: 'wss', wss: 'wss' };
  for (const [protocol, secure] of Object.entries(protocols)) {
    assert.equal(connect({ ...pair, protocol }, null).options.protocol, secure);
    assert.equal(connect(pair, `${protocol}://127.0.0.1`).options.protocol, secure);
  }
});

test('the other names of schemes are those of TCP and TLS', async () => {
  const secure = await listen({}, { transport: 'mqtts' });
  try {
    await connected({}, broker.url.replace('mqtt:', 'tcp:'));
    for (const scheme of ['ssl', 'tls']) {
      const client = await connected({ ca: text('root.pem') },
        secure.url.replace('mqtts:', `${scheme}:`));
      assert.equal(client.options.protocol, scheme);
    }
  } finally {
    await secure.close();
  }
});

test('the defaults are MQTT.js\'s', () => {
  const theirs = require('mqtt').connect('mqtt://127.0.0.1:1', { manualConnect: true }).options;
  const ours = connect({ manualConnect: true, reconnectPeriod: undefined }, 'mqtt://127.0.0.1:1')
    .options;
  for (const name of ['keepalive', 'reschedulePings', 'protocolId', 'protocolVersion',
    'reconnectPeriod', 'connectTimeout', 'clean', 'resubscribe', 'subscribeBatchSize', 'writeCache',
    'timerVariant', 'host', 'protocol', 'unixSocket', 'auth']) {
    assert.deepEqual(ours[name], theirs[name], name);
  }
});

test('the caller\'s object is never written to', async () => {
  const options = Object.freeze({
    host: '127.0.0.1', port: broker.port, properties: Object.freeze({ receiveMaximum: 5 }),
    protocolVersion: 5, will: Object.freeze({ topic: 'a', payload: 'b' }), clientId: 'frozen',
  });
  const before = structuredClone(options);
  const client = mqtt.connect(options);
  clients.push(client);
  await event(client, 'connect');
  assert.deepEqual(options, before);
  assert.notEqual(client.options, options);
});

test('a password that is changed counts at the next attempt, in either object', async () => {
  const seen = () => String(broker.of('connect').at(-1).password);
  const options = { username: 'u', password: 'first', clientId: 'changing' };
  const client = await connected(options);
  assert.equal(seen(), 'first');
  client.options.password = 'second';
  broker.current.end();
  await event(client, 'connect');
  assert.equal(seen(), 'second');
});

test('the same in the caller\'s own object', async () => {
  const options = {
    username: 'u', password: 'first', clientId: 'own', host: '127.0.0.1', port: broker.port,
    reconnectPeriod: 20,
  };
  const client = mqtt.connect(options);
  clients.push(client);
  await event(client, 'connect');
  options.password = Buffer.from('second');
  broker.current.end();
  await event(client, 'connect');
  assert.equal(String(broker.of('connect').at(-1).password), 'second');
});

test('clientId, clean and keepalive count in the caller\'s own object too', async () => {
  const options = {
    clientId: 'one', host: '127.0.0.1', port: broker.port, reconnectPeriod: 20, keepalive: 50,
  };
  const client = mqtt.connect(options);
  clients.push(client);
  await event(client, 'connect');
  Object.assign(options, { clientId: 'two', clean: false, keepalive: 40 });
  const before = structuredClone(options);
  broker.current.end();
  await event(client, 'connect');
  const { clientId, clean, keepalive } = broker.of('connect').at(-1);
  assert.deepEqual([clientId, clean, keepalive], ['two', false, 40]);
  assert.equal(client.keepalive, 40);
  assert.deepEqual(options, before);
});

test('what was in flight is sent as new by another client', async () => {
  const other = await listen({ publish: () => {} });
  const client = await connected({ clientId: 'one', clean: false }, other.url);
  const published = called((done) => client.publish('a', 'b', { qos: 2 }, done));
  await other.saw('publish');
  client.options.clientId = 'two';
  other.rules.publish = other.answers.publish;
  other.current.end();
  await published;
  const [first, second] = other.of('publish');
  assert.deepEqual([first.dup, second.dup, second.connection], [false, false, 2]);
  client.end(true);
  await other.close();
});

const IMPOSSIBLE = [
  [{ clientId: '', clean: false }, /Missing clientId/],
  [{ clientId: 'a\0' }, /clientId.*null character/],
  [{ clientId: 7 }, /clientId.*string/],
  [{ keepalive: -1 }, /keepalive/],
];

for (const [change, words] of IMPOSSIBLE) {
  test(`${JSON.stringify(change)} is an error of its attempt`, async () => {
    const right = { clientId: 'right', clean: true, keepalive: 60 };
    const client = await connected(right);
    Object.assign(client.options, change);
    const failed = event(client, 'error');
    broker.current.end();
    assert.match((await failed)[0].message, words);
    Object.assign(client.options, right, { clientId: 'fine' });
    await event(client, 'connect');
    assert.equal(broker.of('connect').at(-1).clientId, 'fine');
  });
}

test('what verifies the server counts at the next attempt', async () => {
  const secure = await listen({}, { transport: 'mqtts' });
  const client = await connected({ rejectUnauthorized: false, servername: 'one.test' }, secure.url);
  client.options.rejectUnauthorized = true;
  const failed = event(client, 'error');
  secure.current.end();
  assert.match((await failed)[0].message, /certificate/);
  Object.assign(client.options, { ca: [text('root.pem')], servername: 'localhost' });
  await event(client, 'connect');
  assert.equal(secure.requests.at(-1).servername, 'localhost');
  client.end(true);
  await secure.close();
});

test('certificates are read where there is TLS, and only there', async () => {
  const secure = await listen({}, { transport: 'mqtts' });
  const client = await connected({ ca: ['no certificate'], servername: 'localhost' });
  const failed = event(client, 'error');
  Object.assign(client.options, { protocol: 'mqtts', port: secure.port });
  broker.current.end();
  assert.match((await failed)[0].message, /certificate/i);
  client.options.ca = [text('root.pem')];
  await event(client, 'connect');
  assert.equal(secure.requests.at(-1).servername, 'localhost');
  client.end(true);
  await secure.close();
});

test('a will that is changed counts at the next attempt', async () => {
  const will = () => {
    const { topic, payload } = broker.of('connect').at(-1).will ?? {};
    return [topic, payload && String(payload)];
  };
  const client = await connected({ will: { topic: 'gone', payload: 'first' } });
  const again = async () => {
    broker.current.end();
    await event(client, 'connect');
  };
  assert.deepEqual(will(), ['gone', 'first']);
  client.options.will = { topic: 'gone', payload: 'second' };
  await again();
  assert.deepEqual(will(), ['gone', 'second']);
  client.options.will.payload = Buffer.from('third');
  await again();
  assert.deepEqual(will(), ['gone', 'third']);
  client.options.will = undefined;
  await again();
  assert.deepEqual(will(), [undefined, undefined]);
});

test('a will that cannot be is an error of its attempt', async () => {
  const client = await connected({ will: { topic: 'gone', payload: 'first' } });
  client.options.will = { topic: 'a/#', payload: '' };
  const failed = event(client, 'error');
  broker.current.end();
  assert.match((await failed)[0].message, /no \+ or #/);
  client.options.will = { topic: 'fine', payload: '' };
  await event(client, 'connect');
  assert.equal(broker.of('connect').at(-1).will.topic, 'fine');
});

test('reconnectPeriod that is changed counts at the next attempt', async () => {
  const client = await connected({ reconnectPeriod: 3600000 });
  client.options.reconnectPeriod = 10;
  broker.current.end();
  await event(client, 'connect');
  client.options.reconnectPeriod = 0;
  broker.current.end();
  await event(client, 'close');
  assert.equal(client.reconnecting, false);
});

test('headers that are changed count at the next attempt', async () => {
  const sockets = await listen({}, { transport: 'ws' });
  const headers = { 'X-Token': 'first' };
  const client = await connected({ wsOptions: { headers } }, sockets.url);
  headers['X-Token'] = 'second';
  sockets.current.socket.destroy();
  await event(client, 'connect');
  assert.deepEqual(sockets.requests.map((request) => request.headers['x-token']),
    ['first', 'second']);
  client.end(true);
  await sockets.close();
});

test('messageIdProvider gives out the ids that the program sees', async () => {
  const calls = [];
  const provider = new mqtt.UniqueMessageIdProvider();
  const messageIdProvider = {
    allocate: () => provider.allocate() + 100,
    getLastAllocated: () => provider.getLastAllocated(),
    register: (id) => provider.register(id),
    deallocate: (id) => calls.push(id),
    clear: () => provider.clear(),
  };
  const client = await connected({ messageIdProvider });
  assert.equal(client.messageIdProvider, messageIdProvider);
  const packet = await client.publishAsync('a', 'b', { qos: 1 });
  assert.equal(packet.messageId, 101);
  assert.equal(client.getLastMessageId(), 101);
  await client.subscribeAsync('a');
  assert.deepEqual(calls, [101, 102]);
});

test('a message of a provider\'s id is removed', async () => {
  const client = connect({ messageIdProvider: new mqtt.UniqueMessageIdProvider() });
  const [error] = await called((done) => {
    client.publish('a', 'b', { qos: 1 }, done);
    client.removeOutgoingMessage(client.getLastMessageId());
  });
  assert.equal(error.message, 'Message removed');
});

test('log is called', async () => {
  const lines = [];
  await connected({ log: (...args) => lines.push(args.join(' ')) });
  assert.ok(lines.length > 0);
});

test('a pre-shared key comes from pskCallback', async () => {
  const psk = Buffer.from('0123456789abcdef');
  const server = await listen({}, {
    transport: 'mqtts',
    tls: {
      cert: undefined, key: undefined, ciphers: 'PSK', maxVersion: 'TLSv1.2',
      pskCallback: (socket, identity) => (identity === 'kitchen' ? psk : null),
    },
  });
  const client = await connected({
    ciphers: 'PSK', maxVersion: 'TLSv1.2', pskCallback: () => ({ psk, identity: 'kitchen' }),
  }, server.url);
  client.end(true);
  await server.close();
});

test('paths of a certificate and a key are read', async () => {
  const { file } = require('../tls/certificates');
  const server = await listen({}, {
    transport: 'mqtts', tls: { requestCert: true, ca: text('root.pem') },
  });
  const client = await connected({
    caPaths: file('root.pem'), certPath: file('client.pem'), keyPath: file('client.key'),
  }, server.url);
  client.end(true);
  await server.close();
});

test('MQTTJS_SOCKS_PROXY is a proxy, and so is socksProxy', async () => {
  const seen = [];
  const proxy = net.createServer((socket) => socket.once('data', (bytes) => {
    seen.push(bytes[0]);
    socket.destroy();
  }));
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `socks5h://127.0.0.1:${proxy.address().port}`;
  process.env.MQTTJS_SOCKS_PROXY = url;
  const client = connect({ reconnectPeriod: 0 });
  delete process.env.MQTTJS_SOCKS_PROXY;
  await event(client, 'close');
  await event(connect({ reconnectPeriod: 0, socksProxy: url }), 'close');
  assert.deepEqual(seen, [5, 5]);
  proxy.close();
});

test('subscribeBatchSize divides a call, whose callback comes once', async () => {
  const client = await connected({ subscribeBatchSize: 2, clientId: 'batches' });
  const [error, granted] = await called((done) => client.subscribe(['a', 'b', 'c'], done));
  assert.equal(error, null);
  assert.equal(granted.length, 3);
});

test('a mistake in properties is told, and does not throw', async () => {
  const client = await connected({ protocolVersion: 5 });
  for (const properties of [{ noSuch: 1 }, { messageExpiryInterval: -1 }, { contentType: 5 }]) {
    const [error] = await called((done) => client.publish('a', 'b', { properties }, done));
    assert.ok(error instanceof Error);
  }
  const [error] = await called((done) => client.publish('a', { an: 'object' }, done));
  assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
  const [invalid] = await called((done) => client.subscribe(['a', 5], done));
  assert.equal(invalid.message, 'Invalid topic 5');
  const [nameless] = await called((done) => client.publish(undefined, 'b', done));
  assert.equal(nameless.code, 'ERR_INVALID_ARG_TYPE');
  const [wrong] = await called((done) => client.publish('a', 'b', { qos: 3 }, done));
  assert.equal(wrong.code, 'MIDGE_EINVAL');
  const heard = event(client, 'error');
  client.publish('a', 'b', { qos: 3 });
  const [told] = await heard;
  assert.equal(told.code, 'MIDGE_EINVAL');
});

test('what is sent again has its topic, and no alias', async () => {
  const server = await listen({
    connect: (_, { number }) => ({
      cmd: 'connack', reasonCode: 0, sessionPresent: number > 1,
      properties: { topicAliasMaximum: 2 },
    }),
    publish: ({ messageId }, { number }) =>
      (number > 1 ? { cmd: 'puback', messageId, reasonCode: 0 } : undefined),
  });
  const client = await connected({
    protocolVersion: 5, clean: false, clientId: 'alias',
    properties: { sessionExpiryInterval: 60 },
  }, server.url);
  const options = { qos: 1, properties: { topicAlias: 1 } };
  const published = ['topic', ''].map((topic) => client.publishAsync(topic, 'm', options));
  await until(() => server.of('publish').length === 2);
  server.current.end();
  await Promise.all(published);
  assert.deepEqual(server.of('publish').map(({ topic, properties }) =>
    [topic, properties?.topicAlias]), [['topic', 1], ['', 1], ['topic', undefined],
    ['topic', undefined]]);
  client.end(true);
  await server.close();
});

test('autoUseTopicAlias and autoAssignTopicAlias use aliases', async () => {
  const server = await listen({
    connect: () => ({ cmd: 'connack', reasonCode: 0, properties: { topicAliasMaximum: 2 } }),
  });
  const client = await connected({ protocolVersion: 5, autoAssignTopicAlias: true }, server.url);
  for (let i = 0; i < 3; i += 1) await client.publishAsync('a/long/topic', 'm', { qos: 1 });
  await until(() => server.of('publish').length === 3);
  assert.deepEqual(server.of('publish').map(({ topic }) => topic), ['a/long/topic', '', '']);
  client.end(true);
  await server.close();
});
