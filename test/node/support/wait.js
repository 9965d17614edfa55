'use strict';
// Waiting in tests: for events, callbacks and what becomes true.
const { once } = require('node:events');

const LIMIT_MS = 240000; // many times what anything takes, also on a busy machine

function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Resolves with the arguments of the callback it makes; `limit` ends waiting
// for one that never comes.
function called(start, limit = LIMIT_MS) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('never called back')),
      limit);
    start((...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

async function until(condition, what = String(condition), limit = LIMIT_MS) {
  const end = Date.now() + limit;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`never true: ${what}`);
    await delay(5);
  }
}

function event(emitter, name, limit = LIMIT_MS) {
  return once(emitter, name, { signal: AbortSignal.timeout(limit) });
}

// What a block throws.
function thrown(block) {
  try {
    block();
  } catch (error) {
    return error;
  }
  return undefined;
}

module.exports = { delay, called, until, event, thrown };
