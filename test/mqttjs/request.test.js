'use strict';
// client.request(): a message and the response to it.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { until } = require('../node/support/wait');
const clients = require('./support/clients');

const { open, serve, start } = clients;
const connect = (url, options) => clients.connect(url, { protocolVersion: 5, ...options });

// Responds to a request that the broker was sent.
function respond(broker, request, payload) {
  const { responseTopic: topic, correlationData } = request.properties;
  broker.current.send({ cmd: 'publish', topic, payload, properties: { correlationData } });
}

test('requests to a real server each have their response', async () => {
  const { url } = await start();
  const server = await connect(url);
  const asked = [];
  await server.subscribeAsync('double/#', { qos: 1 }, (topic, payload, { properties }) => {
    asked.push({ payload: Number(payload), properties });
    if (asked.length < 3) return;
    // In another order than they were asked.
    for (const { payload: number, properties: { responseTopic, correlationData } }
      of asked.reverse()) {
      server.publish(responseTopic, String(2 * number),
        { qos: 1, properties: { correlationData, contentType: 'number' } });
    }
  });
  const client = await connect(url);
  const responses = await Promise.all([1, 2, 3].map((number) =>
    client.request(`double/${number}`, String(number), { qos: number % 3 })));
  assert.deepEqual(responses.map(({ payload, properties }) =>
    [String(payload), properties.contentType]), ['2', '4', '6'].map((text) => [text, 'number']));
});

test('all share one subscription, whose topic is the client\'s own', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const other = await connect(broker.url);
  const requests = [client.request('a', '1'), client.request('a', '2')];
  await broker.saw('publish', 2);
  const [one, two] = broker.of('publish');
  const { responseTopic } = one.properties;
  assert.match(responseTopic, /^midge\/response\/[0-9a-f]{16}$/);
  assert.equal(two.properties.responseTopic, responseTopic);
  assert.notDeepEqual(one.properties.correlationData, two.properties.correlationData);
  const subscriptions = broker.of('subscribe').map((packet) => packet.subscriptions[0].topic);
  assert.deepEqual(subscriptions, [responseTopic]);
  const theirs = other.request('a', '3');
  await broker.saw('publish', 3);
  assert.notEqual(broker.of('publish')[2].properties.responseTopic, responseTopic);
  await other.endAsync();
  await assert.rejects(theirs, { code: 'MIDGE_ECLOSED' });
  client.end(true);
  for (const request of requests) await assert.rejects(request, { code: 'MIDGE_ECLOSED' });
});

test('the options and properties of the message are the program\'s', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const response = client.request('a', 'x', { qos: 1, retain: true,
    properties: { contentType: 'text', userProperties: { a: 'b' } } });
  await broker.saw('publish');
  const [request] = broker.of('publish');
  assert.deepEqual([request.qos, request.retain, request.properties.contentType,
    { ...request.properties.userProperties }], [1, true, 'text', { a: 'b' }]);
  respond(broker, request, 'y');
  assert.equal(String((await response).payload), 'y');
});

test('a request is that of the call, whatever becomes of its buffer', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const payload = Buffer.from('now');
  const response = client.request('a', payload);
  payload.fill('x');
  await broker.saw('publish');
  const [request] = broker.of('publish');
  assert.equal(String(request.payload), 'now');
  respond(broker, request, 'y');
  await response;
});

test('who responds with other correlation data, or twice, responds to nobody', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  let heard = 0;
  client.on('message', () => { heard += 1; });
  const response = client.request('a', 'x');
  await broker.saw('publish');
  const [request] = broker.of('publish');
  const { responseTopic: topic } = request.properties;
  broker.current.send({ cmd: 'publish', topic, payload: 'none' });
  broker.current.send({ cmd: 'publish', topic, payload: 'wrong',
    properties: { correlationData: Buffer.from('wrong') } });
  respond(broker, request, 'right');
  respond(broker, request, 'again');
  assert.equal(String((await response).payload), 'right');
  await until(() => heard === 4);
});

test('no response in time is MIDGE_ETIMEOUT, an AbortSignal an AbortError', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  await assert.rejects(client.request('a', 'x', { timeout: 50 }),
    { code: 'MIDGE_ETIMEOUT', message: 'no response to a request to a within 50 ms' });
  const controller = new AbortController();
  const request = client.request('a', 'x', { signal: controller.signal });
  controller.abort();
  await assert.rejects(request, { name: 'AbortError', code: 'ABORT_ERR' });
  await assert.rejects(client.request('a', 'x', { signal: controller.signal }),
    { name: 'AbortError' });
});

test('before MQTT 5 there are no requests', async () => {
  const broker = await serve();
  const client = await connect(broker.url, { protocolVersion: 4 });
  await assert.rejects(client.request('a', 'x'),
    { code: 'MIDGE_ENOTSUP', message: /protocolVersion: 5/ });
  assert.equal(broker.of('publish').length, 0);
});

test('a server that was asked says where responses go', async () => {
  const broker = await serve({
    connect: () => ({ cmd: 'connack', reasonCode: 0,
      properties: { responseInformation: 'replies/of/mine/' } }),
  });
  const client = mqtt.connect(broker.url,
    { protocolVersion: 5, properties: { requestResponseInformation: true } });
  open.push(client);
  const response = client.request('a', 'x'); // waits to be told
  await broker.saw('publish');
  assert.equal(broker.of('connect')[0].properties.requestResponseInformation, true);
  const [request] = broker.of('publish');
  assert.match(request.properties.responseTopic, /^replies\/of\/mine\/[0-9a-f]{16}$/);
  respond(broker, request, 'y');
  assert.equal(String((await response).payload), 'y');
});

test('a refused subscription or message fails the request, and not the next one', async () => {
  let granted = 0x87;
  let reasonCode = 0x87;
  const broker = await serve({
    subscribe: ({ messageId }) => ({ cmd: 'suback', messageId, granted: [granted] }),
    publish: ({ messageId }) => ({ cmd: 'puback', messageId, reasonCode }),
  });
  const client = await connect(broker.url);
  await assert.rejects(client.request('a', 'x', { qos: 1 }), /Subscribe error/);
  granted = 1;
  await assert.rejects(client.request('a', 'x', { qos: 1 }), { code: 0x87 });
  reasonCode = 0;
  const response = client.request('a', 'x', { qos: 1 });
  await broker.saw('publish', 2);
  respond(broker, broker.of('publish')[1], 'y');
  assert.equal(String((await response).payload), 'y');
});

test('a response may come after a lost connection', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const response = client.request('a', 'x');
  await broker.saw('publish');
  broker.current.reset();
  await broker.saw('subscribe', 2);
  respond(broker, broker.of('publish')[0], 'y');
  assert.equal(String((await response).payload), 'y');
});

test('a response goes ahead of messages that wait: in a slow loop, in handleMessage', async () => {
  const broker = await serve({
    publish: (request, connection) => {
      for (let n = 0; n < 5; n += 1) {
        connection.send({ cmd: 'publish', topic: 'a', payload: String(n) });
      }
      respond(broker, request, `to ${request.payload}`);
    },
  });
  const client = await connect(broker.url);
  const messages = client.messages('a', { highWaterMark: 2 });
  await broker.saw('subscribe');
  const send = (topic, payload) => broker.current.send({ cmd: 'publish', topic, payload });
  for (let n = 0; n < 10; n += 1) send('a', 'x');
  const answers = [];
  for await (const { payload } of messages) {
    const response = await client.request('b', payload, { timeout: 20000 });
    answers.push(String(response.payload));
    if (answers.length === 3) break;
  }
  client.handleMessage = (packet, done) => {
    client.request('b', 'handled', { timeout: 20000 }).then(({ payload }) => {
      answers.push(String(payload));
      client.handleMessage = (other, next) => next();
      done();
    });
  };
  send('c', 'y');
  await until(() => answers.length === 4);
  assert.deepEqual(answers, ['to x', 'to x', 'to x', 'to handled']);
});

test('a loop that is far behind holds even responses back', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const messages = client.messages('a', { highWaterMark: 1 });
  await broker.saw('subscribe');
  const message = { cmd: 'publish', topic: 'a', payload: 'x' };
  for (let n = 0; n < 100; n += 1) broker.current.send(message);
  const response = client.request('b', 'y', { timeout: 20000 });
  await broker.saw('publish');
  let isHere = false;
  response.then(() => { isHere = true; });
  respond(broker, broker.of('publish')[0], 'z');
  await client.publishAsync('c', 'w', { qos: 1 });
  assert.equal(isHere, false);
  for (let n = 0; n < 100; n += 1) await messages.next();
  assert.equal(String((await response).payload), 'z');
});

test('options that cannot be reject', async () => {
  const client = await connect((await serve()).url);
  await assert.rejects(client.request('a', 'x', { timeout: '1' }),
    { code: 'ERR_INVALID_ARG_TYPE' });
  await assert.rejects(client.request('a', 'x', { timeout: -1 }), { code: 'ERR_OUT_OF_RANGE' });
  await assert.rejects(client.request('a', 'x', { signal: 1 }), { code: 'ERR_INVALID_ARG_TYPE' });
  await assert.rejects(client.request(1, 'x'), { code: 'ERR_INVALID_ARG_TYPE' });
});
