'use strict';
// async-mqtt: promises around MQTT.js 4, of which it has a copy of its own.
const { once } = require('node:events');
const fs = require('node:fs');
const { connect, connectAsync } = require('async-mqtt');

async function main({ url, tls, ca, step, restart, until }) {
  const client = await connectAsync(url, { reconnectPeriod: 50 });
  const heard = [];
  client.on('message', (topic, payload, { qos }) => heard.push(`${topic} ${payload} ${qos}`));
  await client.subscribe({ 'a/+': { qos: 2 }, b: { qos: 1 } });
  step('subscribed');
  for (const qos of [0, 1, 2]) await client.publish('a/b', 'm', { qos });
  await until(() => heard.length === 3);
  await client.unsubscribe('b');
  if (heard.join() !== 'a/b m 0,a/b m 1,a/b m 2') throw new Error(heard.join());
  step('heard');

  await restart();
  await client.publish('a/c', 'again', { qos: 1 });
  await until(async () => {
    await client.publish('a/c', 'more', { qos: 1 });
    return heard.some((line) => line.startsWith('a/c'));
  });
  step('again');

  const safe = await connectAsync(tls, { ca: fs.readFileSync(ca) });
  await safe.publish('tls', 'm', { qos: 1 });
  await safe.end();
  step('tls');

  await client.end();
  step('ended');
}

async function will({ url, step }) {
  const client = connect(url, { will: { topic: 'will/async-mqtt', payload: 'gone', qos: 1 } });
  await once(client, 'connect');
  step('waits');
}

module.exports = { main, will };
