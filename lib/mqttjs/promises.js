'use strict';
// What an MqttClient does beside its callbacks: the same as promises, and its end
// by `await using`.
const { Emitter } = require('../emitter');

function promise(start) {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

class Promises extends Emitter {
  publishAsync(topic, message, options) {
    return promise((done) => this.publish(topic, message, options, done));
  }

  // `onMessage` as in subscribe.
  subscribeAsync(topics, options, onMessage) {
    return promise((done) => this.subscribe(topics, options, done, onMessage));
  }

  unsubscribeAsync(topics, options) {
    return promise((done) => this.unsubscribe(topics, options, done));
  }

  endAsync(...given) {
    return promise((done) => this.end(...given.slice(0, 2), done));
  }
}

// Node.js before 18.18 has no such symbols.
const disposals = [
  [Symbol.dispose, function dispose() { this.end(); }],
  [Symbol.asyncDispose, function asyncDispose() { return this.endAsync(); }],
];
for (const [symbol, value] of disposals) {
  if (symbol === undefined) continue;
  Object.defineProperty(Promises.prototype, symbol,
    { value, writable: true, configurable: true, enumerable: false });
}

module.exports = { Promises };
