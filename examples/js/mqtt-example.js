'use strict';
// The class `mqtt` on one page: every call it has, against a real broker.
//
//   node examples/js/mqtt-example.js [host] [port]
//
// `make demo` starts a mosquitto and runs this beside it. TLS and WebSocket
// are shown when their brokers are named: MQTTS_URL=mqtts://host:8883 with
// MQTTS_CA=ca.pem, WS_URL=ws://host:9001.

const { mqtt } = require('midge');

const host = process.argv[2] || process.env.MQTT_HOST || '127.0.0.1';
const port = process.argv[3] || process.env.MIDGE_TEST_PORT || '1883';

// Every call returns 0, or a negative number that strerror() puts in words.
function check(what, code) {
  if (code === 0) return;
  console.error(`${what}: ${mqtt.strerror(code)}`);
  process.exit(1);
}

// --- Asynchronous: calls return at once, callbacks and events tell the rest.

function asynchronous(next) {
  const client = new mqtt('', '', '', true, 60000, true);

  client.on('started', () => console.log('started as', client.client_id));
  client.on('connected', (result) => console.log('connected:', result));
  client.on('subscribed', (mid) => console.log('subscribed:', mid));
  client.on('published', (mid) => console.log('published:', mid));
  client.on('received', (mid, topic, buffer, qos, retain) =>
    console.log('received:', topic, buffer.toString(), { mid, qos, retain }));
  client.on('unsubscribed', (mid) => console.log('unsubscribed:', mid));
  client.on('disconnected', (result) => console.log('disconnected:', result));

  // A will is published by the broker if this client vanishes. It may be
  // taken back until connect; clear_willmsg and free_willmsg both do that.
  check('set_willmsg', client.set_willmsg('example/gone',
    Buffer.from('the example vanished'), 1, false));
  check('clear_willmsg', client.clear_willmsg());
  check('free_willmsg', client.free_willmsg());

  check('connect', client.connect(host, port, (result, error) => {
    // Called each time a connection is made, and each time it cannot be.
    if (error) return console.error('not connected:', result, error.code);
    return subscribe();
  }));

  function subscribe() {
    check('subscribe', client.subscribe(2, 'example/#', publish));
  }

  function publish() {
    let left = 3;
    const receive = () => {
      left -= 1;
      if (left === 0) unsubscribe();
    };
    for (const qos of [0, 1, 2]) {
      check('publish', client.publish(qos, false, `example/${qos}`,
        Buffer.from(`QoS ${qos}`), undefined, receive));
    }
  }

  function unsubscribe() {
    check('unsubscribe', client.unsubscribe('example/#', () => {
      check('disconnect', client.disconnect(next));
    }));
  }
}

// --- Blocking: each call waits for the broker and returns the outcome.

function blocking() {
  const client = new mqtt('', '', '', true, 60000, false, { timeout: 10000 });
  check('connect', client.connect(host, port));
  check('subscribe', client.subscribe(1, 'example/blocking'));
  check('publish', client.publish(2, false, 'example/blocking', 'in order'));
  check('unsubscribe', client.unsubscribe('example/blocking'));
  check('disconnect', client.disconnect());
  console.log('blocking: every call has returned 0');
}

// --- TLS and WebSocket: the same calls over another transport.

function secure() {
  const client = new mqtt('', '', '', true, 60000, false);
  // What cannot work is refused here, not when connecting.
  check('tls_set', client.tls_set(process.env.MQTTS_CA, null, null, null));
  check('tls_opts_set', client.tls_opts_set('SSL_VERIFY_PEER', 'tlsv1.2', null));
  check('tls_insecure_set', client.tls_insecure_set(false)); // the default
  check('connect', client.connect(process.env.MQTTS_URL));
  check('publish', client.publish(1, false, 'example/tls', 'encrypted'));
  check('disconnect', client.disconnect());
  console.log('TLS: the broker is who it says it is');
}

function preSharedKey() {
  // A key of both sides instead of certificates: tls_psk_set excludes tls_set.
  const client = new mqtt('', '', '', true, 60000, false);
  check('tls_psk_set', client.tls_psk_set('c0ffee', 'example', null));
}

function webSocket() {
  const client = new mqtt('', '', '', true, 60000, false);
  check('connect', client.connect(process.env.WS_URL));
  check('publish', client.publish(1, false, 'example/websocket', 'in frames'));
  check('disconnect', client.disconnect());
  console.log('WebSocket: the same client, another URL');
}

asynchronous(() => {
  blocking();
  preSharedKey();
  if (process.env.MQTTS_URL) secure();
  if (process.env.WS_URL) webSocket();
});
