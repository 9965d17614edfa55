'use strict';
// The class: checks what it is given, and leaves the rest to the core.
const { randomBytes } = require('node:crypto');
const addresses = require('./address');
const clock = require('./clock');
const optionTable = require('./options');
const properties = require('./properties');
const { content, copy, isText } = require('./bytes');
const { Carrier } = require('./carrier');
const { Client, limitsOf, noServers } = require('./client');
const { Credentials } = require('./credentials');
const { Emitter } = require('./emitter');
const {
  errors, strerror, versions, invalidType, outOfRange,
} = require('./errors');
const { split, splitPublish } = require('./limits');
const { NONE, PLAIN, Security } = require('./security');
const { Presenter, SUBSCRIBE, UNSUBSCRIBE } = require('./presenter');

const KEEP_ALIVE_MAX_MS = 65535000;
const OFFLINE_MS = 5000;
const QOS_MAX = 2;
const HANDLING_MAX = 2; // of retained messages: MQTT 5, 3.8.3.1

// What clients without options have in common, by their settings.
const plainNatures = new Map();

// Why a call is refused, where the number alone does not say it.
const texts = {
  qos: 'qos is 0, 1 or 2',
  limits: 'ttl and timeout are milliseconds from 0 to 4,294,967,295',
  properties: 'a number in the properties is negative, not whole, or too large',
  handling: 'options.rh is 0, 1 or 2',
  manual: 'messages are acknowledged by themselves: give the option manualAcks',
  identifier: 'client_id is empty: a session that is not clean needs one',
  identifierText: 'client_id or user_name is not valid Unicode',
  topic: 'topic is not valid Unicode',
};

function checkFunction(name, value) {
  if (value !== undefined && value !== null && typeof value !== 'function') {
    throw invalidType(name, 'function', value);
  }
}

function checkType(name, type, value) {
  if (typeof value !== type) throw invalidType(name, type, value);
}

function optionalText(name, value) {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalidType(name, 'string', value);
  return value;
}

function isQos(qos) {
  return qos === 0 || qos === 1 || qos === QOS_MAX;
}

function checkKeepAlive(ms) {
  if (!(ms >= 0 && ms <= KEEP_ALIVE_MAX_MS)) {
    throw outOfRange('keep_alive_time',
      `>= 0 and <= ${KEEP_ALIVE_MAX_MS} milliseconds`, ms);
  }
  return Math.ceil(ms / 1000);
}

function filterList(topic) {
  const filters = Array.isArray(topic) ? topic : [topic];
  for (const filter of filters) {
    if (typeof filter !== 'string') {
      throw invalidType('topic', 'of type string or an array of strings', filter);
    }
  }
  return filters;
}

function checkOptions(options) {
  if (options === undefined || options === null) return {};
  if (typeof options !== 'object' || Array.isArray(options)) {
    throw invalidType('options', 'object', options);
  }
  return options;
}

// nl, rap and rh as MQTT.js calls them; NaN when rh cannot be.
function filterBits(qos, { nl = false, rap = false, rh = 0 }) {
  checkType('options.nl', 'boolean', nl);
  checkType('options.rap', 'boolean', rap);
  checkType('options.rh', 'number', rh);
  if (!Number.isInteger(rh) || rh < 0 || rh > HANDLING_MAX) return NaN;
  return qos | (nl ? 4 : 0) | (rap ? 8 : 0) | rh << 4;
}

// A stream in JavaScript goes on when JavaScript does.
function checkTransport({ transport }, asynchronous) {
  if (transport === undefined || asynchronous) return;
  const error = new TypeError('Option "transport" needs an asynchronous client: while a call ' +
    'blocks, no stream can be read or written');
  error.code = 'ERR_INVALID_ARG_VALUE';
  throw error;
}

// What a client has in common with others.
function natureOf(options, settings, isAsynchronous) {
  const isPlain = options === optionTable.NONE && isAsynchronous;
  const known = isPlain ? plainNatures.get(settings) : undefined;
  if (known !== undefined) return known;
  const limits = limitsOf({ offlineTimeout: OFFLINE_MS, ...options });
  const nature = { isAsynchronous, settings, limits };
  if (isPlain) plainNatures.set(settings, nature);
  return nature;
}

// The arguments of the constructor, those left out filled in from the options.
function identity(options, client_id, user_name, user_pass, clean_session,
  keep_alive_time) {
  const clean = clean_session ?? options.clean ?? clean_session;
  const keepAlive = keep_alive_time ?? (options.keepalive === undefined
    ? keep_alive_time : options.keepalive * 1000);
  const clientId = optionalText('client_id', client_id) ?? options.clientId;
  const userName = optionalText('user_name', user_name) ?? options.username;
  const password = copy('user_pass', user_pass === '' ? null : user_pass) ??
    options.password;
  checkType('clean_session', 'boolean', clean);
  checkType('keep_alive_time', 'number', keepAlive);
  return {
    clean,
    clientId: clientId || (clean ? newId() : ''),
    userName,
    password,
    keepAlive: checkKeepAlive(keepAlive),
  };
}

function newId() {
  const letters = randomBytes(12).toString('base64url');
  return `midge_${letters.replace(/[-_]/g, '0')}`; // 22 at most in 3.1
}

// Clients that were made in this turn of the loop.
let made = [];
// Many clients go to one place: what became of the last one's is kept, unless it
// may be a secret.
let last = {};

class mqtt extends Emitter {
  #client;
  #presenter;
  #options;
  #identity;
  #security;
  #isStarted = false;

  constructor(client_id, user_name, user_pass, clean_session, keep_alive_time,
    asynchronous, options) {
    super();
    const checked = optionTable.check(options);
    const who = identity(checked, client_id, user_name, user_pass, clean_session,
      keep_alive_time);
    checkType('asynchronous', 'boolean', asynchronous);
    checkTransport(checked, asynchronous);
    if (checked.store?.inbox && !checked.manualAcks) {
      throw outOfRange('options.store.inbox', 'false, or the option manualAcks true', true);
    }
    const settings = optionTable.forAddon(checked, who.clean, asynchronous);
    this.#options = checked;
    this.#identity = who;
    this.#security = optionTable.security(checked.tls);
    this.#presenter = new Presenter(this);
    this.#client = new Client(this.#presenter, natureOf(checked, settings, asynchronous), {
      identity: who,
      credentials: checked.credentials &&
        new Credentials(checked.credentials, settings),
      carrier: checked.transport && new Carrier(checked.transport),
    });
    if (checked.manualAcks) {
      this.#presenter.acknowledges =
        (qos, mid, delivery) => this.#client.keepReceipt(qos, mid, delivery);
    }
    if (checked.will !== undefined) this.#useWill(checked.will);
    if (made.push(this) === 1) clock.setImmediate(mqtt.#startAll);
  }

  static #startAll() {
    const clients = made;
    made = [];
    for (const client of clients) client.#start();
  }

  // `options.will` of MQTT.js.
  #useWill({ topic, payload, qos = 0, retain = false, properties: list }) {
    if (this.set_willmsg(topic, payload, qos, retain, list) === 0) return;
    throw outOfRange('options.will', this.last_error.message, { will: topic });
  }

  // Once, and before whatever a connection may bring.
  #start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#presenter.started();
  }

  #refuse(status, text) {
    return this.#client.report(status, text);
  }

  get client_id() {
    return this.#identity.clientId;
  }

  // Of the last accepted publish, subscribe or unsubscribe.
  get mid() {
    return this.#client.mid;
  }

  get connected() {
    return this.#client.isConnected;
  }

  // Why the last call returned less than 0; null when it did not.
  get last_error() {
    return this.#client.fault;
  }

  set_willmsg(willtopic, willmessage, qos, retain, willProperties) {
    checkType('willtopic', 'string', willtopic);
    const payload = copy('willmessage', willmessage) ?? '';
    checkType('qos', 'number', qos);
    checkType('retain', 'boolean', retain);
    const list = properties.encode(willProperties);
    if (typeof list === 'number') return this.#refuse(list, texts.properties);
    if (!isQos(qos)) return this.#refuse(errors.EINVAL, texts.qos);
    if (!isText(willtopic)) return this.#refuse(errors.EUTF8, texts.topic);
    return this.#client.setWill(
      { topic: willtopic, payload, qos, retain, properties: list });
  }

  free_willmsg() {
    return this.#client.setWill(undefined);
  }

  clear_willmsg() {
    return this.#client.setWill(undefined);
  }

  tls_set(ca_file, ca_path, cert_file, key_file, passphrase) {
    return this.#secure('set', ca_file, ca_path, cert_file, key_file,
      passphrase);
  }

  tls_insecure_set(insecure) {
    return this.#secure('setInsecure', insecure);
  }

  tls_opts_set(cert_reqs, version, ciphers) {
    return this.#secure('setOptions', cert_reqs, version, ciphers);
  }

  tls_psk_set(key, identity, ciphers) {
    return this.#secure('setPsk', key, identity, ciphers);
  }

  #secure(change, ...args) {
    if (this.#security === PLAIN) this.#security = new Security();
    this.#security.isLocked = this.#client.isDesired;
    const status = this.#security[change](...args);
    return this.#refuse(status, this.#security.text);
  }

  connect(host, port, callback) {
    checkType('host', 'string', host);
    if (typeof port === 'function' && callback === undefined) {
      [port, callback] = [undefined, port];
    }
    if (port !== undefined && port !== null && typeof port !== 'number') {
      checkType('port', 'string', port);
    }
    checkFunction('callback', callback);
    const { clientId, userName = '' } = this.#identity;
    if (clientId === '') return this.#refuse(errors.EINVAL, texts.identifier);
    if (!isText(clientId) || !isText(userName)) {
      return this.#refuse(errors.EUTF8, texts.identifierText);
    }
    const [status, place] = this.#locate(host, port);
    if (status !== 0) return this.#refuse(status, place);
    const taken = this.#client.connect(place);
    if (taken !== 0) return taken;
    if (callback) this.#presenter.connect = callback;
    if (!this.#isStarted) clock.nextTick(() => this.#start());
    return this.#client.awaitConnect();
  }

  // [status, where the core is to connect to, or what is wrong]
  #locate(host, port) {
    const { path, servers = noServers } = this.#options;
    const { secure, tls } = this.#security;
    const isPlain = tls === NONE && path === undefined && servers === noServers;
    if (isPlain && host === last.host && port === last.port) return last.found;
    const [status, url] = addresses.locate(host, port, { secure, path });
    if (status !== 0) return [status, url];
    const others = servers.map((server) =>
      addresses.locate(server, undefined, { secure, path }));
    const wrong = others.find(([code]) => code !== 0);
    if (wrong !== undefined) return wrong;
    if (!isPlain) return [0, { url, servers: others.map(([, other]) => other), tls }];
    const found = [0, { url, servers, tls }];
    if (!host.includes('@')) last = { host, port, found };
    return found;
  }

  disconnect(callback, options) {
    checkFunction('callback', callback);
    const { reasonCode = 0, properties: given, force = false } =
      checkOptions(options);
    checkType('options.reasonCode', 'number', reasonCode);
    checkType('options.force', 'boolean', force);
    const list = properties.encode(given, 'options.properties');
    if (typeof list === 'number') return this.#refuse(list, texts.properties);
    const status = this.#client.disconnect(reasonCode, list, force);
    if (status !== 0) return status;
    if (callback) this.#presenter.disconnect = callback;
    return this.#client.awaitDisconnect();
  }

  subscribe(qos, topic, callback, callbackReceive, options) {
    checkType('qos', 'number', qos);
    const filters = filterList(topic);
    checkFunction('callback', callback);
    checkFunction('callbackReceive', callbackReceive);
    const [limits, given] = split('options', checkOptions(options));
    const list = properties.encode(given.properties, 'options.properties');
    const bits = filterBits(qos, given);
    if (typeof limits === 'number') return this.#refuse(limits, texts.limits);
    if (typeof list === 'number') return this.#refuse(list, texts.properties);
    if (!isQos(qos)) return this.#refuse(errors.EINVAL, texts.qos);
    if (Number.isNaN(bits)) return this.#refuse(errors.EINVAL, texts.handling);
    const { onMessage } = given;
    checkFunction('options.onMessage', onMessage);
    const request = {
      kind: SUBSCRIBE, isList: Array.isArray(topic), callback, filters, onMessage,
    };
    const status = this.#client.subscribe(request, filters,
      filters.map(() => bits), list, limits);
    if (status !== 0) return status;
    if (onMessage) this.#handle(filters, onMessage, given.properties);
    if (callbackReceive) this.#listen(callbackReceive);
    return this.#client.awaitRequest();
  }

  #handle(filters, handler, names) {
    this.#presenter.route(filters, handler, names?.subscriptionIdentifier);
    this.#client.heard();
  }

  #listen(receive) {
    this.#presenter.receive = receive;
    this.#client.heard();
  }

  unsubscribe(topic, callback, unsubscribeProperties) {
    const filters = filterList(topic);
    checkFunction('callback', callback);
    const [limits, given] = split('properties', unsubscribeProperties);
    const list = properties.encode(given);
    if (typeof limits === 'number') return this.#refuse(limits, texts.limits);
    if (typeof list === 'number') return this.#refuse(list, texts.properties);
    const request = {
      kind: UNSUBSCRIBE, isList: Array.isArray(topic), callback,
    };
    const status = this.#client.unsubscribe(request, filters, list, limits);
    if (status !== 0) return status;
    this.#presenter.unroute(filters);
    this.#client.heard();
    return this.#client.awaitRequest();
  }

  publish(qos, retain, topic, message, callbackPublish, callbackReceive,
    publishProperties) {
    checkType('qos', 'number', qos);
    checkType('retain', 'boolean', retain);
    checkType('topic', 'string', topic);
    const payload = content('message', message);
    checkFunction('callbackPublish', callbackPublish);
    checkFunction('callbackReceive', callbackReceive);
    let limits;
    let list;
    if (publishProperties != null) {
      let given;
      [limits, given] = splitPublish('properties', publishProperties);
      list = properties.encode(given);
      if (typeof limits === 'number') return this.#refuse(limits, texts.limits);
      if (typeof list === 'number') return this.#refuse(list, texts.properties);
    }
    if (!isQos(qos)) return this.#refuse(errors.EINVAL, texts.qos);
    const status = this.#client.publish(qos, retain, topic, payload, list,
      limits, callbackPublish);
    if (status !== 0) return status;
    if (callbackReceive) this.#listen(callbackReceive);
    return this.#client.awaitRequest();
  }

  // Of a message that was received, with the option manualAcks, by its id, or by
  // its key if a durable inbox has it; the reason is MQTT 5's.
  acknowledge(mid, reasonCode = 0) {
    if (typeof mid !== 'string' || !this.#options.store?.inbox) checkType('mid', 'number', mid);
    checkType('reasonCode', 'number', reasonCode);
    if (!this.#options.manualAcks) return this.#refuse(errors.EINVAL, texts.manual);
    return this.#client.acknowledge(this.#client.findReceipt(mid), reasonCode);
  }

  // The answer to the event 'authenticate' (24), or a new start (25).
  authenticate(reasonCode, authProperties) {
    checkType('reasonCode', 'number', reasonCode);
    const list = properties.encode(authProperties);
    if (typeof list === 'number') return this.#refuse(list, texts.properties);
    return this.#client.authenticate(reasonCode, list);
  }

  // Whoever begins or ceases to listen changes what becomes of messages.
  static {
    for (const name of ['on', 'addListener', 'prependListener', 'off',
      'removeListener', 'removeAllListeners']) {
      const inherited = this.prototype[name];
      this.prototype[name] = function change(...args) {
        inherited.apply(this, args);
        if (args[0] === 'received' || args.length === 0) this.#client.heard();
        return this;
      };
      Object.defineProperty(this.prototype, name, { enumerable: false });
    }
  }

  // Take no messages until resume: they wait at the server, and the connection
  // lives on.
  pause() {
    this.#client.pause(this);
    return this;
  }

  resume() {
    this.#client.resume(this);
    return this;
  }

  // What it has done so far, in numbers.
  stats() {
    return this.#client.stats();
  }

  ref() {
    this.#client.setRef(true);
    return this;
  }

  unref() {
    this.#client.setRef(false);
    return this;
  }
}

mqtt.errors = errors;
mqtt.strerror = strerror;
mqtt.versions = versions;

module.exports = mqtt;
