'use strict';
// The `options` argument: what each name may be, and what the addon is told.
const { isIP } = require('node:net');
const { resolve } = require('node:path');
const { bytesOf } = require('./bytes');
const { outOfRange, invalidType } = require('./errors');
const { misspelled } = require('./spelling');
const { share } = require('./settings');
const properties = require('./properties');
const security = require('./security');

const UINT16_MAX = 65535;
const UINT32_MAX = 0xffffffff;
const MS_MAX = 0x7fffffff;

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
  if (typeof value === 'string') return value;
  const bytes = bytesOf(value);
  if (bytes === undefined) {
    throw invalidType(path, 'of type string or an instance of Buffer or ArrayBuffer', value);
  }
  return Buffer.from(bytes);
}

function protocolVersion(path, value) {
  if (typeof value !== 'number') throw invalidType(path, 'number', value);
  if (![3, 4, 5].includes(value)) throw outOfRange(path, '3, 4 or 5', value);
  return value;
}

function address(path, value) {
  if (isIP(string(path, value)) === 0) throw outOfRange(path, 'an IP address', value);
  return value;
}

// What is behind the first colon may be a password, and is not told.
function proxy(path, value) {
  if (/^(socks5|http):/i.test(string(path, value))) return value;
  const [start] = value.split(':');
  throw outOfRange(path, 'a URL that begins with socks5: or http:', start);
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

function texts(path, value) {
  if (!Array.isArray(value)) throw invalidType(path, 'an array', value);
  return value.map((text, at) => string(`${path}[${at}]`, text));
}

function oneOf(...words) {
  return (path, value) => {
    if (!words.includes(value)) {
      throw outOfRange(path, words.map((word) => `'${word}'`).join(' or '), value);
    }
    return value;
  };
}

const boolean = type('boolean');
const string = type('string');
const callback = type('function');
const ms = integer(0, MS_MAX);
const someMs = integer(1, MS_MAX);
const size = integer(1, Number.MAX_SAFE_INTEGER);
const durable = oneOf('os', 'disk');

const versions = { 3: 2, 4: 1, 5: 0 }; // as midge_version counts them

const ofStore = ['path', 'durability', 'force', 'inbox', 'maxInboxBytes', 'qos0'];

function store(path, value) {
  const given = object(path, value);
  for (const name of Object.keys(given)) {
    if (!ofStore.includes(name)) throw misspelled('option', name, ofStore, path);
  }
  const { path: place, durability = 'os', force = false, inbox = false, maxInboxBytes,
    qos0 = false } = given;
  if (string(`${path}.path`, place) === '' || place.includes('\0')) {
    throw outOfRange(`${path}.path`, 'the path of a directory', place);
  }
  const checked = { path: resolve(place),
    durability: durable(`${path}.durability`, durability),
    force: boolean(`${path}.force`, force),
    inbox: boolean(`${path}.inbox`, inbox),
    qos0: boolean(`${path}.qos0`, qos0) };
  if (maxInboxBytes !== undefined) {
    checked.maxInboxBytes = size(`${path}.maxInboxBytes`, maxInboxBytes);
  }
  return checked;
}

// The addon is told the option under this name, or what `as` makes of it.
const told = (check, name, as = (value) => value) =>
  ({ check, tell: (value) => ({ [name]: as(value) }) });
// It stays in JavaScript.
const kept = (check) => ({ check, tell: () => ({}) });
// Zero means that there is no limit.
const limit = (check, name, off) =>
  ({ check, tell: (value) => (value === 0 ? { [off]: true } : { [name]: value }) });

// One row for each option: a new one stands here, in the addon's table
// (addon/options.c) if it is told, in index.d.ts and in docs/api.md.
const table = {
  // The constructor's arguments, for those who leave an argument out.
  clientId: kept(string),
  username: kept(string),
  password: kept(secret),
  clean: kept(boolean),
  keepalive: kept(integer(0, UINT16_MAX)),
  // The protocol.
  protocolVersion: told(protocolVersion, 'version', (value) => versions[value]),
  negotiate: told(boolean, 'negotiate'),
  properties: { check: object, tell: connectProperties },
  will: kept(object),
  resubscribe: told(boolean, 'forgetSubscriptions', (value) => !value),
  sessionLost: told(oneOf('resend', 'drop'), 'dropInFlight', (word) => word === 'drop'),
  subscribeBatchSize: told(integer(1, UINT16_MAX), 'subscribeBatch'),
  maxBreaks: limit(integer(0, UINT16_MAX), 'breaksMax', 'breaksOff'),
  queueQoSZero: kept(boolean),
  manualAcks: told(boolean, 'acknowledgeByHand'),
  autoUseTopicAlias: { check: boolean, tell: aliases },
  autoAssignTopicAlias: { check: boolean, tell: aliases },
  lowerQoS: told(boolean, 'lowerQoS'),
  lenientText: told(boolean, 'lenientText'),
  strictText: told(boolean, 'strictText'),
  credentials: told(callback, 'ask', () => true),
  transport: told(callback, 'transportByHand', () => true),
  // Limits.
  maxQueueMessages: told(size, 'maxQueueMessages'),
  maxQueueBytes: told(size, 'maxQueueBytes'),
  maxQueueMemory: told(size, 'maxQueueMemory'),
  store: {
    check: store,
    tell: ({ path, durability, force, inbox, maxInboxBytes, qos0 }) => ({ storePath: path,
      storeDisk: durability === 'disk', storeForce: force, storeInbox: inbox, storeQoS0: qos0,
      ...maxInboxBytes && { inboxBytes: maxInboxBytes } }),
  },
  maxInFlight: told(integer(1, UINT16_MAX), 'maxInFlight'),
  highWaterMark: told(size, 'highWaterMark'),
  // Time.
  timeout: kept(someMs),
  holdTimeout: kept(ms),
  offlineTimeout: kept(ms),
  connectTimeout: told(someMs, 'connectTimeout'),
  replyTimeout: told(someMs, 'replyTimeout'),
  closeTimeout: told(someMs, 'closeTimeout'),
  reconnectPeriod: limit(ms, 'reconnectMin', 'reconnectOff'),
  reconnectPeriodMax: told(someMs, 'reconnectMax'),
  reconnectOnConnackError: told(boolean, 'reconnectLasting'),
  maxRedirects: told(integer(0, 255), 'redirectsMax'),
  // The way there.
  servers: kept(texts),
  localAddress: told(address, 'localAddress'),
  tcpNoDelay: told(boolean, 'nagle', (value) => !value),
  proxy: told(proxy, 'proxy'),
  socksProxy: kept(proxy),
  path: kept(string),
  headers: told(headers, 'headers'),
  alpn: kept((path, value) => value),
  tls: kept(object),
};

// Names of TLS that MQTT.js takes at the top, with what they are in `tls`;
// security.js checks them.
const tlsNames = {
  alpn: 'alpn', ALPNProtocols: 'alpn', servername: 'servername', ca: 'ca',
  cert: 'cert', key: 'key', pfx: 'pfx', passphrase: 'passphrase', crl: 'crl',
  ciphers: 'ciphers', minVersion: 'minVersion', maxVersion: 'maxVersion',
  rejectUnauthorized: 'rejectUnauthorized', secureOptions: 'secureOptions',
};

// Options of MQTT.js that mean nothing here: its streams, stores and timers.
const foreign = [
  'reschedulePings', 'authPacket', 'customHandleAcks', 'incomingStore',
  'outgoingStore', 'messageIdProvider', 'host', 'hostname', 'port',
  'protocol', 'protocolId', 'defaultProtocol', 'query', 'auth', 'unixSocket',
  'socksTimeout', 'wsOptions', 'transformWsUrl', 'createWebsocket',
  'forceNativeWebSocket', 'timerVariant', 'log', 'writeCache', 'encoding',
  'objectMode', 'binary', 'browserBufferSize', 'browserBufferTimeout',
  'manualConnect',
];

const names = [...Object.keys(table), ...Object.keys(tlsNames)];

function unknown(name) {
  if (!foreign.includes(name)) return misspelled('option', name, names);
  const error = new TypeError(
    `Option "${name}" is not one of class mqtt: see docs/api.md`);
  error.code = 'ERR_INVALID_ARG_VALUE';
  return error;
}

// What waits for JavaScript of one client. Enough for both threads to be at
// work, and what is read and not delivered yet only leaves the caches.
const WAITING_BYTES = 1024 * 1024;

// Of who gives none.
const NONE = Object.freeze({});

// A checked copy: the caller's object is not written to, nor read again.
function check(options) {
  if (options === undefined || options === null) return NONE;
  const checked = {};
  const tls = {};
  for (const [name, value] of Object.entries(object('options', options))) {
    const isTls = Object.hasOwn(tlsNames, name);
    if (!isTls && !Object.hasOwn(table, name)) throw unknown(name);
    if (value === undefined || value === null) continue;
    if (isTls) tls[tlsNames[name]] = value;
    else checked[name] = table[name].check(`options.${name}`, value);
  }
  if (checked.tls !== undefined || Object.keys(tls).length > 0) {
    checked.tls = { ...tls, ...checked.tls };
  }
  return checked;
}

function aliases(value) {
  return value ? { topicAliases: true } : {};
}

// Those of CONNECT that the session minds by itself.
const owned = {
  sessionExpiryInterval: ['sessionExpiry', 0, UINT32_MAX],
  receiveMaximum: ['receiveMaximum', 1, UINT16_MAX],
  maximumPacketSize: ['maximumPacketSize', 1, UINT32_MAX],
  topicAliasMaximum: ['topicAliasMaximum', 0, UINT16_MAX],
};

function connectProperties(given) {
  const list = {};
  const rest = {};
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(owned, name)) {
      rest[name] = value;
    } else if (value !== undefined) {
      const [field, low, high] = owned[name];
      list[field] = integer(low, high)(`options.properties.${name}`, value);
    }
  }
  list.properties = properties.encode(rest, 'options.properties');
  if (typeof list.properties === 'number') {
    throw outOfRange('options.properties', 'made of legal numbers', rest);
  }
  return list;
}

// What the addon is told of checked options; `clean` decides how long a session
// of MQTT 5 lasts. In a blocking client the answer that is waited for stands
// behind messages that nobody takes meanwhile: it has the addon's own limit.
function forAddon(options, clean, isAsynchronous = true) {
  if (options === NONE && isAsynchronous) return clean ? plain.clean : plain.lasting;
  return tell(options, clean, isAsynchronous);
}

function tell(options, clean, isAsynchronous = true) {
  const list = {
    version: versions[4],
    clean,
    hold: true, // until somebody listens
    highWaterMark: isAsynchronous ? WAITING_BYTES : undefined,
    // Alone, reconnectPeriod is what MQTT.js makes of it: always that long.
    reconnectFixed: options.reconnectPeriod !== undefined &&
      options.reconnectPeriodMax === undefined,
    proxy: options.socksProxy,
  };
  for (const [name, value] of Object.entries(options)) {
    Object.assign(list, table[name].tell(value));
  }
  // A session that is to last, lasts, as it does in 3.1.1.
  if (!clean && list.sessionExpiry === undefined) {
    list.sessionExpiry = UINT32_MAX;
  }
  return list;
}

const plain = { clean: share(tell(NONE, true)), lasting: share(tell(NONE, false)) };

module.exports = {
  NONE, check, forAddon, headers, names, security: security.fromOptions,
};
