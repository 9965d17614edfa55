'use strict';
// A server that a growing client is measured against: it takes whatever comes and
// streams what a subscription to "stream/<topics>/<count>/<size>" asks for. A
// subscription to anything else is granted and gets nothing. The port is on stdout;
// it ends with stdin.

const net = require('net');

const BLOCK_BYTES = 256 * 1024;
const LARGE = 1024; // messages of QoS 0 that are not kept until they are whole
const SUBSCRIBE = 8;
const PUBLISH = 3;

function sized(first, body) {
  const head = [first];
  let size = body.length;
  do {
    head.push((size & 127) | (size > 127 ? 128 : 0));
    size >>>= 7;
  } while (size > 0);
  return Buffer.concat([Buffer.from(head), body]);
}

function publish(topic, size) {
  const name = Buffer.from(topic);
  const length = Buffer.from([name.length >> 8, name.length & 255]);
  return sized(PUBLISH << 4, Buffer.concat([length, name, Buffer.alloc(size, 'x')]));
}

// Whole blocks of packets, then what is left of the last; as fast as it is read.
function stream(socket, topics, count, size) {
  const packets = Array.from({ length: topics }, (_, i) => publish(`growth/${i}/topic`, size));
  const whole = Math.max(topics, Math.ceil(BLOCK_BYTES / packets[0].length / topics) * topics);
  const block = Buffer.concat(Array.from({ length: Math.min(whole, count) },
    (_, i) => packets[i % topics]));
  const each = Math.min(whole, count);
  let sent = 0;
  function more() {
    while (sent < count) {
      const left = Math.min(each, count - sent);
      sent += left;
      const bytes = left === each ? block
        : Buffer.concat(Array.from({ length: left }, (_, i) => packets[i % topics]));
      if (!socket.write(bytes)) {
        socket.once('drain', more);
        return;
      }
    }
  }
  more();
}

function subscribed(socket, packet) {
  const filters = (function* read() {
    for (let at = 2; at < packet.length;) {
      const size = packet.readUInt16BE(at);
      yield packet.toString('utf8', at + 2, at + 2 + size);
      at += size + 3;
    }
  }());
  const names = [...filters];
  socket.write(sized(0x90, Buffer.concat([packet.subarray(0, 2), Buffer.alloc(names.length)])));
  for (const name of names) {
    const [kind, ...numbers] = name.split('/');
    if (kind === 'stream') stream(socket, ...numbers.map(Number));
  }
}

function take(socket, type, packet) {
  if (type === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
  if (type === SUBSCRIBE) subscribed(socket, packet);
  if (type === 12) socket.write(Buffer.from([0xd0, 0]));
}

// Calls take with each packet, and keeps what is not whole.
function serve(socket) {
  let rest = Buffer.alloc(0);
  let skipped = 0; // bytes of a large message that are yet to come
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (data) => {
    const fresh = data.subarray(Math.min(skipped, data.length));
    skipped -= data.length - fresh.length;
    rest = rest.length > 0 ? Buffer.concat([rest, fresh]) : fresh;
    for (;;) {
      let size = 0;
      let at = 1;
      do {
        if (at >= rest.length) return;
        size |= (rest[at] & 127) << (7 * (at - 1));
        at += 1;
      } while (rest[at - 1] > 127);
      if (rest[0] === PUBLISH << 4 && size > LARGE) {
        skipped = Math.max(0, at + size - rest.length);
        rest = rest.subarray(Math.min(rest.length, at + size));
        continue;
      }
      if (rest.length < at + size) return;
      take(socket, rest[0] >> 4, rest.subarray(at, at + size));
      rest = rest.subarray(at + size);
    }
  });
}

const server = net.createServer(serve);
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ mqtt: server.address().port })));
process.stdin.resume().on('end', () => process.exit());
