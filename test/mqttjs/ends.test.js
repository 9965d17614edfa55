'use strict';
// One program that ends and reconnects a client at random while messages come, and connections
// break: what a server with a session still has is told, of QoS 2 once, and answered.
//
//   MIDGE_ENDS=100 MIDGE_SEED=7 tools/node-test test/mqttjs/ends.test.js
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { delay } = require('../node/support/wait');
const { listen } = require('./support/broker');
const { generator } = require('./support/dice');

const MESSAGES = 200;
const WINDOW = 10; // that are not answered
const DISTURBANCES = 12;
const SEEDS = Number(process.env.MIDGE_ENDS ?? 1);
const FIRST = Number(process.env.MIDGE_SEED ?? 1);

// The server's side of a session: what it has sent, and how far each message has come.
class Sender {
  #byId = new Map();
  #next = 0;
  #broker;

  constructor(messages) {
    this.messages = messages;
  }

  async start() {
    this.#broker = await listen({
      connect: (packet, connection) => this.#greet(connection),
      puback: ({ messageId }, connection) => this.#done(messageId, 1, connection),
      pubrec: ({ messageId }) => {
        const message = this.#byId.get(messageId);
        if (message !== undefined) message.isReleased = true;
        return { cmd: 'pubrel', messageId };
      },
      pubcomp: ({ messageId }, connection) => this.#done(messageId, 2, connection),
      disconnect: (packet, connection) => connection.end(),
    });
    return this.#broker;
  }

  get isDone() {
    return this.#next === this.messages.length && this.#byId.size === 0;
  }

  #greet(connection) {
    connection.send({ cmd: 'connack', returnCode: 0, reasonCode: 0,
      sessionPresent: connection.number > 1 });
    for (const message of [...this.#byId.values()].sort((a, b) => a.number - b.number)) {
      if (message.isReleased) connection.send({ cmd: 'pubrel', messageId: message.id });
      else this.#send(message, true, connection);
    }
    this.#more(connection);
  }

  #send({ number, qos, id }, dup, connection) {
    const payload = String(number);
    connection.send({ cmd: 'publish', topic: 't', payload, qos, messageId: id, dup });
  }

  #more(connection) {
    while (this.#byId.size < WINDOW && this.#next < this.messages.length) {
      const message = this.messages[this.#next];
      this.#next += 1;
      message.id = 1;
      while (this.#byId.has(message.id)) message.id += 1;
      this.#byId.set(message.id, message);
      this.#send(message, false, connection);
    }
  }

  // What an earlier connection has brought at last does not count any more.
  #done(id, qos, connection) {
    if (connection !== this.#broker.current || this.#byId.get(id)?.qos !== qos) return;
    this.#byId.delete(id);
    this.#more(connection);
  }
}

// How a message is handled: at once, or a little later.
const ways = {
  'a listener': () => ({}),
  handleMessage: (soon) => ({
    prepare(client) { client.handleMessage = (packet, done) => soon(done); },
  }),
  'ack()': (soon) => ({
    options: { manualAcks: true },
    prepare(client) { client.on('message', (topic, payload, packet) => soon(packet.ack)); },
  }),
  customHandleAcks: (soon) => ({
    options: {
      customHandleAcks: (topic, payload, packet, done) => soon(() => done(null, 0)),
    },
  }),
  'stores of its own': (soon) => ({
    options: {
      incomingStore: new mqtt.Store({ clean: false }),
      outgoingStore: new mqtt.Store({ clean: false }),
    },
    prepare(client) { client.handleMessage = (packet, done) => soon(done); },
  }),
  'a store': (soon, folder) => ({ options: { store: { path: path.join(folder, 'store') } } }),
};

async function run(t, way, seed) {
  const below = generator(seed);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-ends-'));
  const messages = Array.from({ length: MESSAGES },
    (_, number) => ({ number, qos: 1 + below(2), told: 0, isReleased: false }));
  const sender = new Sender(messages);
  const broker = await sender.start();
  const soon = (done) => (below(2) ? done() : setTimeout(done, below(10)));
  const { options, prepare = () => {} } = ways[way](soon, folder);
  const client = mqtt.connect(broker.url, { clientId: 'mine', clean: false,
    reconnectPeriod: 1 + below(20), protocolVersion: 5,
    properties: { sessionExpiryInterval: 60 }, ...options });
  let isOver = false;
  t.after(async () => {
    isOver = true;
    await client.endAsync(true);
    await broker.close();
    fs.rmSync(folder, { recursive: true });
  });
  client.on('error', (error) => assert.equal(error.code, 'ECONNRESET', String(error)));
  const end = () => client.end(below(2) === 0,
    () => setTimeout(() => isOver || client.reconnect(), below(20)));
  client.on('message', (topic, payload) => {
    messages[Number(payload)].told += 1;
    if (below(40) === 0 && !client.disconnecting) end();
  });
  prepare(client);
  let left = DISTURBANCES;
  while (!sender.isDone) {
    await delay(1 + below(15));
    if (left === 0 || below(4) > 0) continue;
    left -= 1;
    if (below(2)) broker.current?.reset();
    else if (client.connected && !client.disconnecting) end();
  }
  const ill = messages.filter(({ qos, told }) => (qos === 2 ? told !== 1 : told === 0));
  assert.deepEqual(ill, []);
}

for (const way of Object.keys(ways)) {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    test(`ends and reconnects, ${way}, seed ${seed}`, { timeout: 60000 },
      (t) => run(t, way, seed));
  }
}
