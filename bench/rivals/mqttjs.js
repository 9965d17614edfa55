'use strict';
// MQTT.js, as fast as it goes: one Buffer for all messages, no properties, no
// queue of QoS 0 but where queueing is measured. Or midge in its place, by its
// mqtt.connect, without another changed line.

const fs = require('fs');
const bench = require('../case');
const mqtt = require(bench.module || 'mqtt');

const ca = bench.caFile && fs.readFileSync(bench.caFile);

function newClient(clientId, options) {
  const client = mqtt.connect(bench.url.href, {
    clientId,
    protocolVersion: 4,
    manualConnect: true,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    ca,
    ...bench.module && bench.limit > 0 ? { maxInFlight: bench.limit } : {},
    ...options,
  });
  client.on('error', bench.fail);
  return client;
}

function publish(client) {
  const { publishTopic, payload } = bench;
  const options = { qos: bench.qos };
  bench.publishAll((done) => {
    client.publish(publishTopic, payload, options, done);
  });
}

function receive(client) {
  client.on('message', (topic, payload) => bench.receive(payload));
  client.subscribe(bench.receiveTopic, { qos: bench.qos }, bench.fail);
}

function echo(client) {
  const { echoTopic, payload } = bench;
  client.subscribe(echoTopic, { qos: 0 }, (error) => {
    bench.fail(error);
    const receiveEcho = bench.echo(() => client.publish(echoTopic, payload));
    client.on('message', (topic, message) => receiveEcho(message));
  });
}

// It does not resume TLS sessions by itself, but hands its options to Node's
// tls.connect, which does when it is given one.
function keepSession(client) {
  if (bench.module) return; // midge resumes them
  client.stream.once('session', (session) => {
    client.options.session = session;
  });
}

function reconnect() {
  const client = newClient(bench.clientId);
  bench.reconnect((done) => {
    client.once('connect', () => client.end(false, {}, done));
    client.reconnect();
    keepSession(client);
  });
}

function open() {
  const clients = [];
  bench.open((id, done) => {
    const client = newClient(id);
    clients.push(client);
    client.once('connect', () => done());
    client.connect();
  }).catch(bench.fail);
}

function offline() {
  const client = newClient(bench.clientId, { queueQoSZero: true });
  const { publishTopic, payload } = bench;
  const options = { qos: bench.qos };
  bench.offline(() => client.publish(publishTopic, payload, options),
    () => client.connect()).catch(bench.fail);
}

const alone = { reconnect, open, offline };
const connected = { publish, receive, echo, load: echo };

if (alone[bench.work]) {
  alone[bench.work]();
} else {
  const client = newClient(bench.clientId);
  client.on('close', () => bench.fail(new Error('the connection is lost')));
  client.once('connect', () => connected[bench.work](client));
  client.connect();
}
