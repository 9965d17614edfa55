'use strict';
// What a broker was sent, byte by byte, as lines that compare: the number of the
// connection, the packet, and its bytes. Left out is what means the same either way.
const names = ['', 'CONNECT', 'CONNACK', 'PUBLISH', 'PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP',
  'SUBSCRIBE', 'SUBACK', 'UNSUBSCRIBE', 'UNSUBACK', 'PINGREQ', 'PINGRESP', 'DISCONNECT', 'AUTH'];

// Where a packet's body begins, and how long it is; undefined if that has not come yet.
function measured(bytes) {
  let length = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at += 1) {
    length += (bytes[at] & 0x7f) * 128 ** (at - 1);
    if (bytes[at] < 0x80) return { begin: at + 1, length };
  }
  return undefined;
}

// [{ name, head, body }], of whole packets.
function packetsOf(chunks) {
  const packets = [];
  let rest = Buffer.concat(chunks);
  for (let head = measured(rest); head !== undefined; head = measured(rest)) {
    const { begin } = head;
    const end = begin + head.length;
    if (rest.length < end) break;
    packets.push({ name: names[rest[0] >> 4], head: rest[0], body: rest.subarray(begin, end) });
    rest = rest.subarray(end);
  }
  return packets;
}

const isAck = (name) => /^PUB./.test(name) && name !== 'PUBLISH';

// What MQTT 5 lets a packet leave out: properties that are none, and then a reason that is 0
// (3.4.2.1, 3.14.2.1).
function shortened(name, body) {
  const first = isAck(name) ? 2 : 0; // behind the packet identifier
  if (first === 0 && name !== 'DISCONNECT') return body;
  let { length } = body;
  if (length === first + 2 && body[first + 1] === 0) length -= 1;
  if (length === first + 1 && body[first] === 0) length -= 1;
  return body.subarray(0, length);
}

// Those that a library made up.
function unnamed(name, hex) {
  const prefix = Buffer.from('mqttjs_').toString('hex');
  return name === 'CONNECT' ? hex.replace(new RegExp(`${prefix}[0-9a-f]{16}`), `${prefix}..`) : hex;
}

// Packet identifiers begin anywhere. Those of messages are counted from 1 in the order of their
// first use; no packet but its answer speaks of another's.
class Identifiers {
  #known = new Map();

  #count(id) {
    if (!this.#known.has(id)) this.#known.set(id, this.#known.size + 1);
    return this.#known.get(id);
  }

  // The body without what is random.
  plain({ name, head, body }) {
    const at = name === 'PUBLISH' ? 2 + body.readUInt16BE(0) : 0;
    const isOurs = name === 'PUBLISH' ? (head & 6) !== 0
      : ['PUBREL', 'SUBSCRIBE', 'UNSUBSCRIBE'].includes(name);
    if (!isOurs) return body;
    const plain = Buffer.from(body);
    const id = body.readUInt16BE(at);
    plain.writeUInt16BE(name.endsWith('SCRIBE') ? Math.min(id, 1) : this.#count(id), at);
    return plain;
  }

  line(packet) {
    const { name, head } = packet;
    const hex = shortened(name, this.plain(packet)).toString('hex');
    return `${name} ${(head & 15).toString(16)} ${unnamed(name, hex)}`;
  }
}

// Of several filters, a packet for each.
function divided({ name, head, body }) {
  const packets = [];
  const first = body.subarray(0, 3); // its identifier, and no properties
  for (let at = 3; at < body.length;) {
    const end = at + 2 + body.readUInt16BE(at) + 1;
    packets.push({ name, head, body: Buffer.concat([first, body.subarray(at, end)]) });
    at = end;
  }
  return packets;
}

function byFilter(one, other) {
  return one.body.subarray(3).compare(other.body.subarray(3));
}

// Subscriptions that are made again, right behind CONNECT: MQTT.js makes a packet of each in
// MQTT 5, and midge of several; both do it in an order of their own. Without properties that is
// the same here.
function withOneEach([connect, ...others]) {
  if (connect?.body[6] !== 5) return [connect, ...others];
  const isMade = ({ name, body }) => name === 'SUBSCRIBE' && body[2] === 0;
  const first = others.findIndex((packet) => !isMade(packet));
  const again = first < 0 ? others.splice(0) : others.splice(0, first);
  return [connect, ...again.flatMap(divided).sort(byFilter), ...others];
}

function isUpgrade(chunks) {
  return chunks.length > 0 && chunks[0].subarray(0, 4).equals(Buffer.from('GET '));
}

// Of a connection what was asked for, in order, and then what answers, which comes when it
// likes; without pings, which come when time has passed.
function sent(chunks, isFirst) {
  if (isUpgrade(chunks)) return [];
  const packets = packetsOf(chunks).filter(({ name }) => name !== 'PINGREQ');
  const all = isFirst || packets.length === 0 ? packets : withOneEach(packets);
  return [...all.filter(({ name }) => !isAck(name)), ...all.filter(({ name }) => name === 'PUBREL'),
    ...all.filter(({ name }) => isAck(name) && name !== 'PUBREL')];
}

function wire(connections) {
  const ids = new Identifiers();
  return connections.flatMap(({ chunks }, at) =>
    sent(chunks, at === 0).map((packet) => `${at + 1} ${ids.line(packet)}`));
}

module.exports = { wire };
