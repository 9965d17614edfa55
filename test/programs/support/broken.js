'use strict';
// midge broken on purpose: a test that passes all the same is none.

function swallow(method) {
  return ({ MqttClient: { prototype } }) => {
    prototype[method] = function swallowed() {
      return this;
    };
  };
}

function without(event, instead = () => {}) {
  return ({ MqttClient: { prototype } }) => {
    const { emit } = prototype;
    prototype.emit = function emitOthers(name, ...args) {
      if (name !== event) return emit.call(this, name, ...args);
      instead(this);
      return false;
    };
  };
}

// Whoever connects, or makes a client, does without these options.
function ignoring(...names) {
  const others = (options) => Object.fromEntries(Object.entries(options ?? {})
    .filter(([name]) => !names.includes(name)));
  return (mqtt) => {
    const { connect, MqttClient } = mqtt;
    mqtt.connect = (url, options) =>
      (typeof url === 'string' ? connect(url, others(options)) : connect(others(url)));
    mqtt.MqttClient = class extends MqttClient {
      constructor(streamBuilder, options) {
        super(streamBuilder, others(options));
      }
    };
  };
}

const faults = {
  publish: swallow('publish'),
  subscribe: swallow('subscribe'),
  message: without('message'),
  reconnect: without('offline', (client) => client.end(true)),
  tls: ignoring('ca'),
  will: ignoring('will'),
  end: swallow('end'),
};

function spoil(mqtt, name) {
  faults[name](mqtt);
}

module.exports = { spoil };
