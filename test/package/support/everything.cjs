'use strict';
// What a package has to do wherever it was installed; one line for each that it did.
// MIDGE_TEST_SERVERS are the ports of a broker: TCP, TLS, WebSocket and secure WebSocket.
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const mqtt = require('midge');

const { tcp, tls, ws, wss, ca } = JSON.parse(process.env.MIDGE_TEST_SERVERS);
const TOPIC = `everything/${process.pid}/${isMainThread}`;

function did(step, text) {
  const line = `${isMainThread ? 'main' : 'worker'}: ${step}${text ? ` ${text}` : ''}`;
  if (isMainThread) console.log(line);
  else parentPort.postMessage(line);
}

// The class publishes to itself.
function classAlone() {
  return new Promise((resolve) => {
    const client = new mqtt('', null, null, true, 60000, true);
    client.on('received', (mid, topic, message) => {
      client.disconnect(() => resolve(String(message)));
    });
    client.connect('127.0.0.1', tcp, () => {
      client.subscribe(1, `${TOPIC}/class`, () => {
        client.publish(1, false, `${TOPIC}/class`, 'arrived');
      });
    });
  });
}

async function roundTrip(url, options) {
  const client = await mqtt.connectAsync(url, options);
  await client.subscribeAsync(TOPIC);
  const message = new Promise((resolve) => {
    client.on('message', (topic, payload) => resolve(String(payload)));
  });
  await client.publishAsync(TOPIC, `by ${new URL(url).protocol}`, { qos: 2 });
  const text = await message;
  await client.endAsync();
  return text;
}

// Published without a connection, by a client that goes; the next one of the store sends it.
async function stored() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-everything-'));
  const options = {
    clientId: `stored-${process.pid}-${isMainThread}`,
    clean: false,
    store: { path: path.join(folder, 'store') },
  };
  const first = mqtt.connect('mqtt://127.0.0.1:1', options);
  first.on('error', () => {});
  await new Promise((resolve) => {
    first.publish(TOPIC, 'kept', { qos: 1, cbStorePut: resolve }, () => {});
  });
  await first.endAsync(true);
  const second = mqtt.connect(`mqtt://127.0.0.1:${tcp}`, options);
  const text = await new Promise((resolve, reject) => {
    second.on('error', reject);
    second.on('message', (topic, payload) => resolve(String(payload)));
    second.on('connect', () => {});
    second.subscribe(TOPIC, { qos: 1 });
  });
  await second.endAsync();
  fs.rmSync(folder, { recursive: true });
  return text;
}

async function everything() {
  did('class', await classAlone());
  did('connect', await roundTrip(`mqtt://127.0.0.1:${tcp}`));
  did('connect', await roundTrip(`mqtts://localhost:${tls}`, { ca }));
  did('connect', await roundTrip(`ws://127.0.0.1:${ws}`));
  did('connect', await roundTrip(`wss://localhost:${wss}`, { ca }));
  did('store', await stored());
}

async function main() {
  await everything();
  if (!isMainThread) return;
  const worker = new Worker(__filename);
  worker.on('error', (error) => console.log('worker failed', error));
  // Not every runtime tells the last message before the end.
  const told = new Promise((resolve) => {
    worker.on('message', (line) => {
      console.log(line);
      if (line.startsWith('worker: store')) resolve();
    });
  });
  const [[code]] = await Promise.all([once(worker, 'exit'), told]);
  console.log(`ended with ${code}`);
}

main().catch((error) => {
  console.log('failed', error);
  process.exitCode = 1;
});
