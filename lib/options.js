'use strict';
// The `options` argument: what each name may be, and what the addon is told.
const { types } = require('node:util');
const { outOfRange, invalidType } = require('./errors');
const { misspelled, nearest } = require('./spelling');
const properties = require('./properties');
const security = require('./security');

const UINT16_MAX = 65535;
const UINT32_MAX = 0xffffffff;
const MS_MAX = 0x7fffffff;
const IN_FLIGHT_MAX = 65535;

function type(name) {
  return (path, value) => {
    if (typeof value !== name) throw invalidType(path, name, value);
    return value;
  };
}

function integer(low, high) {
  return (path, value) => {
    if (typeof value !== 'number') throw invalidType(path, 'number', value);
    if (!Number.isInteger(value) || value < low || value > high) {
      throw outOfRange(path, `an integer >= ${low} and <= ${high}`, value);
    }
    return value;
  };
}

function object(path, value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidType(path, 'object', value);
  }
  return value;
}

function secret(path, value) {
  if (typeof value !== 'string' && !types.isUint8Array(value)) {
    throw invalidType(path, 'of type string or an instance of Buffer or Uint8Array', value);
  }
  return value;
}

function protocolVersion(path, value) {
  if (typeof value !== 'number') throw invalidType(path, 'number', value);
  if (![3, 4, 5].includes(value)) throw outOfRange(path, '3, 4 or 5', value);
  return value;
}

// { name: value } or { name: [values] }, as "name: value" lines.
function headers(path, value) {
  const lines = [];
  for (const [name, values] of Object.entries(object(path, value))) {
    for (const text of Array.isArray(values) ? values : [values]) {
      if (typeof text !== 'string') {
        throw invalidType(`${path}.${name}`, 'string', text);
      }
      if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name) || /[\r\n\0]/.test(text)) {
        throw outOfRange(`${path}.${name}`, 'a header of HTTP', text);
      }
      lines.push(`${name}: ${text}`);
    }
  }
  return lines;
}

const boolean = type('boolean');
const string = type('string');
const callback = type('function');
const ms = integer(0, MS_MAX);

// One row for each option. Those of TLS are checked by security.js.
const table = {
  // The constructor's arguments, for those who leave an argument out.
  clientId: string,
  username: string,
  password: secret,
  clean: boolean,
  keepalive: integer(0, UINT16_MAX),
  // The protocol.
  protocolVersion,
  negotiate: boolean,
  properties: object,
  will: object,
  resubscribe: boolean,
  queueQoSZero: boolean,
  autoUseTopicAlias: boolean,
  autoAssignTopicAlias: boolean,
  lowerQoS: boolean,
  lenientText: boolean,
  credentials: callback,
  // Limits.
  maxQueueMessages: integer(1, Number.MAX_SAFE_INTEGER),
  maxQueueBytes: integer(1, Number.MAX_SAFE_INTEGER),
  maxInFlight: integer(1, IN_FLIGHT_MAX),
  highWaterMark: integer(1, Number.MAX_SAFE_INTEGER),
  // Time.
  timeout: integer(1, MS_MAX),
  connectTimeout: integer(1, MS_MAX),
  replyTimeout: integer(1, MS_MAX),
  closeTimeout: integer(1, MS_MAX),
  reconnectPeriod: ms,
  reconnectPeriodMax: integer(1, MS_MAX),
  reconnectOnConnackError: boolean,
  maxRedirects: integer(0, 255),
  // The way there.
  localAddress: string,
  tcpNoDelay: boolean,
  proxy: string,
  socksProxy: string,
  path: string,
  headers,
  alpn: (path, value) => value,
  tls: object,
};

// Names of TLS that MQTT.js takes at the top, with what they are in `tls`.
const tlsNames = {
  alpn: 'alpn', ALPNProtocols: 'alpn', servername: 'servername', ca: 'ca',
  cert: 'cert', key: 'key', pfx: 'pfx', passphrase: 'passphrase', crl: 'crl',
  ciphers: 'ciphers', minVersion: 'minVersion', maxVersion: 'maxVersion',
  rejectUnauthorized: 'rejectUnauthorized',
};

// Options of MQTT.js that mean nothing here: its streams, stores and timers.
const foreign = [
  'reschedulePings', 'subscribeBatchSize', 'authPacket', 'customHandleAcks',
  'incomingStore', 'outgoingStore', 'messageIdProvider', 'servers', 'host',
  'hostname', 'port', 'protocol', 'protocolId', 'defaultProtocol', 'query',
  'auth', 'unixSocket', 'socksTimeout', 'wsOptions', 'transformWsUrl',
  'createWebsocket', 'forceNativeWebSocket', 'timerVariant', 'log',
  'writeCache', 'encoding', 'objectMode', 'binary', 'browserBufferSize',
  'browserBufferTimeout', 'manualConnect', 'manualAcks', 'store',
];

const names = [...Object.keys(table), ...Object.keys(tlsNames)];

function unknown(name) {
  if (!foreign.includes(name)) return misspelled('option', name, names);
  const error = new TypeError(
    `Option "${name}" is not one of class mqtt: see docs/api.md`);
  error.code = 'ERR_INVALID_ARG_VALUE';
  return error;
}

// A checked copy: the caller's object is not written to, nor read again.
function check(options) {
  if (options === undefined || options === null) return {};
  const checked = {};
  const tls = {};
  for (const [name, value] of Object.entries(object('options', options))) {
    const isTls = Object.hasOwn(tlsNames, name);
    if (!isTls && !Object.hasOwn(table, name)) throw unknown(name);
    if (value === undefined || value === null) continue;
    if (isTls) tls[tlsNames[name]] = value;
    else checked[name] = table[name](`options.${name}`, value);
  }
  if (checked.tls !== undefined || Object.keys(tls).length > 0) {
    checked.tls = { ...tls, ...checked.tls };
  }
  return checked;
}

const versions = { 3: 2, 4: 1, 5: 0 }; // as midge_version counts them
// Those of CONNECT that the session minds by itself.
const owned = {
  sessionExpiryInterval: ['sessionExpiry', 0, UINT32_MAX],
  receiveMaximum: ['receiveMaximum', 1, UINT16_MAX],
  maximumPacketSize: ['maximumPacketSize', 1, UINT32_MAX],
  topicAliasMaximum: ['topicAliasMaximum', 0, UINT16_MAX],
};

function connectProperties(given = {}) {
  const told = {};
  const rest = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(owned, name)) {
      rest[name] = value;
    } else if (value !== undefined) {
      const [field, low, high] = owned[name];
      told[field] = integer(low, high)(`options.properties.${name}`, value);
    }
  }
  told.properties = properties.encode(rest, 'options.properties');
  if (typeof told.properties === 'number') {
    throw outOfRange('options.properties', 'made of legal numbers', rest);
  }
  return told;
}

// Alone, reconnectPeriod is what MQTT.js makes of it: always that long.
function reconnecting({ reconnectPeriod, reconnectPeriodMax }) {
  if (reconnectPeriod === 0) return { reconnectOff: true };
  return {
    reconnectMin: reconnectPeriod,
    reconnectMax: reconnectPeriodMax,
    reconnectFixed:
      reconnectPeriod !== undefined && reconnectPeriodMax === undefined,
  };
}

// What the addon is told; `clean` decides how long a session of MQTT 5 lasts.
function forAddon(options, clean) {
  const told = {
    ...connectProperties(options.properties),
    ...reconnecting(options),
    version: versions[options.protocolVersion ?? 4],
    negotiate: options.negotiate,
    clean,
    topicAliases:
      options.autoAssignTopicAlias === true || options.autoUseTopicAlias === true,
    lowerQoS: options.lowerQoS,
    forgetSubscriptions: options.resubscribe === false,
    lenientText: options.lenientText,
    maxInFlight: options.maxInFlight,
    maxQueueMessages: options.maxQueueMessages,
    maxQueueBytes: options.maxQueueBytes,
    highWaterMark: options.highWaterMark,
    replyTimeout: options.replyTimeout,
    connectTimeout: options.connectTimeout,
    closeTimeout: options.closeTimeout,
    redirectsMax: options.maxRedirects,
    reconnectLasting: options.reconnectOnConnackError,
    localAddress: options.localAddress,
    nagle: options.tcpNoDelay === false,
    proxy: options.proxy ?? options.socksProxy,
    headers: options.headers,
    ask: options.credentials !== undefined,
  };
  // A session that is to last, lasts, as it does in 3.1.1.
  if (!clean && told.sessionExpiry === undefined) {
    told.sessionExpiry = UINT32_MAX;
  }
  return told;
}

module.exports = {
  check, forAddon, headers, names, nearest, security: security.fromOptions,
};
