'use strict';
// Who waits for a limited time, thousands of clients perhaps: those with the same
// limit stand in a line, and the first one's time is the only timer that there is.
const { performance } = require('node:perf_hooks');
const { home } = require('./batch');

const lines = new Map(); // by limit, of those with somebody in them

const now = () => Math.ceil(performance.now());

// Who waits, as a base: in the line, and until when.
class Waiter {
  line = null;
  due = 0;
  before = null;
  behind = null;
}

class Line {
  #limit; // ms
  #first = null; // the first one is the first to be due
  #last = null;
  #timer = null;

  constructor(limit) {
    this.#limit = limit;
  }

  add(waiter) {
    waiter.line = this;
    waiter.due = now() + this.#limit;
    waiter.before = this.#last;
    if (this.#last === null) this.#first = waiter;
    else this.#last.behind = waiter;
    this.#last = waiter;
    if (this.#timer === null) this.#start(this.#limit);
  }

  #take(waiter) {
    const { before, behind } = waiter;
    if (before === null) this.#first = behind;
    else before.behind = behind;
    if (behind === null) this.#last = before;
    else behind.before = before;
    waiter.line = waiter.before = waiter.behind = null;
  }

  remove(waiter) {
    this.#take(waiter);
    if (this.#first === null) this.#end();
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
      while (this.#first !== null && this.#first.due <= time) {
        const waiter = this.#first;
        this.#take(waiter);
        waiter.expire();
      }
    } finally {
      if (this.#first === null) this.#end();
      else this.#start(Math.max(this.#first.due - time, 0));
    }
  }
}

// `waiter.expire()` is called once, after `limit` ms, which an option allows, unless it
// ends before that.
function begin(waiter, limit) {
  end(waiter);
  let line = lines.get(limit);
  if (line === undefined) lines.set(limit, line = new Line(limit));
  line.add(waiter);
}

// Who does not wait may end it too.
function end(waiter) {
  if (waiter.line !== null) waiter.line.remove(waiter);
}

module.exports = { Waiter, begin, end };
