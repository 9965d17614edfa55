'use strict';
// Node ends the process with other threads running; ours must be gone first,
// and not before the program's own 'exit' handlers have said their goodbyes.
// When the loop runs dry, and in a worker, the environment's cleanup does it.
const { isMainThread } = require('node:worker_threads');
const native = require('./native');

// What every copy of this file in the process has to stop is in one list, so that
// a hundred copies, as a test runner loads them, have one listener.
const ALL = Symbol.for('midge: what is stopped before the process ends');

let isCrashing = false;

function stop() {
  for (const one of process[ALL]) one();
}

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
    stop();
    return reallyExit.call(process, code);
  };
  process.reallyExit = ours;
}

function begin() {
  Object.defineProperty(process, ALL, { value: [] });
  replaceExit();
  process.on('uncaughtExceptionMonitor', crash);
  process.prependListener('exit', () => {
    if (isCrashing) stop();
    else replaceExit();
  });
}

if (isMainThread) {
  if (process[ALL] === undefined) begin();
  process[ALL].push(() => native.stop());
}
