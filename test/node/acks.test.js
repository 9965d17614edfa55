'use strict';
// Messages that the program acknowledges itself: the option manualAcks.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { listen } = require('./support/server');
const { called, event, until } = require('./support/wait');

const { EINVAL, ENOCONN } = mqtt.errors;

async function start(t, options, answers = {}) {
  const server = await listen(answers);
  const client = new mqtt('acks', null, null, false, 0, true,
    { manualAcks: true, reconnectPeriod: 20, ...options });
  t.after(async () => {
    client.disconnect();
    await server.stop();
  });
  const heard = [];
  client.on('received', (mid) => heard.push(mid));
  await called((done) => client.connect('127.0.0.1', server.port, done));
  return { client, server, heard };
}

const publish = (qos, messageId) =>
  ({ cmd: 'publish', topic: 't', payload: 'm', qos, messageId });
const ids = (server, cmd) => server.got(cmd).map(({ messageId }) => messageId);

// A publish of ours that is answered behind whatever was sent before it.
const fence = (client) => called((done) => client.publish(1, false, 'fence', 'm', done));

for (const protocolVersion of [3, 4, 5]) {
  test(`messages are acknowledged in their order, MQTT ${protocolVersion}`, async (t) => {
    const { client, server, heard } = await start(t, { protocolVersion });
    for (const id of [1, 2, 3]) server.send(publish(1, id));
    await until(() => heard.length === 3);
    assert.equal(client.acknowledge(3), 0);
    assert.equal(client.acknowledge(2), 0);
    await fence(client);
    assert.deepEqual(ids(server, 'puback'), []);
    assert.equal(client.acknowledge(1), 0);
    await until(() => ids(server, 'puback').length === 3);
    assert.deepEqual(ids(server, 'puback'), [1, 2, 3]);
  });
}

test('nothing is acknowledged before the program does', async (t) => {
  const { client, server, heard } = await start(t);
  server.send(publish(1, 5));
  server.send(publish(2, 6));
  await until(() => heard.length === 2);
  await fence(client);
  assert.deepEqual([...ids(server, 'puback'), ...ids(server, 'pubrec')], []);
  client.acknowledge(5);
  client.acknowledge(6);
  await until(() => ids(server, 'pubrel').length === 0 && ids(server, 'pubcomp').length === 1);
  assert.deepEqual(ids(server, 'puback'), [5]);
});

test('what one server sent is not acknowledged to another', async (t) => {
  const { client, server, heard } = await start(t);
  const other = await listen();
  t.after(() => other.stop());
  server.send(publish(1, 5));
  await until(() => heard.length === 1);
  await called((done) => client.disconnect(done));
  await called((done) => client.connect('127.0.0.1', other.port, done));
  assert.equal(client.acknowledge(5), EINVAL);
  await fence(client);
  assert.deepEqual(ids(other, 'puback'), []);
});

test('an acknowledgement has a reason in MQTT 5, and only there', async (t) => {
  const five = await start(t, { protocolVersion: 5 });
  five.server.send(publish(1, 5));
  await until(() => five.heard.length === 1);
  assert.equal(five.client.acknowledge(5, 1), EINVAL);
  assert.match(five.client.last_error.message, /PUBACK/);
  assert.equal(five.client.acknowledge(5, 0x87), 0);
  await until(() => ids(five.server, 'puback').length === 1);
  assert.equal(five.server.got('puback')[0].reasonCode, 0x87);

  const four = await start(t, { protocolVersion: 4 });
  four.server.send(publish(1, 5));
  await until(() => four.heard.length === 1);
  assert.equal(four.client.acknowledge(5, 0x87), EINVAL);
  assert.match(four.client.last_error.message, /before MQTT 5/);
  assert.equal(four.client.acknowledge(5), 0);
});

test('a reason is a number from 0 to 255', async (t) => {
  const { client, server, heard } = await start(t, { protocolVersion: 5 });
  server.send(publish(1, 5));
  await until(() => heard.length === 1);
  for (const reason of [256, -1, 1.5, NaN]) {
    for (const call of [() => client.acknowledge(5, reason), () => client.authenticate(reason),
      () => client.disconnect(null, { reasonCode: reason })]) {
      assert.equal(call(), EINVAL);
      assert.match(client.last_error.message, /from 0 to 255/);
    }
  }
  assert.equal(client.acknowledge(5), 0);
});

test('acknowledging twice, or what never came, is an error', async (t) => {
  const { client, server, heard } = await start(t);
  server.send(publish(1, 5));
  server.send(publish(0, 0));
  await until(() => heard.length === 2);
  assert.equal(client.acknowledge(5), 0);
  assert.equal(client.last_error, null);
  for (const mid of [5, 0, 77, -1, 1.5]) {
    assert.equal(client.acknowledge(mid), EINVAL, String(mid));
    assert.match(client.last_error.message, /acknowledged before, or it never came/);
  }
  assert.equal(client.acknowledge(5, 256), EINVAL);
  assert.throws(() => client.acknowledge('5'), { code: 'ERR_INVALID_ARG_TYPE' });
  assert.throws(() => client.acknowledge(5, '0'), { code: 'ERR_INVALID_ARG_TYPE' });
});

test('without the option there is nothing to acknowledge', async (t) => {
  const { client, server, heard } = await start(t, { manualAcks: false });
  server.send(publish(1, 5));
  await until(() => heard.length === 1);
  assert.equal(client.acknowledge(5), EINVAL);
  assert.match(client.last_error.message, /manualAcks/);
  await until(() => ids(server, 'puback').length === 1);
});

test('without a client there is nobody to tell', async (t) => {
  const { client, server, heard } = await start(t);
  server.send(publish(1, 5));
  await until(() => heard.length === 1);
  await called((done) => client.disconnect(done));
  assert.equal(client.acknowledge(5), ENOCONN);
  assert.equal(new mqtt('other', null, null, true, 0, true, { manualAcks: true }).acknowledge(5),
    ENOCONN);
});

test('what has QoS 2 is acknowledged behind disconnect, for the next connection', async (t) => {
  let connections = 0;
  const { client, server, heard } = await start(t, {}, {
    connect(packet, connection) {
      connections += 1;
      connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: connections > 1 });
    },
  });
  server.send(publish(2, 5));
  server.send(publish(2, 6));
  await until(() => heard.length === 2);
  await called((done) => client.disconnect(done));
  assert.equal(client.acknowledge(6), 0);
  await called((done) => client.connect('127.0.0.1', server.port, done));
  assert.equal(client.acknowledge(5), 0);
  for (const id of [5, 6]) server.send({ ...publish(2, id), dup: true });
  await until(() => ids(server, 'pubcomp').length === 2);
  assert.deepEqual(ids(server, 'pubrec'), [5, 6]);
  assert.deepEqual(heard, [5, 6]);
});

test('what is acknowledged while the client says goodbye is', async (t) => {
  const { client, server, heard } = await start(t, {}, { publish: () => undefined });
  client.publish(1, false, 'unanswered', 'm');
  await until(() => server.got('publish').length === 1);
  server.send(publish(1, 7));
  await until(() => heard.length === 1);
  client.disconnect();
  assert.equal(client.acknowledge(7), 0);
  await until(() => ids(server, 'puback').length === 1);
});

test('an acknowledgement of an earlier connection does no harm', async (t) => {
  const { client, server, heard } = await start(t, {}, {
    connect(packet, connection) {
      connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: true });
    },
  });
  server.send(publish(1, 5));
  server.send(publish(1, 6));
  await until(() => heard.length === 2);
  const back = event(client, 'connected');
  server.cut();
  await back;
  server.send(publish(1, 6));
  await until(() => heard.length === 3);
  assert.equal(client.acknowledge(5), 0);
  await fence(client);
  assert.deepEqual(ids(server, 'puback'), []);
  assert.equal(client.acknowledge(6), 0);
  await until(() => ids(server, 'puback').length === 1);
  assert.deepEqual(ids(server, 'puback'), [6]);
});

test('an acknowledgement of QoS 2 counts in the session', async (t) => {
  const { client, server, heard } = await start(t, {}, {
    connect(packet, connection) {
      connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: true });
    },
  });
  server.send(publish(2, 5));
  await until(() => heard.length === 1);
  const back = event(client, 'connected');
  server.cut();
  await back;
  server.send({ ...publish(2, 5), dup: true });
  assert.equal(client.acknowledge(5), 0);
  await until(() => ids(server, 'pubcomp').length === 1);
  assert.deepEqual(heard, [5]);
});

for (const qos of [1, 2]) {
  test(`what was held while its session was lost is nobody's, QoS ${qos}`, async (t) => {
    const { client, server, heard } = await start(t);
    client.pause();
    server.send(publish(qos, 5));
    await fence(client);
    const back = event(client, 'connected');
    server.cut();
    await back;
    client.resume();
    await until(() => heard.length === 1);
    server.send(publish(qos, 5));
    await until(() => heard.length === 2);
    assert.deepEqual(heard, [0, 5]);
    const answer = qos === 1 ? 'puback' : 'pubrec';
    assert.equal(client.acknowledge(0), 0);
    await fence(client);
    assert.deepEqual(ids(server, answer), []);
    assert.equal(client.acknowledge(5), 0);
    await until(() => ids(server, answer).length === 1);
    assert.deepEqual(ids(server, answer), [5]);
  });
}
