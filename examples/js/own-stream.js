'use strict';
// A client whose bytes go through a stream of the program's own. Here it is a
// socket with a look at what passes; a serial line, an SSH tunnel or a test's
// own pair of streams go as well.
//
//   node examples/js/own-stream.js [url]
const net = require('node:net');
const { MqttClient } = require('midge');

const { hostname, port } = new URL(process.argv[2] || 'mqtt://127.0.0.1:1883');

const client = new MqttClient(() => {
  const socket = net.connect(Number(port), hostname);
  socket.on('data', (bytes) => console.log('read', bytes.length > 0));
  return socket;
}, { reconnectPeriod: 100 });

client.once('connect', () => {
  // As if the line had been cut: the next attempt makes another stream.
  client.stream.destroy();
  client.once('connect', () => {
    client.publish('example/stream', 'through my own socket', { qos: 1 }, (error) => {
      console.log(error ? error.message : 'published');
      client.end();
    });
  });
});

client.on('error', (error) => console.error(error.message));
