'use strict';
// Packets in the shape in which MQTT.js shows them.
const native = require('../native');

// Bytes on the wire of a property's value, by the addon's type of it.
const sizes = [
  () => 1, // boolean
  () => 1, // QoS
  () => 2,
  () => 4,
  variableSize,
  (text) => 2 + Buffer.byteLength(text),
  (bytes) => 2 + bytes.length,
];

const types = new Map(native.properties.map(([name, , type]) => [name, type]));

function variableSize(number) {
  return number < 128 ? 1 : number < 16384 ? 2 : number < 2097152 ? 3 : 4;
}

function pairsSize(pairs) {
  let size = 0;
  for (const [name, values] of Object.entries(pairs)) {
    const list = Array.isArray(values) ? values : [values];
    for (const value of list) size += 5 + Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return size;
}

// With their length before them.
function propertiesSize(properties) {
  if (properties === undefined) return 1;
  let size = 0;
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'userProperties') {
      size += pairsSize(value);
    } else {
      const values = Array.isArray(value) ? value : [value];
      for (const one of values) size += 1 + sizes[types.get(name)](one);
    }
  }
  return variableSize(size) + size;
}

// What every packet that was parsed has.
function parsed(cmd, length, fields) {
  return { cmd, retain: false, qos: 0, dup: false, length, topic: null, payload: null, ...fields };
}

function withProperties(packet, properties) {
  if (properties !== undefined) packet.properties = properties;
  return packet;
}

// What a client with these options begins with.
function connect({ protocolId, protocolVersion, clean, clientId, keepalive, username, password,
  will, properties }) {
  return {
    cmd: 'connect', protocolId, protocolVersion, clean, clientId, keepalive, username,
    password, will, properties,
  };
}

// Very many may be made at once, and most are of MQTT 3.1.1.
function connack(isMqtt5, { sessionPresent, reasonCode, properties }) {
  if (!isMqtt5) {
    return {
      cmd: 'connack', retain: false, qos: 0, dup: false, length: 2, topic: null, payload: null,
      sessionPresent, returnCode: reasonCode,
    };
  }
  return withProperties(parsed('connack', 2 + propertiesSize(properties),
    { sessionPresent, reasonCode }), properties);
}

// `cmd`: suback or unsuback; `granted` may be undefined in an unsuback.
function granted(cmd, { isMqtt5, messageId, granted: codes, properties }) {
  const length = 2 + (codes?.length ?? 0) + (isMqtt5 ? propertiesSize(properties) : 0);
  const packet = parsed(cmd, length, { messageId });
  if (codes !== undefined) packet.granted = codes;
  return withProperties(packet, properties);
}

// puback, pubrec, pubcomp. Before MQTT 5 there are no reasons, and that all is
// well needs no byte.
function ack(cmd, { isMqtt5 = true, messageId, reasonCode, properties }) {
  if (!isMqtt5) return parsed(cmd, 2, { messageId });
  const isBare = reasonCode === 0 && properties === undefined;
  return withProperties(parsed(cmd, isBare ? 2 : 3 + propertiesSize(properties),
    { messageId, reasonCode }), properties);
}

function disconnect(reasonCode, properties) {
  return withProperties(parsed('disconnect', 1 + propertiesSize(properties), { reasonCode }),
    properties);
}

function auth(reasonCode, properties) {
  return withProperties(parsed('auth', 1 + propertiesSize(properties), { reasonCode }), properties);
}

// Of the topic that came last, as messages of one topic often follow each other.
let topicOfSize = '';
let topicSize = 0;

function sizeOfTopic(topic) {
  if (topic === topicOfSize) return topicSize;
  topicOfSize = topic;
  topicSize = Buffer.byteLength(topic);
  return topicSize;
}

// Made for every message, so it makes nothing else.
function publish(isMqtt5, topic, payload, qos, retain, messageId, properties, dup) {
  let length = 2 + sizeOfTopic(topic) + payload.length;
  if (isMqtt5) length += propertiesSize(properties);
  if (qos === 0) {
    return withProperties({ cmd: 'publish', retain, qos, dup, length, topic, payload }, properties);
  }
  length += 2;
  return withProperties(
    { cmd: 'publish', retain, qos, dup, length, topic, payload, messageId }, properties);
}

// As the server sends it: { messageId }, and in MQTT 5 a reason.
function pubrel(isMqtt5, messageId) {
  const packet = parsed('pubrel', 2, { qos: 1, messageId });
  return isMqtt5 ? { ...packet, reasonCode: 0 } : packet;
}

// Filters of a SUBSCRIBE, as they are on the wire.
function subscriptions(bytes, isMqtt5, properties) {
  const list = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 2 + bytes.readUInt16BE(at);
    const topic = bytes.toString('utf8', at + 2, end);
    const bits = bytes[end];
    const entry = { topic, qos: bits & 3 };
    if (isMqtt5) {
      Object.assign(entry, { nl: (bits & 4) !== 0, rap: (bits & 8) !== 0, rh: bits >> 4 });
      list.push(withProperties(entry, properties));
    } else {
      list.push(entry);
    }
    at = end + 1;
  }
  return list;
}

// By their types on the wire: those that the core sends and receives by itself.
const tracedTypes = {
  8: ({ isMqtt5, messageId, bytes, properties }) => withProperties({
    cmd: 'subscribe', subscriptions: subscriptions(bytes, isMqtt5, properties), messageId,
  }, properties),
  9: ({ isMqtt5, messageId, bytes, properties }) =>
    granted('suback', { isMqtt5, messageId, granted: [...bytes], properties }),
  12: () => ({ cmd: 'pingreq' }),
  13: () => parsed('pingresp', 0),
};

function traced(type, packet) {
  return tracedTypes[type](packet);
}

module.exports = { traced, connect, connack, granted, ack, disconnect, auth, publish, pubrel };
