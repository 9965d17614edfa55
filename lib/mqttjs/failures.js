'use strict';
// Calls that cannot be made: their callback is told, or 'error'.
const clock = require('../clock');
const { errors } = require('../errors');

function fail(owner, callback, error) {
  if (callback) callback.call(owner, error);
  else owner.emit('error', error);
  return owner;
}

// The same, a little later, as the program does not expect it now.
function failSoon(owner, callback, error) {
  clock.setImmediate(() => {
    try {
      fail(owner, callback, error);
    } catch (thrown) {
      process.emit('uncaughtException', thrown);
    }
  });
  return owner;
}

// One of ours, by its name without the prefix.
function coded(text, name) {
  return Object.assign(new Error(text), { code: `MIDGE_${name}`, errno: errors[name] });
}

// Of what may be anything: an object that cannot be text has its kind.
function shown(value) {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

const invalidTopic = (topic) => coded(`Invalid topic ${topic}`, 'EINVAL');
const invalidQos = (qos) => coded(`qos is 0, 1 or 2, and not ${shown(qos)}`, 'EINVAL');
const invalidHandling = (rh) => coded(`rh is 0, 1 or 2, and not ${shown(rh)}`, 'EINVAL');
const leaving = () => coded('client disconnecting', 'ECLOSED');
const offline = () => coded('No connection to broker', 'ELOST');
const removed = () => coded('Message removed', 'ECANCELLED');

module.exports = {
  coded, shown, fail, failSoon, invalidTopic, invalidQos, invalidHandling, leaving, offline,
  removed,
};
