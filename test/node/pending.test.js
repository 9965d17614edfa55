'use strict';
// What waits by message id, beside a map that is the truth.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Pending } = require('../../lib/pending');

// The same numbers each time.
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % sides;
  };
}

// Ids rise, most end soon, `oneIn` of them only at the end.
function play(seed, span, oneIn) {
  const roll = dice(seed);
  const pending = new Pending();
  const truth = new Map();
  const soon = [];
  let id = 0;
  const take = (which) => {
    assert.equal(pending.get(which), truth.get(which));
    assert.equal(pending.take(which), truth.get(which));
    truth.delete(which);
    assert.equal(pending.get(which), undefined);
    assert.equal(pending.size, truth.size);
  };
  for (let step = 0; step < 6000; step += 1) {
    id += 1 + (roll(8) === 0 ? roll(5) : 0); // some calls leave nothing
    pending.set(id, `request ${id}`);
    truth.set(id, `request ${id}`);
    if (roll(oneIn) !== 0) soon.push(id);
    while (soon.length > roll(span)) take(soon.splice(roll(soon.length), 1)[0]);
    if (step % 500 === 0) take(id - roll(2 * span)); // perhaps nothing
    const [oldest = Infinity] = truth.keys();
    assert.equal(pending.oldest(), oldest);
    if (step % 100 === 0) assert.deepEqual(pending.list(), [...truth]);
  }
  for (const which of [...truth.keys()]) take(which);
  assert.equal(pending.oldest(), Infinity);
}

for (const [name, span, oneIn] of [
  ['a narrow window', 4, 1000000], ['a wide one', 900, 1000000],
  ['some that end late', 30, 50], ['many that end late', 300, 3],
]) {
  test(`each id has its own request: ${name}`, () => {
    for (let seed = 1; seed <= 5; seed += 1) play(seed, span, oneIn);
  });
}

// More than one ring holds, in no order, and beside some that end late.
for (const oneIn of [1000000, 20]) {
  test(`each id has its own request: 40000 wait, and one in ${oneIn} ends late`, () => {
    const pending = new Pending();
    const roll = dice(oneIn);
    const truth = new Map();
    const soon = [];
    let id = 0;
    for (let burst = 0; burst < 3; burst += 1) {
      for (let count = 0; count < 40000; count += 1) {
        id += 1 + (roll(8) === 0 ? roll(5) : 0);
        pending.set(id, `request ${id}`);
        truth.set(id, `request ${id}`);
        if (roll(oneIn) !== 0) soon.push(id);
      }
      assert.deepEqual(pending.list(), [...truth]);
      while (soon.length > 10000) {
        const at = roll(2) === 0 ? roll(soon.length) : soon.length - 1 - roll(1000);
        const which = soon[at];
        soon[at] = soon[soon.length - 1];
        soon.pop();
        assert.equal(pending.get(which), truth.get(which));
        assert.equal(pending.take(which), truth.get(which));
        assert.equal(pending.take(which), undefined);
        truth.delete(which);
      }
      assert.equal(pending.size, truth.size);
      assert.equal(pending.oldest(), truth.keys().next().value);
      assert.deepEqual(pending.list(), [...truth]);
    }
    for (const [which, request] of truth) {
      assert.equal(pending.oldest(), which);
      assert.equal(pending.take(which), request);
    }
    assert.equal(pending.size, 0);
    assert.equal(pending.oldest(), Infinity);
  });
}

test('an id that was never given has no request', () => {
  const pending = new Pending();
  assert.equal(pending.take(1), undefined);
  pending.set(70, 'a');
  for (const id of [0, 6, 69, 71, 134]) {
    assert.equal(pending.get(id), undefined);
    assert.equal(pending.take(id), undefined);
  }
  assert.equal(pending.take(70), 'a');
  assert.equal(pending.take(70), undefined);
});

test('a burst that has ended leaves nothing, and ids go on', () => {
  const pending = new Pending();
  for (let id = 1; id <= 100000; id += 1) pending.set(id, id);
  assert.equal(pending.size, 100000);
  for (let id = 1; id <= 100000; id += 1) assert.equal(pending.take(id), id);
  for (let id = 100001; id <= 100200; id += 1) pending.set(id, id);
  assert.equal(pending.oldest(), 100001);
  for (let id = 100001; id <= 100200; id += 1) assert.equal(pending.take(id), id);
  assert.equal(pending.size, 0);
});
