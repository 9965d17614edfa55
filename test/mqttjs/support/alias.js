'use strict';
// Preloaded with --require, it makes midge of MQTT.js, wherever a copy of it
// stands: node --require test/mqttjs/support/alias.js program.js
const Module = require('node:module');
const path = require('node:path');

const MIDGE = process.env.MIDGE_ALIAS || path.join(__dirname, '..', '..', '..', 'lib', 'index.js');
const ORIGINAL = /[\\/]node_modules[\\/]mqtt[\\/]build[\\/](?:index|mqtt)\.js$/;

const resolve = Module._resolveFilename;
Module._resolveFilename = function alias(...args) {
  const found = resolve.apply(this, args);
  return ORIGINAL.test(found) ? MIDGE : found;
};
