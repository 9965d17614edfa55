'use strict';
// What no server may say, over each transport: it ends that connection, and
// the next one works.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { file } = require('../tls/certificates');
const { TRANSPORTS } = require('./support/transports');
const { event } = require('./support/wait');

const CONNACK = { 4: '20020000', 5: '2003000000' };
const long = (byte, size) => byte.repeat(size);

// By version, what comes instead of CONNACK, or (after `+`) behind it.
const HOSTILE = {
  4: {
    'a remaining length of five bytes': '+d0ffffffff01',
    'type 0': '+0000',
    'type 15': '+f000',
    'PUBLISH before CONNACK': '30040001 6161',
    'a second CONNACK': `+${CONNACK[4]}`,
    'CONNACK with reserved flags': '20020200',
    'CONNACK too short': '200100',
    'CONNACK too long': '2003000000',
    'reserved flags of PUBACK': '+41020001',
    'PUBLISH of QoS 3': '+360500016100010a',
    'PUBLISH with packet id 0': '+32050001610000',
    'PUBLISH with a wildcard': '+30030001 23',
    'PUBLISH with bad UTF-8': '+30040002c328',
    'PUBLISH with a NUL': '+3003000100',
    'a topic longer than the packet': '+3004ffff6161',
    'CONNECT from the server': '+100c00044d5154540402003c0000',
    'SUBSCRIBE from the server': '+8206000100016100',
    'PINGREQ from the server': '+c000',
    'SUBACK without codes': '+90020001',
    'DISCONNECT in 3.1.1': '+e000',
    'PUBREL with wrong flags': '+60020001',
  },
  5: {
    'a remaining length of five bytes': '+d0ffffffff01',
    'Receive Maximum 0': '200600000321 0000',
    'Maximum QoS 2': '2005000002 2402',
    'Maximum Packet Size 0': '200800000527 00000000',
    'a property twice': '20070000042401 2401',
    'an unknown property': '2005000002 7f01',
    'a property cut short': '2005000002 1100',
    'AUTH that nobody asked for': 'f000',
    'session present with a reason': '2003018700',
    'DISCONNECT before CONNACK': 'e000',
    'DISCONNECT with Session Expiry': '+e0070005 1100000001',
    'a topic alias of 0': '+300700016103230000',
    'a topic alias that was not allowed': '+300700016103230001',
    'an empty topic without alias': '+3003000000',
    'a subscription identifier of 0': '+30060001 6102 0b00',
    'payload format 2': '+30060001 6102 0102',
    'properties longer than the packet': '+3004000161 7f',
    'PUBACK with a false reason': '+40030001 01',
    'UNSUBACK without codes': '+b003000100',
  },
};
const HUGE = {
  4: { '100,000 answers nobody asked for': `+${long('d000', 100000)}f000` },
  5: { '100,000 answers nobody asked for': `+${long('d000', 100000)}f000` },
};

// Once the client has sent CONNECT: what is hostile, and nothing more.
function answers(cases, version, state) {
  return (socket, wrap) => {
    state.sockets.add(socket);
    socket.on('error', () => {}).on('end', () => socket.end())
      .on('close', () => state.sockets.delete(socket));
    socket.once('data', () => {
      const hostile = cases[state.connections];
      state.connections += 1;
      const hex = hostile === undefined ? '+' : hostile.replaceAll(' ', '');
      const all = hex.startsWith('+') ? CONNACK[version] + hex.slice(1) : hex;
      socket.write(wrap(Buffer.from(all, 'hex')));
      if (hostile === undefined) state.isGood = true;
    });
  };
}

for (const [scheme, make] of Object.entries(TRANSPORTS)) {
  for (const version of [4, 5]) {
    const table = { ...HOSTILE[version], ...HUGE[version] };
    const names = Object.keys(table);
    test(`${scheme}: ${names.length} wrong answers in version ${version}`,
      async () => {
        const state = { connections: 0, sockets: new Set(), isGood: false };
        const server = make(answers(Object.values(table), version, state));
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
        const client = new mqtt(null, null, null, true, 60000, true, {
          protocolVersion: version, reconnectPeriod: 1,
          reconnectOnConnackError: true,
          tls: scheme.endsWith('s') && scheme !== 'ws'
            ? { ca: file('root.pem') } : undefined,
        });
        let lost = 0;
        client.on('connected', () => {
          if (state.isGood) client.emit('good');
        });
        client.on('received', () => { lost += 1; });
        const good = event(client, 'good');
        assert.equal(client.connect(
          `${scheme}://localhost:${server.address().port}`), 0);
        await good.catch(() =>
          assert.fail(`it ended at "${names[state.connections - 1]}"`));
        assert.equal(state.connections, names.length + 1);
        assert.equal(lost, 0);
        client.disconnect();
        state.sockets.forEach((socket) => socket.destroy());
        server.close();
      });
  }
}
