'use strict';
// Where what midge sends is meant to differ from what MQTT.js 5.16 sends, by script: the
// reason, and what it does to MQTT.js's lines (support/wire.js). A difference that is none
// any more fails.
const { edits: { moved, removed, inserted, replaced } } = require('./support/compare');

const NONE_AFTER_END = 'nothing is connected after the end';
const SAYS_WHY = 'a server that breaks the protocol is told what was wrong (MQTT 5, 4.13)';
const IN_ORDER = 'what was published first is sent first, whatever its QoS';
const NO_SUCH_ID = 'a message that was refused has no packet identifier any more (MQTT 5, 4.3.3)';
const NO_SENSE = 'a server breaks the connection over it';
const becomes = (pattern, instead) => (line) => line.replace(pattern, instead);

module.exports = {
  'connecting: connectAsync of a client that is ended resolves': {
    reason: NONE_AFTER_END, edits: [removed(0)],
  },

  'ending: ends before it was connected': {
    reason: NONE_AFTER_END, edits: [removed(0)], isRare: true,
  },
  'ending: the server has said nothing': {
    reason: 'a goodbye is said at once, and not when the wait for CONNACK is over',
    edits: [inserted(1, '1 DISCONNECT 0 ')],
  },

  'losing: reconnect after a refusal': {
    reason: 'reconnect() keeps what was not acknowledged',
    edits: [inserted(2, '2 PUBLISH 2 00016100016d')],
  },
  'losing: QoS 1 and 2 in flight are sent again': {
    reason: 'in a new session they are new messages, and have new packet identifiers',
    edits: [replaced(4, becomes('610001', '610003')), replaced(5, becomes('610002', '610004')),
      replaced(6, becomes('0002', '0004'))],
  },
  'losing: what was granted beside what was refused is made again': {
    reason: 'a subscription that was granted is one',
    edits: [inserted(3, '2 SUBSCRIBE 2 00010004676f6f6401')],
  },
  'losing: published while it is offline': {
    reason: `${IN_ORDER}; a subscription is asked for once`,
    edits: [moved(3, 2), removed(5)],
  },
  'losing: the server sends what is no packet': {
    reason: 'the connection is of no use any more, and another one is made',
    edits: [(lines) => lines.push(lines[0].replace('1', '2'))],
  },

  'mqtt5: aliases that the program has given are used': {
    reason: 'who wants aliases used has others assigned as well: that is what makes packets short',
    edits: [
      replaced(3, () => '1 PUBLISH 2 0007746f7069632f620003032300016d'),
      replaced(5, () => '1 PUBLISH 2 00000005032300016d'),
      replaced(7, () => '1 PUBLISH 2 00000007032300016d'),
      replaced(8, () => '1 PUBLISH 2 0007746f7069632f610008032300036d'),
    ],
  },
  'mqtt5: an alias that the server may not use': {
    reason: SAYS_WHY, edits: [inserted(1, '1 DISCONNECT 0 94')],
  },
  'mqtt5: an alias that the server has not registered': {
    reason: SAYS_WHY, edits: [inserted(1, '1 DISCONNECT 0 82')],
  },
  'mqtt5: a packet that is larger than we take': {
    reason: SAYS_WHY, edits: [inserted(1, '1 DISCONNECT 0 95')],
  },
  'mqtt5: AUTH without a method': {
    reason: SAYS_WHY, edits: [inserted(1, '1 DISCONNECT 0 82')],
  },

  'odd: an object of topics with numbers': {
    reason: 'a number is a QoS, as it was in MQTT.js before 3; 5.16 sends a packet that breaks ' +
      'the connection',
    edits: [(lines) => lines.splice(1, Infinity, '1 SUBSCRIBE 2 000100016101')],
  },
  'odd: publishing to a filter': { reason: NO_SENSE, edits: [removed(1)] },

  'publishing: publishes with dup': {
    reason: 'DUP is for what is sent again [MQTT-3.3.1-1]',
    edits: [replaced(1, becomes('PUBLISH a', 'PUBLISH 2'))],
  },
  'publishing: published before it is connected': { reason: IN_ORDER, edits: [moved(3, 1)] },
  'publishing: properties of MQTT 5': {
    reason: 'the order of different properties means nothing (MQTT 5, 2.2.2.2)',
    edits: [1, 2].map((at) => replaced(at, becomes('0101020000003c', '020000003c0101'))),
  },

  'receiving: refused at each QoS': {
    reason: NO_SUCH_ID,
    edits: [replaced(7, becomes(/$/, '92')), replaced(9, becomes(/$/, '92'))],
  },
  'receiving: refused messages of QoS 2 are in no store': {
    reason: NO_SUCH_ID, edits: [replaced(2, becomes(/$/, '92'))],
  },

  'subscribing: an empty filter': { reason: NO_SENSE, edits: [removed(1)] },
};
