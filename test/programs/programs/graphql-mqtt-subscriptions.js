'use strict';
// graphql-mqtt-subscriptions, with a copy of MQTT.js 2 of its own.
const { once } = require('node:events');
const fs = require('node:fs');
const mqtt = require('mqtt');
const { MQTTPubSub } = require('graphql-mqtt-subscriptions');

function ended({ mqttConnection }) {
  return new Promise((resolve) => mqttConnection.end(false, resolve));
}

async function main({ url, tls, ca, step, restart, until }) {
  const pubsub = new MQTTPubSub({
    brokerUrl: url,
    connectionListener: () => {},
    publishOptions: () => Promise.resolve({ qos: 1 }),
    subscribeOptions: () => Promise.resolve({ qos: 1 }),
  });
  const heard = [];
  const id = await pubsub.subscribe('lamps/+/state', (payload) => heard.push(payload));
  step('subscribed');
  pubsub.publish('lamps/kitchen/state', { on: true });
  await until(() => heard.length === 1);
  if (heard[0].on !== true) throw new Error(JSON.stringify(heard));
  const iterator = pubsub.asyncIterator('doors/front');
  const next = iterator.next();
  await until(() => pubsub.subsRefsMap['doors/front']);
  pubsub.publish('doors/front', { open: true });
  if ((await next).value.open !== true) throw new Error('not iterated');
  step('heard');

  await restart();
  await until(() => {
    pubsub.publish('lamps/hall/state', { again: true });
    return heard.some(({ again }) => again);
  });
  step('again');
  pubsub.unsubscribe(id);
  await iterator.return();

  const client = mqtt.connect(tls, { ca: fs.readFileSync(ca) });
  const safe = new MQTTPubSub({ client, connectionListener: () => {} });
  await new Promise((resolve) => {
    safe.subscribe('safe', resolve).then(() => safe.publish('safe', { on: true }));
  });
  await ended(safe);
  step('tls');

  await ended(pubsub);
  step('ended');
}

async function will({ url, step }) {
  const client = mqtt.connect(url,
    { will: { topic: 'will/graphql-mqtt-subscriptions', payload: 'gone', qos: 1 } });
  await Promise.all([once(client, 'connect'), new MQTTPubSub({ client })]);
  step('waits');
}

module.exports = { main, will };
