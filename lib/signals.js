'use strict';
// Who waits for an AbortSignal. However many do, the signal has one listener.
const waiting = new WeakMap(); // by signal: { acts, listener }

function begin(signal) {
  const acts = new Set();
  const listener = () => {
    waiting.delete(signal);
    for (const act of acts) act();
  };
  const entry = { acts, listener };
  waiting.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}

// `act`, which throws nothing, is called when the signal is aborted, unless the
// function that is returned was called before.
function heed(signal, act) {
  const { acts, listener } = waiting.get(signal) ?? begin(signal);
  const own = () => act();
  acts.add(own);
  return () => {
    if (!acts.delete(own) || acts.size > 0) return;
    signal.removeEventListener('abort', listener);
    if (waiting.get(signal)?.acts === acts) waiting.delete(signal);
  };
}

module.exports = { heed };
