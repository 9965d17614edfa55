'use strict';
// An EventEmitter that has no table of listeners before the first one: without its
// constructor it is as Node's own prototype says, and many clients are never
// listened to.
const { EventEmitter } = require('node:events');

function Emitter() {}
Object.setPrototypeOf(Emitter, EventEmitter);
Object.setPrototypeOf(Emitter.prototype, EventEmitter.prototype);

module.exports = { Emitter };
