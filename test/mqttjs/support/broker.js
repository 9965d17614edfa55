'use strict';
// A broker that does what a script says. Without a word it accepts, grants and
// acknowledges everything, and delivers nothing.
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const mqttPacket = require('mqtt-packet');
const { WebSocketServer, createWebSocketStream } = require('ws');
const { text } = require('../../tls/certificates');

const answers = {
  connect: () => ({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false }),
  subscribe: ({ messageId, subscriptions }) =>
    ({ cmd: 'suback', messageId, granted: subscriptions.map(({ qos }) => qos) }),
  unsubscribe: ({ messageId, unsubscriptions }) =>
    ({ cmd: 'unsuback', messageId, granted: unsubscriptions.map(() => 0) }),
  publish: ({ messageId, qos }) => (qos === 0 ? undefined
    : { cmd: qos === 1 ? 'puback' : 'pubrec', messageId, reasonCode: 0 }),
  pubrec: ({ messageId }) => ({ cmd: 'pubrel', messageId, reasonCode: 0 }),
  pubrel: ({ messageId }) => ({ cmd: 'pubcomp', messageId, reasonCode: 0 }),
  pingreq: () => ({ cmd: 'pingresp' }),
};

class Connection {
  constructor(broker, socket, number) {
    this.broker = broker;
    this.socket = socket;
    this.number = number; // from 1
    this.version = 4;
    this.chunks = []; // of bytes, if the broker keeps them
    const parser = mqttPacket.parser();
    parser.on('packet', (packet) => this.#take(packet));
    parser.on('error', (error) => broker.faults.push(error));
    socket.on('data', (bytes) => {
      if (broker.keepsBytes) this.chunks.push(bytes);
      parser.parse(bytes);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      broker.changed();
    });
  }

  #take(packet) {
    const { broker } = this;
    if (packet.cmd === 'connect') this.version = packet.protocolVersion;
    packet.connection = this.number;
    broker.seen.push(packet);
    const rule = broker.rules[packet.cmd];
    const answer = rule ? rule(packet, this) : answers[packet.cmd]?.(packet);
    if (answer) this.send(answer);
    broker.changed();
  }

  send(packet) {
    if (packet.cmd === 'connack') this.broker.current = this;
    const bytes = mqttPacket.generate({ qos: 0, ...packet }, { protocolVersion: this.version });
    this.socket.write(bytes);
  }

  sendBytes(...bytes) {
    this.socket.write(Buffer.from(bytes));
  }

  end() {
    this.socket.end();
  }

  // Node.js never ends when a socket that was ended is reset.
  reset() {
    if (this.socket.writableEnded) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }
}

const CERTIFICATE = { key: text('server.key'), cert: text('server.pem') };

// The WebSocket's side of a server: `requests` are those of the upgrades.
function upgrading(server, broker) {
  const sockets = new WebSocketServer({ server, handleProtocols: ([first]) => first });
  sockets.on('connection', (socket, request) => {
    broker.requests.push({ url: request.url, headers: request.headers });
    broker.accept(createWebSocketStream(socket));
  });
  return server;
}

const servers = {
  mqtt: (broker) => net.createServer((socket) => broker.accept(socket)),
  unix: (broker) => net.createServer((socket) => broker.accept(socket)),
  mqtts: (broker, options) => tls.createServer({ ...CERTIFICATE, ...options },
    (socket) => {
      broker.requests.push({ servername: socket.servername, alpn: socket.alpnProtocol });
      broker.accept(socket);
    }).on('tlsClientError', () => {}),
  ws: (broker) => upgrading(http.createServer(), broker),
  wss: (broker, options) =>
    upgrading(https.createServer({ ...CERTIFICATE, ...options }), broker),
};

class Broker {
  seen = []; // packets, in order
  faults = []; // of what was sent to us
  requests = []; // of WebSocket and TLS: what was asked for
  connections = [];
  current = null; // the last connection that was accepted
  #waiting = new Set();
  #sockets = new Set(); // also of those that have yet to become connections

  // `rules`: { cmd: (packet, connection) => answer or nothing }
  constructor(rules, { transport = 'mqtt', tls: options, keepsBytes = false } = {}) {
    this.keepsBytes = keepsBytes;
    this.rules = { ...rules };
    this.transport = transport;
    this.server = servers[transport](this, options);
    this.server.on('connection', (socket) => {
      this.#sockets.add(socket.on('close', () => this.#sockets.delete(socket)));
    });
  }

  accept(stream) {
    this.connections.push(new Connection(this, stream, this.connections.length + 1));
    this.changed();
  }

  async listen() {
    if (this.transport === 'unix') {
      this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-'));
      this.path = path.join(this.folder, 'socket');
      await new Promise((resolve) => this.server.listen(this.path, resolve));
      return this;
    }
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  get url() {
    return this.transport === 'unix' ? `mqtt+unix://${this.path}`
      : `${this.transport}://127.0.0.1:${this.port}`;
  }

  get answers() {
    return answers;
  }

  of(cmd) {
    return this.seen.filter((packet) => packet.cmd === cmd);
  }

  changed() {
    for (const check of this.#waiting) check();
  }

  until(condition) {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition(this)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  // It has seen so many packets of this kind.
  saw(cmd, count = 1) {
    return this.until(() => this.of(cmd).length >= count);
  }

  // Nobody is connected any more.
  left() {
    return this.until(() => this.connections.every(({ isClosed }) => isClosed));
  }

  async close() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const { socket } of this.connections) socket.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    if (this.folder) fs.rmSync(this.folder, { recursive: true });
  }
}

module.exports = { listen: (rules, options) => new Broker(rules, options).listen(), answers };
