'use strict';
// Of what kind the values of options are that the core does not check: a wrong one
// is an error that names the option. Nothing and false, as of `isSecure && tls`,
// leave an option out.
const { types } = require('node:util');
const { content } = require('../bytes');
const { invalidType, outOfRange } = require('../errors');
const { badPort, isPossible, refuse } = require('./url');

function isText(value) {
  return typeof value === 'string';
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBytes(value) {
  return types.isUint8Array(value);
}

function isMaterial(value) {
  return isText(value) || isBytes(value);
}

function isFunction(value) {
  return typeof value === 'function';
}

function isPort(value) {
  return typeof value === 'number' || isText(value);
}

function isHeader(value) {
  if (typeof value === 'symbol' || isFunction(value)) return false;
  return Array.isArray(value) ? value.every(isHeader) : isText(String(value));
}

const text = ['string', isText];
const object = ['object', isObject];
const port = ['a number, or one that is written out', isPort];
const callback = ['function', isFunction];
const file = ['of type string or an instance of Buffer', isMaterial];
const header = ['a string, a number or a list of them', isHeader];

const kinds = {
  host: text,
  hostname: text,
  port,
  path: text,
  auth: text,
  socksProxy: text,
  tls: object,
  headers: object,
  wsOptions: object,
  servers: ['a list of { host, port }', Array.isArray],
  ALPNProtocols: ['an array of strings or Buffers, or an instance of Buffer',
    (value) => isBytes(value) || (Array.isArray(value) && value.every(isMaterial))],
  keyPath: file,
  certPath: file,
  caPaths: ['of type string, an instance of Buffer, or a list of them',
    (value) => isMaterial(value) || (Array.isArray(value) && value.every(isMaterial))],
  pskCallback: callback,
  customHandleAcks: callback,
  transformWsUrl: callback,
  log: callback,
  onRestored: callback,
};

const ofServer = { host: text, port, protocol: text };
const ofWebSocket = { auth: text, origin: header, headers: object };

// A value that cannot even be looked at is of no kind.
function isOf(isOne, value) {
  try {
    return isOne(value);
  } catch {
    return false;
  }
}

function check(table, given, path) {
  for (const [name, [expected, isOne]] of Object.entries(table)) {
    const value = given[name];
    if (value === undefined || value === null || value === false || value === '') continue;
    if (!isOf(isOne, value)) throw invalidType(`${path}.${name}`, expected, value);
  }
}

// NaN is none.
function checkPort(value, path) {
  if (value && !isPossible(value)) throw badPort(path, value);
}

function checkServers(servers) {
  servers.forEach((server, at) => {
    if (!isOf(isObject, server)) {
      throw invalidType('options.servers', 'a list of { host, port }', server);
    }
    check(ofServer, server, `options.servers[${at}]`);
    checkPort(server.port, `options.servers[${at}].port`);
  });
}

function checkHeaders(headers, path) {
  check(Object.fromEntries(Object.keys(headers).map((name) => [name, header])), headers, path);
}

// Of 0 and less there is no second attempt; numbers may be written out.
function checkPeriod({ reconnectPeriod: value }) {
  if (value === false) return;
  if (typeof value !== 'number' && typeof value !== 'string') {
    throw invalidType('options.reconnectPeriod', 'number', value);
  }
  if (Number.isNaN(Number(value))) {
    throw outOfRange('options.reconnectPeriod', 'a number of milliseconds', value);
  }
}

// Throws what is wrong with them.
function checkKinds(options) {
  check(kinds, options, 'options');
  const { servers, wsOptions, headers, will, path } = options;
  checkPort(options.port, 'options.port');
  if (servers) checkServers(servers);
  if (wsOptions) {
    check(ofWebSocket, wsOptions, 'options.wsOptions');
    if (wsOptions.headers) checkHeaders(wsOptions.headers, 'options.wsOptions.headers');
  }
  if (headers) checkHeaders(headers, 'options.headers');
  if (will) content('options.will.payload', will.payload);
  if (path && /^w/.test(options.protocol) && !/^[/?#]/.test(path)) {
    throw refuse(`Option "path" of a WebSocket begins with "/", and "${path}" does not`);
  }
  checkPeriod(options);
}

module.exports = { checkKinds };
