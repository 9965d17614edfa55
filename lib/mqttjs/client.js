'use strict';
// MqttClient as MQTT.js has it: what it is given goes to the core, and what
// becomes of it comes from the presenter.
const clock = require('../clock');
const { failure, invalidType } = require('../errors');
const args = require('./arguments');
const optionTable = require('./options');
const signals = require('../signals');
const { lacksMethod, refuse } = require('./authenticate');
const { allowDoubles } = require('./doubles');
const { fail, failSoon, invalidTopic, invalidQos, leaving, offline } = require('./failures');
const { Members } = require('./members');
const { Plan } = require('./plan');
const { Presenter } = require('./presenter');
const { FullPublish, Group, Publish, Subscribe, Unsubscribe } = require('./requests');
const { validateTopics } = require('./topics');
const { canStand } = require('./untold');
const { wayOf, wayOfBuilder } = require('./transports');

// Only connect makes one.
const byConnect = Symbol('connect');

class MqttClient extends Members {
  connected = false;
  reconnecting = false;
  disconnecting = false;
  disconnected = false;

  #conduct;

  // `streamBuilder`: (client), returns a Duplex. Of connect it is byConnect, `options` is
  // { options, isPeriodGiven } or { plan }, and `given` the caller's own object, which is
  // read again at each attempt.
  constructor(streamBuilder, options = {}, given = options) {
    const conduct = new Presenter();
    super(conduct);
    this.#conduct = conduct;
    const isBuilt = streamBuilder !== byConnect;
    const begun = isBuilt ? { options: optionTable.complete(options),
      isPeriodGiven: options.reconnectPeriod != null } : options;
    if (begun.plan === undefined) conduct.options = begun.options;
    else conduct.plan = begun.plan;
    const known = begun.options ?? begun.plan.options;
    const isCalled = !known.manualConnect && this.connect === MqttClient.prototype.connect;
    this.#begin(begun, isBuilt ? wayOfBuilder(this, streamBuilder, isCalled)
      : wayOf(this, known), given);
    if (known.manualConnect) conduct.suspend();
    else if (lacksMethod(known)) refuse(this);
    else this.connect();
  }

  #begin(begun, way, given) {
    this.#conduct.way = way;
    begun.plan ??= new Plan(begun.options, given, way, begun.isPeriodGiven);
    this.#conduct.begin(this, begun.plan, given);
  }

  // Of CONNACK in MQTT 5.
  get serverProperties() {
    return this.#conduct.serverProperties;
  }

  // In seconds, as it is in force.
  get keepalive() {
    return this.#conduct.keepalive ?? this.#conduct.options.keepalive;
  }

  // Begin to connect, when that is done by hand.
  connect() {
    this.#conduct.connect();
    return this;
  }

  reconnect(options) {
    this.#conduct.reconnect(options);
    return this;
  }

  #isLeaving(callback) {
    if (this.disconnecting) fail(this, callback, leaving());
    return this.disconnecting;
  }

  publish(topic, message, options, callback) {
    let [given, done] = args.tail(options, callback);
    if (this.#isLeaving(done)) return this;
    if (typeof topic !== 'string') {
      if (!Buffer.isBuffer(topic)) {
        return failSoon(this, done, invalidType('topic', 'string', topic));
      }
      topic = topic.toString();
    }
    if (!args.isQos(given.qos ?? 0)) given = { ...given, qos: args.qosOf(given.qos) };
    const { retain = false, properties, cbStorePut } = given;
    const qos = given.qos ?? 0;
    if (cbStorePut && typeof cbStorePut !== 'function') {
      return failSoon(this, done, invalidType('options.cbStorePut', 'function', cbStorePut));
    }
    if (!args.isQos(qos)) return failSoon(this, done, invalidQos(qos));
    if (qos === 0 && !this.connected && !this.queueQoSZero) {
      return fail(this, done, offline());
    }
    const [wrong, payload] = args.payload(message);
    const conduct = this.#conduct;
    const { core } = conduct;
    const [illegal, list] = args.encode(properties, conduct.isMqtt5);
    const [impossible, limits] = args.publishLimits(given);
    const fault = wrong ?? illegal ?? impossible;
    if (fault) return failSoon(this, done, fault);
    if (qos > 0 && conduct.stores) return this.#store(done, topic, message, given);
    const isFull = conduct.options.messageIdProvider || FullPublish.isNeeded(given);
    const Kind = isFull ? FullPublish : Publish;
    const isUnheard = !done && !isFull && !given.dup && !cbStorePut && !conduct.isWatched;
    const isKept = qos > 0 || done || !this.connected;
    const request = !isKept ? undefined
      : isUnheard && canStand(message) ? message : new Kind(done, topic, message, given);
    const status = core.publish(qos, Boolean(retain), topic, payload, list, limits, request);
    if (status < 0) return failSoon(this, done, core.fault);
    if (isKept && request === message) conduct.leftUntold(topic, qos, retain);
    else if (qos > 0) this.#accepted(request, cbStorePut);
    if (conduct.isWatched) conduct.sent(request ?? new Kind(undefined, topic, message, given));
    return this;
  }

  // It is the core's when the program's store has it.
  #store(done, ...message) {
    const { stores } = this.#conduct;
    const request = stores.make(done, ...message);
    const status = stores.publish(request);
    if (status < 0) return failSoon(this, done, failure(status));
    this.#conduct.lastId = request.id;
    return this;
  }

  #accepted(request, cbStorePut) {
    this.#conduct.published();
    this.#conduct.allocate(request);
    if (!cbStorePut) return;
    if (this.#conduct.options.store) request.cbStorePut = cbStorePut;
    else clock.nextTick(cbStorePut);
  }

  // `onMessage`: is given what comes for these filters, as 'message' is.
  subscribe(topics, options, callback, onMessage) {
    const [given, done] = args.tail(options, callback);
    const isForced = topics?.resubscribe === true;
    const entries = args.entries(topics, given, this.#conduct.isMqtt5);
    const filters = entries.map(({ topic }) => topic);
    const wrong = validateTopics(filters);
    if (wrong !== null) return failSoon(this, done, invalidTopic(wrong));
    if (onMessage != null && typeof onMessage !== 'function') {
      return failSoon(this, done, invalidType('onMessage', 'function', onMessage));
    }
    if (this.#isLeaving(done)) return this;
    const bad = args.wrongEntry(entries);
    if (bad !== undefined) return failSoon(this, done, bad);
    const properties = given.properties ?? entries[0].properties;
    const [illegal] = args.encode(properties, this.#conduct.isMqtt5);
    const [impossible, limits] = args.limits(given);
    if (illegal || impossible) return failSoon(this, done, illegal ?? impossible);
    this.#conduct.handlers.add(filters, onMessage);
    const needed = entries.filter((entry) => isForced || !this.#has(entry));
    if (needed.length === 0) {
      if (done) done.call(this, null, []);
      return this;
    }
    return this.#subscribe(needed, properties, limits, done);
  }

  #has(entry) {
    if (this.#hasNames && this.#conduct.handlers.isNameless(entry.topic)) return false;
    return this.#conduct.parts.subscribed.has(entry);
  }

  // The server may name the subscriptions that a message is for.
  get #hasNames() {
    const { isMqtt5, serverProperties } = this.#conduct;
    return isMqtt5 && serverProperties?.subscriptionIdentifiersAvailable !== false;
  }

  // In as many packets as subscribeBatchSize makes of it.
  #subscribe(entries, properties, limits, done) {
    const size = this.#conduct.options.subscribeBatchSize || entries.length;
    const group = new Group(done, entries);
    for (let at = 0; at < entries.length; at += size) {
      this.#ask(group, entries.slice(at, at + size), properties, limits, this.#hasNames);
    }
    return this;
  }

  // One SUBSCRIBE. A server that turns out to have no names is asked without.
  #ask(group, part, properties, limits, hasNames) {
    const { core, handlers } = this.#conduct;
    const filters = part.map(({ topic }) => topic);
    const own = properties?.subscriptionIdentifier;
    const name = hasNames && own === undefined ? handlers.nameFor(filters) : undefined;
    const sent = name === undefined ? properties : { ...properties, subscriptionIdentifier: name };
    const [, list] = args.encode(sent, this.#conduct.isMqtt5);
    const request = new Subscribe(group, part, sent, {
      forget: (topic, error) => this.#forget(topic, error),
      nameless: name && (() => this.#ask(group, part, properties, limits, false)),
    });
    const status = core.subscribe(request, filters, part.map(args.bits), list, limits);
    if (status < 0) {
      const error = core.fault;
      clock.setImmediate(() => request.failed(this, error));
      return;
    }
    handlers.name(filters, name ?? own);
    this.#keep(request);
    if (this.#conduct.options.resubscribe) {
      const { subscribed } = this.#conduct.ownParts;
      for (const entry of part) subscribed.add(entry);
    }
    this.#conduct.sent(request);
  }

  // It is not subscribed to any more.
  #forget(topic, error) {
    this.#conduct.parts.subscribed.delete(topic);
    this.#conduct.handlers.remove(topic, error);
  }

  // What comes for these filters, one by one: for await (const packet of ...).
  messages(topics, options) {
    return this.#conduct.handlers.messages(topics, options ?? {});
  }

  #keep(request) {
    this.#conduct.allocate(request);
    this.#conduct.add(request);
  }

  unsubscribe(topics, options, callback) {
    const [given, done] = args.tail(options, callback);
    const filters = Array.isArray(topics) ? topics : [topics];
    const wrong = validateTopics(filters);
    if (wrong !== null) return failSoon(this, done, invalidTopic(wrong));
    if (this.#isLeaving(done)) return this;
    const [illegal, list] = args.encode(given.properties, this.#conduct.isMqtt5);
    const [impossible, limits] = args.limits(given);
    if (illegal || impossible) return failSoon(this, done, illegal ?? impossible);
    const request = new Unsubscribe(done, filters, given.properties);
    const status = this.#conduct.core.unsubscribe(request, filters, list, limits);
    if (status < 0) return failSoon(this, done, this.#conduct.core.fault);
    this.#keep(request);
    for (const filter of filters) this.#forget(filter);
    this.#conduct.sent(request);
    return this;
  }

  end(...given) {
    const [force, options, callback] = args.endArguments(...given);
    if (this.disconnecting) {
      this.#conduct.stay();
      if (callback) callback.call(this);
      return this;
    }
    const conduct = this.#conduct;
    this.disconnecting = true;
    if (callback) conduct.whenEnded(callback);
    if (!conduct.leave()) return this;
    if (!conduct.stores || force) this.#leave(force, options);
    else conduct.stores.whenIdle(() => this.#leave(force, options));
    return this;
  }

  // An aborted signal ends the wait for what is unfinished.
  #leave(force, { signal, ...given }) {
    const { reasonCode = 0, properties } = given;
    const { core } = this.#conduct;
    const abort = () => core.abort();
    if (force || signal?.aborted) {
      abort();
      return;
    }
    if (signal) {
      this.#conduct.whenEnded(signals.heed(signal, abort));
    }
    this.#conduct.parts.inbox?.acceptTold();
    const [, list] = args.encode(properties, this.#conduct.isMqtt5);
    // A reason or properties that cannot be are left out: it ends all the same.
    if (core.disconnect(reasonCode, list, false) < 0) {
      core.disconnect(0, undefined, false);
    }
    if (this.#conduct.isWatched) this.#conduct.emit('packetsend', { cmd: 'disconnect', ...given });
  }

  // A promise of the response to a message, in MQTT 5.
  request(topic, message, options) {
    return this.#conduct.requester.request(topic, message, options ?? {});
  }

  // Take no messages until resume: they wait at the server, and the connection
  // lives on.
  pause() {
    this.#conduct.core.pause(this);
    return this;
  }

  resume() {
    this.#conduct.core.resume(this);
    return this;
  }

  // What it has done so far, in numbers.
  stats() {
    return this.#conduct.core.stats();
  }

  removeOutgoingMessage(messageId) {
    const conduct = this.#conduct;
    const given = conduct.stores?.find(messageId) ?? conduct.find(messageId);
    if (given?.isStored && given.mid === undefined) {
      given.isRemoved = true;
      return this;
    }
    if (given === undefined && typeof messageId !== 'number') return this;
    conduct.remove(given === undefined ? messageId : given.mid);
    return this;
  }

  getLastMessageId() {
    return this.#conduct.lastId;
  }

  // Let the process end while it is connected, or not.
  ref() {
    this.#conduct.core.setRef(true);
    return this;
  }

  unref() {
    this.#conduct.core.setRef(false);
    return this;
  }

  static {
    allowDoubles(this.prototype, (object) => #conduct in object);
  }
}

module.exports = { MqttClient, byConnect };
