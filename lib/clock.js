'use strict';
// Turns of the loop, and time, as they are: a test framework that puts its own in their
// place (Jest, Sinon, node:test) stops the program's clock, and no message on its way.
const { performance } = require('node:perf_hooks');
const { setImmediate } = require('node:timers');

const { nextTick } = process;
const now = performance.now.bind(performance); // ms, and never back

const TIMER_MS_MAX = 0x7fffffff; // of a timer, which takes what is more for 1 ms

module.exports = { TIMER_MS_MAX, nextTick, now, setImmediate };
