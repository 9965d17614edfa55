'use strict';
// MQTT.js, as fast as it goes: one Buffer for all messages, no properties, no
// offline queue, and for QoS 0 a callback only where the stream's backpressure
// is asked for.

const fs = require('fs');
const mqtt = require('mqtt');
const bench = require('../case');

// Bursts of 20 to 300 differ little; with larger ones the stream's buffer grows
// and it gets slower. A window of 5000 takes a third less CPU time a message than
// one of 1000, and that as much as one of 100.
const BURST = 100;
const WINDOW = 5000;

const client = mqtt.connect(bench.url.href, {
  clientId: bench.clientId,
  protocolVersion: 4,
  manualConnect: true,
  reconnectPeriod: 0,
  queueQoSZero: false,
  resubscribe: false,
  ca: bench.caFile && fs.readFileSync(bench.caFile),
});
client.on('error', bench.fail);

function publish() {
  const { publishTopic, payload, qos } = bench;
  const options = { qos };
  if (qos > 0) {
    bench.publishInWindow(WINDOW, (done) => {
      client.publish(publishTopic, payload, options, done);
    });
    return;
  }
  bench.publishInBursts(BURST, 1, (done) => {
    // The callback may come at once; the turn lets the stream write.
    client.publish(publishTopic, payload, options,
      done && ((error) => error ? done(error) : setImmediate(done)));
  });
}

function receive() {
  client.on('message', (topic, payload) => bench.receive(payload));
  client.subscribe(bench.receiveTopic, { qos: bench.qos }, bench.fail);
}

// It does not resume TLS sessions by itself, but hands its options to Node's
// tls.connect, which does when it is given one.
function keepSession() {
  client.stream.once('session', (session) => {
    client.options.session = session;
  });
}

function reconnect() {
  bench.reconnect((done) => {
    client.once('connect', () => client.end(false, {}, done));
    client.reconnect();
    keepSession();
  });
}

if (bench.direction === 'reconnect') {
  reconnect();
} else {
  client.on('close', () => bench.fail(new Error('the connection is lost')));
  client.once('connect', bench.direction === 'publish' ? publish : receive);
  client.connect();
}
