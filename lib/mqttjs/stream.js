'use strict';
// What client.stream is while the core has a socket of its own: it can be
// ended and listened to, and its bytes are the core's. There is one for each
// attempt.
const { EventEmitter } = require('node:events');
const { call } = require('./requests');

class LinkStream extends EventEmitter {
  destroyed = false;
  #drop; // (): drop the connection; undefined before the attempt has begun
  #error; // what it was destroyed with

  // The attempt has begun.
  begin(drop) {
    this.#drop = drop;
    if (this.destroyed) drop();
  }

  get error() {
    return this.#error;
  }

  get readable() {
    return !this.destroyed;
  }

  get writable() {
    return !this.destroyed;
  }

  end() {
    return this.destroy();
  }

  // As if the network had broken: the client goes on with another one.
  destroy(error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#error = error ?? undefined;
    this.#drop?.();
    return this;
  }

  // Of a socket, for who sets it up once it is connected: the core's is.
  setNoDelay() {
    return this;
  }

  setKeepAlive() {
    return this;
  }

  // What its connection comes to: 'error', then 'close'.
  tell(event, ...args) {
    if (event === 'close') this.destroyed = true;
    if (event !== 'error' || this.listenerCount('error') > 0) {
      call(this, this.emit, event, ...args);
    }
  }
}

module.exports = { LinkStream };
