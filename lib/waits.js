'use strict';
// Who waits for a limited time, thousands of clients perhaps: those with the same
// limit stand in a line, and the first one's time is the only timer that there is.
const { performance } = require('node:perf_hooks');
const { home } = require('./batch');

const lines = new Map(); // by limit, of those with somebody in them

const now = () => Math.ceil(performance.now());

class Line {
  #limit; // ms
  #dues = new Map(); // by waiter, until when: the first one is the first to be due
  #timer = null;

  constructor(limit) {
    this.#limit = limit;
  }

  // Whoever stands in it goes behind all others.
  add(waiter) {
    this.#dues.delete(waiter);
    this.#dues.set(waiter, now() + this.#limit);
    if (this.#timer === null) this.#start(this.#limit);
  }

  remove(waiter) {
    if (this.#dues.delete(waiter) && this.#dues.size === 0) this.#end();
  }

  #start(ms) {
    this.#timer = home.runInAsyncScope(setTimeout, null, Line.#look, ms, this);
    this.#timer.unref();
  }

  #end() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (lines.get(this.#limit) === this) lines.delete(this.#limit);
  }

  static #look(line) {
    line.#expire();
  }

  // What a waiter throws is the program's, and the others have their time all the same.
  #expire() {
    const time = now();
    try {
      for (const [waiter, due] of this.#dues) {
        if (due > time) break;
        this.#dues.delete(waiter);
        waiter.expire();
      }
    } finally {
      const [first] = this.#dues.values();
      if (first === undefined) this.#end();
      else this.#start(Math.max(first - time, 0));
    }
  }
}

// `waiter.expire()` is called once, after `limit` ms, which an option allows, unless it
// ends before that. It has one limit for as long as it waits.
function begin(waiter, limit) {
  let line = lines.get(limit);
  if (line === undefined) lines.set(limit, line = new Line(limit));
  line.add(waiter);
}

// Who does not wait may end it too.
function end(waiter, limit) {
  lines.get(limit)?.remove(waiter);
}

module.exports = { begin, end };
