'use strict';
// A server that answers as it is told to: every packet as MQTT wants it by
// default, any of them otherwise. It listens on 127.0.0.1 at a free port.
//
//   const server = await listen({ connect(packet, connection) { ... } });
//   server.port; server.packets; server.send({ cmd: 'publish', ... });
const net = require('node:net');
const mqttPacket = require('mqtt-packet');

const MQTT_5 = { protocolVersion: 5 };

const answers = {
  connect(packet, connection) {
    connection.version = packet.protocolVersion;
    connection.send({ cmd: 'connack', returnCode: 0, reasonCode: 0,
      sessionPresent: false });
  },
  publish({ qos, messageId }, connection) {
    if (qos === 1) connection.send({ cmd: 'puback', messageId });
    if (qos === 2) connection.send({ cmd: 'pubrec', messageId });
  },
  pubrec({ messageId }, connection) {
    connection.send({ cmd: 'pubrel', messageId });
  },
  pubrel({ messageId }, connection) {
    connection.send({ cmd: 'pubcomp', messageId });
  },
  subscribe({ messageId, subscriptions }, connection) {
    const granted = subscriptions.map(({ qos }) => qos);
    connection.send({ cmd: 'suback', messageId, granted });
  },
  unsubscribe({ messageId, unsubscriptions }, connection) {
    const granted = unsubscriptions.map(() => 0);
    connection.send({ cmd: 'unsuback', messageId, granted });
  },
  pingreq(packet, connection) {
    connection.send({ cmd: 'pingresp' });
  },
};

class Connection {
  constructor(server, socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    this.version = 4;
    const parser = mqttPacket.parser();
    parser.on('packet', (packet) => {
      server.packets.push(packet);
      const answer = server.answers[packet.cmd];
      if (answer) answer(packet, this);
    });
    parser.on('error', (error) => server.faults.push(error));
    socket.on('data', (bytes) => parser.parse(bytes)).on('error', () => {});
  }

  send(packet) {
    const options = this.version === 5 ? MQTT_5 : { protocolVersion: 4 };
    if (this.socket.writable) {
      this.socket.write(mqttPacket.generate(packet, options));
    }
  }

  close() {
    this.socket.destroy();
  }
}

class Server {
  constructor(ours) {
    this.answers = { ...answers, ...ours };
    this.packets = [];
    this.faults = [];
    this.connections = new Set();
    this.server = net.createServer((socket) => {
      const connection = new Connection(this, socket);
      this.connections.add(connection);
      socket.unref(); // a test that failed leaves nothing that goes on
      socket.on('close', () => this.connections.delete(connection));
      if (this.answers.accept) this.answers.accept(connection);
    });
  }

  start(port = 0) {
    return new Promise((resolve) => {
      this.server.listen(port, '127.0.0.1', () => {
        this.port = this.server.address().port;
        this.server.unref();
        resolve(this);
      });
    });
  }

  // Packets of one kind, in the order they came.
  got(cmd) {
    return this.packets.filter((packet) => packet.cmd === cmd);
  }

  send(packet) {
    for (const connection of this.connections) connection.send(packet);
  }

  cut() {
    for (const connection of this.connections) connection.close();
  }

  stop() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

// `ours`: answers by the packet's name; false for none; `accept` for a new
// connection.
function listen(ours = {}, port = 0) {
  return new Server(ours).start(port);
}

module.exports = { listen };
