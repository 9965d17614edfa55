'use strict';
// MQTT.js, as fast as it goes: one Buffer for all messages, no properties, no
// queue of QoS 0 but where queueing is measured. Or midge in its place, by its
// mqtt.connect, without another changed line. Its stores on a disk are packages
// of their own, which bench/durability has; midge's is an option.

const fs = require('fs');
const bench = require('../case');
const mqtt = require(bench.module || 'mqtt');

const STORES = {
  level: (folder) => require('../durability/node_modules/mqtt-level-store')(folder),
  jsonl: (folder) => new (require('../durability/node_modules/mqtt-jsonl-store').Manager)(folder),
};

const ca = bench.caFile && fs.readFileSync(bench.caFile);

const stores = !bench.module && bench.store && STORES[bench.store](bench.folder);

// Of the two only one is opened by hand.
async function openStores() {
  if (stores && stores.open) await stores.open();
}

function storeOptions() {
  if (stores) return { outgoingStore: stores.outgoing, incomingStore: stores.incoming };
  return bench.store ? { store: { path: bench.folder, durability: bench.store } } : {};
}

function newClient(clientId, options) {
  const client = mqtt.connect(bench.url.href, {
    clientId,
    protocolVersion: 4,
    manualConnect: true,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    clean: !bench.store,
    ca,
    ...bench.module && bench.limit > 0 ? { maxInFlight: bench.limit } : {},
    ...storeOptions(),
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

function fill() {
  const client = newClient(bench.clientId);
  const { publishTopic, qos } = bench;
  // A Buffer comes back from JSON as what it cannot send.
  const payload = bench.store === 'jsonl' ? bench.payload.toString() : bench.payload;
  bench.fill((cbStorePut) => client.publish(publishTopic, payload, { qos, cbStorePut }),
    async () => { if (stores.open) await stores.close(); });
}

// It reads what is stored when it connects.
async function recover() {
  bench.sayTime('start');
  await openStores();
  const client = newClient(bench.clientId);
  await bench.recover(() => client.connect());
}

const alone = { reconnect, open, offline, fill, recover };
const connected = { publish, receive, echo, load: echo };

async function main() {
  if (bench.work !== 'recover') await openStores();
  if (alone[bench.work]) {
    await alone[bench.work]();
    return;
  }
  const client = newClient(bench.clientId);
  client.on('close', () => bench.fail(new Error('the connection is lost')));
  client.once('connect', () => connected[bench.work](client));
  client.connect();
}

main().catch(bench.fail);
