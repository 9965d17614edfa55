'use strict';
// The same functions with every broker; docs/brokers.md tells the differences.
const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const mqtt = require('../../lib');
const { functions, functionsOf5, observe } = require('./functions');
const aedes = require('../support/aedes');
const mosquitto = require('../support/mosquitto');
const rabbitmq = require('../support/rabbitmq');
const { called, event, until } = require('../node/support/wait');

const USUAL = {
  'a message of QoS 0': 'arrives with QoS 0',
  'a message of QoS 1': 'arrives with QoS 1',
  'a message of QoS 2': 'arrives with QoS 2',
  'QoS granted for 0, 1, 2': '0 1 2',
  'no client identifier': 'connected',
  'a retained message, and an empty one that removes it': 'kept retain=true, then 0',
  'a will when the process is killed': 'gone',
  'a second client with the same identifier': 'the first is ended, the second stays',
  'a session kept over a disconnection': 'present=true: 1 2 3',
  wildcards: 'x/end all/a/b all',
  'two subscriptions that match one message': '1 message(s)',
  unsubscribing: '0 afterwards',
  'a message of 1 MiB': 'the same',
  'a topic that is not ASCII': 'the same',
  'order of 1,000 messages of QoS 0': '1000, in order',
  'order of 1,000 messages of QoS 1': '1000, in order',
  'order of 1,000 messages of QoS 2': '1000, in order',
  'a keep-alive of 1 s, for 4 s': 'still connected',
  'properties of a message':
    'payloadFormatIndicator contentType responseTopic correlationData userProperties',
  'a shared subscription': '10 in all, both some',
  'no local': '0 message(s) of its own',
  'a subscription identifier': '77',
  'what the server allows, as it says on connecting': 'receiveMaximum topicAliasMaximum',
};

// CONNACK of MQTT 3.1 has no Session Present; the others set it all the same.
const OF_MOSQUITTO_3_1 = { 'a session kept over a disconnection': 'present=false: 1 2 3' };
const OF_MOSQUITTO_5 = { 'two subscriptions that match one message': '2 message(s)' };
// It stalls when it is to send a large one over WebSocket, whoever the client is.
const OF_MOSQUITTO_WEB = { ...OF_MOSQUITTO_5, 'a message of 1 MiB': null };
// RabbitMQ has no QoS 2, and answers a PUBLISH of it as if it had been QoS 1.
const OF_RABBITMQ = {
  'QoS granted for 0, 1, 2': '0 1 1',
  'a message of QoS 2': null,
  'order of 1,000 messages of QoS 2': null,
};

function versions(name, url, list, differences) {
  return list.map((version) => {
    const broker = { url, version };
    const all = version === 5 ? [...functions, ...functionsOf5] : functions;
    return { name: `${name}, MQTT ${{ 3: '3.1', 4: '3.1.1', 5: '5.0' }[version]}`, broker, all,
      expected: { ...USUAL, ...differences } };
  });
}

// Tests are named before brokers are started: `url` is asked for when they run.
function brokerTests(server, groups) {
  before(server.start);
  after(server.stop);
  for (const { name, broker, all, expected } of groups) {
    for (const what of all.filter((one) => expected[one] !== null)) {
      test(`${name}: ${what}`, async () => {
        const seen = await observe(what, { ...broker, url: broker.url() });
        assert.strictEqual(seen, expected[what]);
      });
    }
  }
}

function serverOf(module, options) {
  const server = {
    start: async () => { server.broker = await module.start(options); },
    stop: () => server.broker.stop(),
  };
  return server;
}

describe('mosquitto', () => {
  const server = serverOf(mosquitto, { listeners: [{}, { websockets: true }] });
  const tcp = () => `mqtt://127.0.0.1:${server.broker.ports[0]}`;
  const web = () => `ws://127.0.0.1:${server.broker.ports[1]}`;
  brokerTests(server, [
    ...versions('TCP', tcp, [5], OF_MOSQUITTO_5),
    ...versions('TCP', tcp, [4], {}),
    ...versions('TCP', tcp, [3], OF_MOSQUITTO_3_1),
    ...versions('WebSocket', web, [5], OF_MOSQUITTO_WEB),
  ]);
});

// mosquitto acknowledges what is more than its max_inflight_messages, and loses
// it.
test('mosquitto, MQTT 3.1.1: what the defaults have in flight arrives', async (t) => {
  const broker = await mosquitto.start();
  const clients = [];
  t.after(async () => {
    clients.forEach((client) => client.disconnect(null, { force: true }));
    await broker.stop();
  });
  const connected = async () => {
    const client = new mqtt(null, null, null, true, 60000, true, { protocolVersion: 4 });
    clients.push(client);
    client.connect('127.0.0.1', broker.port);
    await event(client, 'connected');
    return client;
  };
  const subscriber = await connected();
  const publisher = await connected();
  const seen = new Set();
  subscriber.on('received', (mid, topic, payload) => seen.add(payload.toString()));
  await called((done) => subscriber.subscribe(0, 'defaults', done));
  for (let at = 0; at < 1500; at += 1) {
    publisher.publish(at % 3 === 0 ? 1 : 2, false, 'defaults', `${at}`);
  }
  await until(() => seen.size === 1500);
});

describe('RabbitMQ', () => {
  const server = serverOf(rabbitmq);
  const tcp = () => `mqtt://127.0.0.1:${server.broker.port}`;
  const web = () => `ws://127.0.0.1:${server.broker.webPort}/ws`;
  brokerTests(server, [
    ...versions('TCP', tcp, [4, 3], OF_RABBITMQ),
    ...versions('WebSocket', web, [4], OF_RABBITMQ),
  ]);
});

describe('aedes', () => {
  const server = serverOf(aedes);
  const tcp = () => `mqtt://127.0.0.1:${server.broker.port}`;
  brokerTests(server, versions('TCP', tcp, [4, 3], {}));

  test('TCP, MQTT 5.0 is refused, and the refusal is told', async () => {
    await assert.rejects(observe('no client identifier', { url: tcp(), version: 5 }),
      /does not speak this version/);
  });
});
