'use strict';
// Options of MQTT.js: its names and defaults. Each is honoured, or means
// nothing in Node.js for MQTT.js either, or is refused in words that name the
// way. Names that neither of us knows are the program's own.
const { randomBytes } = require('node:crypto');
const net = require('node:net');
const optionTable = require('../options');
const properties = require('../properties');
const { content } = require('../bytes');
const agents = require('./agent');
const args = require('./arguments');
const { lacksMethod } = require('./authenticate');
const { checkKinds } = require('./kinds');
const { methods, wrongStore } = require('./stores');
const { refuse, isSecured, isWebSocket } = require('./url');

const UNHEARD_MS = 0x7fffffff; // a message nobody listens to never waits that long

const defaults = {
  keepalive: 60,
  reschedulePings: true,
  protocolId: 'MQTT',
  protocolVersion: 4,
  reconnectPeriod: 1000,
  connectTimeout: 30000,
  clean: true,
  resubscribe: true,
  subscribeBatchSize: null,
  writeCache: true,
  timerVariant: 'auto',
};

// Those that the core takes as they are, ours beyond MQTT.js's among them.
const shared = [
  'clientId', 'username', 'password', 'clean', 'keepalive', 'protocolVersion', 'properties',
  'resubscribe', 'subscribeBatchSize', 'connectTimeout', 'reconnectPeriod', 'socksProxy',
  'autoUseTopicAlias', 'autoAssignTopicAlias', 'reconnectPeriodMax', 'negotiate', 'maxBreaks',
  'lowerQoS', 'strictText', 'maxQueueMessages', 'maxQueueBytes', 'maxQueueMemory', 'maxInFlight',
  'highWaterMark', 'replyTimeout', 'closeTimeout', 'maxRedirects', 'localAddress', 'tcpNoDelay',
  'proxy', 'store', 'sessionLost',
];

// Of these what is empty or 0 is none, as false is.
const leftOut = new Set(['properties', 'subscribeBatchSize', 'socksProxy', 'localAddress', 'proxy',
  'store']);

const refused = {
  streamBuilder: 'use new MqttClient(streamBuilder, options)',
  authPacket: 'answer the server\'s AUTH in client.handleAuth',
  socksTimeout: 'give connectTimeout, which counts the proxy in',
};

const variants = ['auto', 'worker', 'native'];

function checkRefused(options) {
  for (const [name, instead] of Object.entries(refused)) {
    const value = options[name] ?? options.wsOptions?.[name];
    if (value === undefined || value === null || value === false) continue;
    throw refuse(`Option "${name}" cannot be honoured: ${instead}`);
  }
  const { timerVariant } = options;
  if (timerVariant && !variants.includes(timerVariant)) {
    throw refuse('Option "timerVariant" cannot be honoured: leave it out, the keep-alive runs ' +
      'on a thread of its own');
  }
}

const providerMethods = ['allocate', 'getLastAllocated', 'register', 'deallocate', 'clear'];
function checkTogether(options) {
  checkKinds(options);
  const provider = options.messageIdProvider;
  if (provider && providerMethods.some((name) => typeof provider[name] !== 'function')) {
    throw refuse(`Option "messageIdProvider" has the methods ${providerMethods.join(', ')}`);
  }
  const store = wrongStore(options);
  if (store !== undefined) {
    throw refuse(`Option "${store}" has the methods ${methods.join(', ')}`);
  }
  if (options.store?.inbox && options.customHandleAcks) {
    throw refuse('Option "customHandleAcks" does not go with "store.inbox": the server is ' +
      'answered when a message is stored');
  }
  if (options.transformWsUrl && options.servers?.length > 1) {
    throw refuse('Option "transformWsUrl" goes with one URL, and not with several servers');
  }
  const id = options.protocolVersion === 3 ? 'MQIsdp' : 'MQTT';
  if (options.protocolId !== id && options.protocolVersion !== 3) {
    throw refuse(`Option "protocolId" is "${id}" for this protocolVersion`);
  }
}

// Of the keep-alive; false and NaN turn it off as 0 does.
function seconds(keepalive) {
  return (keepalive ?? defaults.keepalive) || 0;
}

// Options as client.options shows them: what was given, over the defaults.
function complete(given) {
  const options = { ...defaults, socksProxy: process.env.MQTTJS_SOCKS_PROXY, ...given };
  for (const [name, value] of Object.entries(defaults)) {
    if (options[name] === undefined || (options[name] === null && name !== 'clean')) {
      options[name] = value;
    }
  }
  options.keepalive = seconds(options.keepalive);
  options.clientId ??= `mqttjs_${randomBytes(4).toString('hex')}`;
  checkRefused(options);
  checkTogether(options);
  return options;
}

// The upgrade request's: options.headers over those of wsOptions.
function headers(options) {
  const { headers: given, origin, auth } = options.wsOptions ?? {};
  const all = { ...given, ...options.headers };
  if (origin) all.Origin = origin;
  if (auth) all.Authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  const text = Object.fromEntries(Object.entries(all).map(([name, value]) => [name,
    Array.isArray(value) ? value.map(String) : String(value)]));
  return optionTable.headers('options.wsOptions.headers', text);
}

const webSocketRefused = {
  protocolVersion: 'leave it out: it is 13',
  handshakeTimeout: 'give connectTimeout, which counts the handshake in',
  followRedirects: 'connect to where it leads',
  createConnection: 'connect by a URL',
  generateMask: 'leave it out',
  finishRequest: 'give headers',
};

function checkWebSocket({ wsOptions }) {
  for (const [name, instead] of Object.entries(webSocketRefused)) {
    if (!wsOptions?.[name] || (name === 'protocolVersion' && wsOptions[name] === 13)) continue;
    throw refuse(`Option "wsOptions.${name}" cannot be honoured: ${instead}`);
  }
}

function proxyOf({ socksProxy }) {
  if (!socksProxy) return {};
  if (/^socks4a?:/i.test(socksProxy)) {
    throw refuse('Option "socksProxy" is a socks5: or socks5h: URL: SOCKS 4 is not spoken');
  }
  return { socksProxy: socksProxy.replace(/^socks5h:/i, 'socks5:') };
}

// As of sockets of Node.js, which take these where there is TLS: a family alone is
// any address of it to connect from, and the other family is left out.
const anyAddress = { 4: '0.0.0.0', 6: '::', IPv4: '0.0.0.0', IPv6: '::' };

function localAddressOf(options) {
  const given = { ...(isSecured(options) && !isWebSocket(options) ? options : undefined),
    ...(isWebSocket(options) ? options.wsOptions : undefined), ...agents.settingsOf(options) };
  if (given.localAddress) return given.localAddress;
  return given.family && net.isIP(options.host) === 0 ? anyAddress[given.family] : undefined;
}

// Timers take text and fractions.
function milliseconds(value) {
  return typeof value === 'string' || typeof value === 'number' ? Math.ceil(Number(value)) : value;
}

// What the core is told once. `isByHand`: the program carries the bytes, and what is around
// them is its own business.
function settings(options, isPeriodGiven, isByHand) {
  const known = isByHand ? { socksProxy: null } : {
    ...proxyOf(options), proxy: agents.proxyOf(options),
    localAddress: options.localAddress || localAddressOf(options),
  };
  for (const name of shared) {
    if (known[name] !== undefined) continue;
    known[name] = leftOut.has(name) ? options[name] || undefined : options[name];
  }
  for (const name of ['connectTimeout', 'reconnectPeriod']) known[name] = milliseconds(known[name]);
  known.clean = Boolean(known.clean);
  // Before MQTT 5 they say nothing, whatever they are.
  known.properties = options.protocolVersion === 5 ? args.withTexts(known.properties) : undefined;
  if (lacksMethod(options)) {
    known.properties = { ...known.properties, authenticationData: undefined };
  }
  if (!isPeriodGiven || !(known.reconnectPeriod > 0)) delete known.reconnectPeriod;
  const checked = optionTable.check(known);
  const told = {
    ...optionTable.forAddon(checked, known.clean),
    clean: known.clean,
    // MQTT.js waits for what is in flight; a server that never answers has as
    // long as it has to accept us.
    closeTimeout: checked.closeTimeout ?? checked.connectTimeout,
    lenientText: true,
    // MQTT.js does not count QoS 1; mosquitto exceeds it again on each connection.
    receiveMaximumLenient: true,
    acknowledgeByHand: true,
    // MQTT.js's message of QoS 2 comes at PUBREL; customHandleAcks is asked before PUBREC.
    atRelease: true,
    acceptByHand: isJudged(options),
    // We are asked before each attempt, and let it go on or not.
    ask: true,
    reconnectLasting: true,
    reconnectOff: false,
    transportByHand: isByHand,
  };
  // Unlike the class, MQTT.js lets a session of MQTT 5 end with its connection.
  // With a store it lasts.
  if (options.properties?.sessionExpiryInterval == null && !options.store) {
    delete told.sessionExpiry;
  }
  if (!isByHand && isWebSocket(options)) {
    checkWebSocket(options);
    told.headers = headers(options);
  }
  return told;
}

// Who a client is to the server. Most have no more than an identifier.
class Identity {
  constructor({ clientId, username, password }) {
    this.clientId = clientId;
    if (username != null) this.userName = username;
    if (password != null) this.password = password;
  }
}

Object.assign(Identity.prototype, { userName: undefined, password: undefined });

const CLIENT_ID_MAX = 65535; // bytes

// Who the client is to the server from the next attempt on; what cannot be throws.
function presence({ clientId, clean, keepalive, protocolVersion }) {
  const given = optionTable.check({ clientId: clientId ?? '', keepalive: seconds(keepalive) });
  const isClean = Boolean(clean);
  const id = given.clientId;
  if (id === '' && protocolVersion < 5 && !(isClean && protocolVersion === 4)) {
    throw refuse('Missing clientId for unclean clients');
  }
  if (id.includes('\0') || Buffer.byteLength(id) > CLIENT_ID_MAX) {
    throw refuse('Option "clientId" has at most 65,535 bytes, and no null character');
  }
  return { clientId: id, clean: isClean, keepAlive: given.keepalive };
}

function isJudged({ protocolVersion, customHandleAcks }) {
  return protocolVersion === 5 && Boolean(customHandleAcks);
}

function will({ will: given, protocolVersion }) {
  if (!given) return undefined;
  const { topic, payload, retain } = given;
  const qos = args.qosOf(given.qos);
  if (!args.isQos(qos)) throw refuse('Option "will.qos" is 0, 1 or 2');
  const list = protocolVersion === 5
    ? properties.encode(args.withTexts(given.properties), 'options.will.properties') : undefined;
  if (typeof list === 'number') throw refuse('Option "will.properties" has an illegal number');
  return {
    topic,
    payload: content('options.will.payload', payload) ?? '',
    qos,
    retain: Boolean(retain),
    properties: list,
  };
}

module.exports = {
  complete, Identity, presence, settings, isJudged, will, headers, UNHEARD_MS,
};
