'use strict';
// What a text of --help has.

// [letter, name] of each option that a text has a line for.
const LINE = /^ {2}(?:(-\w)(?:, )?)?(--[\w-]+)?(?: [A-Z].*)? {2}/gm;
const optionsOf = (text) => [...text.matchAll(LINE)]
  .filter(([, letter, name]) => letter || name).map(([, letter, name]) => [letter, name]);
const words = (options) => options.flat().filter(Boolean);

module.exports = { optionsOf, words };
