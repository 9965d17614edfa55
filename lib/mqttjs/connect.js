'use strict';
// The two ways to make a client.
const { MqttClient, byConnect } = require('./client');
const signals = require('../signals');
const plans = require('./plan');
const { coded } = require('./failures');
const { aborted } = require('./messages');
const { complete } = require('./options');
const { merge } = require('./url');

// They may be the only argument.
function optionsOf(url, options) {
  return url !== null && typeof url === 'object' && !(url instanceof URL) ? url : options;
}

function connect(url, options) {
  const given = optionsOf(url, options) ?? {};
  const place = given === url ? '' : url;
  const known = plans.find(place, given);
  if (known !== undefined) {
    return new MqttClient(byConnect, { plan: known }, given);
  }
  const merged = merge(url, options);
  const begun = { options: complete(merged), isPeriodGiven: merged.reconnectPeriod != null };
  const client = new MqttClient(byConnect, begun, given);
  plans.keep(place, given, begun.plan);
  return client;
}

// `allowRetries` false: the first connection that is closed is the last. The
// option `signal` ends the client while it is not connected.
function connectAsync(url, options, allowRetries = true) {
  return new Promise((resolve, reject) => {
    const { signal } = optionsOf(url, options) ?? {};
    if (signal?.aborted) throw aborted(signal);
    const client = connect(url, options);
    const abort = () => listeners.error(aborted(signal), true);
    const listeners = {
      connect: () => settle(resolve, client),
      end: () => settle(resolve, client),
      error: (error, force) => {
        settle(reject, error);
        client.end(force === true);
      },
    };
    if (!allowRetries) {
      listeners.close = () => listeners.error(coded('Couldn\'t connect to server', 'ELOST'));
    }
    function settle(outcome, value) {
      unheed?.();
      for (const [event, listener] of Object.entries(listeners)) client.off(event, listener);
      outcome(value);
    }
    for (const [event, listener] of Object.entries(listeners)) client.on(event, listener);
    const unheed = signal && signals.heed(signal, abort);
  });
}

module.exports = { connect, connectAsync };
