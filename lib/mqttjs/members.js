'use strict';
// Members of MQTT.js's client that are its own business there, and that programs
// look at all the same: what has no outcome, by message id.
const { randomBytes } = require('node:crypto');
const { version } = require('../../package.json');
const { Promises } = require('./promises');

class Members extends Promises {
  #unfinished;

  // `unfinished`: (): the requests without an outcome.
  constructor(unfinished) {
    super();
    this.#unfinished = unfinished;
  }

  static get VERSION() {
    return version;
  }

  static defaultId() {
    return `mqttjs_${randomBytes(4).toString('hex')}`;
  }

  #withId() {
    return this.#unfinished().filter(({ id }) => id !== 0);
  }

  // { id: { volatile, cmd, cb } }; what is volatile ends with the connection.
  get outgoing() {
    return Object.fromEntries(this.#withId().map(({ id, cmd, callback }) =>
      [id, { volatile: cmd !== 'publish', cmd, cb: callback ?? (() => {}) }]));
  }

  // { id: filters }, of SUBSCRIBE without SUBACK.
  get messageIdToTopic() {
    return Object.fromEntries(this.#withId().filter(({ cmd }) => cmd === 'subscribe')
      .map(({ id, entries }) => [id, entries.map(({ topic }) => topic)]));
  }

  // [{ packet, cb }]: what waits for a connection, but for publishes of QoS 1 and
  // 2, which are outgoing.
  get queue() {
    if (this.connected) return [];
    return this.#unfinished().filter(({ isTold, qos }) => !isTold && !(qos > 0))
      .map((request) => ({ packet: request.packet(), cb: request.callback ?? (() => {}) }));
  }

  // In ms, and null when nothing pings: there is no connection, or keepalive is 0.
  get keepaliveManager() {
    const keepalive = this.keepalive * 1000;
    if (!this.connected || keepalive === 0) return null;
    return { keepalive, intervalEvery: keepalive / 2 };
  }

  // When to ping is the core's business: it does when nothing is heard, and nothing
  // puts it off or hurries it.
  reschedulePing() {}

  sendPing() {}

  // Give the connection up as a dead one; another attempt follows.
  onKeepaliveTimeout() {
    this.stream?.destroy();
    this.emit('error', new Error('Keepalive timeout'));
  }
}

module.exports = { Members };
