'use strict';
// Where midge means to differ from MQTT.js 5.16, by script: the reason, and
// what it does to MQTT.js's log. A difference that is none any more fails.
const { edits: { moved, removed, inserted, replaced } } = require('./support/compare');

const CONNECT_FIRST = 'connect is told right after CONNACK, not when stored messages have been ' +
  'answered';
const LATER = 'a callback is never called before the method has returned';
const ONCE = { reason: 'an error is told once', edits: [removed(1)] };
const WORDS = 'the same code, in words that do not change with the numbers';
const said = (text, at) => replaced(at, ([name, error]) => [name, { ...error, error: text }]);

module.exports = {
  'connecting: what cannot be is thrown': {
    reason: 'a scheme that is none of MQTT.js\'s is a mistake; it does not mean localhost:1883',
    edits: [1, 2].map((at) =>
      replaced(at, () => ['thrown', { error: 'Missing protocol', name: 'Error' }])),
  },
  'connecting: it connects by hand': { reason: CONNECT_FIRST, edits: [moved(3, 2)] },

  'mqtt5: an alias that the server may not use': {
    reason: WORDS, edits: [said('Received Topic Alias is out of range', 1)],
  },
  'mqtt5: aliases that the program has given are used': {
    reason: 'who wants aliases used has others assigned as well: that is what makes packets short',
    edits: [replaced(1, () => ['sent', [['topic/a', 2], ['', 2], ['topic/b', 1], ['', 2], ['', 1],
      ['topic/b', 2], ['', 1], ['topic/a', 3]]])],
  },
  'mqtt5: AUTH without a method': {
    reason: WORDS, edits: [said('Packet has no Authentication Method', 0)],
  },
  'mqtt5: a packet that is larger than we take': {
    reason: WORDS, edits: [said('exceeding packets size', 1)],
  },

  'odd: an object of topics with numbers': {
    reason: 'a number is a QoS, as it was in MQTT.js before 3; 5.16 sends a packet that breaks ' +
      'the connection',
    edits: [removed(1), removed(1), replaced(1, ([name]) => [name, null, [{ qos: 1, topic: 'a' }], {
      cmd: 'suback', dup: false, granted: [1], length: 3, messageId: 'id 1', payload: null, qos: 0,
      retain: false, topic: null,
    }])],
  },
  'odd: publishing to a filter': {
    reason: 'a server breaks the connection over it',
    edits: [replaced(1, ([name]) => [name, {
      error: 'a topic has 1 to 65,535 bytes, and no + or #; its properties are those of PUBLISH, ' +
        'each once',
      name: 'Error',
    }])],
  },

  'odd: qos that is text': {
    reason: 'the callback has its packet, as of the number that it means',
    edits: [replaced(1, ([name]) => [name, null, {
      cmd: 'publish',
      dup: false,
      messageId: 'id 1',
      payload: 'm',
      qos: 1,
      retain: false,
      topic: 'a',
    }])],
  },
  'odd: a topic of bytes': {
    reason: 'a topic is text in every packet',
    edits: [replaced(1, ([name, error, packet]) => [name, error, { ...packet, topic: 't' }])],
  },

  'publishing: publish returns the client, in every order of arguments': {
    reason: LATER, edits: [moved(5, 1)],
  },
  'publishing: published before it is connected': {
    reason: `${CONNECT_FIRST}; what was published first is sent first, whatever its QoS`,
    edits: [moved(3, 0), moved(3, 1), replaced(4, () => ['sent', ['0', '1', '2']])],
  },
  'publishing: QoS 0 is not queued when that is asked for': {
    reason: CONNECT_FIRST, edits: [moved(2, 1)],
  },
  'publishing: stored, then published': { reason: LATER, edits: [moved(2, 1)] },
  'publishing: a message removed before it was sent': {
    reason: CONNECT_FIRST, edits: [moved(2, 1)],
  },

  'subscribing: an empty filter': {
    reason: 'it has no meaning in MQTT, and a server breaks the connection over it',
    edits: [
      replaced(1, ([name]) => [name, {
        error: 'a topic filter has 1 to 65,535 bytes; + is a whole level, # is the last one; ' +
          'there is at least one; its properties are those of the packet',
        name: 'Error',
      }, [{ qos: 0, topic: '' }]]),
      removed(2),
    ],
  },

  'receiving: QoS 2 twice is one message': {
    reason: 'it is one message, the first one of two',
    edits: [replaced(1, ([name, topic, payload, packet]) =>
      [name, topic, payload, { ...packet, dup: false }])],
  },
  'receiving: who listens in the turn after connect hears everything': {
    reason: 'no message is told before the turn of the loop after that of connect',
    edits: [inserted(0, ['message', 'a', 'bytes m', {
      cmd: 'publish', dup: false, length: 4, payload: 'bytes m', qos: 0, retain: false, topic: 'a',
    }])],
  },

  'ending: an end by force does not wait': {
    reason: 'every publish calls back, once',
    edits: [inserted(1, ['published', { error: 'Connection closed', name: 'Error' }])],
  },
  'ending: ends before it was connected': {
    reason: 'nothing is connected after the end', edits: [replaced(2, () => ['close'])],
  },
  'ending: the server has said nothing': {
    reason: 'nobody waits for it after the end', edits: [removed(2)],
  },

  'transports: an unknown authority': ONCE,
  'transports: a certificate of another name': ONCE,
  'transports: an expired certificate': ONCE,
  'transports: what wsOptions say without a WebSocket is not heard': ONCE,
  'transports: a WebSocket that is refused': {
    reason: 'an attempt that fails says why',
    edits: [inserted(0, ['error', {
      error: 'the server answered 401 Unauthorized to the WebSocket upgrade', name: 'Error',
    }])],
  },

  'losing: a subscription that is made again is shown, and a ping': {
    reason: CONNECT_FIRST, edits: [moved(5, 4)],
  },
  'losing: the same in MQTT 5': { reason: CONNECT_FIRST, edits: [moved(5, 4)] },
  'losing: QoS 1 and 2 in flight are sent again': {
    reason: CONNECT_FIRST, edits: [moved(6, 4)],
  },
  'losing: PUBREL is sent again': { reason: CONNECT_FIRST, edits: [moved(5, 4)] },
  'losing: published while it is offline': {
    reason: `${CONNECT_FIRST}; what was published first is told first`,
    edits: [moved(6, 4), moved(6, 5)],
  },
  'losing: what was granted beside what was refused is made again': {
    reason: 'a subscription that was granted is one',
    edits: [replaced(6, ([name]) => [name, [{ qos: 1, topic: 'good' }]])],
  },
  'losing: the keep-alive is not answered, and another attempt follows': {
    reason: 'an error is told before what follows from it, as every other one is',
    edits: [moved(2, 1)],
  },
  'losing: reconnect while it is connected': {
    reason: 'end is told when end was called', edits: [removed(3)],
  },
  'losing: the server sends what is no packet': {
    reason: 'the connection is of no use any more, and another one is made',
    edits: [
      replaced(1, () => ['error', { error: 'an unknown packet type', name: 'Error' }]),
      inserted(2, ['offline'], ['close'], ['reconnect']),
      (log) => log.push(log[0]),
    ],
  },

  'stores: QoS 2 is put and deleted': {
    reason: 'PUBREC is the core\'s own business: after a crash the message is sent again',
    edits: [removed(3)],
  },
};
