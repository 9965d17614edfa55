'use strict';
// The class: checks what it is given, remembers what is to be said on the next
// connection, and leaves the rest to its link.
const { randomBytes } = require('node:crypto');
const { EventEmitter } = require('node:events');
const { types } = require('node:util');
const native = require('./native');
const addresses = require('./address');
const batch = require('./batch');
const optionTable = require('./options');
const properties = require('./properties');
const { Credentials } = require('./credentials');
const { errors, strerror, invalidType, outOfRange } = require('./errors');
const { Link, kinds } = require('./link');

const TIMEOUT_MS = 30000;
const KEEP_ALIVE_MAX_MS = 65535000;
const GOODBYE_MS = 5000; // for a blocking connect that failed to clean up
const QOS_MAX = 2;
const HANDLING_MAX = 2; // of retained messages: MQTT 5, 3.8.3.1

// What the addon's wait waits for.
const GOAL_OPENED = 0;
const GOAL_DONE = 1;
const GOAL_CLOSED = 2;
const ASKS = 1;

// Of the third argument of the addon's publish.
const FLAG_RETAIN = 4;
const FLAG_TEXT = 8;
const FLAG_BYTES = 16;

const { isUint8Array } = types;
const BYTES = 'of type string or an instance of Buffer or Uint8Array';

// A client that nobody can reach any more is given up.
const finalizer = new FinalizationRegistry((handle) => {
  if (handle.index >= 0) native.close(handle.index);
});

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

function optionalSecret(name, value) {
  if (isUint8Array(value)) return Buffer.from(value);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') {
    throw invalidType(name, BYTES, value);
  }
  return value;
}

// A lone surrogate is no character: UTF-8 has none of it.
function isText(string) {
  return string.isWellFormed ? string.isWellFormed()
    : !/\p{Surrogate}/u.test(string);
}

function isQos(qos) {
  return qos === 0 || qos === 1 || qos === QOS_MAX;
}

// Which kind of payload it is, as the addon wants to know it.
function payloadFlag(message) {
  if (typeof message === 'string') return FLAG_TEXT;
  if (message === undefined || message === null) return 0;
  if (isUint8Array(message)) return FLAG_BYTES;
  throw invalidType('message', BYTES, message);
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

// nl, rap and rh as MQTT.js calls them; NaN when rh cannot be.
function filterBits(qos, { nl = false, rap = false, rh = 0 }) {
  checkType('options.nl', 'boolean', nl);
  checkType('options.rap', 'boolean', rap);
  checkType('options.rh', 'number', rh);
  if (!Number.isInteger(rh) || rh < 0 || rh > HANDLING_MAX) return NaN;
  return qos | (nl ? 4 : 0) | (rap ? 8 : 0) | rh << 4;
}

function isOptions(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class mqtt extends EventEmitter {
  #link = null;
  #handle = { index: -1 }; // the link's; the finalizer closes it
  #opened = ''; // the URL and settings that the link was opened with
  #settings; // what the addon is told, but for the URL and what may change
  #options;
  #security;
  #credentials;
  #will;
  #callbacks = { connect: null, disconnect: null, receive: null };
  #isAsynchronous;
  #isRef = true;
  #isStarted = false;
  #timeout;
  #clientId;
  #mid = 0;
  #topic = ''; // the last one published to: it need not be checked again

  constructor(client_id, user_name, user_pass, clean_session, keep_alive_time,
    asynchronous, options) {
    super();
    const checked = optionTable.check(options);
    const clean = clean_session ?? checked.clean ?? clean_session;
    const keepAlive = keep_alive_time ??
      (checked.keepalive === undefined ? keep_alive_time
        : checked.keepalive * 1000);
    const clientId = optionalText('client_id', client_id) ?? checked.clientId;
    const userName = optionalText('user_name', user_name) ?? checked.username;
    const password = optionalSecret('user_pass', user_pass) ?? checked.password;
    checkType('clean_session', 'boolean', clean);
    checkType('keep_alive_time', 'number', keepAlive);
    checkType('asynchronous', 'boolean', asynchronous);
    this.#clientId = clientId || (clean ? mqtt.#newId() : '');
    this.#isAsynchronous = asynchronous;
    this.#timeout = checked.timeout ?? TIMEOUT_MS;
    this.#options = checked;
    this.#settings = {
      ...optionTable.forAddon(checked, clean),
      userName,
      password,
      keepAlive: checkKeepAlive(keepAlive),
    };
    this.#security = optionTable.security(checked.tls);
    this.#useOptions(checked);
    setImmediate(() => this.#start());
  }

  #useOptions({ will, credentials }) {
    if (will !== undefined) this.#useWill(will);
    if (credentials !== undefined) {
      this.#credentials = new Credentials(credentials, this.#settings);
    }
  }

  // `options.will` of MQTT.js.
  #useWill({ topic, payload, qos = 0, retain = false, properties: list }) {
    const status = this.set_willmsg(topic, payload, qos, retain, list);
    if (status === 0) return;
    throw outOfRange('options.will', strerror(status), { will: topic });
  }

  static #newId() {
    const letters = randomBytes(12).toString('base64url');
    return `midge_${letters.replace(/[-_]/g, '0')}`; // 22 at most in 3.1
  }

  // Once, and before whatever a connection may bring.
  #start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.emit('started');
  }

  get client_id() {
    return this.#clientId;
  }

  // Of the last accepted publish, subscribe or unsubscribe.
  get mid() {
    return this.#mid;
  }

  get connected() {
    return this.#link !== null && this.#link.isConnected;
  }

  set_willmsg(willtopic, willmessage, qos, retain, willProperties) {
    checkType('willtopic', 'string', willtopic);
    const flag = payloadFlag(willmessage);
    checkType('qos', 'number', qos);
    checkType('retain', 'boolean', retain);
    const list = properties.encode(willProperties);
    if (typeof list === 'number') return list;
    if (!isQos(qos)) return errors.EINVAL;
    if (!isText(willtopic)) return errors.EUTF8;
    const will = {
      topic: willtopic,
      payload: flag === FLAG_BYTES ? Buffer.from(willmessage)
        : willmessage ?? '',
      qos,
      retain,
      properties: list,
    };
    const status = native.checkWill(will, this.#settings.version);
    return status === 0 ? this.#setWill(will) : status;
  }

  free_willmsg() {
    return this.#setWill(undefined);
  }

  clear_willmsg() {
    return this.#setWill(undefined);
  }

  #setWill(will) {
    if (this.#handle.index >= 0) {
      const status = native.setWill(this.#handle.index, will);
      if (status !== 0) return status;
    }
    this.#will = will;
    return 0;
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
    this.#security.isLocked = this.#isAsked;
    return this.#security[change](...args);
  }

  // connect was called and disconnect was not, and it was not refused.
  get #isAsked() {
    const link = this.#link;
    return link !== null && link.isWanted && link.left < link.asked;
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
    const url = addresses.locate(host, port, {
      secure: this.#security.secure, path: this.#options.path,
    });
    if (typeof url === 'number') return url;
    const { version, userName, password } = this.#settings;
    if (this.#clientId === '') return errors.EINVAL;
    if (!isText(this.#clientId) || !isText(userName ?? '')) return errors.EUTF8;
    if (password !== undefined && userName === undefined && version !== 0 &&
        !url.includes('@')) {
      return errors.EINVAL;
    }
    return this.#connect(url, callback);
  }

  #connect(url, callback) {
    let status = this.#open(url);
    if (status !== 0) return status;
    status = native.connect(this.#handle.index);
    if (status !== 0) return status;
    if (callback) this.#callbacks.connect = callback;
    if (!this.#isStarted) process.nextTick(() => this.#start());
    this.#link.began();
    return this.#isAsynchronous ? 0 : this.#awaitConnect();
  }

  // The session that waits in a link goes on with it, unless it is to go to
  // another server or in another way.
  #open(url) {
    const wanted = JSON.stringify([url, this.#security.tls]);
    if (this.#link !== null && this.#opened === wanted) return 0;
    if (this.#link !== null && this.#isAsked) return errors.EINVAL;
    const handle = { index: -1 };
    const index = native.open({
      ...this.#settings,
      url,
      clientId: this.#clientId,
      will: this.#will,
      tls: this.#security.tls,
    }, (text) => { this.#security.text = text; });
    if (index < 0) return index;
    this.#replace();
    handle.index = index;
    this.#handle = handle;
    this.#opened = wanted;
    this.#link = new Link(this, this.#callbacks, handle,
      this.#settings.version === 0);
    this.#link.isRef = this.#isRef;
    if (this.#credentials !== undefined) this.#credentials.serve(this.#link);
    finalizer.register(this, handle, this);
    batch.hold(this.#link, true);
    return 0;
  }

  #replace() {
    finalizer.unregister(this);
    if (this.#link !== null) this.#link.giveUp(!this.#isAsynchronous);
  }

  // Wait, and see to it that what came meanwhile is delivered.
  #wait(goal, mid, timeout = this.#timeout) {
    const outcome = native.wait(this.#handle.index, goal, mid, timeout);
    batch.later();
    return outcome;
  }

  #awaitConnect() {
    const end = Date.now() + this.#timeout;
    let status = ASKS;
    while (status === ASKS) {
      status = this.#wait(GOAL_OPENED, 0, Math.max(0, end - Date.now()));
      if (status === ASKS) this.#credentials.answerNow(this.#link);
    }
    if (status === 0) this.#link.isConnected = true;
    else this.#abandon();
    return status;
  }

  // A refusal that cannot heal has ended the attempts by itself.
  #abandon() {
    this.#link.left = this.#link.asked;
    if (native.disconnect(this.#handle.index, 0) !== 0) return;
    this.#link.isAbandoned = true;
    this.#wait(GOAL_CLOSED, 0, GOODBYE_MS);
  }

  disconnect(callback, options) {
    checkFunction('callback', callback);
    const { reasonCode = 0, properties: given } = options ?? {};
    if (options !== undefined && options !== null && !isOptions(options)) {
      throw invalidType('options', 'object', options);
    }
    checkType('options.reasonCode', 'number', reasonCode);
    const list = properties.encode(given, 'options.properties');
    if (typeof list === 'number') return list;
    if (!Number.isInteger(reasonCode) || reasonCode < 0 || reasonCode > 255) {
      return errors.EINVAL;
    }
    if (this.#link === null) return errors.ENOCONN;
    const status = native.disconnect(this.#handle.index, reasonCode, list);
    if (status !== 0) return status;
    if (callback) this.#callbacks.disconnect = callback;
    this.#link.left = this.#link.asked;
    if (this.#isAsynchronous) {
      this.#link.cancelled = this.#link.asked;
      this.#link.isConnected = false;
      return 0;
    }
    const outcome = this.#wait(GOAL_CLOSED, 0);
    this.#link.isConnected = false;
    return outcome;
  }

  subscribe(qos, topic, callback, callbackReceive, options) {
    checkType('qos', 'number', qos);
    const filters = filterList(topic);
    checkFunction('callback', callback);
    checkFunction('callbackReceive', callbackReceive);
    if (options !== undefined && options !== null && !isOptions(options)) {
      throw invalidType('options', 'object', options);
    }
    const given = options ?? {};
    const list = properties.encode(given.properties, 'options.properties');
    const bits = filterBits(qos, given);
    if (typeof list === 'number') return list;
    if (!isQos(qos) || Number.isNaN(bits)) return errors.EINVAL;
    if (!filters.every(isText)) return errors.EUTF8;
    const wish = {
      kind: kinds.subscribe, isList: Array.isArray(topic), callback,
    };
    const status = this.#wish(wish, (index, mid) => native.subscribe(
      index, mid, filters, filters.map(() => bits), list));
    if (status === 0 && callbackReceive) {
      this.#callbacks.receive = callbackReceive;
    }
    return this.#outcome(status);
  }

  unsubscribe(topic, callback, unsubscribeProperties) {
    const filters = filterList(topic);
    checkFunction('callback', callback);
    const list = properties.encode(unsubscribeProperties);
    if (typeof list === 'number') return list;
    if (!filters.every(isText)) return errors.EUTF8;
    const wish = {
      kind: kinds.unsubscribe, isList: Array.isArray(topic), callback,
    };
    return this.#outcome(this.#wish(wish, (index, mid) =>
      native.unsubscribe(index, mid, filters, list)));
  }

  // Make a wish under the next message id, which it keeps if it is accepted.
  #wish(wish, make) {
    if (this.#link === null) return errors.ENOCONN;
    const mid = this.#mid + 1;
    const status = make(this.#handle.index, mid);
    if (status !== 0) return status;
    this.#mid = mid;
    this.#link.pending.set(mid, wish);
    return 0;
  }

  #outcome(status) {
    if (status !== 0 || this.#isAsynchronous) return status;
    return this.#wait(GOAL_DONE, this.#mid);
  }

  publish(qos, retain, topic, message, callbackPublish, callbackReceive,
    publishProperties) {
    checkType('qos', 'number', qos);
    checkType('retain', 'boolean', retain);
    checkType('topic', 'string', topic);
    const flag = payloadFlag(message);
    checkFunction('callbackPublish', callbackPublish);
    checkFunction('callbackReceive', callbackReceive);
    const list = publishProperties == null
      ? undefined : properties.encode(publishProperties);
    if (typeof list === 'number') return list;
    const link = this.#link;
    if (link === null) return errors.ENOCONN;
    if (!isQos(qos)) return errors.EINVAL;
    if (topic !== this.#topic) {
      if (!isText(topic)) return errors.EUTF8;
      this.#topic = topic;
    }
    if (qos === 0 && this.#options.queueQoSZero === false &&
        !link.isConnected) {
      return errors.ELOST;
    }
    const mid = this.#mid + 1;
    const flags = qos | (retain ? FLAG_RETAIN : 0) | flag;
    const status = list === undefined
      ? native.publish(link.handle.index, mid, flags, topic, message)
      : native.publish(link.handle.index, mid, flags, topic, message, list);
    if (status !== 0) return status;
    this.#mid = mid;
    if (callbackPublish) link.pending.set(mid, callbackPublish);
    if (callbackReceive) this.#callbacks.receive = callbackReceive;
    return this.#isAsynchronous ? 0 : this.#wait(GOAL_DONE, mid);
  }

  // The answer to the event 'authenticate' (24), or a new start (25).
  authenticate(reasonCode, authProperties) {
    checkType('reasonCode', 'number', reasonCode);
    const list = properties.encode(authProperties);
    if (typeof list === 'number') return list;
    if (!Number.isInteger(reasonCode) || reasonCode < 0 || reasonCode > 255) {
      return errors.EINVAL;
    }
    if (this.#link === null) return errors.ENOCONN;
    return native.authenticate(this.#handle.index, reasonCode, list);
  }

  ref() {
    return this.#setRef(true);
  }

  unref() {
    return this.#setRef(false);
  }

  #setRef(isRef) {
    this.#isRef = isRef;
    if (this.#link !== null) {
      this.#link.isRef = isRef;
      this.#link.keepAlive();
    }
    return this;
  }
}

mqtt.errors = errors;
mqtt.strerror = strerror;

module.exports = mqtt;
