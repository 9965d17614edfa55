'use strict';
// What a program sees of a client, in order, as plain values that compare.
const events = ['connect', 'reconnect', 'close', 'offline', 'disconnect', 'error', 'end',
  'message', 'outgoingEmpty'];

// Of an Error: what programs look at.
function plainError(error) {
  const { code, errno, syscall, address } = error;
  return Object.fromEntries(Object.entries(
    { error: error.message, name: error.name, code, errno, syscall, address })
    .filter(([, value]) => value !== undefined));
}

class Log {
  entries = [];
  #ids = new Map(); // message ids begin anywhere
  #isReceived = false; // what is written down is a message
  #waiting = new Set();

  // Those of received messages are the broker's own.
  #id(number) {
    if (typeof number !== 'number' || this.#isReceived) return number;
    if (!this.#ids.has(number)) this.#ids.set(number, `id ${this.#ids.size + 1}`);
    return this.#ids.get(number);
  }

  #plain(value) {
    if (Buffer.isBuffer(value)) return `bytes ${value.toString('latin1')}`;
    if (value instanceof Error) return plainError(value);
    if (Array.isArray(value)) return value.map((one) => this.#plain(one));
    if (typeof value === 'function') return 'function';
    if (typeof value !== 'object' || value === null) return value;
    const plain = {};
    for (const name of Object.keys(value).sort()) {
      if (value[name] === undefined) continue;
      plain[name] = name === 'messageId'
        ? this.#id(value[name]) : this.#plain(value[name]);
    }
    return plain;
  }

  add(name, ...values) {
    this.#isReceived = ['message', 'handled', 'send', 'receive'].includes(name);
    while (values.length > 0 && values.at(-1) === undefined) values.pop();
    this.entries.push([name, ...values.map((value) => this.#plain(value))]);
    for (const check of this.#waiting) check();
  }

  // A callback that is written down.
  note(name) {
    return (...args) => this.add(name, ...args);
  }

  watch(client, prefix = '') {
    for (const event of events) {
      client.on(event, (...args) => this.add(prefix + event, ...args));
    }
    return client;
  }

  count(name) {
    return this.entries.filter(([first]) => first === name).length;
  }

  // It has been written down so many times.
  until(name, count = 1) {
    return new Promise((resolve) => {
      const check = () => {
        if (this.count(name) < count) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}

module.exports = { Log };
