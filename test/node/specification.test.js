'use strict';
// Every method, event, argument and return value of the specification of the
// class, each in a test that names it, against a real broker.
const assert = require('node:assert/strict');
const { EventEmitter } = require('node:events');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { file } = require('../tls/certificates');
const { called, delay, event, until } = require('./support/wait');

const KEY = '00112233445566778899aabbccddeeff'; // of the TLS-PSK listener

let broker;
let clients = [];
let topics = 0;

before(async () => {
  broker = await mosquitto.start({ listeners: [{},
    { tls: { certificate: file('server.pem'), key: file('server.key'),
      ca: file('root.pem'), requireCertificate: true } },
    { tls: { certificate: file('wrong-host.pem'),
      key: file('wrong-host.key') } },
    { psk: { keys: { me: KEY } } },
  ] });
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  await broker.stop();
});

function make(options) {
  const client = new mqtt(null, null, null, true, 60000, true, options);
  clients.push(client);
  return client;
}

async function connected(options) {
  const client = make(options);
  const [result] = await called((done) =>
    assert.equal(client.connect('127.0.0.1', broker.port, done), 0));
  assert.equal(result, 'OK');
  return client;
}

function newTopic() {
  topics += 1;
  return `specification/${topics}`;
}

test('spec: new mqtt(client_id, user_name, user_pass, clean_session, ' +
  'keep_alive_time, asynchronous)', async () => {
  const client = new mqtt('named', 'user', 'pass', true, 10000, true);
  assert.ok(client instanceof mqtt);
  assert.ok(client instanceof EventEmitter);
  assert.equal(client.client_id, 'named');
  await event(client, 'started');
});

test('spec: set_willmsg(willtopic, willmessage, qos, retain)', async () => {
  const topic = newTopic();
  const watcher = await connected();
  await called((done) => watcher.subscribe(1, topic, done));
  const client = make({ reconnectPeriod: 0 });
  assert.equal(client.set_willmsg(topic, Buffer.from('gone'), 1, false), 0);
  await called((done) => client.connect('127.0.0.1', broker.port, done));
  // With reason 4 of MQTT 5 the broker would send it; 3.1.1 needs a broken
  // link, which a second client of the same name brings about.
  const twin = new mqtt(client.client_id, null, null, true, 0, true);
  clients.push(twin);
  const received = event(watcher, 'received');
  twin.connect('127.0.0.1', broker.port);
  const [, from, message, qos] = await received;
  assert.deepEqual([from, message.toString(), qos], [topic, 'gone', 1]);
});

for (const method of ['free_willmsg', 'clear_willmsg']) {
  test(`spec: ${method}()`, async () => {
    const topic = newTopic();
    const watcher = await connected();
    await called((done) => watcher.subscribe(1, topic, done));
    const heard = [];
    watcher.on('received', (mid, from, message) =>
      heard.push(message.toString()));
    const client = make({ reconnectPeriod: 0 });
    assert.equal(client.set_willmsg(topic, Buffer.from('will'), 1, false), 0);
    assert.equal(client[method](), 0);
    await called((done) => client.connect('127.0.0.1', broker.port, done));
    const twin = new mqtt(client.client_id, null, null, true, 0, true);
    clients.push(twin);
    await called((done) => twin.connect('127.0.0.1', broker.port, done));
    await called((done) => twin.publish(1, false, topic, 'after', done));
    await until(() => heard.length > 0);
    assert.deepEqual(heard, ['after']);
  });
}

test('spec: connect(host, port, callback)', async () => {
  const client = make();
  const results = [];
  assert.equal(client.connect('127.0.0.1', broker.port, (result) =>
    results.push(result)), 0);
  assert.deepEqual(results, [], 'it is a non-blocking call');
  await until(() => results.length > 0);
  assert.equal(results[0], 'OK');
});

test('spec: connect takes the port as a numeric string', async () => {
  const client = make();
  const [result] = await called((done) =>
    assert.equal(client.connect('127.0.0.1', String(broker.port), done), 0));
  assert.equal(result, 'OK');
});

test('spec: disconnect(callback)', async () => {
  const client = await connected();
  const [result] = await called((done) =>
    assert.equal(client.disconnect(done), 0));
  assert.equal(result, 'OK');
  assert.equal(client.connected, false);
});

test('spec: subscribe(qos, topic, callback)', async () => {
  const client = await connected();
  for (const qos of [0, 1, 2]) {
    const args = await called((done) =>
      assert.equal(client.subscribe(qos, newTopic(), done), 0));
    assert.deepEqual(args, [client.mid, qos]);
  }
});

test('spec: unsubscribe(topic, callback)', async () => {
  const client = await connected();
  const topic = newTopic();
  await called((done) => client.subscribe(1, topic, done));
  const args = await called((done) =>
    assert.equal(client.unsubscribe(topic, done), 0));
  assert.deepEqual(args, [client.mid]);
  client.on('received', () => assert.fail('unsubscribed'));
  await called((done) => client.publish(1, false, topic, 'x', done));
  await delay(50);
});

for (const qos of [0, 1, 2]) {
  test(`spec: publish(qos, retain, topic, message, callbackPublish, ` +
    `callbackReceive) with QoS ${qos}`, async () => {
    const client = await connected();
    const topic = newTopic();
    await called((done) => client.subscribe(qos, topic, done));
    const receiving = called((receive) => {
      client.publish(qos, false, topic, Buffer.from('a message'),
        (mid) => { client.published = mid; }, receive);
    });
    const { mid: ours } = client;
    const [mid, from, message, at, retain] = await receiving;
    await until(() => client.published !== undefined);
    assert.equal(client.published, ours);
    assert.equal(from, topic);
    assert.ok(Buffer.isBuffer(message));
    assert.equal(message.toString(), 'a message');
    assert.equal(at, qos);
    assert.equal(retain, false);
    if (qos === 0) assert.equal(mid, 0);
    else assert.ok(mid > 0);
  });
}

test('spec: publish with retain lets the broker keep the message', async () => {
  const topic = newTopic();
  const client = await connected();
  await called((done) => client.publish(1, true, topic, 'kept', done));
  const late = await connected();
  const received = event(late, 'received');
  late.subscribe(1, topic);
  const [, from, message, , retain] = await received;
  assert.deepEqual([from, message.toString(), retain], [topic, 'kept', true]);
  await called((done) => client.publish(1, true, topic, null, done));
});

test("spec: on('connected', function (result))", async () => {
  const client = make();
  client.connect('127.0.0.1', broker.port);
  const [result] = await event(client, 'connected');
  assert.equal(result, 'OK');
  assert.equal(client.connected, true);
});

test("spec: on('disconnected', function (result))", async () => {
  const client = await connected();
  client.disconnect();
  assert.deepEqual(await event(client, 'disconnected'), ['OK']);
});

test("spec: on('subscribed', function (message_id))", async () => {
  const client = await connected();
  client.subscribe(0, newTopic());
  const [mid] = await event(client, 'subscribed');
  assert.equal(mid, client.mid);
});

test("spec: on('unsubscribed', function (message_id))", async () => {
  const client = await connected();
  client.unsubscribe(newTopic());
  const [mid] = await event(client, 'unsubscribed');
  assert.equal(mid, client.mid);
});

test("spec: on('published', function (message_id))", async () => {
  const client = await connected();
  const mids = [];
  client.on('published', (mid) => mids.push(mid));
  for (const qos of [0, 1, 2]) client.publish(qos, false, newTopic(), 'x');
  await until(() => mids.length === 3);
  assert.deepEqual(mids.sort(), [1, 2, 3]);
});

test("spec: on('received', function (message_id, topic, buffer, qos, " +
  "retain))", async () => {
  const client = await connected();
  const topic = newTopic();
  await called((done) => client.subscribe(2, topic, done));
  const received = event(client, 'received');
  client.publish(1, false, topic, Buffer.from([0, 1, 255]));
  const [mid, from, buffer, qos, retain] = await received;
  assert.ok(mid > 0);
  assert.deepEqual([from, qos, retain], [topic, 1, false]);
  assert.deepEqual([...buffer], [0, 1, 255]);
});

// Connects to the broker's listener number `at`; 'OK', or why it could not.
async function tlsResult(client, at) {
  const [result, error] = await called((done) =>
    assert.equal(client.connect('127.0.0.1', broker.ports[at], done), 0));
  return error ? error.code : result;
}

test('spec: tls_set(ca_file, ca_path, cert_file, key_file)', async () => {
  const client = make({ reconnectPeriod: 0 });
  assert.equal(client.tls_set(file('root.pem'), null, file('client.pem'),
    file('client.key')), 0);
  assert.equal(await tlsResult(client, 1), 'OK');
});

test('spec: tls_insecure_set(insecure)', async () => {
  const strict = make({ reconnectPeriod: 0 });
  assert.equal(strict.tls_set(file('root.pem'), null, null, null), 0);
  assert.equal(strict.tls_insecure_set(false), 0);
  assert.notEqual(await tlsResult(strict, 2), 'OK');
  const lenient = make({ reconnectPeriod: 0 });
  assert.equal(lenient.tls_set(file('root.pem'), null, null, null), 0);
  assert.equal(lenient.tls_insecure_set(true), 0);
  assert.equal(await tlsResult(lenient, 2), 'OK');
});

test('spec: tls_opts_set(cert_reqs, version, ciphers)', async () => {
  const client = make({ reconnectPeriod: 0 });
  assert.equal(client.tls_set(file('root.pem'), null, file('client.pem'),
    file('client.key')), 0);
  assert.equal(client.tls_opts_set('SSL_VERIFY_PEER', 'tlsv1.2',
    'ECDHE+AESGCM'), 0);
  assert.equal(await tlsResult(client, 1), 'OK');
});

test('spec: tls_psk_set(key, identity, ciphers)', async () => {
  const client = make({ reconnectPeriod: 0 });
  assert.equal(client.tls_psk_set(KEY, 'me', null), 0);
  assert.equal(await tlsResult(client, 3), 'OK');
});

test('spec: return values are numbers: 0, or an error code', () => {
  const client = make();
  assert.equal(client.set_willmsg('t', Buffer.from('m'), 0, false), 0);
  assert.equal(client.set_willmsg('t', Buffer.from('m'), 3, false),
    mqtt.errors.EINVAL);
  assert.equal(client.free_willmsg(), 0);
  assert.equal(client.clear_willmsg(), 0);
  assert.equal(client.disconnect(), mqtt.errors.ENOCONN);
  assert.equal(client.subscribe(0, 't'), mqtt.errors.ENOCONN);
  assert.equal(client.unsubscribe('t'), mqtt.errors.ENOCONN);
  assert.equal(client.publish(0, false, 't', 'm'), mqtt.errors.ENOCONN);
  assert.equal(client.connect('', 1883), mqtt.errors.EINVAL);
});
