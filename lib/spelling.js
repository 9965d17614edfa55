'use strict';
// Names that nobody knows, and what they were meant to be.

function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + change);
    }
    row = next;
  }
  return row[b.length];
}

function nearest(name, names) {
  const plain = name.toLowerCase();
  let best;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const steps = distance(plain, candidate.toLowerCase());
    if (steps < least) [best, least] = [candidate, steps];
  }
  return best;
}

// `what`: "option", "property"; `place`: of what, or nothing.
function misspelled(what, name, names, place) {
  const meant = nearest(name, names);
  const where = place === undefined ? '' : ` of ${place}`;
  const error = new TypeError(meant === undefined
    ? `Unknown ${what} "${name}"${where}`
    : `Misspelled ${what} "${name}"${where}: did you mean "${meant}"?`);
  error.code = 'ERR_INVALID_ARG_VALUE';
  return error;
}

module.exports = { misspelled };
