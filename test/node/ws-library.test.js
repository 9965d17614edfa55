'use strict';
// WebSocket with npm's ws on the other side: it judges each frame of ours, and
// cuts its own as no broker does.
const assert = require('node:assert/strict');
const net = require('node:net');
const { after, before, test } = require('node:test');
const { WebSocketServer, createWebSocketStream } = require('ws');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { called } = require('./support/wait');

const SIZES = [0, 1, 100, 119, 120, 121, 4000, 65400, 65534, 65535, 65536, 70000, 1 << 20];

let broker;

before(async () => { broker = await mosquitto.start(); });
after(() => broker.stop());

// A server whose other side is the broker. `send` gets each piece that comes
// from there, and the WebSocket.
async function bridge(t, options, send) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0,
    handleProtocols: () => 'mqtt', ...options });
  const faults = [];
  server.on('connection', (socket) => {
    const link = net.connect(broker.port, '127.0.0.1');
    const stream = createWebSocketStream(socket);
    for (const end of [socket, stream, link]) end.on('error', (error) => faults.push(error));
    stream.pipe(link);
    link.on('data', (data) => send(socket, data)).on('end', () => socket.close());
  });
  await new Promise((resolve) => server.on('listening', resolve));
  t.after(() => server.close());
  return { url: `ws://127.0.0.1:${server.address().port}/mqtt`, faults };
}

async function exchange({ url, faults }, topic) {
  const client = new mqtt(null, null, null, true, 60000, true, { reconnectPeriod: 0 });
  const received = [];
  await called((done) => assert.equal(client.connect(url, done), 0));
  await called((done) => client.subscribe(1, topic, done));
  const all = new Promise((resolve) => {
    client.on('received', (mid, name, message) => {
      received.push(message);
      if (received.length === SIZES.length) resolve();
    });
  });
  const sent = SIZES.map((size, i) => Buffer.alloc(size, i + 1));
  for (const message of sent) assert.equal(client.publish(1, false, topic, message), 0);
  await all;
  assert.deepEqual(received.map((message) => message.length), SIZES);
  sent.forEach((message, i) => assert.ok(message.equals(received[i])));
  await called((done) => client.disconnect(done));
  assert.deepEqual(faults, []);
}

test('ws takes our frames, and we take its own', async (t) => {
  const server = await bridge(t, {}, (socket, data) => socket.send(data));
  await exchange(server, 'ws/whole');
});

test('a message in many frames, and Pings between them', async (t) => {
  const server = await bridge(t, {}, (socket, data) => {
    const step = Math.max(1, Math.ceil(data.length / 50));
    for (let at = 0; at < data.length; at += step) {
      socket.ping('still there');
      const fin = at + step >= data.length;
      socket.send(data.subarray(at, at + step), { binary: true, fin });
    }
  });
  await exchange(server, 'ws/pieces');
});

test('a packet in many messages, some empty', async (t) => {
  const server = await bridge(t, {}, (socket, data) => {
    const step = Math.max(1, Math.ceil(data.length / 20));
    for (let at = 0; at < data.length; at += step) {
      socket.send(Buffer.alloc(0));
      socket.send(data.subarray(at, at + step));
    }
  });
  await exchange(server, 'ws/messages');
});
