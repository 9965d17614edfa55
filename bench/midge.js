'use strict';
// midge through its class. What is in flight of QoS 1 and 2 is limited by the
// window of the case, unless its defaults are to be measured.

const bench = require('./case');
const { mqtt } = require(bench.module || '..');

const limited = {
  ...bench.answersItself ? { manualAcks: true } : {},
  ...bench.limit > 0 ? { maxInFlight: bench.limit } : {},
  ...bench.store ? { store: { path: bench.folder, durability: bench.store } } : {},
};

function check(code) {
  if (code !== 0) bench.fail(new Error(mqtt.strerror(code)));
}

function newClient(id, options) {
  const client = new mqtt(id, null, null, !bench.store, 60000, true, options);
  if (['mqtts:', 'wss:'].includes(bench.url.protocol)) {
    check(client.tls_set(bench.caFile, null, null, null));
  }
  return client;
}

function connect(client, connected) {
  check(client.connect(bench.url.href, undefined, (result, error) => {
    if (error) bench.fail(error);
    connected();
  }));
}

function publish(client) {
  const { publishTopic, payload, qos } = bench;
  bench.publishAll((done) => {
    check(client.publish(qos, false, publishTopic, payload,
      done && ((mid, error) => done(error))));
  });
}

function receive(client) {
  check(client.subscribe(bench.qos, bench.receiveTopic,
    (mid, granted, error) => bench.fail(error),
    bench.answersItself ? (mid, topic, payload) => {
      bench.receive(payload);
      client.acknowledge(mid);
    } : (mid, topic, payload) => bench.receive(payload)));
}

function echo(client) {
  const { echoTopic, payload } = bench;
  check(client.subscribe(0, echoTopic, (mid, granted, error) => {
    bench.fail(error);
    const receiveEcho = bench.echo(() => check(client.publish(0, false, echoTopic, payload)));
    client.on('received', (id, topic, message) => receiveEcho(message));
  }));
}

function reconnect() {
  const client = newClient(bench.clientId);
  bench.reconnect((done) => {
    connect(client, () => check(client.disconnect(() => done())));
  });
}

function open() {
  const clients = [];
  bench.open((id, done) => {
    const client = newClient(id);
    clients.push(client);
    connect(client, done);
  }).catch(bench.fail);
}

// It takes messages once it was asked to connect, and connects once it is told
// with which credentials.
function offline() {
  let proceed;
  const credentials = () => new Promise((resolve) => { proceed = resolve; });
  const client = newClient(bench.clientId, { ...limited, credentials });
  const { publishTopic, payload, qos } = bench;
  connect(client, () => {});
  bench.offline(() => check(client.publish(qos, false, publishTopic, payload)),
    () => proceed({})).catch(bench.fail);
}

// Messages are stored before there is a connection.
function fill() {
  const credentials = () => new Promise(() => {});
  const client = newClient(bench.clientId, { ...limited, credentials });
  const { publishTopic, payload, qos } = bench;
  let told;
  client.on('stored', () => told());
  connect(client, () => {});
  bench.fill((stored) => {
    told = stored;
    check(client.publish(qos, false, publishTopic, payload));
  }, async () => {});
}

function recover() {
  let proceed;
  const credentials = () => new Promise((resolve) => { proceed = resolve; });
  bench.sayTime('start');
  const client = newClient(bench.clientId, { ...limited, credentials });
  client.on('restored', ({ messages }) => {
    if (messages !== bench.count) bench.fail(new Error(`${messages} messages restored`));
    bench.recover(() => proceed({})).catch(bench.fail);
  });
  connect(client, () => {});
}

const alone = { reconnect, open, offline, fill, recover };
const connected = { publish, receive, echo, load: echo };

if (alone[bench.work]) {
  alone[bench.work]();
} else {
  const client = newClient(bench.clientId, limited);
  client.on('disconnected', (reason) => bench.fail(new Error(reason)));
  connect(client, () => connected[bench.work](client));
}
