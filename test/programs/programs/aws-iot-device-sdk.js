'use strict';
// aws-iot-device-sdk makes its own TLS connections, with a client's certificate, for
// an MqttClient, and queues by itself while it is offline.
const dns = require('node:dns');
const { device: Device } = require('aws-iot-device-sdk');

// It needs a name for its server, and Node.js 18 takes the first address of one alone.
dns.setDefaultResultOrder('ipv4first');

function device({ tlsPort, ca, certificate, key }, options) {
  return new Device({
    host: 'localhost',
    port: tlsPort,
    clientId: 'aws',
    caPath: ca,
    certPath: certificate,
    keyPath: key,
    baseReconnectTimeMs: 50,
    maximumReconnectTimeMs: 200,
    minimumConnectionTimeMs: 100,
    ...options,
  });
}

const done = (start) => new Promise((resolve, reject) => {
  start((error, result) => (error ? reject(error) : resolve(result)));
});
const event = (thing, name) => new Promise((resolve) => thing.on(name, resolve));

async function main(stage) {
  const { step, restart, until } = stage;
  const thing = device(stage);
  thing.on('error', () => {}); // it is told when nobody listens yet at the port
  await event(thing, 'connect');
  step('tls');
  const heard = [];
  thing.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
  await done((callback) => thing.subscribe('a/+', { qos: 1 }, callback));
  step('subscribed');
  await done((callback) => thing.publish('a/b', 'm', { qos: 1 }, callback));
  await until(() => heard.includes('a/b m'));
  step('heard');

  const offline = event(thing, 'offline');
  const restarted = restart();
  await offline;
  thing.publish('a/c', 'queued', { qos: 1 });
  await restarted;
  await until(() => heard.includes('a/c queued'));
  step('again');
  await done((callback) => thing.end(false, callback));
  step('ended');
}

async function will(stage) {
  const thing = device(stage,
    { will: { topic: 'will/aws-iot-device-sdk', payload: 'gone', qos: 1 } });
  await event(thing, 'connect');
  stage.step('waits');
}

module.exports = { main, will };
