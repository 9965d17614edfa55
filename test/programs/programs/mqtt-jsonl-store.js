'use strict';
// mqtt-jsonl-store: what is on its way is kept in files, and outlasts a client.
const { once } = require('node:events');
const fs = require('node:fs');
const mqtt = require('mqtt');
const { Manager } = require('mqtt-jsonl-store');

async function opened(folder) {
  const manager = new Manager(folder);
  await manager.open();
  return manager;
}

function client(url, manager, options) {
  return mqtt.connect(url, {
    clientId: 'jsonl',
    clean: false,
    reconnectPeriod: 50,
    incomingStore: manager.incoming,
    outgoingStore: manager.outgoing,
    ...options,
  });
}

async function main({ url, tls, ca, folder, step, restart, until }) {
  const manager = await opened(folder);
  const first = client(url, manager);
  await once(first, 'connect');
  const heard = [];
  first.on('message', (topic, payload) => heard.push(`${topic} ${payload}`));
  await first.subscribeAsync('a/#', { qos: 2 });
  step('subscribed');
  for (const qos of [1, 2]) await first.publishAsync('a/b', `${qos}`, { qos });
  await until(() => heard.length === 2);
  if (heard.join() !== 'a/b 1,a/b 2') throw new Error(heard.join());
  step('heard');

  await restart();
  await until(async () => {
    await first.publishAsync('a/c', 'again', { qos: 1 });
    return heard.includes('a/c again');
  });
  step('again');
  await first.endAsync();

  // Nobody is connected: it is in the file, and a client that finds it there sends it.
  const others = await opened(folder);
  const offline = client('mqtt://127.0.0.1:1', others);
  await new Promise((resolve) => {
    offline.publish('kept', 'k', { qos: 1, retain: true, cbStorePut: resolve });
  });
  await new Promise((resolve) => offline.end(true, resolve));
  const later = await opened(folder);
  const last = client(tls, later, { clientId: 'last', ca: fs.readFileSync(ca) });
  const received = once(last, 'message');
  await last.subscribeAsync('kept', { qos: 1 });
  if (String((await received)[1]) !== 'k') throw new Error('another message');
  step('tls');
  await last.endAsync();
  step('ended');
}

async function will({ url, folder, step }) {
  const manager = await opened(folder);
  await once(client(url, manager,
    { will: { topic: 'will/mqtt-jsonl-store', payload: 'gone', qos: 1 } }), 'connect');
  step('waits');
}

module.exports = { main, will };
