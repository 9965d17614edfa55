'use strict';
// Members of MQTT.js's client that are its own business there, and that programs
// look at all the same: what has no outcome, by message id.
const { randomBytes } = require('node:crypto');
const { EventEmitter } = require('node:events');
const { version } = require('../../package.json');
const { Listeners } = require('../emitter');
const { allowDoubles } = require('./doubles');
const { coded } = require('./failures');
const { Promises } = require('./promises');
const { ShownStore } = require('./store');

// Of entries of a queue that somebody has looked at, by which the core knows them.
const mids = new WeakMap();

function ignore() {}

function withId(conduct) {
  return conduct.unfinished.filter(({ id }) => id !== 0);
}

function watch(owner, conduct) {
  conduct.see(owner.listenerCount('packetsend') > 0, owner.listenerCount('packetreceive') > 0);
}

// An error that nobody listens to does no harm, whoever has removed our listener.
function keepCalm(owner) {
  if (owner.listenerCount('error') === 0) EventEmitter.prototype.on.call(owner, 'error', ignore);
}

class Members extends Promises {
  #conduct;

  constructor(conduct) {
    super();
    this._events = new Listeners();
    super.on('error', ignore);
    this.#conduct = conduct;
  }

  static get VERSION() {
    return version;
  }

  static defaultId() {
    return `mqttjs_${randomBytes(4).toString('hex')}`;
  }

  noop() {}

  get log() {
    return this.#conduct.parts.log || this.#conduct.options.log || ignore;
  }

  set log(log) {
    this.#conduct.ownParts.log = log;
  }

  // Whether QoS 0 may wait for a connection.
  get queueQoSZero() {
    return this.#conduct.parts.queueQoSZero ?? this.#conduct.options.queueQoSZero !== false;
  }

  set queueQoSZero(isQueued) {
    this.#conduct.ownParts.queueQoSZero = isQueued;
  }

  // Made when somebody looks: few programs do.
  get options() {
    return this.#conduct.ownOptions;
  }

  set options(options) {
    this.#conduct.options = options;
  }

  get messageIdProvider() {
    return this.#conduct.identifiers;
  }

  set messageIdProvider(provider) {
    this.#conduct.identifiers = provider;
  }

  // The program's, or what shows the same.
  get incomingStore() {
    return this.#conduct.stores?.incoming ?? new ShownStore(this, []);
  }

  set incomingStore(incomingStore) {
    const { outgoingStore } = this;
    this.#conduct.useStores({ incomingStore, outgoingStore });
  }

  get outgoingStore() {
    return this.#conduct.stores?.outgoing ?? new ShownStore(this, withId(this.#conduct)
      .filter(({ qos }) => qos > 0).map((request) => request.packet()));
  }

  set outgoingStore(outgoingStore) {
    const { incomingStore } = this;
    this.#conduct.useStores({ incomingStore, outgoingStore });
  }

  // { id: { volatile, cmd, cb } }; what is volatile ends with the connection.
  get outgoing() {
    return Object.fromEntries(withId(this.#conduct).map(({ id, cmd, callback }) =>
      [id, { volatile: cmd !== 'publish', cmd, cb: callback ?? (() => {}) }]));
  }

  // What is not among these any more is given up.
  set outgoing(kept) {
    for (const { id } of withId(this.#conduct)) {
      if (!Object.hasOwn(kept ?? {}, id)) this.removeOutgoingMessage(id);
    }
  }

  // { id: filters }, of SUBSCRIBE without SUBACK.
  get messageIdToTopic() {
    return Object.fromEntries(withId(this.#conduct).filter(({ cmd }) => cmd === 'subscribe')
      .map(({ id, entries }) => [id, entries.map(({ topic }) => topic)]));
  }

  // { filter: { qos } }: what is not asked for again.
  get _resubscribeTopics() {
    return this.#conduct.ownParts.subscribed.table;
  }

  // What is not there any more is, the next time.
  set _resubscribeTopics(table) {
    this.#conduct.ownParts.subscribed.keep(table);
  }

  // [{ packet, cb }]: what waits for a connection, but for publishes of QoS 1 and
  // 2, which are outgoing.
  get queue() {
    return this.#conduct.queued.map(([mid, request]) => {
      const entry = { packet: request.packet(), cb: request.callback ?? (() => {}) };
      mids.set(entry, mid);
      return entry;
    });
  }

  // What is not among these entries is given up.
  set queue(entries) {
    const kept = new Set(Array.from(entries ?? [], (entry) => mids.get(entry)));
    for (const [mid] of this.#conduct.queued) {
      if (!kept.has(mid)) this.#conduct.remove(mid);
    }
  }

  // In ms, and null when nothing pings: there is no connection, or keepalive is 0.
  get keepaliveManager() {
    const keepalive = this.keepalive * 1000;
    if (!this.connected || keepalive === 0) return null;
    return { keepalive, intervalEvery: keepalive / 2 };
  }

  // What the bytes go through in the attempt that there is, or was.
  get stream() {
    return this.#conduct.way.streamOf(this.#conduct);
  }

  // To be overridden: whoever does calls back, once for each message.
  handleMessage(packet, callback) {
    callback();
  }

  // The same, for AUTH: (error, what is answered).
  handleAuth(packet, callback) {
    callback();
  }

  // The keep-alive counts from now on. When to ping is the core's business otherwise.
  reschedulePing(force = false) {
    if (this.keepaliveManager === null || !(force || this.#conduct.options.reschedulePings)) return;
    this.#conduct.core.postponePing();
  }

  // One that is not answered in time ends the connection, as any other.
  sendPing() {
    this.#conduct.core.ping();
  }

  static {
    for (const name of ['on', 'addListener', 'prependListener', 'off', 'removeListener',
      'removeAllListeners']) {
      const inherited = EventEmitter.prototype[name];
      const change = function change(...args) {
        inherited.apply(this, args);
        const isAll = name === 'removeAllListeners' && args.length === 0;
        if (isAll || args[0] === 'packetsend' || args[0] === 'packetreceive') {
          watch(this, this.#conduct);
        }
        if (isAll || args[0] === 'error') keepCalm(this);
        return this;
      };
      Object.defineProperty(this.prototype, name,
        { value: change, writable: true, configurable: true });
    }
  }

  // Give the connection up as a dead one; another attempt follows.
  onKeepaliveTimeout() {
    this.stream?.destroy();
    this.emit('error', coded('Keepalive timeout', 'EKEEPALIVE'));
  }

  static {
    allowDoubles(this.prototype, (object) => #conduct in object);
  }
}

// A client has its own once it has reconnected.
Members.prototype._reconnectCount = 0;

// Whoever overrides it, on an instance or for all.
const plainHandler = Members.prototype.handleMessage;

module.exports = { Members, plainHandler };
