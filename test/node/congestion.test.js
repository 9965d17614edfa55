'use strict';
// Client and server both write, and the server does not read for a while: the
// client reads on all the same, nothing is lost, and nobody waits for ever.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { file } = require('../tls/certificates');
const { TRANSPORTS } = require('./support/transports');
const { until } = require('./support/wait');

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
const DOWN = { count: 16000, size: 1000 }; // messages of the server
const UP = { count: 32, size: 1 << 20 }; // and of the client

function message(number) {
  const packet = Buffer.alloc(3 + 3 + DOWN.size);
  packet[0] = 0x30;
  packet[1] = ((packet.length - 3) & 0x7f) | 0x80;
  packet[2] = (packet.length - 3) >> 7;
  packet.write('\0\x01t', 3, 'latin1');
  packet.writeUInt32BE(number, 6);
  return packet;
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

for (const [scheme, makeServer] of Object.entries(TRANSPORTS)) {
  test(`${scheme}: both sides write before they read`, async () => {
    const progress = { bytes: 0, socket: undefined, received: 0, published: 0 };
    const server = makeServer((socket, wrap) =>
      socket.once('data', () => congest(socket, wrap, progress)));
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
