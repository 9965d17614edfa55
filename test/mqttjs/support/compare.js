'use strict';
// Two logs of the same script, and how they may differ.
const assert = require('node:assert/strict');

// Where MQTT.js's error has no code, ours has one all the same.
function codes(theirs, ours) {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    return ours.map((value, at) => codes(theirs[at], value));
  }
  const isSame = ours?.error !== undefined && theirs?.error === ours.error;
  if (!isSame || theirs.code !== undefined) return ours;
  const { code, errno, ...plain } = ours;
  return plain;
}

function isEqual(a, b) {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

// What a difference does to MQTT.js's log to make ours of it.
const edits = {
  moved: (from, to) => (log) => {
    const [entry] = log.splice(from, 1);
    log.splice(to, 0, entry);
  },
  removed: (at) => (log) => {
    log.splice(at, 1);
  },
  inserted: (at, ...entries) => (log) => {
    log.splice(at, 0, ...entries);
  },
  replaced: (at, change) => (log) => {
    log[at] = change(log[at]);
  },
};

// `difference`: { reason, edits }, or undefined when there is none to be;
// `isRare`: not every time.
function compare(theirs, ours, difference) {
  if (difference === undefined) {
    assert.deepEqual(codes(theirs, ours), theirs);
    return;
  }
  const isSame = isEqual(codes(theirs, ours), theirs);
  if (isSame && difference.isRare) return;
  assert.ok(!isSame, 'it does not differ any more');
  const expected = structuredClone(theirs);
  for (const edit of difference.edits) edit(expected);
  assert.deepEqual(codes(expected, ours), expected, difference.reason);
}

module.exports = { compare, edits };
