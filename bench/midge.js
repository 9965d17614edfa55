'use strict';
// midge through its class. QoS 1 and 2: one callback for each message, like the
// rivals; and of QoS 2, more messages in flight than the 19 of its default.

const { mqtt } = require('..');
const bench = require('./case');

// One burst is written while the next is being made; sizes differ little.
const BURST = 1000;
const AHEAD = 4;
const WINDOW = 1000;

const client = new mqtt(bench.clientId, null, null, true, 60000, true,
  { maxInFlight: WINDOW });

function check(code) {
  if (code !== 0) bench.fail(new Error(mqtt.strerror(code)));
}

function publish() {
  const { publishTopic, payload, qos } = bench;
  if (qos > 0) {
    bench.publishInWindow(WINDOW, (done) => {
      check(client.publish(qos, false, publishTopic, payload,
        (mid, error) => done(error)));
    });
    return;
  }
  bench.publishInBursts(BURST, AHEAD, (done) => {
    check(client.publish(0, false, publishTopic, payload,
      done && ((mid, error) => done(error))));
  });
}

function receive() {
  client.on('received', (mid, topic, payload) => bench.receive(payload));
  check(client.subscribe(bench.qos, bench.receiveTopic,
    (mid, granted, error) => bench.fail(error)));
}

function connect(connected) {
  check(client.connect(bench.url.href, undefined, (result, error) => {
    if (error) bench.fail(error);
    connected();
  }));
}

function reconnect() {
  bench.reconnect((done) => {
    connect(() => check(client.disconnect(() => done())));
  });
}

if (['mqtts:', 'wss:'].includes(bench.url.protocol)) {
  check(client.tls_set(bench.caFile, null, null, null));
}
if (bench.direction === 'reconnect') {
  reconnect();
} else {
  client.on('disconnected', (reason) => bench.fail(new Error(reason)));
  connect(bench.direction === 'publish' ? publish : receive);
}
