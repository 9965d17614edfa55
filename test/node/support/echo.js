'use strict';
// Servers that answer messages while the program is blocked, or by messages.
const { listen } = require('./server');

// Sends each message back, one of QoS 1 after its acknowledgement.
function listenEcho() {
  return listen({
    publish({ qos, messageId, topic, payload }, connection) {
      if (qos === 1) connection.send({ cmd: 'puback', messageId });
      connection.send({ cmd: 'publish', topic, payload, qos: 0 });
    },
  });
}

// The text of a worker that listens, and posts its port. `accepted`, a text too, is done with
// each `socket`, and has the `workerData`.
function onThread(accepted) {
  return `
    const { parentPort, workerData } = require('node:worker_threads');
    require('node:net').createServer((socket) => {${accepted}})
      .listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port); });`;
}

module.exports = { listenEcho, onThread };
