'use strict';
// aedes, a broker in JavaScript, on 127.0.0.1 at a free port of this process.
const net = require('node:net');
const aedes = require('aedes');

async function start() {
  const broker = aedes();
  const server = net.createServer(broker.handle);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => new Promise((resolve) => {
    broker.close(() => server.close(resolve));
  });
  return { broker, port: server.address().port, stop };
}

module.exports = { start };
