'use strict';
// What is given is checked: types throw, values return a code, and nothing
// changes either way.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { listen } = require('./support/server');
const { called, delay, thrown, until } = require('./support/wait');

const { EINVAL, ENOCONN, EUTF8, EPAYLOAD, ETLS, EQUEUE } = mqtt.errors;

const values = {
  undefined: undefined, null: null, true: true, false: false, zero: 0, one: 1,
  minusOne: -1, half: 0.5, NaN: NaN, infinity: Infinity, big: 1n,
  empty: '', text: 'text', numeric: '1', symbol: Symbol('symbol'),
  object: {}, array: [], nested: [[]], function: () => {},
  buffer: Buffer.from('buffer'), uint8: new Uint8Array(3),
  uint16: new Uint16Array(3), view: new DataView(new ArrayBuffer(3)),
  arrayBuffer: new ArrayBuffer(3), date: new Date(0), map: new Map(),
  proxy: new Proxy({}, {}), error: new Error('error'),
};

const numbers = ['zero', 'one', 'minusOne', 'half', 'NaN', 'infinity'];
const booleans = ['true', 'false'];
const strings = ['empty', 'text', 'numeric'];
const nothing = ['undefined', 'null'];
const pem = ['buffer', 'uint8'];
const bytes = [...pem, 'uint16', 'view', 'arrayBuffer'];
const callbacks = ['function', ...nothing];

// Each argument by name: a legal value, and the kinds of value whose type is
// right; every other one must throw a TypeError that names the argument.
const constructor = [
  ['client_id', 'id', [...strings, ...nothing]],
  ['user_name', 'user', [...strings, ...nothing]],
  ['user_pass', 'pass', [...strings, ...nothing, ...bytes]],
  ['clean_session', true, booleans],
  ['keep_alive_time', 1000, numbers],
  ['asynchronous', true, booleans],
];
const filters = [...strings, 'array', ...[]];
const methods = {
  set_willmsg: [
    ['willtopic', 'topic', strings],
    ['willmessage', 'message', [...strings, ...nothing, ...bytes]],
    ['qos', 0, numbers],
    ['retain', false, booleans],
  ],
  connect: [
    ['host', '127.0.0.1', strings],
    ['port', 1, [...strings, ...numbers, ...nothing]],
    ['callback', undefined, callbacks],
  ],
  disconnect: [['callback', undefined, callbacks]],
  subscribe: [
    ['qos', 0, numbers],
    ['topic', 'topic', filters],
    ['callback', undefined, callbacks],
    ['callbackReceive', undefined, callbacks],
  ],
  unsubscribe: [
    ['topic', 'topic', filters],
    ['callback', undefined, callbacks],
  ],
  publish: [
    ['qos', 0, numbers],
    ['retain', false, booleans],
    ['topic', 'topic', strings],
    ['message', 'message', [...strings, ...nothing, ...bytes]],
    ['callbackPublish', undefined, callbacks],
    ['callbackReceive', undefined, callbacks],
  ],
  tls_set: [
    ['ca_file', 'ca.pem', [...strings, ...nothing, ...pem]],
    ['ca_path', null, [...strings, ...nothing]],
    ['cert_file', null, [...strings, ...nothing, ...pem]],
    ['key_file', null, [...strings, ...nothing, ...pem]],
    ['passphrase', null, [...strings, ...nothing, ...pem]],
  ],
  tls_insecure_set: [['insecure', false, booleans]],
  tls_opts_set: [
    ['cert_reqs', '1', [...strings, ...numbers, ...nothing]],
    ['version', null, [...strings, ...nothing]],
    ['ciphers', null, [...strings, ...nothing]],
  ],
  tls_psk_set: [
    ['key', '00', strings],
    ['identity', 'me', strings],
    ['ciphers', null, [...strings, ...nothing]],
  ],
  authenticate: [['reasonCode', 24, numbers]],
};

let server;
let clients = [];

before(async () => {
  server = await listen();
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  await server.stop();
});

function make(options) {
  const client = new mqtt(null, null, null, true, 0, true, options);
  clients.push(client);
  return client;
}

async function connected(options) {
  const client = make(options);
  await called((done) => client.connect('127.0.0.1', server.port, done));
  return client;
}

function everyWrong(rows, position, use) {
  const [name, , right] = rows[position];
  const args = rows.map(([, legal]) => legal);
  for (const [kind, value] of Object.entries(values)) {
    if (right.includes(kind)) continue;
    const given = [...args];
    given[position] = value;
    const error = thrown(() => use(given));
    assert.ok(error instanceof TypeError, `${name}: ${kind} was taken`);
    assert.equal(error.code, 'ERR_INVALID_ARG_TYPE', kind);
    assert.match(error.message, new RegExp(`"${name}"`), kind);
  }
}

for (const position of constructor.keys()) {
  test(`constructor: ${constructor[position][0]} of a wrong type throws`, () =>
    everyWrong(constructor, position, (args) => new mqtt(...args)));
}

for (const [method, rows] of Object.entries(methods)) {
  for (const position of rows.keys()) {
    test(`${method}: ${rows[position][0]} of a wrong type throws`, async () => {
      const client = await connected();
      const mid = client.mid;
      // connect(url, callback) is a second form: the port may be a function.
      const skipped = method === 'connect' && position === 1;
      const table = skipped
        ? rows.map((row, i) => (i === 1 ? [row[0], row[1],
          [...row[2], 'function']] : row)) : rows;
      everyWrong(table, position, (args) => client[method](...args));
      assert.equal(client.mid, mid, 'nothing was accepted');
      client.disconnect();
    });
  }
}

test('keep_alive_time out of range is a RangeError', () => {
  for (const ms of [-1, NaN, 65535001, Infinity]) {
    const error = thrown(() => new mqtt('a', null, null, true, ms, true));
    assert.ok(error instanceof RangeError);
    assert.equal(error.code, 'ERR_OUT_OF_RANGE');
    assert.match(error.message, /keep_alive_time/);
  }
});

test('keep_alive_time is rounded up to whole seconds', async () => {
  const quick = new mqtt(null, null, null, true, 1, true);
  clients.push(quick);
  await called((done) => quick.connect('127.0.0.1', server.port, done));
  assert.equal(server.got('connect').at(-1).keepalive, 1);
  const off = await connected();
  assert.equal(server.got('connect').at(-1).keepalive, 0);
  off.disconnect();
});

test('a misspelled option is named with what it was meant to be', () => {
  const error = thrown(() => make({ keepAlive: 10 }));
  assert.equal(error.message,
    'Misspelled option "keepAlive": did you mean "keepalive"?');
  assert.ok(error instanceof TypeError);
  assert.match(thrown(() => make({ xyzzyxyzzy: 1 })).message, /Unknown option/);
  assert.match(thrown(() => make({ wsOptions: {} })).message, /not one of/);
});

const wrongOptions = {
  protocolVersion: 6, maxQueueMessages: 0, maxQueueBytes: -1, timeout: 0.5,
  reconnectPeriod: -1, maxInFlight: 65536, keepalive: 65536,
  headers: { 'a b': 'c' }, properties: { receiveMaximum: 0 },
};
for (const [name, value] of Object.entries(wrongOptions)) {
  test(`option ${name} out of range is a RangeError`, () => {
    const error = thrown(() => make({ [name]: value }));
    assert.ok(error instanceof RangeError, String(error));
    assert.match(error.message, new RegExp(`options.${name}`));
  });
  test(`option ${name} of a wrong type is a TypeError`, () => {
    const error = thrown(() => make({ [name]: Symbol('wrong') }));
    assert.ok(error instanceof TypeError, String(error));
    assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
  });
}

test('the options object is neither written to nor read again', async () => {
  const options = Object.freeze({ maxQueueMessages: 10, tls: undefined });
  const client = await connected(options);
  client.disconnect();
});

const long = 'x'.repeat(65536);
// What returns a code: the call, and the code.
const wrongValues = [
  ['publish QoS 3', (c) => c.publish(3, false, 't', 'm'), EINVAL],
  ['publish QoS -1', (c) => c.publish(-1, false, 't', 'm'), EINVAL],
  ['publish QoS 0.5', (c) => c.publish(0.5, false, 't', 'm'), EINVAL],
  ['publish QoS NaN', (c) => c.publish(NaN, false, 't', 'm'), EINVAL],
  ['publish to no topic', (c) => c.publish(0, false, '', 'm'), EINVAL],
  ['publish to a filter', (c) => c.publish(0, false, 'a/#', 'm'), EINVAL],
  ['publish to a filter', (c) => c.publish(0, false, 'a/+/b', 'm'), EINVAL],
  ['publish to a long topic', (c) => c.publish(0, false, long, 'm'), EINVAL],
  ['publish to U+0000', (c) => c.publish(0, false, 'a\0b', 'm'), EUTF8],
  ['publish too much', (c) => c.publish(0, false, 't',
    Buffer.alloc(268435456)), EPAYLOAD],
  ['subscribe QoS 3', (c) => c.subscribe(3, 't'), EINVAL],
  ['subscribe to nothing', (c) => c.subscribe(0, ''), EINVAL],
  ['subscribe to no topics', (c) => c.subscribe(0, []), EINVAL],
  ['subscribe to a#', (c) => c.subscribe(0, 'a#'), EINVAL],
  ['subscribe to #/a', (c) => c.subscribe(0, '#/a'), EINVAL],
  ['subscribe to a+', (c) => c.subscribe(0, ['a', 'a+']), EINVAL],
  ['subscribe to U+0000', (c) => c.subscribe(0, '\0'), EUTF8],
  ['subscribe with rh 3', (c) => c.subscribe(0, 't', null, null, { rh: 3 }),
    EINVAL],
  ['unsubscribe from nothing', (c) => c.unsubscribe(''), EINVAL],
  ['unsubscribe from no topics', (c) => c.unsubscribe([]), EINVAL],
  ['a will of QoS 3', (c) => c.set_willmsg('t', 'm', 3, false), EINVAL],
  ['a will to a filter', (c) => c.set_willmsg('t/#', 'm', 0, false), EINVAL],
  ['a will to nothing', (c) => c.set_willmsg('', 'm', 0, false), EINVAL],
  ['disconnect with reason 256', (c) => c.disconnect(null,
    { reasonCode: 256 }), EINVAL],
];
for (const [name, use, code] of wrongValues) {
  test(`${name} returns ${mqtt.strerror(code)}`, async () => {
    const client = await connected();
    const wishes = () => server.packets.filter(({ cmd }) =>
      ['publish', 'subscribe', 'unsubscribe'].includes(cmd)).length;
    const before_ = wishes();
    assert.equal(use(client), code);
    assert.equal(client.mid, 0);
    await delay(10);
    assert.equal(wishes(), before_);
    client.disconnect();
  });
}

const wrongAddresses = [
  ['', 1883], [' ', 1883], ['a b', 1883], ['host/path', 1883],
  ['127.0.0.1', 0], ['127.0.0.1', 65536], ['127.0.0.1', -1],
  ['127.0.0.1', 1.5], ['127.0.0.1', NaN], ['127.0.0.1', 'x'],
  ['127.0.0.1', '1883x'], ['127.0.0.1', '99999'], ['http://host', 80],
  ['mqtt://', 1883], ['mqtt://host:0', 1883], ['mqtt://host:99999', 1883],
  ['://host', 1883], ['[::1', 1883], ['unix:', 1883], ['127.0.0.1', '1\ud800'],
];
for (const [host, port] of wrongAddresses) {
  test(`connect to "${host}", ${port} returns EINVAL`, () => {
    const client = make();
    assert.equal(client.connect(host, port), EINVAL);
    assert.equal(client.publish(0, false, 't', 'm'), ENOCONN);
  });
}

test('no identifier and a session that is to last: EINVAL from connect', () => {
  for (const id of ['', null]) {
    const client = new mqtt(id, null, null, false, 0, true);
    assert.equal(client.connect('127.0.0.1', server.port), EINVAL);
  }
});

test('a password without a user name: EINVAL from connect', () => {
  const client = new mqtt('a', null, 'secret', true, 0, true);
  assert.equal(client.connect('127.0.0.1', server.port), EINVAL);
});

test('no identifier and a clean session: one is made up', async () => {
  const ids = new Set();
  for (const id of ['', null, undefined]) {
    const client = new mqtt(id, null, null, true, 0, true);
    clients.push(client);
    assert.match(client.client_id, /^midge_[0-9A-Za-z]{16}$/);
    ids.add(client.client_id);
    await called((done) => client.connect('127.0.0.1', server.port, done));
    assert.equal(server.got('connect').at(-1).clientId, client.client_id);
  }
  assert.equal(ids.size, 3);
});

test('names and passwords: strings, a Buffer, none', async () => {
  const cases = [
    ['user', 'pass', 'user', 'pass'],
    ['user', Buffer.from([1, 2, 255]), 'user', Buffer.from([1, 2, 255])],
    ['user', null, 'user', undefined],
    ['', '', undefined, undefined],
    [undefined, undefined, undefined, undefined],
  ];
  for (const [name, password, sentName, sentPassword] of cases) {
    const client = new mqtt(null, name, password, true, 0, true);
    clients.push(client);
    await called((done) => client.connect('127.0.0.1', server.port, done));
    const packet = server.got('connect').at(-1);
    assert.equal(packet.username, sentName);
    const expected = sentPassword === undefined ? undefined
      : Buffer.from(sentPassword);
    assert.deepEqual(packet.password ?? undefined, expected);
  }
});

test('a client shows no password', () => {
  const { inspect } = require('node:util');
  const client = new mqtt('a', 'user', 'topsecret', true, 0, true,
    { tls: { psk: '00ff', pskIdentity: 'topsecret' } });
  assert.doesNotMatch(inspect(client, { showHidden: true, depth: 9 }),
    /topsecret/);
});

test('messages: bytes of every kind, string, nothing', async () => {
  const client = await connected();
  const memory = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const messages = [Buffer.from([0, 255]), new Uint8Array([1, 2]),
    new Uint8Array(memory, 2, 3), new DataView(memory, 1, 2),
    new Uint16Array(memory, 2, 2), new Float64Array(0), memory,
    'ünïcödé', '', null, undefined, 'x'.repeat(100000), Buffer.alloc(300000, 7)];
  const sent = server.got('publish').length;
  for (const message of messages) {
    assert.equal(client.publish(0, false, 't', message), 0);
  }
  await until(() => server.got('publish').length === sent + messages.length);
  assert.deepEqual(server.got('publish').slice(sent)
    .map(({ payload }) => payload), messages.map((message) => (
    ArrayBuffer.isView(message)
      ? Buffer.from(message.buffer, message.byteOffset, message.byteLength)
      : Buffer.from(message ?? ''))));
  client.disconnect();
});

test('a will is as it was when it was set', async () => {
  const client = make();
  const payload = Buffer.from('before');
  assert.equal(client.set_willmsg('t', payload, 0, false), 0);
  payload.fill('x');
  await called((done) => client.connect('127.0.0.1', server.port, done));
  assert.equal(String(server.got('connect').at(-1).will.payload), 'before');
});

test('a host with a zone keeps it, whatever it looks like', async () => {
  const client = make();
  const [result] = await called((done) =>
    assert.equal(client.connect('fe80::1%251', 1, done), 0));
  assert.match(result, /fe80::1%251/);
});

test('topics of every length around the buffer of the addon', async () => {
  const client = await connected();
  const lengths = [1, 255, 256, 257, 505, 506, 507, 508, 509, 510, 511, 512,
    513, 1024, 65535];
  const sent = server.got('publish').length;
  const topics = lengths.flatMap((length) => [
    'a'.repeat(length), `${'a'.repeat(length % 3)}${
      'é'.repeat(Math.floor((length - length % 3) / 2))}`,
  ]);
  for (const topic of topics) {
    assert.equal(client.publish(0, false, topic, topic.slice(0, 5000)), 0);
  }
  await until(() => server.got('publish').length === sent + topics.length);
  server.got('publish').slice(sent).forEach(({ topic, payload }, i) => {
    assert.ok(topic === topics[i], `topic of ${topics[i].length}`);
    assert.ok(payload.toString() === topics[i].slice(0, 5000));
  });
  client.disconnect();
});

test('a lone surrogate is no text: EUTF8', async () => {
  const client = await connected();
  assert.equal(client.publish(0, false, 'a\ud800b', 'm'), EUTF8);
  assert.equal(client.subscribe(0, 'a\udc00'), EUTF8);
  assert.equal(client.unsubscribe('\ud800'), EUTF8);
  assert.equal(client.set_willmsg('\ud800', 'm', 0, false), EUTF8);
  client.disconnect();
});

test('a subscription that is refused uses no message id', () => {
  const client = make();
  client.connect('127.0.0.1', 1);
  const ids = ['a', 'a/#/b', 'b'].map((filter) => [client.subscribe(0, filter), client.mid]);
  assert.deepEqual(ids, [[0, 1], [EINVAL, 1], [0, 2]]);
  client.disconnect();
});

test('past maxQueueMessages and maxQueueBytes: EQUEUE at once', () => {
  for (const options of [{ maxQueueMessages: 3 }, { maxQueueBytes: 4000 }]) {
    const client = make({ ...options, reconnectPeriod: 60000 });
    assert.equal(client.connect('127.0.0.1', 1), 0);
    const codes = [];
    for (let i = 0; i < 6; i += 1) {
      codes.push(client.publish(1, false, 't', Buffer.alloc(1000)));
    }
    assert.deepEqual(codes, [0, 0, 0, EQUEUE, EQUEUE, EQUEUE]);
    assert.equal(client.mid, 3);
    client.disconnect();
  }
});

test('mqtt.errors and mqtt.strerror agree', () => {
  for (const [name, code] of Object.entries(mqtt.errors)) {
    assert.ok(Number.isInteger(code) && code < 0, name);
    assert.ok(mqtt.strerror(code).length > 5, name);
  }
  assert.equal(mqtt.errors.EINVAL, -3);
  assert.equal(mqtt.errors.EQUEUE, -64);
  assert.equal(mqtt.strerror(0), 'success');
  assert.equal(mqtt.strerror(-0x87), 'Not authorized');
  assert.equal(typeof mqtt.strerror(-1e9), 'string');
  assert.equal(thrown(() => mqtt.strerror('x')).code, 'ERR_INVALID_ARG_TYPE');
});

test('tls methods: what cannot be returns its code at once', () => {
  const client = make();
  assert.equal(client.tls_set(null, null, null, null), EINVAL);
  assert.equal(client.tls_set('ca.pem', null, 'cert.pem', null), EINVAL);
  assert.equal(client.tls_set('ca.pem', null, null, 'key.pem'), EINVAL);
  assert.ok(client.tls_set('/no/such/file', null, null, null) < 0);
  assert.equal(client.tls_set(Buffer.from('not PEM'), null, null, null), ETLS);
  assert.equal(client.tls_opts_set('2', null, null), EINVAL);
  assert.equal(client.tls_opts_set('SSL_VERIFY', null, null), EINVAL);
  assert.equal(client.tls_opts_set('1', 'tlsv9', null), EINVAL);
  assert.ok(client.tls_opts_set('1', null, 'NO-SUCH-CIPHER') < 0);
  assert.equal(client.tls_psk_set('abc', 'me', null), EINVAL);
  assert.equal(client.tls_psk_set('zz', 'me', null), EINVAL);
  assert.equal(client.tls_psk_set('', 'me', null), EINVAL);
  assert.equal(client.tls_psk_set('00ff', '', null), EINVAL);
  for (const reqs of ['0', '1', 0, 1, 'SSL_VERIFY_NONE', 'SSL_VERIFY_PEER']) {
    assert.equal(client.tls_opts_set(reqs, 'tlsv1.3', null), 0);
  }
  assert.equal(client.tls_insecure_set(true), 0);
  assert.equal(client.tls_psk_set('00ff', 'me', null), 0);
  assert.equal(client.tls_set('/no/such/file', null, null, null), EINVAL,
    'a key and certificates exclude each other');
});
