'use strict';
// A server on 127.0.0.1, at a free port of this process, that sends back what is
// published, or what a test makes of it.
//
//   const server = await faulty.start({ change: (packets, index) => [...] });
//   server.port; server.published; await server.stop();
const net = require('node:net');
const mqtt = require('mqtt-packet');

const answers = {
  connect: () => ({ cmd: 'connack', returnCode: 0 }),
  subscribe: ({ messageId, subscriptions }) =>
    ({ cmd: 'suback', messageId, granted: subscriptions.map(({ qos }) => qos) }),
  pubrel: ({ messageId }) => ({ cmd: 'pubcomp', messageId }),
  pubrec: ({ messageId }) => ({ cmd: 'pubrel', messageId }),
  pingreq: () => ({ cmd: 'pingresp' }),
};

// `change` has the publish with this number and says which are sent, in their
// order; `published` is told after each.
async function start({ change = (packet) => [packet], published = () => {} }) {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    const parser = mqtt.parser({ protocolVersion: 4 });
    let index = 0;
    let id = 0;
    const send = (packet) => socket.write(mqtt.generate(packet));
    sockets.add(socket.on('error', () => {}).on('data', (data) => parser.parse(data)));
    parser.on('packet', (packet) => {
      if (answers[packet.cmd]) send(answers[packet.cmd](packet));
      if (packet.cmd !== 'publish') return;
      const { topic, payload, qos, messageId } = packet;
      if (qos > 0) send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId });
      for (const one of change({ cmd: 'publish', topic, payload, qos }, index)) {
        id = (id % 65535) + 1;
        send({ ...one, messageId: id });
      }
      index += 1;
      published(index);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => new Promise((resolve) => {
    for (const socket of sockets) socket.destroy();
    server.close(resolve);
  });
  return { port: server.address().port, stop };
}

module.exports = { start };
