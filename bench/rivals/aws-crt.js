'use strict';
// aws-crt: its MQTT 3.1.1 client, which takes less CPU time than its client for
// MQTT 5, and speaks QoS 2. A native event loop thread does the network; every
// event crosses to JavaScript by itself, and publishing has promises only.

const { io, mqtt } = require('aws-crt');
const bench = require('../case');

let tls;
if (bench.url.protocol === 'mqtts:') {
  const options = new io.TlsContextOptions();
  options.override_default_trust_store_from_path(undefined, bench.caFile);
  tls = new io.ClientTlsContext(options);
}

const client = new mqtt.MqttClient(new io.ClientBootstrap());
const socketOptions = new io.SocketOptions();

// A clean session takes nothing while it is offline.
function newConnection(clientId, isClean = true) {
  return client.new_connection({
    client_id: clientId,
    host_name: bench.url.hostname,
    port: Number(bench.url.port),
    clean_session: isClean,
    keep_alive: 60,
    ping_timeout: 30000,
    socket_options: socketOptions,
    use_websocket: bench.url.protocol.startsWith('ws'),
    tls_ctx: tls,
  });
}

function publish(connection) {
  const { publishTopic, payload, qos } = bench;
  bench.publishAll((done) => {
    const published = connection.publish(publishTopic, payload, qos);
    if (done) published.then(() => done(), bench.fail);
    else published.catch(bench.fail);
  });
}

function receive(connection) {
  connection.subscribe(bench.receiveTopic, bench.qos,
    (topic, payload) => bench.receive(payload)).catch(bench.fail);
}

async function echo(connection) {
  const { echoTopic, payload } = bench;
  let receiveEcho;
  await connection.subscribe(echoTopic, 0, (topic, message) => receiveEcho(message));
  receiveEcho = bench.echo(() => {
    connection.publish(echoTopic, payload, 0).catch(bench.fail);
  });
}

// A connection that was closed cannot be used again.
function reconnect() {
  bench.reconnect((done) => {
    const connection = newConnection(bench.clientId);
    connection.connect()
      .then(() => connection.disconnect())
      .then(() => done(), bench.fail);
  });
}

function open() {
  const connections = [];
  bench.open((id, done) => {
    const connection = newConnection(id);
    connections.push(connection);
    connection.connect().then(() => done(), bench.fail);
  }).catch(bench.fail);
}

function offline() {
  const connection = newConnection(bench.clientId, false);
  const { publishTopic, payload, qos } = bench;
  bench.offline(() => {
    connection.publish(publishTopic, payload, qos).catch(bench.fail);
  }, () => {
    connection.connect().catch(bench.fail);
  }).catch(bench.fail);
}

const alone = { reconnect, open, offline };
const connected = { publish, receive, echo, load: echo };

if (alone[bench.work]) {
  alone[bench.work]();
} else {
  const connection = newConnection(bench.clientId);
  connection.on('error', bench.fail);
  connection.on('interrupt', bench.fail);
  connection.connect()
    .then(() => connected[bench.work](connection))
    .catch(bench.fail);
}
