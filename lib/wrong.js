'use strict';
// What may be wrong with a request whose types are right.
module.exports = {
  publish: 'a topic has 1 to 65,535 bytes, and no + or #; its properties are ' +
    'those of PUBLISH, each once',
  filters: 'a topic filter has 1 to 65,535 bytes; + is a whole level, # is the ' +
    'last one; there is at least one; its properties are those of the packet',
  password: 'before MQTT 5 a password needs a user name',
  text: 'the user name, the client id or a property has what is no text in MQTT',
  negotiate: 'option "negotiate" goes with protocolVersion 5',
  connect: 'the properties of CONNECT are those that it may have, each once',
  signal: 'the signal was aborted before the call',
  authenticate: 'authenticating goes on with 0x18 and begins anew with 0x19, in MQTT 5',
  reason: 'a reason code is a number from 0 to 255',
  offline: 'there is no connection, and queueQoSZero is false',
  answer: 'this reason cannot be in a PUBACK or PUBREC; before MQTT 5 they have none',
  again: 'connect was called before: call disconnect first',
  disconnect: 'this reason or these properties cannot be in a DISCONNECT',
  will: 'the topic of a will has 1 to 65,535 bytes, and no + or #; its message has at most ' +
    '65,535; its properties are those of a will, each once',
};
