'use strict';
// Options of tls.connect, as MQTT.js passes them on, for the core's TLS.
const optionTable = require('../options');
const { names: known } = require('../security');
const { misspelled } = require('../spelling');
const agents = require('./agent');
const { isSecured, isWebSocket, refuse } = require('./url');

// Taken as they are. Of all but the last one what is empty is none.
const same = ['ca', 'pfx', 'passphrase', 'crl', 'servername', 'ciphers', 'minVersion',
  'maxVersion', 'secureOptions', 'rejectUnauthorized'];

function isGiven(name, value) {
  if (name === 'rejectUnauthorized') return value !== undefined && value !== null;
  return Boolean(value) && !(Array.isArray(value) && value.length === 0);
}

// What has no meaning for the core's TLS, and what to do instead.
const refused = {
  checkServerIdentity: 'give tls: { verifyHost } for the name that the certificate has',
  secureContext: 'give ca, cert and key themselves',
  session: 'sessions are resumed by themselves',
  sigalgs: 'leave it out: OpenSSL chooses',
  ecdhCurve: 'leave it out: OpenSSL chooses',
  dhparam: 'leave it out: it is the server\'s',
  clientCertEngine: 'give cert and key',
  privateKeyEngine: 'give key',
  privateKeyIdentifier: 'give key',
  requestOCSP: 'give crl',
  enableTrace: 'give tls: { keyLogFile }, and look at what is sent with Wireshark',
  minDHSize: 'give ciphers',
  socket: 'leave it out: midge has sockets of its own',
  lookup: 'give host as an address',
};

// What says no more than leaving it out.
const defaults = { ecdhCurve: 'auto' };

// One of them, or a list of one, or { pem, passphrase }.
function single(name, value, found) {
  const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (Array.isArray(one)) {
    throw refuse(`options.${name} is a list: there is one certificate and one key`);
  }
  if (one?.pem !== undefined) {
    if (one.passphrase !== undefined) found.passphrase = one.passphrase;
    return one.pem;
  }
  return one;
}

// Names, or bytes with each name's length before it.
function alpn(value) {
  if (!(value instanceof Uint8Array)) {
    return value.map((name) => Buffer.from(name).toString('latin1'));
  }
  const names = [];
  for (let at = 0; at < value.length; at += 1 + value[at]) {
    names.push(Buffer.from(value).toString('latin1', at + 1, at + 1 + value[at]));
  }
  return names;
}

// The lowest and the highest version, by OpenSSL's names of methods.
const methods = {
  TLS: ['TLSv1', 'TLSv1.3'],
  SSLv23: ['TLSv1', 'TLSv1.2'],
  TLSv1: ['TLSv1', 'TLSv1'],
  TLSv1_1: ['TLSv1.1', 'TLSv1.1'],
  TLSv1_2: ['TLSv1.2', 'TLSv1.2'],
};

function useMethod(found, method) {
  const [, name] = /^(\w+?)_(?:client_)?method$/.exec(method) ?? [];
  if (!Object.hasOwn(methods, name ?? '')) {
    throw refuse(`Option "secureProtocol" cannot be "${method}": give minVersion and maxVersion`);
  }
  if (found.minVersion !== undefined || found.maxVersion !== undefined) {
    throw refuse('Option "secureProtocol" goes with neither minVersion nor maxVersion');
  }
  [found.minVersion, found.maxVersion] = methods[name];
}

function usePsk(found, pskCallback) {
  const answer = pskCallback(null);
  if (answer === null || answer === undefined) return;
  found.psk = answer.psk;
  found.pskIdentity = answer.identity;
}

// A path, where MQTT.js has a name for it.
const paths = { keyPath: 'key', certPath: 'cert', caPaths: 'ca' };

function collect(options, found) {
  for (const name of same) {
    if (isGiven(name, options[name])) found[name] = options[name];
  }
  for (const name of ['cert', 'key']) {
    if (options[name]) found[name] = single(name, options[name], found);
  }
  for (const [name, target] of Object.entries(paths)) {
    if (options[name] && !found[target]) found[target] = single(name, options[name], found);
  }
  if (options.secureProtocol) useMethod(found, options.secureProtocol);
  if (options.ALPNProtocols) found.alpn = alpn(options.ALPNProtocols);
  if (options.pskCallback) usePsk(found, options.pskCallback);
}

const read = [
  ...same, 'cert', 'key', ...Object.keys(paths), 'secureProtocol', 'ALPNProtocols', 'pskCallback',
  'tls',
];

// Those that may be bytes.
const materials = ['ca', 'pfx', 'passphrase', 'crl', 'cert', 'key'];

function copied(value) {
  if (Array.isArray(value)) return [...value];
  return value?.constructor === Object ? { ...value } : value;
}

// Where it is said, the last word last. Options of `ws` are those of a WebSocket alone: who
// leaves a server unverified there has not said so of another one.
function sources(options) {
  return isWebSocket(options)
    ? [options, options.wsOptions ?? {}, agents.settingsOf(options)] : [options];
}

// What settings would read, to see later whether it has changed.
function given(options) {
  if (!isSecured(options)) return undefined;
  return sources(options).map((source) => read.map((name) => copied(source[name])));
}

// What `options` says of TLS, checked, as the addon takes it; what cannot be
// throws. Certificates are read only where there is TLS, as this takes long.
function settings(options) {
  const found = {};
  for (const source of sources(options)) {
    for (const [name, instead] of Object.entries(refused)) {
      if (source[name] && source[name] !== defaults[name]) {
        throw refuse(`Option "${name}" cannot be honoured: ${instead}`);
      }
    }
    collect(source, found);
  }
  Object.assign(found, options.tls);
  const unknown = Object.keys(found).find((name) => !known.includes(name));
  if (unknown !== undefined) throw misspelled('option', unknown, known, 'options.tls');
  const isRead = isSecured(options) && Object.keys(found).length > 0;
  return optionTable.security(isRead ? found : undefined).tls;
}

module.exports = { settings, sources, given, materials };
