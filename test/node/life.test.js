'use strict';
// The connects of a client: what is desired, what each of them came to, and what is told.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Life, KEPT, CANCELLED, ABANDONED, SILENT } = require('../../lib/life');

test('who has disconnected is not connected, whatever is open still', () => {
  const life = new Life();
  life.begin();
  assert.equal(life.isConnected, false);
  assert.equal(life.opened(1), true);
  assert.equal(life.isConnected, true);
  life.leave(CANCELLED);
  assert.deepEqual([life.isConnected, life.isDesired, life.isOver], [false, false, false]);
  assert.deepEqual(life.closed(1, true), { fate: CANCELLED, wasOpen: true });
  assert.equal(life.isOver, true);
});

test('a connection that was lost is open no more, and its connect goes on', () => {
  const life = new Life();
  life.begin();
  life.opened(1);
  assert.deepEqual(life.closed(1, false), { fate: KEPT, wasOpen: true });
  assert.deepEqual([life.isConnected, life.isDesired], [false, true]);
  assert.deepEqual(life.closed(1, true), { fate: KEPT, wasOpen: false });
  assert.equal(life.isDesired, false);
});

test('a connect has a beginning of its own while the last one ends', () => {
  const life = new Life();
  life.begin();
  life.opened(1);
  life.leave(CANCELLED);
  life.begin();
  assert.deepEqual([life.isConnected, life.isDesired], [false, true]);
  assert.equal(life.isDesiredNow(1), false);
  assert.deepEqual(life.closed(1, true), { fate: CANCELLED, wasOpen: true });
  assert.equal(life.opened(2), true);
  assert.equal(life.isConnected, true);
});

test('the one before has its end though the last one has ended', () => {
  const life = new Life();
  life.begin();
  life.leave(CANCELLED);
  life.begin();
  assert.deepEqual(life.closed(2, true), { fate: KEPT, wasOpen: false });
  assert.deepEqual([life.isOver, life.isDesired], [false, false]);
  assert.deepEqual(life.closed(1, true), { fate: CANCELLED, wasOpen: false });
  assert.equal(life.isOver, true);
});

test('a blocking connect that failed is told once, and is no end that is missing', () => {
  const life = new Life();
  life.begin();
  life.leave(ABANDONED);
  assert.equal(life.opened(1), false);
  assert.equal(life.closed(1, false).fate, ABANDONED);
  assert.equal(life.closed(1, false).fate, SILENT);
  life.begin();
  assert.equal(life.silence(), 1);
  assert.equal(life.silence(), 0);
  assert.equal(life.closed(2, true).fate, SILENT);
});
