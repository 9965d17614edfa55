'use strict';
// Node ends the process with other threads running; ours must be gone first,
// and not before the program's own 'exit' handlers have said their goodbyes.
// When the loop runs dry, and in a worker, the environment's cleanup does it.
const { isMainThread } = require('node:worker_threads');
const native = require('./native');

let isCrashing = false;

// An exception that nobody catches ends the process right behind 'exit'.
function crash() {
  isCrashing = process.listenerCount('uncaughtException') === 0 &&
    !process.hasUncaughtExceptionCaptureCallback();
}

// process.exit() goes there once all handlers of 'exit' have run, or one of them
// has called it again. Others replace it too, and put back what they found.
let ours;

function replaceExit() {
  const { reallyExit } = process;
  if (reallyExit === ours) return;
  ours = (code) => {
    native.stop();
    return reallyExit.call(process, code);
  };
  process.reallyExit = ours;
}

if (isMainThread) {
  replaceExit();
  process.on('uncaughtExceptionMonitor', crash);
  process.prependListener('exit', () => {
    if (isCrashing) native.stop();
    else replaceExit();
  });
}
