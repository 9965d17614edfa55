'use strict';
// A program written for MQTT.js: only its first line has changed.
//
//   node examples/js/drop-in.js [url]
const mqtt = require('midge'); // const mqtt = require('mqtt');

const client = mqtt.connect(process.argv[2] || 'mqtt://127.0.0.1:1883');

client.on('connect', () => {
  client.subscribe('presence', (error) => {
    if (!error) client.publish('presence', 'Hello mqtt');
  });
});

client.on('message', (topic, message) => {
  console.log(topic, message.toString());
  client.end();
});

client.on('error', (error) => console.error(error.message));
