'use strict';
// Two streams that are one line: what goes into the one comes out of the other.
const { Duplex } = require('node:stream');

class Side extends Duplex {
  #other;
  #taken = null; // calls back what was written, when the other side wants more

  constructor(options) {
    super({ allowHalfOpen: false, ...options });
  }

  join(other) {
    this.#other = other;
  }

  _write(chunk, encoding, done) {
    if (this.#other.push(chunk)) done();
    else this.#taken = done;
  }

  _final(done) {
    this.#other.push(null);
    done();
  }

  _read() {
    this.#other.go();
  }

  go() {
    const taken = this.#taken;
    this.#taken = null;
    taken?.();
  }

  _destroy(error, done) {
    if (!this.#other.destroyed && !this.#other.readableEnded) this.#other.push(null);
    done(error);
  }
}

function pair(options) {
  const sides = [new Side(options), new Side(options)];
  sides[0].join(sides[1]);
  sides[1].join(sides[0]);
  return sides;
}

module.exports = { pair };
