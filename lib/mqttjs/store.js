'use strict';
// MQTT.js's store of packets by message id, in memory: for programs that use
// it by itself.
const { Readable } = require('node:stream');
const { coded } = require('./failures');

class Store {
  #packets = new Map();
  #isCleaned; // when it is closed

  constructor({ clean = true } = {}) {
    this.#isCleaned = clean !== false;
  }

  put(packet, callback) {
    this.#packets.set(packet.messageId, packet);
    if (callback) callback();
    return this;
  }

  get({ messageId }, callback) {
    this.#find(messageId, callback);
    return this;
  }

  del({ messageId }, callback) {
    this.#find(messageId, callback);
    this.#packets.delete(messageId);
    return this;
  }

  #find(messageId, callback) {
    if (!callback) return;
    const packet = this.#packets.get(messageId);
    if (packet === undefined) callback(coded('missing packet', 'EINVAL'));
    else callback(null, packet);
  }

  // What there is now, in the order in which it came.
  createStream() {
    return Readable.from([...this.#packets.values()]);
  }

  close(callback) {
    if (this.#isCleaned) this.#packets.clear();
    if (callback) callback();
  }
}

// What a client shows that was given no store: what was not acknowledged when somebody
// looked. Another client may be given it, and sends that first.
class ShownStore extends Store {
  #owner;

  constructor(owner, packets) {
    super();
    this.#owner = owner;
    for (const packet of packets) this.put(packet);
  }

  // To its own client it is none: all that is in it is on its way.
  static isOf(owner, store) {
    return typeof store === 'object' && store !== null && #owner in store &&
      store.#owner === owner;
  }
}

module.exports = { Store, ShownStore };
