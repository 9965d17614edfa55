'use strict';
// Publishes whose outcome nobody is told of. Very many may wait for a connection, so of
// each nothing but its payload is kept, in the place of a request; what those that follow
// each other have in common is kept once.
const { Publish } = require('./requests');

const RETAIN = 4; // above the QoS

// What stands for such a message in the place of a request.
function isUntold(request) {
  return typeof request === 'string' || request instanceof Uint8Array;
}

// Whether a payload can: no request at all is none either.
function canStand(payload) {
  return isUntold(payload) && payload.length > 0;
}

class Untold {
  #runs = []; // { from, topic, bits, left }, by the lowest message id of the core
  #over = 0; // of them: runs none of whose messages is left

  // It was accepted as `mid`, the highest of all.
  add(mid, topic, qos, retain) {
    const runs = this.#runs;
    const bits = qos | (retain ? RETAIN : 0);
    const last = runs[runs.length - 1];
    if (last !== undefined && last.bits === bits && last.topic === topic) {
      if (last.left === 0) this.#over -= 1;
      last.left += 1;
    } else {
      runs.push({ from: mid, topic, bits, left: 1 });
    }
  }

  // The last one that does not begin behind it.
  #runOf(mid) {
    const runs = this.#runs;
    let low = 0;
    let high = runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (runs[middle].from <= mid) low = middle;
      else high = middle - 1;
    }
    return runs[low];
  }

  // It has its outcome. Returns its QoS.
  settle(mid) {
    const run = this.#runOf(mid);
    run.left -= 1;
    if (run.left === 0) {
      this.#over += 1;
      if (this.#over * 2 > this.#runs.length) this.#clear();
    }
    return run.bits & 3;
  }

  #clear() {
    this.#runs = this.#runs.filter(({ left }) => left > 0);
    this.#over = 0;
  }

  // The request that is not there.
  make(mid, payload) {
    const { topic, bits } = this.#runOf(mid);
    const qos = bits & 3;
    const request = new Publish(undefined, topic, payload, { qos, retain: bits >= RETAIN });
    if (qos > 0) request.identify(mid);
    return request;
  }
}

module.exports = { Untold, canStand, isUntold };
