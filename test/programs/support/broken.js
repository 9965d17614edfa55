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

// Whoever connects does without these options.
function ignoring(...names) {
  return (mqtt) => {
    const { connect } = mqtt;
    mqtt.connect = (url, options) => {
      const isUrl = typeof url === 'string';
      const given = { ...isUrl ? options : url };
      for (const name of names) delete given[name];
      return isUrl ? connect(url, given) : connect(given);
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
