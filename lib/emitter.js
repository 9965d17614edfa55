'use strict';
// An EventEmitter that has no table of listeners before the first one: without its
// constructor it is as Node's own prototype says, and many clients are never
// listened to.
const { EventEmitter } = require('node:events');

function Emitter() {}
Object.setPrototypeOf(Emitter, EventEmitter);
Object.setPrototypeOf(Emitter.prototype, EventEmitter.prototype);

// A table of listeners as Node's own, without a prototype's names in it, but an object
// of its own kind: Node's is a hash table, which takes three times as much.
function Listeners() {}
Listeners.prototype = Object.create(null);

module.exports = { Emitter, Listeners };
