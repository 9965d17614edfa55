'use strict';
// Calls that cannot be made: their callback is told, or 'error'.
const { errors } = require('../errors');

function fail(owner, callback, error) {
  if (callback) callback.call(owner, error);
  else owner.emit('error', error);
  return owner;
}

// The same, a little later, as the program does not expect it now.
function failSoon(owner, callback, error) {
  setImmediate(() => {
    try {
      fail(owner, callback, error);
    } catch (thrown) {
      process.emit('uncaughtException', thrown);
    }
  });
  return owner;
}

function coded(text, name) {
  return Object.assign(new Error(text), { code: `MIDGE_${name}`, errno: errors[name] });
}

const leaving = () => coded('client disconnecting', 'ECLOSED');
const offline = () => coded('No connection to broker', 'ELOST');
const removed = () => coded('Message removed', 'ECANCELLED');

module.exports = { fail, failSoon, leaving, offline, removed };
