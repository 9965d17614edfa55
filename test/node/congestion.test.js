'use strict';
// Client and server both write, and the server does not read for a while: the
// client reads on all the same, nothing is lost, and nobody waits for ever.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { file, text } = require('../tls/certificates');
const { delay } = require('./support/wait');

const CERTIFICATE = { key: text('server.key'), cert: text('server.pem') };
const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const DOWN = { count: 16000, size: 1000 }; // messages of the server
const UP = { count: 32, size: 1 << 20 }; // and of the client
const PATIENCE_MS = 30000;

function message(number) {
  const packet = Buffer.alloc(3 + 3 + DOWN.size);
  packet[0] = 0x30;
  packet[1] = ((packet.length - 3) & 0x7f) | 0x80;
  packet[2] = (packet.length - 3) >> 7;
  packet.write('\0\x01t', 3, 'latin1');
  packet.writeUInt32BE(number, 6);
  return packet;
}

function frame(payload) {
  const head = Buffer.from([0x82, payload.length]);
  if (payload.length < 126) return Buffer.concat([head, payload]);
  const long = Buffer.from([0x82, 126, 0, 0]);
  long.writeUInt16BE(payload.length, 2);
  return Buffer.concat([long, payload]);
}

// What the server says once it has heard of the client.
function congest(socket, wrap, progress) {
  socket.on('error', () => {});
  socket.on('data', (bytes) => { progress.bytes += bytes.length; });
  socket.write(wrap(CONNACK));
  for (let i = 0; i < DOWN.count; i++) socket.write(wrap(message(i)));
  socket.pause();
  progress.socket = socket;
}

function webServer(server, progress) {
  return server.on('upgrade', (request, socket) => {
    const accept = crypto.createHash('sha1').update(
      `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' +
      `Connection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
      'Sec-WebSocket-Protocol: mqtt\r\n\r\n');
    socket.once('data', () => congest(socket, frame, progress));
  });
}

function streamServer(create, progress) {
  return create((socket) => {
    socket.once('data', () => congest(socket, (bytes) => bytes, progress));
  });
}

const SERVERS = {
  mqtt: (progress) => streamServer((on) => net.createServer(on), progress),
  mqtts: (progress) =>
    streamServer((on) => tls.createServer(CERTIFICATE, on), progress),
  ws: (progress) => webServer(http.createServer(), progress),
  wss: (progress) => webServer(https.createServer(CERTIFICATE), progress),
};

async function until(condition) {
  const end = Date.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(Date.now() < end, 'it takes too long');
    await delay(10);
  }
}

async function congested(client, progress) {
  client.on('received', (mid, topic, payload) => {
    assert.equal(payload.readUInt32BE(0), progress.received++);
  });
  const payload = Buffer.alloc(UP.size);
  for (let i = 0; i < UP.count; i++) {
    assert.equal(client.publish(0, false, 'u', payload, (mid, error) => {
      assert.equal(error, undefined);
      progress.published++;
    }), 0);
  }
  await until(() => progress.received === DOWN.count);
  assert.ok(progress.published < UP.count, 'the system took everything');
  progress.socket.resume();
  await until(() => progress.published === UP.count &&
    progress.bytes > UP.count * UP.size);
}

for (const [scheme, makeServer] of Object.entries(SERVERS)) {
  test(`${scheme}: both sides write before they read`, async () => {
    const progress = { bytes: 0, socket: undefined, received: 0, published: 0 };
    const server = makeServer(progress);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const isSecure = scheme === 'mqtts' || scheme === 'wss';
    const client = new mqtt(null, null, null, true, 60000, true, {
      reconnectPeriod: 0, tls: isSecure ? { ca: file('root.pem') } : undefined });
    try {
      assert.equal(
        client.connect(`${scheme}://localhost:${server.address().port}`), 0);
      await congested(client, progress);
    } finally {
      client.disconnect();
      progress.socket?.destroy();
      server.close();
    }
  });
}
