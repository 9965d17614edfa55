'use strict';
// What callbacks throw, in a test that goes on.

// Calls `run` with the messages of what is thrown meanwhile.
async function uncaught(run) {
  const listeners = process.listeners('uncaughtException');
  const thrown = [];
  const note = ({ message }) => thrown.push(message);
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', note);
  try {
    await run(thrown);
  } finally {
    process.off('uncaughtException', note);
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
}

module.exports = { uncaught };
