'use strict';
// MQTT 5 from end to end: properties, reasons and limits, against mosquitto
// where it can show them, and a server that says anything where it cannot.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { listen } = require('./support/server');
const { called, delay, event, thrown, until } = require('./support/wait');

let broker;
const clients = [];
let topics = 0;

before(async () => {
  broker = await mosquitto.start();
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  await broker.stop();
});

function make(options, id = null, clean = true) {
  const client = new mqtt(id, null, null, clean, 60000, true,
    { protocolVersion: 5, ...options });
  clients.push(client);
  return client;
}

async function connected(options, port = broker.port, id = null, clean = true) {
  const client = make(options, id, clean);
  const [, , connack] = await called((done) =>
    assert.equal(client.connect('127.0.0.1', port, done), 0));
  return { client, connack };
}

function newTopic() {
  topics += 1;
  return `mqtt5/${topics}`;
}

test('CONNACK: what the broker allows, by the names of MQTT.js', async () => {
  const { connack } = await connected({ properties: {
    sessionExpiryInterval: 60, receiveMaximum: 50, topicAliasMaximum: 5,
    maximumPacketSize: 100000, requestProblemInformation: true,
    userProperties: { a: ['1', '2'], b: '3' },
  } });
  assert.equal(connack.sessionPresent, false);
  assert.equal(connack.protocolVersion, 5);
  assert.equal(connack.reasonCode, 0);
  assert.equal(connack.keepalive, 60);
  assert.equal(typeof connack.properties.topicAliasMaximum, 'number');
});

test('publish properties arrive as they were sent', async () => {
  const { client } = await connected();
  const topic = newTopic();
  const properties = {
    payloadFormatIndicator: true,
    messageExpiryInterval: 100,
    contentType: 'text/plain',
    responseTopic: 'answers',
    correlationData: Buffer.from([0, 1, 255]),
    userProperties: { single: 'value', many: ['1', '2', '3'], '': 'empty',
      ünïcödé: 'ü', ['__proto__']: 'harmless', constructor: 'harmless' },
  };
  await called((done) => client.subscribe(2, topic, done, null,
    { properties: { subscriptionIdentifier: 77 } }));
  for (const qos of [0, 1, 2]) {
    const received = event(client, 'received');
    assert.equal(client.publish(qos, false, topic, 'm', null, null,
      properties), 0);
    const [, , , , , got] = await received;
    const { subscriptionIdentifier, messageExpiryInterval, ...rest } = got;
    assert.ok(messageExpiryInterval <= 100);
    assert.equal(subscriptionIdentifier, 77);
    const { messageExpiryInterval: sent, ...expected } = properties;
    assert.deepEqual(rest, expected);
    assert.equal({}.harmless, undefined);
    assert.ok(Buffer.isBuffer(rest.correlationData));
  }
});

test('callbacks get the reason, also "no matching subscribers"', async () => {
  const { client } = await connected();
  const [mid, error, ack] = await called((done) =>
    client.publish(1, false, newTopic(), 'm', done));
  assert.equal(mid, 1);
  assert.equal(error, undefined);
  assert.equal(ack.reasonCode, 0x10);
  const [, granted, none, suback] = await called((done) =>
    client.subscribe(1, ['a', 'b'], done));
  assert.deepEqual([granted, none], [[1, 1], undefined]);
  assert.deepEqual(suback.reasonCode, [1, 1]);
  const [, , unsuback] = await called((done) =>
    client.unsubscribe(['a', 'nothing'], done));
  assert.deepEqual(unsuback.reasonCode, [0, 0x11]);
});

test('subscription options: no local, retain handling', async () => {
  const { client } = await connected();
  const topic = newTopic();
  await called((done) => client.publish(1, true, topic, 'kept', done));
  client.on('received', (mid, from, message) =>
    assert.fail(`received ${message}`));
  await called((done) => client.subscribe(1, topic, done, null,
    { nl: true, rh: 2 }));
  await called((done) => client.publish(1, false, topic, 'own', done));
  await delay(100);
  await called((done) => client.publish(1, true, topic, null, done));
});

test('retain as published', async () => {
  const { client } = await connected();
  const topic = newTopic();
  await called((done) => client.subscribe(1, topic, done, null, { rap: true }));
  const received = event(client, 'received');
  client.publish(1, true, topic, 'm');
  const [, , , , retain] = await received;
  assert.equal(retain, true);
  await called((done) => client.publish(1, true, topic, null, done));
});

test('a will with properties, sent at DISCONNECT with reason 4', async () => {
  const { client: watcher } = await connected();
  const topic = newTopic();
  await called((done) => watcher.subscribe(1, topic, done));
  const client = make();
  assert.equal(client.set_willmsg(topic, 'will', 1, false, {
    contentType: 'text/plain', userProperties: { a: 'b' }, willDelayInterval: 0,
  }), 0);
  await called((done) => client.connect('127.0.0.1', broker.port, done));
  const received = event(watcher, 'received');
  assert.equal(client.disconnect(null, { reasonCode: 4 }), 0);
  const [, , message, , , properties] = await received;
  assert.equal(message.toString(), 'will');
  assert.deepEqual(properties,
    { contentType: 'text/plain', userProperties: { a: 'b' } });
});

test('a session that lasts: present again, with what came meanwhile',
  async () => {
    const id = `lasting-${process.pid}`;
    const topic = newTopic();
    const first = await connected({}, broker.port, id, false);
    assert.equal(first.connack.sessionPresent, false);
    await called((done) => first.client.subscribe(1, topic, done));
    await called((done) => first.client.disconnect(done));
    const { client: other } = await connected();
    await called((done) => other.publish(1, false, topic, 'waits', done));
    // Another process would know as little of it as this new object does.
    const second = make({}, id, false);
    const received = event(second, 'received');
    const [, , connack] = await called((done) =>
      second.connect('127.0.0.1', broker.port, done));
    assert.equal(connack.sessionPresent, true);
    const [, , message] = await received;
    assert.equal(message.toString(), 'waits');
    await called((done) => second.disconnect(done,
      { properties: { sessionExpiryInterval: 0 } }));
    const third = await connected({}, broker.port, id, false);
    assert.equal(third.connack.sessionPresent, false);
    await called((done) => third.client.disconnect(done,
      { properties: { sessionExpiryInterval: 0 } }));
  });

test('taken over: told with its reason, and no fight', async () => {
  const server = await listen({
    publish(packet, connection) {
      connection.send({ cmd: 'disconnect', reasonCode: 0x8e });
      connection.socket.end();
    },
  });
  const { client } = await connected({ reconnectPeriod: 10 }, server.port);
  const gone = event(client, 'disconnected');
  client.publish(0, false, 't', 'm');
  const [result, error] = await gone;
  assert.equal(error.reasonCode, 0x8e);
  assert.equal(error.errno, -0x8e);
  assert.equal(result, error.message);
  await delay(100);
  assert.equal(server.got('connect').length, 1);
  assert.equal(client.publish(0, false, 't', 'm'), mqtt.errors.ENOCONN);
  await server.stop();
});

test('a DISCONNECT 0x00 of the server has its reasonCode', async (t) => {
  const server = await listen({
    publish(packet, connection) {
      connection.send({ cmd: 'disconnect', reasonCode: 0 });
      connection.socket.end();
    },
  });
  t.after(() => server.stop());
  const { client } = await connected({ reconnectPeriod: 0 }, server.port);
  const gone = event(client, 'disconnected');
  client.publish(0, false, 't', 'm');
  const [, error] = await gone;
  assert.equal(error.reasonCode, 0);
});

test('a reason that we gave is not the server\'s', async (t) => {
  const server = await listen({
    publish(packet, connection) {
      connection.socket.write(Buffer.from([0, 0])); // there is no such packet
    },
  });
  t.after(() => server.stop());
  const { client } = await connected({ reconnectPeriod: 0 }, server.port);
  const gone = event(client, 'disconnected');
  client.publish(0, false, 't', 'm');
  const [, error] = await gone;
  assert.equal(error.errno, mqtt.errors.EPROTOCOL);
  assert.equal('reasonCode' in error, false);
});

test('each publish has its own answer, however fast they come', async (t) => {
  const held = [];
  const server = await listen({
    publish({ messageId }, connection) {
      held.push([messageId, connection]);
      if (held.length < 20) return;
      held.forEach(([id, to], at) => to.send({ cmd: 'puback', messageId: id,
        reasonCode: at % 2 === 0 ? 0 : 0x10 }));
    },
  });
  t.after(() => server.stop());
  const { client } = await connected({}, server.port);
  const reasons = [];
  for (let i = 0; i < 20; i += 1) {
    client.publish(1, false, 't', 'm', (mid, error, ack) =>
      reasons.push(ack.reasonCode));
  }
  await until(() => reasons.length === 20);
  assert.deepEqual(reasons,
    Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 0 : 0x10)));
});

test('topic aliases of our own are assigned when the broker may', async () => {
  const { client } = await connected({ autoAssignTopicAlias: true });
  const topic = newTopic();
  await called((done) => client.subscribe(1, topic, done));
  const heard = [];
  client.on('received', (mid, from, message) =>
    heard.push([from, Number(message)]));
  for (let i = 0; i < 100; i += 1) client.publish(i % 2, false, topic, `${i}`);
  await until(() => heard.length === 100);
  assert.ok(heard.every(([from]) => from === topic));
});

test('a message too large for the broker fails with EOVERSIZE', async () => {
  const server = await listen({
    connect(packet, connection) {
      connection.version = 5;
      connection.send({ cmd: 'connack', reasonCode: 0, sessionPresent: false,
        properties: { maximumPacketSize: 100, maximumQoS: 1,
          retainAvailable: false } });
    },
  });
  const { client } = await connected({}, server.port);
  const fails = {
    EOVERSIZE: (done) => client.publish(1, false, 't', Buffer.alloc(200), done),
    ENOTSUP: (done) => client.publish(2, false, 't', 'm', done),
  };
  for (const [name, call] of Object.entries(fails)) {
    const [, error] = await called(call);
    assert.equal(error.errno, mqtt.errors[name], name);
    assert.equal(error.code, `MIDGE_${name}`);
  }
  client.disconnect();
  await server.stop();
});

test('refusals of a publish and a subscription carry reason and properties',
  async () => {
    const properties = { reasonString: 'because', userProperties: { a: 'b' } };
    const server = await listen({
      publish({ messageId }, connection) {
        connection.send({ cmd: 'puback', messageId, reasonCode: 0x97,
          properties });
      },
      subscribe({ messageId }, connection) {
        connection.send({ cmd: 'suback', messageId, granted: [1, 0x87],
          properties });
      },
    });
    const { client } = await connected({}, server.port);
    const [, error] = await called((done) =>
      client.publish(1, false, 't', 'm', done));
    assert.equal(error.reasonCode, 0x97);
    assert.equal(error.errno, -0x97);
    assert.deepEqual(error.properties, properties);
    const [, granted, refused] = await called((done) =>
      client.subscribe(1, ['a', 'b'], done));
    assert.deepEqual(granted, [1, 0x87]);
    assert.equal(refused.reasonCode, 0x87);
    assert.deepEqual(refused.granted, [1, 0x87]);
    assert.deepEqual(refused.properties, properties);
    client.disconnect();
    await server.stop();
  });

test("DISCONNECT of the server: its reason and properties", async () => {
  const server = await listen({
    publish(packet, connection) {
      connection.send({ cmd: 'disconnect', reasonCode: 0x9c,
        properties: { serverReference: 'other:1883', reasonString: 'moved' } });
      connection.socket.end();
    },
  });
  const { client } = await connected({}, server.port);
  const gone = event(client, 'disconnected');
  client.publish(0, false, 't', 'm');
  const [, error] = await gone;
  assert.equal(error.reasonCode, 0x9c);
  assert.deepEqual(error.properties,
    { serverReference: 'other:1883', reasonString: 'moved' });
  client.disconnect();
  await server.stop();
});

test('enhanced authentication: event and method', async () => {
  const seen = [];
  const server = await listen({
    connect({ properties }, connection) {
      connection.version = 5;
      seen.push(String(properties.authenticationData));
      connection.send({ cmd: 'auth', reasonCode: 0x18, properties: {
        authenticationMethod: 'M', authenticationData: Buffer.from('first') } });
    },
    auth({ reasonCode, properties }, connection) {
      seen.push([reasonCode, String(properties.authenticationData)]);
      if (reasonCode === 0x19) {
        connection.send({ cmd: 'auth', reasonCode: 0, properties: {
          authenticationMethod: 'M', authenticationData: Buffer.from('again') } });
        return;
      }
      connection.send({ cmd: 'connack', reasonCode: 0, sessionPresent: false,
        properties: { authenticationMethod: 'M' } });
    },
  });
  const client = make({ properties: {
    authenticationMethod: 'M', authenticationData: 'begin' } });
  const asked = [];
  client.on('authenticate', (reasonCode, properties) => {
    asked.push([reasonCode, String(properties.authenticationData)]);
    if (reasonCode !== 0x18) return;
    assert.equal(client.authenticate(0x18, { authenticationData: 'second' }), 0);
  });
  client.connect('127.0.0.1', server.port);
  await event(client, 'connected');
  assert.equal(client.authenticate(0x19, { authenticationData: 'fresh' }), 0);
  await until(() => asked.length === 2);
  assert.deepEqual(asked, [[0x18, 'first'], [0, 'again']]);
  assert.deepEqual(seen, ['begin', [0x18, 'second'], [0x19, 'fresh']]);
  client.disconnect();
  await server.stop();
});

test('negotiate: 3.1.1 where MQTT 5 is refused', async () => {
  const server = await listen({
    connect({ protocolVersion }, connection) {
      connection.version = 4;
      connection.send({ cmd: 'connack', sessionPresent: false,
        returnCode: protocolVersion === 5 ? 1 : 0 });
      if (protocolVersion === 5) connection.socket.end();
    },
  });
  const client = make({ negotiate: true, reconnectPeriod: 10 });
  client.connect('127.0.0.1', server.port);
  const [, connack] = await event(client, 'connected');
  assert.equal(connack.protocolVersion, 4);
  await called((done) => client.publish(1, false, 't', 'm', done));
  client.disconnect();
  await server.stop();
});

for (const [version, name] of [[3, 'MQIsdp'], [4, 'MQTT'], [5, 'MQTT']]) {
  test(`protocolVersion ${version} against mosquitto`, async () => {
    const server = await listen();
    const probe = make({ protocolVersion: version });
    await called((done) => probe.connect('127.0.0.1', server.port, done));
    const { protocolVersion, protocolId } = server.got('connect')[0];
    assert.deepEqual([protocolVersion, protocolId], [version, name]);
    probe.disconnect();
    await server.stop();
    const { client } = await connected({ protocolVersion: version });
    const topic = newTopic();
    await called((done) => client.subscribe(2, topic, done));
    for (const qos of [0, 1, 2]) {
      const received = event(client, 'received');
      client.publish(qos, false, topic, `${qos}`);
      const [, , message, at] = await received;
      assert.deepEqual([message.toString(), at], [`${qos}`, qos]);
    }
  });
}

test('properties: what cannot be', async () => {
  const { client } = await connected();
  const { EINVAL } = mqtt.errors;
  const publish = (properties) =>
    client.publish(0, false, 't', 'm', null, null, properties);
  assert.equal(publish({ messageExpiryInterval: -1 }), EINVAL);
  assert.equal(publish({ messageExpiryInterval: 2 ** 32 }), EINVAL);
  assert.equal(publish({ messageExpiryInterval: 0.5 }), EINVAL);
  assert.equal(publish({ receiveMaximum: 1 }), EINVAL);
  assert.equal(publish({ responseTopic: 'a/#' }), EINVAL);
  assert.equal(client.subscribe(0, 't', null, null,
    { properties: { subscriptionIdentifier: 0 } }), EINVAL);
  const wrong = {
    contentType: 1, messageExpiryInterval: '1', correlationData: 7,
    userProperties: { a: 1 },
  };
  for (const [name, value] of Object.entries(wrong)) {
    const error = thrown(() => publish({ [name]: value }));
    assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
    assert.match(error.message, new RegExp(`"properties.${name}`));
  }
  assert.match(thrown(() => publish({ contenttype: 'x' })).message,
    /did you mean "contentType"/);
});

test('messages expire while they wait: EEXPIRED', async () => {
  const client = make({ reconnectPeriod: 60000 });
  client.connect('127.0.0.1', 1);
  const [, error] = await called((done) => client.publish(1, false, 't', 'm',
    done, null, { messageExpiryInterval: 1 }));
  assert.equal(error.errno, mqtt.errors.EEXPIRED);
  client.disconnect();
});
