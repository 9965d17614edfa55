'use strict';
// A program that is killed: receives numbers into the durable inbox of a store, and writes each
// down, with its key, before it acknowledges it.
//
//   node receiver.js API PORT STORE FILE
//
// API is "class" or "connect". It ends when it is killed.
const fs = require('node:fs');
const mqtt = require('../../../lib');

const [api, port, path, file] = process.argv.slice(2);
const log = fs.openSync(file, 'a');

const options = {
  store: { path, inbox: true }, manualAcks: true, protocolVersion: 5,
  properties: { sessionExpiryInterval: 3600 },
};

function note(key, qos, payload) {
  fs.writeSync(log, `${key} ${qos} ${payload}\n`);
}

function byClass() {
  const client = new mqtt('receiver', null, null, false, 60000, true, options);
  client.on('received', (mid, topic, payload, qos, retain, properties, key) => {
    note(key, qos, payload);
    setImmediate(() => {
      if (client.acknowledge(key) !== 0) throw client.last_error;
    });
  });
  client.connect('127.0.0.1', port);
  client.subscribe(2, 'in');
}

function byConnect() {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`,
    { ...options, clientId: 'receiver', clean: false });
  client.on('error', (error) => { throw error; });
  client.on('message', (topic, payload, packet) => {
    note(packet.deliveryKey, packet.qos, payload);
    setImmediate(() => packet.ack());
  });
  client.subscribe('in', { qos: 2 });
}

if (api === 'class') byClass();
else byConnect();
