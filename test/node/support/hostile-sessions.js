'use strict';
// Sessions with a server that answers with what looks like packets and is not:
// good packets of every kind, changed, cut and joined, from a seed. Prints what
// became of them, and must then end by itself.
//
//   node hostile-sessions.js COUNT SEED
const net = require('node:net');
const mqtt = require('../../../lib');

const COUNT = Number(process.argv[2]);
const AT_ONCE = 32;
const SEED = Number(process.argv[3]);
const LATER_MS = 20; // when the server hangs up at the latest
const WAIT_MS = 60000;
const WARM = Math.min(2000, COUNT / 4);

const GOOD = {
  4: ['20020000', '30060001746f6e21', '320700017400056f6e', '340700017400066f6e', '40020001',
    '50020001', '62020006', '70020001', '9003000101', 'b0020001', 'd000'],
  5: ['2003000000', '200a00000721000222000a2401', '3007000174006f6e21', '32080001740005006f6e',
    '34080001740006006f6e', '300a00017403230001616263', '400400018700', '50020001', '62020006',
    '7003000192', '900400010001', 'b00400010000', 'd000', 'e0028b00', 'f00719051500016d'],
}; // the first is CONNACK

// mulberry32
let state = SEED;
function random(below) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

function change(bytes) {
  const changed = Buffer.from(bytes);
  for (let n = random(3); n > 0; n--) changed[random(changed.length)] = random(256);
  return random(4) === 0 ? changed.subarray(0, random(changed.length + 1)) : changed;
}

function hostileBytes(version) {
  const packets = GOOD[version].map((hex) => Buffer.from(hex, 'hex'));
  const all = [random(3) === 0 ? change(packets[0]) : packets[0]];
  for (let n = random(6); n > 0; n--) all.push(change(packets[random(packets.length)]));
  return Buffer.concat(all);
}

const server = net.createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (connect) => {
    const version = connect[8] === 5 ? 5 : 4;
    const bytes = hostileBytes(version);
    const cut = random(bytes.length + 1);
    socket.write(bytes.subarray(0, cut));
    socket.write(bytes.subarray(cut));
    if (random(2) === 0) socket.end();
    else setTimeout(() => socket.destroy(), LATER_MS);
  });
});

const outcomes = { refused: 0, broken: 0, open: 0, received: 0 };

// One client: connects, publishes, subscribes, and leaves when the first thing
// has gone wrong; "open" is one to which nothing happened in a minute.
function session(number) {
  return new Promise((resolve) => {
    const client = new mqtt(`hostile-${number}`, null, null, number % 2 === 0, 60000, true,
      { protocolVersion: number % 3 === 0 ? 4 : 5, properties: { topicAliasMaximum: 4 } });
    let left = false;
    const leave = (outcome) => {
      if (left) return;
      left = true;
      clearTimeout(timer);
      outcomes[outcome] += 1;
      client.disconnect();
      setImmediate(resolve);
    };
    const timer = setTimeout(leave, WAIT_MS, 'open');
    client.on('received', () => { outcomes.received += 1; });
    client.on('disconnected', () => leave('broken'));
    client.connect('127.0.0.1', server.address().port, (result) => {
      if (result !== 'OK') leave('refused');
    });
    client.subscribe(1, 't', () => {});
    client.publish(2, false, 't', 'on', () => {});
    client.publish(1, false, 't', 'off', () => {});
  });
}

async function run() {
  let next = 0;
  let before = 0;
  const worker = async () => {
    while (next < COUNT) {
      next += 1;
      if (next === WARM) before = process.memoryUsage().rss;
      await session(next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const grown = process.memoryUsage().rss - before;
  server.close();
  console.log(JSON.stringify({ sessions: next, grown, ...outcomes }));
}

process.on('uncaughtException', (error) => {
  console.error(error);
  process.exit(1);
});
server.listen(0, '127.0.0.1', run);
