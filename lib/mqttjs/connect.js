'use strict';
// The two ways to make a client.
const { MqttClient, byConnect } = require('./client');
const { merge } = require('./url');

function connect(url, options) {
  const given = (url !== null && typeof url === 'object' && !(url instanceof URL) ? url : options);
  return new MqttClient(byConnect, merge(url, options), given ?? {});
}

// `allowRetries` false: the first connection that is closed is the last.
function connectAsync(url, options, allowRetries = true) {
  return new Promise((resolve, reject) => {
    const client = connect(url, options);
    const listeners = {
      connect: () => settle(resolve, client),
      end: () => settle(resolve, client),
      error: (error) => {
        settle(reject, error);
        client.end();
      },
    };
    if (!allowRetries) {
      listeners.close = () => listeners.error(new Error('Couldn\'t connect to server'));
    }
    function settle(outcome, value) {
      for (const [event, listener] of Object.entries(listeners)) client.off(event, listener);
      outcome(value);
    }
    for (const [event, listener] of Object.entries(listeners)) client.on(event, listener);
  });
}

module.exports = { connect, connectAsync };
