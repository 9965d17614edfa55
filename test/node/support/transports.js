'use strict';
// Servers on each transport, whose bytes the test makes itself.
const crypto = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { text } = require('../../tls/certificates');

const CERTIFICATE = { key: text('server.key'), cert: text('server.pem') };

// RFC 6455, 4.2.2
function acceptKey(key) {
  return crypto.createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

// Answers the request for a WebSocket.
function upgrade(request, socket,
  accepted = acceptKey(request.headers['sec-websocket-key'])) {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
    `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accepted}\r\n` +
    'Sec-WebSocket-Protocol: mqtt\r\n\r\n');
}

// A whole binary message.
function frame(payload) {
  const head = Buffer.alloc(10);
  head[0] = 0x82;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  if (payload.length >= 65536) return Buffer.concat([head, payload]);
  if (payload.length >= 126) {
    return Buffer.concat([Buffer.from([0x82, 126, payload.length >> 8,
      payload.length & 255]), payload]);
  }
  return Buffer.concat([Buffer.from([0x82, payload.length]), payload]);
}

function upgrading(server, answer) {
  return server.on('upgrade', (request, socket) => {
    upgrade(request, socket);
    answer(socket, frame);
  });
}

const plain = (bytes) => bytes;
// Each makes a server that calls `answer(socket, wrap)` for a connection.
const TRANSPORTS = {
  mqtt: (answer) => net.createServer((socket) => answer(socket, plain)),
  mqtts: (answer) =>
    tls.createServer(CERTIFICATE, (socket) => answer(socket, plain)),
  ws: (answer) => upgrading(http.createServer(), answer),
  wss: (answer) => upgrading(https.createServer(CERTIFICATE), answer),
};

module.exports = { TRANSPORTS, upgrade };
