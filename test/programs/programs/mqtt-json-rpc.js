'use strict';
// mqtt-json-rpc: calls and notices of JSON-RPC through a client that it is given.
const fs = require('node:fs');
const mqtt = require('mqtt');
const RPC = require('mqtt-json-rpc');

function connected(url, options) {
  const client = mqtt.connect(url, { reconnectPeriod: 50, ...options });
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(new RPC(client, { timeout: 60000 })));
    client.once('error', reject);
  });
}

const ended = (rpc) => new Promise((resolve) => rpc.end(resolve));

async function main({ url, tls, ca, step, restart, until }) {
  const server = await connected(url);
  const caller = await connected(url);
  const noticed = [];
  await server.register('lamp/sum', (a, b) => a + b);
  await server.register('lamp/fail', () => { throw new Error('no bulb'); });
  await server.register('lamp/notice', (word) => noticed.push(word));
  step('subscribed');
  if (await caller.call('lamp/sum', 2, 3) !== 5) throw new Error('a wrong sum');
  const fault = await caller.call('lamp/fail').catch((error) => error.message);
  if (fault !== 'Error: no bulb') throw new Error(fault);
  caller.notify('lamp/notice', 'on');
  await until(() => noticed.includes('on'));
  step('heard');

  await restart();
  await until(() => server.connected && caller.connected);
  await until(() => {
    caller.notify('lamp/notice', 'again');
    return noticed.includes('again');
  });
  if (await caller.call('lamp/sum', 3, 4) !== 7) throw new Error('a wrong sum');
  step('again');

  const safe = await connected(tls, { ca: fs.readFileSync(ca) });
  await safe.register('lamp/safe', () => 'yes');
  if (await safe.call('lamp/safe') !== 'yes') throw new Error('a wrong answer');
  await ended(safe);
  step('tls');

  await server.unregister('lamp/sum');
  await Promise.all([ended(server), ended(caller)]);
  step('ended');
}

async function will({ url, step }) {
  await connected(url, { will: { topic: 'will/mqtt-json-rpc', payload: 'gone', qos: 1 } });
  step('waits');
}

module.exports = { main, will };
