'use strict';
// A process that receives: writes what it has, with its delivery key, to a file,
// and acknowledges it then. It may be killed at any time.
//
//   node member.js NAME FILTER STORE FILE VERSION URL...
const fs = require('node:fs');
const mqtt = require('../../../lib');

const [name, filter, store, file, version, ...urls] = process.argv.slice(2);
const log = fs.openSync(file, 'a');

const client = new mqtt(name, null, null, false, 2000, true, {
  protocolVersion: Number(version),
  ...version === '5' ? { properties: { sessionExpiryInterval: 3600 } } : {},
  store: { path: store, inbox: true }, manualAcks: true,
  servers: urls.slice(1), reconnectPeriod: 100, reconnectPeriodMax: 500, maxBreaks: 0,
});
client.on('received', (mid, topic, message, qos, retain, properties, deliveryKey) => {
  fs.writeSync(log, `${message} ${deliveryKey}\n`);
  client.acknowledge(deliveryKey);
});
client.connect(urls[0]);
client.subscribe(2, filter, (mid, granted, error) => {
  if (error) throw error;
  fs.writeSync(log, 'subscribed\n');
});
