'use strict';
// Preloaded with --require, it makes midge of MQTT.js for `require` and `import`,
// wherever a copy of it stands and whichever its version:
//
//   node --require test/programs/support/alias.js program.js
//
// MIDGE_BROKEN names something of midge that is to be broken: see broken.js.
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { spoil } = require('./broken');

const MIDGE = path.join(__dirname, '..', '..', '..', 'lib', 'index.js');
const ORIGINAL = new RegExp('[\\\\/]node_modules[\\\\/]mqtt[\\\\/]' +
  '(build[\\\\/](index|mqtt)|mqtt|dist[\\\\/]mqtt[^\\\\/]*)\\.js$');

const resolve = Module._resolveFilename;
Module._resolveFilename = function alias(...args) {
  const found = resolve.apply(this, args);
  return ORIGINAL.test(found) ? MIDGE : found;
};

// Node 18 has no such thing.
if (Module.register) {
  Module.register('./imports.mjs', {
    parentURL: pathToFileURL(__filename),
    data: { original: ORIGINAL, midge: pathToFileURL(MIDGE.replace(/js$/, 'mjs')).href },
  });
}

if (process.env.MIDGE_BROKEN) spoil(require(MIDGE), process.env.MIDGE_BROKEN);
