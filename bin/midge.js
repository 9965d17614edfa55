#!/usr/bin/env node
'use strict';
// The command line for whoever has npm: npx midge --help. It is inside of the addon, and runs
// in this process, so that signals, standard input and output and the end are its own.
let code;
try {
  const { command } = require('../lib/native');
  if (command === undefined) {
    throw new Error('this addon was built without the command line. ' +
      'tools/build-addon.js builds one with it');
  }
  require('../lib/authorities').readAuthorities(['mqtts://']);
  code = command(process.argv.slice(2));
} catch (error) {
  console.error(/^midge/.test(error.message) ? error.message : `midge: ${error.message}`);
  code = 1;
}
process.exitCode = code;
