'use strict';
// Plays a script on one of the two libraries; what comes of it is a log.
const dns = require('node:dns');
const { setTimeout: delay } = require('node:timers/promises');
const { listen, answers } = require('./broker');
const { Log } = require('./log');
const { wire } = require('./wire');

// The brokers are at 127.0.0.1, and Node.js 18 takes the first address of localhost alone.
dns.setDefaultResultOrder('ipv4first');

const LIMIT_MS = 60000;
const QUIET_MS = 150; // in which what must not happen would happen
const LAST_MS = 60; // in which what was sent last comes to the broker

// A timer of MQTT.js outlives a client that was never accepted, by half a minute,
// and one that has ended may try once more.
function drop(client) {
  client.end(true);
  client.connect = () => client;
  clearTimeout(client.connackTimer);
}

class Play {
  #clients = [];

  constructor(mqtt, broker) {
    this.mqtt = mqtt;
    this.broker = broker;
    this.answers = answers;
    this.log = new Log();
  }

  get url() {
    return this.broker.url;
  }

  // A client of the broker, watched, that tries again soon.
  connect(options, url = this.url) {
    const client = this.mqtt.connect(url, { reconnectPeriod: 20, clientId: 'script', ...options });
    return this.keep(client);
  }

  keep(client, prefix) {
    this.#clients.push(client);
    return this.log.watch(client, prefix);
  }

  async connected(options, url) {
    const client = this.connect(options, url);
    await this.log.until('connect');
    return client;
  }

  until(name, count) {
    return this.log.until(name, count);
  }

  note(name) {
    return this.log.note(name);
  }

  add(...entry) {
    this.log.add(...entry);
  }

  // What differs from run to run: the port in texts of errors.
  hide(port) {
    for (const [, error] of this.log.entries) {
      if (error?.error) error.error = error.error.replace(port, 'PORT');
    }
  }

  quiet(ms = QUIET_MS) {
    return delay(ms);
  }

  // What a promise comes to.
  async outcome(name, promise) {
    try {
      this.add(name, 'resolved', await promise);
    } catch (error) {
      this.add(name, 'rejected', error);
    }
  }

  finish() {
    for (const client of this.#clients) {
      client.removeAllListeners();
      client.on('error', () => {});
      drop(client);
    }
  }

  // Of a client that the script does not look at.
  drop(client) {
    drop(client);
  }
}

// What the program saw, and what the broker was sent.
async function play(mqtt, { rules, run, ...options }) {
  const broker = await listen(rules, { ...options, keepsBytes: true });
  const stage = new Play(mqtt, broker);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs (${mqtt.mqtt ? 'midge' : 'MQTT.js'}) after ${
      JSON.stringify(stage.log.entries.map(([name]) => name))}, broker saw ${
      broker.seen.map(({ cmd }) => cmd)}`)), LIMIT_MS);
  });
  try {
    await Promise.race([run(stage), late]);
    const log = [...stage.log.entries];
    await delay(LAST_MS);
    return { log, wire: wire(broker.connections) };
  } finally {
    clearTimeout(timer);
    stage.finish();
    await broker.close();
  }
}

module.exports = { play };
