'use strict';
// What went wrong, in the words of MQTT.js and of Node, which programs match.
const { constants } = require('node:os');
const { errors } = require('../errors');
const { ErrorWithReasonCode, reasonText } = require('./reasons');

// Of libuv, for what getaddrinfo says.
const lookups = { ENOTFOUND: -3008, EAI_AGAIN: -3001 };

function isSystem(code) {
  return Object.hasOwn(constants.errno, code);
}

// The address that the core's words name.
function place(message) {
  const [, address, port] = /^cannot connect to (.+):(\d+): /.exec(message) ?? [];
  if (address === undefined) return {};
  return { address: address.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

function connecting(code, error, options) {
  const where = options.unixSocket ? { address: options.path } : place(error.message);
  const { address, port } = where;
  const text = address === undefined ? '' : ` ${address}${port === undefined ? '' : `:${port}`}`;
  return Object.assign(new Error(`connect ${code}${text}`),
    { errno: -constants.errno[code], code, syscall: 'connect', ...where });
}

function lookingUp(code, { options }) {
  const hostname = options.host;
  return Object.assign(new Error(`getaddrinfo ${code} ${hostname}`),
    { errno: lookups[code], code, syscall: 'getaddrinfo', hostname });
}

// The core's words for what the server did wrong, and MQTT.js's.
const words = {
  'a topic alias above our Topic Alias Maximum': 'Received Topic Alias is out of range',
  'a topic alias that was not mapped': 'Received unregistered Topic Alias',
  'AUTH without an authentication method': 'Packet has no Authentication Method',
  'a packet larger than we accept': 'exceeding packets size',
};

// `sent`: the reason that the server was given.
function broken(error, sent) {
  const text = words[error.message] ?? error.message;
  return sent === undefined ? told(text, error) : new ErrorWithReasonCode(text, sent);
}

// The error to tell when a connection was lost or could not be made; undefined
// when MQTT.js has none for it.
function ofConnection(error, wasOpen, sent, options) {
  const { code, errno, reasonCode } = error;
  if (errno === errors.ETIMEOUT && !wasOpen) return told('connack timeout', error);
  if (Object.hasOwn(lookups, code)) return lookingUp(code, { options });
  if (isSystem(code) && code !== 'EPIPE') {
    if (!wasOpen && errno !== errors.ELOST) return connecting(code, error, options);
    return Object.assign(new Error(`read ${code}`),
      { errno: -constants.errno[code], code, syscall: 'read' });
  }
  if (!wasOpen && reasonCode !== undefined) {
    return new ErrorWithReasonCode(`Connection refused: ${reasonText(reasonCode)}`, reasonCode);
  }
  if (errno === errors.EPROTOCOL) return broken(error, sent);
  if (errno === errors.EKEEPALIVE) return told('Keepalive timeout', error);
  return errno === errors.ELOST || reasonCode !== undefined ? undefined : error;
}

// MQTT.js's words, and our code.
function told(text, { code, errno }) {
  return Object.assign(new Error(text), { code, errno });
}

module.exports = { ofConnection, told };
