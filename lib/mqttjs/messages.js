'use strict';
// client.messages(): what comes for a filter, taken one by one. While too many
// wait here the client takes none, and TCP holds the server back.
const signals = require('../signals');

const HIGH_WATER_MARK = 64; // messages
const FULL = 16; // times that: not even for a response does more come

function aborted(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' });
}

// For who takes packets alone, an alias is resolved.
function named(topic, packet) {
  if (packet.topic === topic) return packet;
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(packet));
  copy.topic = topic;
  return copy;
}

class Messages {
  #waiting = []; // messages that nobody has asked for
  #at = 0; // the first of them
  #asked = []; // of those who wait for one: { resolve, reject }
  #isOver = false; // none comes any more
  #error = null; // and why, told once
  #isPausing = false;
  #isFull = false;
  #most; // that wait
  #client; // { pause(who, mayYield), resume(who), leave(who) }
  #unheed; // its signal

  // The handler of the subscription.
  take = (topic, payload, packet) => this.#take(named(topic, packet));

  constructor(client, { highWaterMark = HIGH_WATER_MARK, signal }) {
    this.#client = client;
    this.#most = highWaterMark;
    const abort = () => this.finish(aborted(signal));
    if (signal?.aborted) abort();
    else if (signal) this.#unheed = signals.heed(signal, abort);
  }

  get isOver() {
    return this.#isOver;
  }

  #take(packet) {
    if (this.#isOver) return;
    const next = this.#asked.shift();
    if (next !== undefined) {
      next.resolve({ value: packet, done: false });
      return;
    }
    this.#waiting.push(packet);
    const left = this.#left();
    if (left >= this.#most && !this.#isPausing) this.#pause(true);
    if (left >= this.#most * FULL && !this.#isFull) this.#pause(false);
  }

  #pause(mayYield) {
    this.#isPausing = true;
    this.#isFull = !mayYield;
    this.#client.pause(this, mayYield);
  }

  #left() {
    return this.#waiting.length - this.#at;
  }

  // Half of them are gone: more may come.
  #relax() {
    if (this.#at * 2 >= this.#waiting.length) {
      this.#waiting.splice(0, this.#at);
      this.#at = 0;
    }
    if (!this.#isPausing || this.#left() * 2 > this.#most) return;
    this.#isPausing = false;
    this.#isFull = false;
    this.#client.resume(this);
  }

  // None comes any more; those that wait here are still given out, but not
  // after an abort.
  finish(error) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error ?? null;
    this.#unheed?.();
    if (error?.code === 'ABORT_ERR') this.#empty();
    this.#client.resume(this);
    this.#client.leave(this);
    while (this.#asked.length > 0) this.#end(this.#asked.shift());
  }

  #empty() {
    this.#waiting.length = 0;
    this.#at = 0;
  }

  #end({ resolve, reject }) {
    const error = this.#error;
    this.#error = null;
    if (error === null) resolve({ value: undefined, done: true });
    else reject(error);
  }

  // What the callback of the subscription is told. A connection that was lost
  // meanwhile is made again, and the subscription with it.
  subscribed(error) {
    if (error && error.code !== 'MIDGE_ELOST') this.finish(error);
  }

  next() {
    return new Promise((resolve, reject) => {
      if (this.#left() === 0) {
        if (this.#isOver) this.#end({ resolve, reject });
        else this.#asked.push({ resolve, reject });
        return;
      }
      const value = this.#waiting[this.#at];
      this.#waiting[this.#at] = undefined;
      this.#at += 1;
      this.#relax();
      resolve({ value, done: false });
    });
  }

  // The loop was left.
  return(value) {
    this.finish();
    this.#empty();
    return Promise.resolve({ value, done: true });
  }

  throw(error) {
    this.finish();
    this.#empty();
    return Promise.reject(error);
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

module.exports = { Messages, aborted };
