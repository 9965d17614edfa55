'use strict';
// AUTH of the server, which the program answers by client.handleAuth.
const args = require('./arguments');
const { call } = require('./requests');

const CONTINUE = 24;

function authenticate(owner, core, packet) {
  const answer = (error, reply) => {
    if (error) {
      owner.emit('error', error);
      return;
    }
    if (!reply) return;
    const [wrong, list] = args.encode(
      { ...reply.properties, authenticationMethod: undefined }, true);
    if (wrong || core.authenticate(reply.reasonCode ?? CONTINUE, list) < 0) {
      owner.emit('error', wrong ?? core.fault);
    }
  };
  call(owner, owner.handleAuth, packet, answer);
}

// Data that no method goes with, which MQTT forbids (MQTT 5, 3.1.2.11.10).
function lacksMethod({ properties }) {
  return Boolean(properties?.authenticationData) && !properties.authenticationMethod;
}

// The client ends before it begins.
function refuse(owner) {
  owner.end(true, () => owner.emit('error', Object.assign(
    new Error('Packet has no Authentication Method'), { code: 'MIDGE_EINVAL' })));
}

module.exports = { authenticate, lacksMethod, refuse };
