'use strict';
// Brokers and clients that a test opens, and that end with it.
const { afterEach } = require('node:test');
const mqtt = require('../../../lib');
const mosquitto = require('../../support/mosquitto');
const { listen } = require('./broker');

const open = []; // what is closed after the test, the newest first

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.stop) await one.stop();
    else if (one.end) one.end(true);
    else await one.close();
  }
});

// A client that is connected.
async function connect(url, options) {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 20, ...options });
  client.on('error', () => {});
  open.push(client);
  return client;
}

// A broker that does what `rules` say.
async function serve(rules) {
  const broker = await listen(rules);
  open.push(broker);
  return broker;
}

// A real one.
async function start(options) {
  const broker = await mosquitto.start(options);
  open.push(broker);
  return { broker, url: `mqtt://127.0.0.1:${broker.port}` };
}

module.exports = { open, connect, serve, start };
