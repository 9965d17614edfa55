'use strict';
// aws-crt: its MQTT 3.1.1 client, which takes less CPU time than its client for
// MQTT 5, and speaks QoS 2. A native event loop thread does the network; every event crosses to
// JavaScript by itself, and publishing has promises only, so QoS 0 needs the
// window, too.

const { io, mqtt } = require('aws-crt');
const bench = require('../case');

// By CPU time a message: 20 to 300 differ little, and from 1000 on it is slower.
const WINDOW = 100;

const secure = bench.url.protocol === 'mqtts:';
const websocket = bench.url.protocol.startsWith('ws');
let tls;
if (secure) {
  const options = new io.TlsContextOptions();
  options.override_default_trust_store_from_path(undefined, bench.caFile);
  tls = new io.ClientTlsContext(options);
}

const client = new mqtt.MqttClient(new io.ClientBootstrap());

function newConnection() {
  return client.new_connection({
    client_id: bench.clientId,
    host_name: bench.url.hostname,
    port: Number(bench.url.port),
    clean_session: true,
    keep_alive: 60,
    ping_timeout: 30000,
    socket_options: new io.SocketOptions(),
    use_websocket: websocket,
    tls_ctx: tls,
  });
}

function publish(connection) {
  const { publishTopic, payload, qos } = bench;
  bench.publishInWindow(WINDOW, (done) => {
    connection.publish(publishTopic, payload, qos)
      .then(() => done(), bench.fail);
  });
}

function receive(connection) {
  connection.subscribe(bench.receiveTopic, bench.qos,
    (topic, payload) => bench.receive(payload)).catch(bench.fail);
}

// A connection that was closed cannot be used again.
function reconnect() {
  bench.reconnect((done) => {
    const connection = newConnection();
    connection.connect()
      .then(() => connection.disconnect())
      .then(() => done(), bench.fail);
  });
}

if (bench.direction === 'reconnect') {
  reconnect();
} else {
  const connection = newConnection();
  connection.on('error', bench.fail);
  connection.on('interrupt', bench.fail);
  connection.connect()
    .then(() => bench.direction === 'publish' ? publish(connection)
      : receive(connection))
    .catch(bench.fail);
}
