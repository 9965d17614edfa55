'use strict';
// What happens to the clients of this process, for node:diagnostics_channel.
// Nothing is made for a channel that nobody has subscribed to.
const { channel } = require('node:diagnostics_channel');

module.exports = {
  connected: channel('midge:connected'), // { client, connack }
  closed: channel('midge:closed'), // { client, error, wasOpen, isLast }
  publish: channel('midge:publish'), // { client, mid, topic, payload, qos, retain }
  subscribe: channel('midge:subscribe'), // { client, mid, filters }
  unsubscribe: channel('midge:unsubscribe'), // the same
  done: channel('midge:done'), // { client, mid, error }
  message: channel('midge:message'), // { client, topic, payload, qos, retain, mid, properties }
};
