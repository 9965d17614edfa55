'use strict';
// Waiting for a limited time, many at once.
const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { test } = require('node:test');
const waits = require('../../lib/waits');
const { run } = require('./support/program');

const waiter = (expire) => ({ expire });

// Resolves when the last of them is told.
function waitersOf(...names) {
  const told = [];
  let last;
  const all = new Promise((resolve) => { last = resolve; });
  const waiters = names.map((name, at) => waiter(() => {
    told.push(name);
    if (at === names.length - 1) last();
  }));
  return { told, all, waiters };
}

// The timer is not the program's reason to live.
const alive = (t) => {
  const timer = setInterval(() => {}, 1000);
  t.after(() => clearInterval(timer));
};

test('those who wait are told in their order, once, and who has ended is not', async (t) => {
  alive(t);
  const { told, all, waiters } = waitersOf('a', 'b', 'c', 'd');
  for (const waiter of waiters) waits.begin(waiter, 20);
  waits.end(waiters[1], 20);
  waits.end(waiters[1], 20);
  waits.begin(waiters[0], 20); // anew, behind the others
  waits.begin(waiters[3], 20);
  await all;
  assert.deepEqual(told, ['c', 'a', 'd']);
});

test('a shorter limit is over before a longer one that began before it', async (t) => {
  alive(t);
  const { told, all, waiters: [long, short] } = waitersOf('long', 'short');
  waits.begin(long, 600000);
  waits.begin(short, 1);
  await all;
  waits.end(long, 600000);
  assert.deepEqual(told, ['short']);
});

test('time is up in nobody\'s context', async (t) => {
  alive(t);
  const storage = new AsyncLocalStorage();
  const seen = await new Promise((resolve) => {
    storage.run('a request', () => {
      waits.begin(waiter(() => resolve(storage.getStore())), 1);
    });
  });
  assert.equal(seen, undefined);
});

// A program with `wait(expire, limit)`.
const programOf = (text) => run(`
  const waits = require(LIB + '/waits');
  const wait = (expire, limit) => waits.begin({ expire }, limit);
  ${text}`);

test('one that throws takes no other\'s time away', async () => {
  const { out } = await programOf(`
    process.on('uncaughtException', (error) => console.log(error.message));
    setTimeout(() => {}, 600000);
    wait(() => { throw new Error('of the first'); }, 5);
    wait(() => { console.log('the second'); process.exit(0); }, 5);`);
  assert.equal(out, 'of the first\nthe second');
});

test('nobody who waits keeps a program alive', async () => {
  const { code } = await programOf('wait(() => process.exit(3), 600000);');
  assert.equal(code, 0);
});
