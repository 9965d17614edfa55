'use strict';
// Members of MQTT.js's client that are its own business there, and that programs
// look at all the same: what has no outcome, by message id.
const { Promises } = require('./promises');

class Members extends Promises {
  #unfinished;

  // `unfinished`: (): the requests without an outcome.
  constructor(unfinished) {
    super();
    this.#unfinished = unfinished;
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

  // When to ping is the core's business, and nothing puts it off.
  reschedulePing() {}

  // Give the connection up as a dead one; another attempt follows.
  onKeepaliveTimeout() {
    this.stream?.destroy();
    this.emit('error', new Error('Keepalive timeout'));
  }
}

module.exports = { Members };
