'use strict';
// For Node's runner, loaded before each file of tests: when all tests of a file
// have ended, its process has to end by itself, soon; on a busy machine that is a
// minute. A test that failed may leave a server or a client behind, and nobody is
// to wait for those.
const { after } = require('node:test');

const SOON_MS = Number(process.env.MIDGE_TEST_SOON_MS || 60000);

function giveUp() {
  console.error(`the tests are over, and still there is: ${process.getActiveResourcesInfo()}`);
  process.exit(1);
}

// Only in the process of a file, not in the runner's own.
if (process.env.NODE_TEST_CONTEXT) {
  after(() => {
    setTimeout(giveUp, SOON_MS).unref();
  });
}
