'use strict';
// A client that publishes all the time, some unfinished: of the class, or of
// mqtt.connect, both with a session in a store.
const path = require('node:path');
const mqtt = require('../../../lib');

const TICK_MS = 10;
const IN_A_TICK = 3;
const WINDOW = 60; // unfinished at a time

function byClass(name, { urls, folder, ...options }) {
  const client = new mqtt(name, null, null, false, 2000, true,
    { ...options, servers: urls.slice(1), store: { path: path.join(folder, name) },
      offlineTimeout: 0 });
  client.connect(urls[0]);
  return {
    publish(topic, payload, qos, ended) {
      const status = client.publish(qos, false, topic, payload, (mid, error) => ended(error));
      if (status !== 0) throw client.last_error;
    },
    end: () => new Promise((resolve) => client.disconnect(resolve)),
  };
}

function byConnect(name, { urls, folder, ...options }) {
  const servers = urls.map((url) => new URL(url))
    .map(({ hostname, port }) => ({ host: hostname, port: Number(port) }));
  const client = mqtt.connect({ ...options, servers, clientId: name, clean: false, keepalive: 2,
    store: { path: path.join(folder, name) } });
  client.on('error', () => {}); // the network's; a publish has its own outcome
  return {
    publish: (topic, payload, qos, ended) => client.publish(topic, payload, { qos }, ended),
    end: () => client.endAsync(),
  };
}

class Sender {
  // `options`: urls, folder, and those of the client; `levels`: which QoS.
  constructor(api, ledger, levels, options) {
    const name = `sender-${api}`;
    Object.assign(this, { name, ledger, levels, number: 0, unfinished: 0 });
    this.client = (api === 'class' ? byClass : byConnect)(name, options);
    this.timer = setInterval(() => this.#publishSome(), TICK_MS);
  }

  #publishSome() {
    for (let i = 0; i < IN_A_TICK && this.unfinished < WINDOW; i += 1) this.#publishOne();
  }

  #publishOne() {
    const message = `${this.name} ${this.number}`;
    const qos = this.levels[this.number % this.levels.length];
    this.number += 1;
    this.unfinished += 1;
    this.ledger.published(message, qos);
    this.client.publish(`chaos/${qos}`, message, qos, (error) => {
      this.unfinished -= 1;
      this.ledger.ended(message, error);
    });
  }

  pause() {
    clearInterval(this.timer);
  }

  async end() {
    this.pause();
    await this.client.end();
  }
}

module.exports = { Sender };
