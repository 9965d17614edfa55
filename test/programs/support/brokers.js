'use strict';
// Brokers that listen on TCP, TLS and WebSocket, and can be restarted.
const net = require('node:net');
const tls = require('node:tls');
const { createServer } = require('node:http');
const aedes = require('aedes');
const { WebSocketServer, createWebSocketStream } = require('ws');
const mosquitto = require('../../support/mosquitto');
const { file, text } = require('../../tls/certificates');

const HOST = '127.0.0.1';
const CERTIFICATE = { certificate: file('server.pem'), key: file('server.key') };

async function startMosquitto() {
  const broker = await mosquitto.start({
    listeners: [{}, { tls: { ca: file('root.pem'), ...CERTIFICATE } }, { websockets: true }],
  });
  return {
    ports: broker.ports,
    version: 5,
    restart: () => broker.restart(),
    stop: () => broker.stop(),
  };
}

function listen(server, port) {
  return new Promise((resolve) => {
    server.listen(port, HOST, () => resolve(server.address().port));
  });
}

// The same ports each time.
class Aedes {
  ports = [0, 0, 0];
  version = 4; // the highest that it speaks

  async start() {
    this.broker = aedes();
    const { handle } = this.broker;
    const web = createServer();
    new WebSocketServer({ server: web, handleProtocols: ([first]) => first })
      .on('connection', (socket) => handle(createWebSocketStream(socket)));
    const secret = { key: text('server.key'), cert: text('server.pem') };
    this.servers = [net.createServer(handle), tls.createServer(secret, handle), web];
    this.sockets = new Set();
    for (const [i, server] of this.servers.entries()) {
      server.on('connection', (socket) => this.sockets.add(socket));
      this.ports[i] = await listen(server, this.ports[i]);
    }
    return this;
  }

  async stop() {
    const closed = this.servers.map((server) => new Promise((resolve) => server.close(resolve)));
    await new Promise((resolve) => this.broker.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(closed);
  }

  async restart() {
    await this.stop();
    await this.start();
  }
}

const brokers = { mosquitto: startMosquitto, aedes: () => new Aedes().start() };

// What a program is told of it.
function urls({ ports: [plain, secure, web], version }) {
  return {
    version,
    port: plain,
    url: `mqtt://${HOST}:${plain}`,
    tls: `mqtts://${HOST}:${secure}`,
    tlsPort: secure,
    ws: `ws://${HOST}:${web}`,
    ca: file('root.pem'),
    certificate: file('client.pem'),
    key: file('client.key'),
  };
}

module.exports = { start: (name) => brokers[name](), names: Object.keys(brokers), urls };
