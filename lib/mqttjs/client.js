'use strict';
// MqttClient as MQTT.js has it: what it is given goes to the core, and what
// becomes of it comes from the presenter.
const { Client, limitsOf } = require('../client');
const { failure, invalidType } = require('../errors');
const args = require('./arguments');
const optionTable = require('./options');
const packets = require('./packets');
const signals = require('../signals');
const { Attempts } = require('./attempts');
const { authenticate, lacksMethod, refuse } = require('./authenticate');
const { fail, failSoon, leaving, offline, removed } = require('./failures');
const { Handlers } = require('./handlers');
const { DefaultMessageIdProvider } = require('./identifiers');
const { Inbox } = require('./inbox');
const { Members } = require('./members');
const { Presenter } = require('./presenter');
const { Requester } = require('./requester');
const { Group, Publish, Subscribe, Unsubscribe, call } = require('./requests');
const { Stores } = require('./stores');
const { validateTopics } = require('./topics');
const { wayOf, wayOfBuilder } = require('./transports');

const limits = limitsOf({ holdTimeout: optionTable.UNHEARD_MS });

// Only connect makes one.
const byConnect = Symbol('connect');

class MqttClient extends Members {
  connected = false;
  reconnecting = false;
  disconnecting = false;
  disconnected = false;
  queueQoSZero;
  options;
  messageIdProvider;
  log;
  stream; // of the attempt
  noop = () => {};
  _reconnectCount = 0;

  #core;
  #presenter;
  #attempts;
  #inbox;
  #handlers;
  #requester = new Requester(this, (response) => this.#expect(response));
  #way; // what the bytes go through
  #place; // where the core began; attempts are told where else
  #isMqtt5;
  #serverProperties;
  #keepalive; // the server's, of this connection
  #lastId = 0;
  #byId = new Map(); // requests by the ids of a provider of the program's
  #subscribed = new Map(); // by filter, the QoS: it need not be asked for again
  #publishing = 0; // of QoS 1 and 2 without an outcome
  #attempting = false; // an attempt has begun, and its close was not told
  #isSuspended = false; // nothing goes on by itself
  #isUp = false; // the core was asked to connect
  #stores; // of the program's own, if there are any
  #wantedStores; // of that reconnect
  #isReconnecting = false; // reconnect was called while it was ending
  #endings = []; // callbacks of end

  // `streamBuilder`: (client), returns a Duplex. `given`: of connect, the caller's own object,
  // which is read again at each attempt.
  constructor(streamBuilder, options = {}, given = options) {
    super(() => this.#core);
    const isBuilt = streamBuilder !== byConnect;
    this.options = optionTable.complete(options);
    this.queueQoSZero = options.queueQoSZero !== false;
    this.log = options.log ?? this.noop;
    this.messageIdProvider = options.messageIdProvider ?? new DefaultMessageIdProvider();
    this.#isMqtt5 = this.options.protocolVersion === 5;
    this.on('error', this.noop);
    this.#way = isBuilt ? wayOfBuilder(this, streamBuilder) : wayOf(this);
    this.#make(isBuilt ? options : given, options.reconnectPeriod != null);
    if (this.options.manualConnect) this.#suspend();
    else if (lacksMethod(this.options)) refuse(this);
    else this.connect();
  }

  #make(given, isPeriodGiven) {
    const settings = optionTable.settings(this.options, isPeriodGiven, this.#way.isByHand);
    this.#place = this.#way.place(this.options);
    this.#attempts = new Attempts(this, given, this.#way, (...begun) => this.#attempt(...begun),
      (will) => this.#check(this.#core.setWill(will)));
    this.#handlers = new Handlers(this, {
      pause: (who, mayYield) => this.#core.pause(who, mayYield),
      resume: (who) => this.#core.resume(who),
    });
    this.#inbox = this.#makeInbox();
    this.#presenter = new Presenter(this,
      { inbox: this.#inbox, isMqtt5: this.#isMqtt5, life: this.#life() });
    this.#core = new Client(this.#presenter, {
      isAsynchronous: true,
      identity: optionTable.identity(this.options),
      settings,
      limits,
      credentials: this.#attempts,
      carrier: this.#way.carrier,
    });
    this.#useStores(this.options);
    const will = optionTable.will(this.options);
    if (will !== undefined) this.#check(this.#core.setWill(will));
    this.#check(this.#core.connect(this.#place));
    this.#isUp = true;
  }

  #makeInbox() {
    return new Inbox(this, {
      receipt: (qos, id) => this.#core.receipt(qos, id),
      acknowledge: (receipt, reason) => this.#core.acknowledge(receipt, reason),
      fault: () => this.#core.fault,
      deliver: (topic, packet) => this.#handlers.deliver(topic, packet),
      heard: () => this.#core.heard(),
      show: (make) => this.#presenter.show('packetsend', make),
      stores: () => this.#stores,
    }, plainHandler);
  }

  #useStores(given) {
    if (!given.incomingStore && !given.outgoingStore) return;
    this.#stores ??= new Stores(this,
      { send: (request) => this.#send(request), fault: () => this.#core.fault });
    this.#stores.use(given);
  }

  #check(status) {
    if (status < 0) throw this.#core.fault;
  }

  // What the presenter tells, and MQTT.js's fields show.
  #life() {
    return {
      opened: (connection) => this.#opened(connection),
      refused: (error, wasOpen) => this.#refused(error, wasOpen),
      cause: (error) => this.#way.cause(error),
      lost: (fault) => this.#lost(fault),
      dropped: (request) => this.#dropped(request),
      ended: () => this.#ended(),
      settled: (request, isAnswered) => this.#settled(request, isAnswered),
      unfinished: () => this.#core.unfinished,
      last: () => this.#core.mid,
      authenticate: (packet) => authenticate(this, this.#core, packet),
    };
  }

  #attempt(isFirst, drop) {
    this.#attempting = true;
    this.#way.begin(drop);
    this.#serverProperties = undefined;
    if (!isFirst) this.#again();
    this.#presenter.show('packetsend', () => packets.connect(this.options));
  }

  #again() {
    this._reconnectCount += 1;
    this.log('reconnecting');
    this.#presenter.emit('reconnect');
  }

  #opened({ keepalive, properties }) {
    this.log('connected');
    this.connected = true;
    this.reconnecting = false;
    this.disconnected = false;
    this.#keepalive = keepalive;
    this.#serverProperties = properties;
    this.#handlers.opened();
  }

  // By a CONNACK: a refusal stands until somebody asks again.
  #refused(error, wasOpen) {
    if (wasOpen || error.reasonCode === undefined) return;
    this.#serverProperties = error.properties;
    if (!this.options.reconnectOnConnackError) this.#suspend();
  }

  // Nothing goes on by itself, and nothing keeps the process alive.
  #suspend() {
    this.#isSuspended = true;
    this.#attempts.shut();
    this.#core.setRef(false);
  }

  #resume(isFirst) {
    this.#isSuspended = false;
    this.#core.setRef(true);
    this.#attempts.open(isFirst);
  }

  #lost(fault) {
    this.log('closed');
    const { stream } = this;
    if (fault !== undefined) this.#way.tell(stream, 'error', fault);
    this.connected = false;
    this.#attempting = false;
    this.#keepalive = undefined;
    this.#serverProperties = undefined;
    if (!this.#isSuspended && !this.#attempts.next()) this.#suspend();
    if (this.#isSuspended) {
      this.reconnecting = false;
    } else if (!this.reconnecting) {
      this.#presenter.emit('offline');
      this.reconnecting = true;
    }
    this.#presenter.emit('close');
    this.#way.tell(stream, 'close');
  }

  // A request whose connection has gone. The core makes it again, unless
  // subscriptions are not to be.
  #dropped(request) {
    if (!this.options.resubscribe && request instanceof Subscribe) this.#core.cancel(request.mid);
  }

  #ended() {
    this.#inbox.ended();
    this.#handlers.ended();
    this.#requester.ended();
    this.connected = false;
    this.#keepalive = undefined;
    this.#serverProperties = undefined;
    this.reconnecting = false;
    this.disconnected = true;
    this.#isUp = false;
    this.#attempts.shut();
    const { stream } = this;
    if (this.#attempting) this.#presenter.emit('close');
    this.#way.tell(stream, 'close');
    this.#attempting = false;
    if (this.#stores) this.#stores.close((error) => this.#tellEnd(error));
    else this.#tellEnd();
  }

  #tellEnd(...error) {
    this.#presenter.emit('end');
    for (const callback of this.#endings.splice(0)) call(this, callback, ...error);
    if (!this.#isReconnecting) return;
    this.#isReconnecting = false;
    this.reconnect(this.#wantedStores);
  }

  #settled(request, isAnswered) {
    if (this.options.messageIdProvider && request.id !== 0 && !request.isStored) {
      this.#byId.delete(request.id);
      this.messageIdProvider.deallocate(request.id);
    }
    if (!(request.qos > 0)) return;
    this.#publishing -= 1;
    if (this.disconnecting && isAnswered && this.#publishing === 0) {
      this.#presenter.emit('outgoingEmpty');
    }
  }

  // Of CONNACK in MQTT 5.
  get serverProperties() {
    return this.#serverProperties;
  }

  // In seconds, as it is in force.
  get keepalive() {
    return this.#keepalive ?? this.options.keepalive;
  }

  // Begin to connect, when that is done by hand.
  connect() {
    if (!this.#isUp && !this.#up()) return this;
    this.disconnecting = false;
    if (!this.#attempting) this.#way.open();
    this.#resume(true);
    return this;
  }

  // False: it could not be.
  #up() {
    try {
      this.#check(this.#core.connect(this.#place));
      this.#isUp = true;
    } catch (error) {
      process.nextTick(() => this.#presenter.emit('error', error));
    }
    return this.#isUp;
  }

  reconnect(options) {
    if (this.disconnecting && this.#isUp) {
      this.#isReconnecting = true;
      this.#wantedStores = options;
      return this;
    }
    if (options) this.#useStores(options);
    this.disconnecting = false;
    this.disconnected = false;
    if (!this.#isUp && !this.#up()) return this;
    const isHeld = this.#attempts.isHeld;
    if (!this.#way.isByHand && !this.#attempting) this.#way.open();
    this.reconnecting = true;
    this.#again();
    this.#resume(true);
    // Now, and not after the delay that the core keeps.
    if (!isHeld) this.#core.reconnect();
    return this;
  }

  #isLeaving(callback) {
    if (this.disconnecting) fail(this, callback, leaving());
    return this.disconnecting;
  }

  #allocate(request) {
    const provider = this.options.messageIdProvider;
    const id = provider ? provider.allocate() : this.#core.mid;
    request.id = id;
    request.mid = this.#core.mid;
    this.#lastId = id;
    if (provider) this.#byId.set(id, request);
  }

  publish(topic, message, options, callback) {
    const [given, done] = args.tail(options, callback);
    if (this.#isLeaving(done)) return this;
    if (typeof topic !== 'string') {
      return failSoon(this, done, invalidType('topic', 'string', topic));
    }
    const { qos = 0, retain = false, properties, cbStorePut } = given;
    if (!args.isQos(qos)) return failSoon(this, done, args.qosError(qos));
    if (qos === 0 && !this.connected && !this.queueQoSZero) {
      return fail(this, done, offline());
    }
    const [wrong, payload] = args.payload(message);
    const [illegal, list] = args.encode(properties, this.#isMqtt5);
    const [impossible, limits] = args.publishLimits(given);
    const fault = wrong ?? illegal ?? impossible;
    if (fault) return failSoon(this, done, fault);
    if (qos > 0 && this.#stores) return this.#store(done, topic, message, given);
    const request = qos > 0 || done || !this.connected
      ? new Publish(this, done, topic, message, given) : undefined;
    const status = this.#core.publish(qos, Boolean(retain), topic, payload, list,
      limits, request);
    if (status < 0) return failSoon(this, done, this.#core.fault);
    if (qos > 0) this.#accepted(request, cbStorePut);
    this.#presenter.sent(() =>
      (request ?? new Publish(this, undefined, topic, message, given)).packet());
    return this;
  }

  // It is the core's when the program's store has it.
  #store(done, ...message) {
    const request = this.#stores.make(done, ...message);
    const status = this.#stores.publish(request);
    if (status < 0) return failSoon(this, done, failure(status));
    this.#lastId = request.id;
    return this;
  }

  #send(request) {
    const { topic, payload, qos, retain, properties, given } = request;
    const status = this.#core.publish(qos, Boolean(retain), topic, args.payload(payload)[1],
      args.encode(properties, this.#isMqtt5)[1], args.publishLimits(given)[1], request);
    if (status < 0) return status;
    request.mid = this.#core.mid;
    this.#publishing += 1;
    this.#presenter.sent(() => request.packet());
    return status;
  }

  #accepted(request, cbStorePut) {
    this.#publishing += 1;
    this.#allocate(request);
    if (!cbStorePut) return;
    if (this.options.store) request.cbStorePut = cbStorePut;
    else process.nextTick(cbStorePut);
  }

  // `onMessage`: is given what comes for these filters, as 'message' is.
  subscribe(topics, options, callback, onMessage) {
    const [given, done] = args.tail(options, callback);
    const isForced = topics?.resubscribe === true;
    const entries = args.entries(topics, given, this.#isMqtt5);
    const filters = entries.map(({ topic }) => topic);
    const wrong = validateTopics(filters);
    if (wrong !== null) return failSoon(this, done, new Error(`Invalid topic ${wrong}`));
    if (onMessage != null && typeof onMessage !== 'function') {
      return failSoon(this, done, invalidType('onMessage', 'function', onMessage));
    }
    if (this.#isLeaving(done)) return this;
    const bad = entries.find(({ qos }) => !args.isQos(qos));
    if (bad !== undefined) return failSoon(this, done, args.qosError(bad.qos));
    this.#handlers.add(filters, onMessage);
    const needed = entries.filter((entry) => isForced || !this.#has(entry));
    if (needed.length === 0) {
      if (done) done.call(this, null, []);
      return this;
    }
    return this.#subscribe(needed, given, done);
  }

  #has({ topic, qos }) {
    if (this.#hasNames && this.#handlers.isNameless(topic)) return false;
    return this.#subscribed.has(topic) && this.#subscribed.get(topic) >= qos;
  }

  // The server may name the subscriptions that a message is for.
  get #hasNames() {
    return this.#isMqtt5 && this.#serverProperties?.subscriptionIdentifiersAvailable !== false;
  }

  // In as many packets as subscribeBatchSize makes of it.
  #subscribe(entries, given, done) {
    const properties = given.properties ?? entries[0].properties;
    const [illegal] = args.encode(properties, this.#isMqtt5);
    const [impossible, limits] = args.limits(given);
    if (illegal || impossible) return failSoon(this, done, illegal ?? impossible);
    const size = this.options.subscribeBatchSize || entries.length;
    const group = new Group(this, done, entries);
    for (let at = 0; at < entries.length; at += size) {
      this.#ask(group, entries.slice(at, at + size), properties, limits, this.#hasNames);
    }
    return this;
  }

  // One SUBSCRIBE. A server that turns out to have no names is asked without.
  #ask(group, part, properties, limits, hasNames) {
    const filters = part.map(({ topic }) => topic);
    const own = properties?.subscriptionIdentifier;
    const name = hasNames && own === undefined ? this.#handlers.nameFor(filters) : undefined;
    const sent = name === undefined ? properties : { ...properties, subscriptionIdentifier: name };
    const [, list] = args.encode(sent, this.#isMqtt5);
    const request = new Subscribe(group, part, sent, {
      forget: (topic, error) => this.#forget(topic, error),
      nameless: name && (() => this.#ask(group, part, properties, limits, false)),
    });
    const status = this.#core.subscribe(request, filters, part.map(args.bits), list, limits);
    if (status < 0) {
      const error = this.#core.fault;
      setImmediate(() => request.failed(error));
      return;
    }
    this.#handlers.name(filters, name ?? own);
    this.#keep(request);
    if (this.options.resubscribe) {
      for (const { topic, qos } of part) this.#subscribed.set(topic, qos);
    }
    this.#presenter.sent(() => request.packet());
  }

  // It is not subscribed to any more.
  #forget(topic, error) {
    this.#subscribed.delete(topic);
    this.#handlers.remove(topic, error);
  }

  // What comes for these filters, one by one: for await (const packet of ...).
  messages(topics, options) {
    return this.#handlers.messages(topics, options ?? {});
  }

  #keep(request) {
    this.#allocate(request);
    this.#presenter.add(request);
  }

  unsubscribe(topics, options, callback) {
    const [given, done] = args.tail(options, callback);
    const filters = Array.isArray(topics) ? topics : [topics];
    const wrong = validateTopics(filters);
    if (wrong !== null) return failSoon(this, done, new Error(`Invalid topic ${wrong}`));
    if (this.#isLeaving(done)) return this;
    const [illegal, list] = args.encode(given.properties, this.#isMqtt5);
    const [impossible, limits] = args.limits(given);
    if (illegal || impossible) return failSoon(this, done, illegal ?? impossible);
    const request = new Unsubscribe(this, done, filters, given.properties);
    const status = this.#core.unsubscribe(request, filters, list, limits);
    if (status < 0) return failSoon(this, done, this.#core.fault);
    this.#keep(request);
    for (const filter of filters) this.#forget(filter);
    this.#presenter.sent(() => request.packet());
    return this;
  }

  end(...given) {
    const [force, options, callback] = args.endArguments(...given);
    if (this.disconnecting) {
      this.#isReconnecting = false;
      if (callback) callback.call(this);
      return this;
    }
    this.disconnecting = true;
    this.#attempts.shut();
    if (callback) this.#endings.push(callback);
    if (!this.#isUp) {
      setImmediate(() => this.#ended());
      return this;
    }
    this.#core.setRef(true);
    if (!this.#stores || force) this.#leave(force, options);
    else this.#stores.whenIdle(() => this.#leave(force, options));
    return this;
  }

  // An aborted signal ends the wait for what is unfinished.
  #leave(force, { signal, ...given }) {
    const { reasonCode = 0, properties } = given;
    const abort = () => this.#core.abort();
    if (force || signal?.aborted) {
      abort();
      return;
    }
    if (signal) {
      this.#endings.push(signals.heed(signal, abort));
    }
    const [, list] = args.encode(properties, this.#isMqtt5);
    // A reason or properties that cannot be are left out: it ends all the same.
    if (this.#core.disconnect(reasonCode, list, false) < 0) {
      this.#core.disconnect(0, undefined, false);
    }
    this.#presenter.sent(() => ({ cmd: 'disconnect', ...given }));
  }

  // A promise of the response to a message, in MQTT 5.
  request(topic, message, options) {
    return this.#requester.request(topic, message, options ?? {});
  }

  // A response, told of each message, or none any more: it goes ahead of
  // messages that wait for their handler, and of loops that are behind.
  #expect(response) {
    this.#presenter.expected = response;
    this.#core.expect(response !== undefined);
  }

  // Take no messages until resume: they wait at the server, and the connection
  // lives on.
  pause() {
    this.#core.pause(this);
    return this;
  }

  resume() {
    this.#core.resume(this);
    return this;
  }

  // What it has done so far, in numbers.
  stats() {
    return this.#core.stats();
  }

  removeOutgoingMessage(messageId) {
    const given = this.#stores?.find(messageId) ?? this.#byId.get(messageId);
    if (given?.isStored && given.mid === undefined) {
      given.isRemoved = true;
      return this;
    }
    const request = this.#core.cancel(given === undefined ? messageId : given.mid);
    if (request !== undefined) request.failed(removed());
    return this;
  }

  getLastMessageId() {
    return this.#lastId;
  }

  // To be overridden: whoever does calls back, once for each message.
  handleMessage(packet, callback) {
    callback();
  }

  // The same, for AUTH: (error, what is answered).
  handleAuth(packet, callback) {
    callback();
  }

  // Let the process end while it is connected, or not.
  ref() {
    this.#core.setRef(true);
    return this;
  }

  unref() {
    this.#core.setRef(false);
    return this;
  }
}

// Whoever overrides it, on an instance or for all.
const plainHandler = MqttClient.prototype.handleMessage;

module.exports = { MqttClient, byConnect };
