'use strict';
// A program that does one thing after the other with clients of mqtt.connect, from
// a seed, and leaves at any point: by itself, by process.exit, or as a worker that
// is terminated.
//
//   node wander.js URL SEED [worker]
const { setTimeout: delay } = require('node:timers/promises');
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const mqtt = require('../../../lib');
const { generator } = require('./dice');

const [, , url, seed, where] = isMainThread ? process.argv : [0, 0, ...workerData];
const random = generator(Number(seed));
const STEPS = 12;
const SOON_MS = 20;

const clients = [];
const any = () => clients[random(clients.length)];

// Nobody is to miss a rejection: what a program would catch, it catches.
const caught = () => {};

const deeds = [
  () => clients.push(mqtt.connect(url, {
    protocolVersion: random(2) === 0 ? 4 : 5,
    reconnectPeriod: 1 + random(5),
    will: random(2) === 0 ? { topic: 'w', payload: 'w', qos: 1 } : undefined,
  })),
  () => any()?.publish('a', 'm', { qos: random(3) }),
  () => any()?.publishAsync('a', Buffer.alloc(random(100000)), { qos: random(3) }).catch(caught),
  () => any()?.subscribe('a', { qos: random(3) }),
  () => any()?.subscribeAsync(['a', 'b/#', '#/bad'].slice(random(3))).catch(caught),
  () => any()?.unsubscribeAsync('a').catch(caught),
  () => any()?.reconnect(),
  () => any()?.once('message', () => process.exit()),
  () => any()?.once('connect', () => random(3) === 0 && process.exit()),
  () => any()?.once('close', () => random(3) === 0 && process.exit()),
  () => any()?.end(random(2) === 0),
  () => any()?.endAsync(random(2) === 0).catch(caught),
  () => mqtt.connectAsync('mqtt://127.0.0.1:1', {}, false).catch(caught),
  () => delay(random(SOON_MS)),
];

async function wander() {
  deeds[0]();
  for (let step = 0; step < STEPS; step += 1) {
    await deeds[random(deeds.length)]();
    if (random(STEPS) === 0) process.exit();
  }
  for (const client of clients) client.end(random(2) === 0);
}

function withWorkers() {
  for (let i = 0; i < 3; i += 1) {
    const worker = new Worker(__filename, { workerData: [url, Number(seed) * 10 + i] });
    if (random(2) === 0) setTimeout(() => worker.terminate(), random(10 * SOON_MS));
  }
  if (random(4) === 0) setTimeout(process.exit, random(10 * SOON_MS));
}

if (where === 'worker') withWorkers();
else wander();
