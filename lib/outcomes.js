'use strict';
// The requests that have no outcome yet, by message id. One that has none while
// a connection is wanted and there was none for `limit` ms is overdue: it is
// told, once, and goes on all the same.
const { Pending } = require('./pending');
const signals = require('./signals');

const STEPS = 10; // of the limit, between two marks

// Of all clients that have asked for nothing: they stay empty.
const NOTHING = new Pending();
const NONE = new Map();
const NO_MARKS = Object.freeze([]);

class Outcomes {
  #pending = NOTHING; // by mid
  #overdue = NONE; // what is left of those that were told
  #signals = NONE; // by mid: what takes its listener off
  #marks = NO_MARKS; // the highest mid at each of the last steps
  #last = 0; // the highest mid
  #isOffline = false; // and wants to be online
  #timer = null;
  #limit; // ms; 0: none
  #tell; // (request, mid): tell it is overdue; what is left of it

  constructor(limit, tell) {
    this.#limit = limit;
    this.#tell = tell;
  }

  // There is nothing to be told of any request.
  get isEmpty() {
    return this.#pending.size === 0 && this.#overdue.size === 0 &&
      this.#signals.size === 0;
  }

  add(mid, request) {
    if (this.#pending === NOTHING) this.#pending = new Pending();
    this.#pending.set(mid, request);
    this.#last = mid;
    if (this.#isOffline && this.#timer === null) this.#start();
  }

  // `cancel` is called when the signal says so before there is an outcome.
  heed(mid, signal, cancel) {
    if (this.#signals === NONE) this.#signals = new Map();
    this.#signals.set(mid, signals.heed(signal, cancel));
  }

  list() {
    return this.#pending.list();
  }

  // The lowest message id that waits; Infinity when there is none.
  oldest() {
    return this.#pending.oldest();
  }

  peek(mid) {
    return this.#pending.get(mid);
  }

  // The request that has its outcome now; undefined when there is none.
  take(mid) {
    if (this.#signals.size !== 0) this.#forget(mid);
    const request = this.#pending.take(mid);
    if (request !== undefined) return request;
    if (this.#overdue.size === 0) return undefined;
    const left = this.#overdue.get(mid);
    this.#overdue.delete(mid);
    return left;
  }

  #forget(mid) {
    const remove = this.#signals.get(mid);
    if (remove === undefined) return;
    remove();
    this.#signals.delete(mid);
  }

  // A connection is wanted, and there is none.
  missed() {
    this.#isOffline = true;
    this.#stop();
    if (this.#pending.size > 0) this.#start();
  }

  // There is one, or none is wanted.
  content() {
    this.#isOffline = false;
    this.#stop();
  }

  // Steps are counted, not time: a loop that was blocked has missed events,
  // and they come before the next step.
  #start() {
    if (this.#limit === 0) return;
    this.#marks = [];
    this.#timer = setInterval(() => this.#step(),
      Math.ceil(this.#limit / STEPS));
    this.#timer.unref();
  }

  #stop() {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#marks = NO_MARKS;
  }

  #step() {
    this.#marks.push(this.#last);
    if (this.#marks.length > STEPS) this.#expire(this.#marks.shift());
    if (this.#pending.size === 0) this.#stop();
  }

  #expire(highest) {
    for (let mid = this.#pending.oldest(); mid <= highest; mid = this.#pending.oldest()) {
      const left = this.#tell(this.#pending.take(mid), mid);
      if (left === undefined) continue;
      if (this.#overdue === NONE) this.#overdue = new Map();
      this.#overdue.set(mid, left);
    }
  }
}

module.exports = { Outcomes };
