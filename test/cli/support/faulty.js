'use strict';
// A server on 127.0.0.1, at a free port of this process, that sends back what is
// published, or what a test makes of it.
//
//   const server = await faulty.start({ change: (packets, index) => [...] });
//   server.port; server.seen.connect; await server.stop();
const net = require('node:net');
const mqtt = require('mqtt-packet');

const answers = {
  subscribe: ({ messageId, subscriptions }) =>
    ({ cmd: 'suback', messageId, granted: subscriptions.map(({ qos }) => qos) }),
  pubrel: ({ messageId }) => ({ cmd: 'pubcomp', messageId }),
  pubrec: ({ messageId }) => ({ cmd: 'pubrel', messageId }),
  pingreq: () => ({ cmd: 'pingresp' }),
};

// `change` has the publish with this number and says which are sent, in their
// order; `published` is told after each how many there were, and the last. `connack` has the
// number of a CONNECT and says the code of its answer; `greeted` is told after that. `seen`
// counts packets by their kind.
async function start({ change = (packet) => [packet], published = () => {},
  connack = () => 0, greeted = () => {} }) {
  const sockets = new Set();
  const seen = { connect: 0, disconnect: 0 };
  const server = net.createServer((socket) => {
    const parser = mqtt.parser({ protocolVersion: 4 });
    let index = 0;
    let id = 0;
    const send = (packet) => socket.write(mqtt.generate(packet));
    sockets.add(socket.on('error', () => {}).on('data', (data) => parser.parse(data)));
    parser.on('packet', (packet) => {
      seen[packet.cmd] = (seen[packet.cmd] ?? 0) + 1;
      if (packet.cmd === 'connect') {
        send({ cmd: 'connack', returnCode: connack(seen.connect) });
        greeted(socket, seen.connect);
      }
      if (answers[packet.cmd]) send(answers[packet.cmd](packet));
      if (packet.cmd !== 'publish') return;
      const { topic, payload, qos, messageId } = packet;
      if (qos > 0) send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId });
      for (const one of change({ cmd: 'publish', topic, payload, qos }, index)) {
        id = (id % 65535) + 1;
        send({ ...one, messageId: id });
      }
      index += 1;
      published(index, packet);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => new Promise((resolve) => {
    for (const socket of sockets) socket.destroy();
    server.close(resolve);
  });
  return { port: server.address().port, seen, stop };
}

module.exports = { start };
