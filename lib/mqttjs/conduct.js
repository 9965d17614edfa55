'use strict';
// What goes on between a client and its core: connections that come and go, and
// what MQTT.js's fields and events show of it. The parts of a client are made
// here, those that few programs need when one does.
const { Client } = require('../client');
const args = require('./arguments');
const packets = require('./packets');
const { Attempts } = require('./attempts');
const { authenticate } = require('./authenticate');
const { Handlers } = require('./handlers');
const { DefaultMessageIdProvider } = require('./identifiers');
const { Inbox } = require('./inbox');
const { Presenter } = require('./presenter');
const { Requester } = require('./requester');
const { Subscribe, call } = require('./requests');
const { Stores } = require('./stores');
const { Untold, isUntold } = require('./untold');

class Conduct {
  core;
  attempts;
  presenter;
  owner; // the MqttClient
  options; // the client's; of a shared plan, until somebody looks at them
  isMqtt5;
  serverProperties; // of this connection
  keepalive; // the server's, of this connection
  lastId = 0;
  stores; // of the program's own, if there are any
  expected; // (topic, packet): hears of a message at once
  way; // what the bytes go through
  isSentSeen = false; // somebody looks at packets that leave
  isReceivedSeen = false; // and at those that come
  isAttempting = false; // an attempt has begun, and its close was not told
  #plan; // what the client is made by
  #identity; // who it was to begin with
  #handlers; // these four, once there was something for them
  #inbox;
  #requester;
  #identifiers;
  #untold; // publishes that nobody is told of, once there was one
  #publishing = 0; // of QoS 1 and 2 without an outcome
  #isSuspended = false; // nothing goes on by itself
  #isUp = false; // the core was asked to connect
  #wantedStores; // of that reconnect
  #isReconnecting = false; // reconnect was called while it was ending
  #endings; // callbacks of end

  // It has its options. `given`: the caller's own, which are read again.
  begin(owner, plan, given) {
    const identity = plan.identify(given);
    this.#identity = identity;
    this.owner = owner;
    this.#plan = plan;
    this.isMqtt5 = this.options.protocolVersion === 5;
    this.attempts = new Attempts(this, plan, identity, given);
    this.presenter = new Presenter(owner, this);
    this.core = new Client(this.presenter, plan.nature, {
      identity,
      credentials: this.attempts,
      carrier: this.way.carrier,
    });
    this.useStores(this.options);
    if (plan.will !== undefined) this.setWill(plan.will);
    this.#start();
  }

  #start() {
    this.#check(this.core.connect(this.#plan.place));
    this.#isUp = true;
    this.attempts.expect();
  }

  // The options, the client's own from now on: they may be changed.
  get ownOptions() {
    if (this.options === this.#plan?.options) this.options = this.#plan.optionsFor(this.#identity);
    return this.options;
  }

  // --- Parts ---

  get isSeen() {
    return this.isSentSeen || this.isReceivedSeen;
  }

  get handlers() {
    this.#handlers ??= new Handlers(this);
    return this.#handlers;
  }

  // A message is theirs too.
  get hasHandlers() {
    return this.#handlers !== undefined && !this.#handlers.isEmpty;
  }

  get inbox() {
    this.#inbox ??= new Inbox(this);
    return this.#inbox;
  }

  get isFull() {
    return this.#inbox !== undefined && this.#inbox.isFull;
  }

  get identifiers() {
    this.#identifiers ??= this.options.messageIdProvider ?? new DefaultMessageIdProvider();
    return this.#identifiers;
  }

  set identifiers(provider) {
    this.#identifiers = provider;
  }

  get requester() {
    this.#requester ??= new Requester(this);
    return this.#requester;
  }

  useStores(given) {
    if (!given.incomingStore && !given.outgoingStore) return;
    this.stores ??= new Stores(this);
    this.stores.use(given);
  }

  // --- What the parts ask for ---

  #check(status) {
    if (status < 0) throw this.core.fault;
  }

  setWill(will) {
    this.#check(this.core.setWill(will));
  }

  // A response, told of each message, or none any more: it goes ahead of
  // messages that wait for their handler, and of loops that are behind.
  expect(response) {
    this.expected = response;
    this.core.expect(response !== undefined);
  }

  // A request has the message id that the program sees.
  allocate(request) {
    const provider = this.options.messageIdProvider;
    const { mid } = this.core;
    const id = provider ? provider.allocate() : mid;
    request.identify(id, mid);
    this.lastId = id;
  }

  // Undefined unless a provider of the program's has given the id. This is seldom
  // asked, and so no table is kept for it.
  find(id) {
    if (!this.options.messageIdProvider) return undefined;
    return this.unfinished.find((request) => request.id === id);
  }

  // A message of QoS 1 or 2 is the core's.
  published() {
    this.#publishing += 1;
  }

  // One that is not told of its outcome is: its payload stands for its request.
  leftUntold(topic, qos, retain) {
    const { mid } = this.core;
    this.#untold ??= new Untold();
    this.#untold.add(mid, topic, qos, retain);
    if (qos === 0) return;
    this.lastId = mid;
    this.published();
  }

  // The same has its outcome, and nobody looks.
  settledUntold(mid) {
    const qos = this.#untold.settle(mid);
    if (qos > 0) this.#unpublished(true);
  }

  // What is told of an outcome: a request, or one for what stands for it.
  told(mid, request) {
    if (!isUntold(request)) return request;
    const made = this.#untold.make(mid, request);
    this.#untold.settle(mid);
    return made;
  }

  // Requests that have no outcome, as they were made.
  get unfinished() {
    return this.core.unfinished.map(([mid, request]) =>
      (isUntold(request) ? this.#untold.make(mid, request) : request));
  }

  // One that was in the program's store. A status.
  send(request) {
    const { topic, payload, qos, retain, properties, given } = request;
    const status = this.core.publish(qos, Boolean(retain), topic, args.payload(payload)[1],
      args.encode(properties, this.isMqtt5)[1], args.publishLimits(given)[1], request);
    if (status < 0) return status;
    request.identify(request.id, this.core.mid);
    this.published();
    this.presenter.sent(request);
    return status;
  }

  // --- Connections ---

  attempt(isFirst, number) {
    this.isAttempting = true;
    this.way.begin(number);
    this.serverProperties = undefined;
    if (!isFirst) this.#again();
    this.presenter.show('packetsend', () => packets.connect(this.owner.options));
  }

  #again() {
    const { owner } = this;
    owner._reconnectCount += 1;
    owner.log('reconnecting');
    this.presenter.emit('reconnect');
  }

  opened({ keepalive, properties }) {
    const { owner } = this;
    owner.log('connected');
    owner.connected = true;
    owner.reconnecting = false;
    owner.disconnected = false;
    this.keepalive = keepalive;
    this.serverProperties = properties;
    this.#handlers?.opened();
  }

  // By a CONNACK: a refusal stands until somebody asks again.
  refused(error, wasOpen) {
    if (wasOpen || error.reasonCode === undefined) return;
    this.serverProperties = error.properties;
    if (!this.options.reconnectOnConnackError) this.suspend();
  }

  cause(error) {
    return this.way.cause(error);
  }

  // Nothing goes on by itself, and nothing keeps the process alive.
  suspend() {
    this.#isSuspended = true;
    this.attempts.shut();
    this.core.setRef(false);
  }

  #resume(isFirst) {
    this.#isSuspended = false;
    this.core.setRef(true);
    this.attempts.open(isFirst);
  }

  lost(fault) {
    const { owner } = this;
    owner.log('closed');
    const stream = this.way.shown();
    if (fault !== undefined) this.way.tell(stream, 'error', fault);
    owner.connected = false;
    this.isAttempting = false;
    this.keepalive = undefined;
    this.serverProperties = undefined;
    if (!this.#isSuspended && !this.attempts.next()) this.suspend();
    if (this.#isSuspended) {
      owner.reconnecting = false;
    } else if (!owner.reconnecting) {
      this.presenter.emit('offline');
      owner.reconnecting = true;
    }
    this.presenter.emit('close');
    this.way.tell(stream, 'close');
  }

  // A request whose connection has gone. The core makes it again, unless
  // subscriptions are not to be.
  dropped(request) {
    if (!this.options.resubscribe && request instanceof Subscribe) {
      this.core.cancel(request.mid);
    }
  }

  settled(request, isAnswered) {
    if (this.options.messageIdProvider && request.id !== 0 && !request.isStored) {
      this.identifiers.deallocate(request.id);
    }
    if (request.qos > 0) this.#unpublished(isAnswered);
  }

  #unpublished(isAnswered) {
    this.#publishing -= 1;
    if (this.owner.disconnecting && isAnswered && this.#publishing === 0) {
      this.presenter.emit('outgoingEmpty');
    }
  }

  authenticate(packet) {
    authenticate(this.owner, this.core, packet);
  }

  // Begin to connect, when that is done by hand.
  connect() {
    if (!this.#isUp && !this.#up()) return;
    this.owner.disconnecting = false;
    if (!this.isAttempting) this.way.open();
    this.#resume(true);
  }

  // False: it could not be.
  #up() {
    try {
      this.#start();
    } catch (error) {
      process.nextTick(() => this.presenter.emit('error', error));
    }
    return this.#isUp;
  }

  reconnect(options) {
    const { owner } = this;
    if (owner.disconnecting && this.#isUp) {
      this.#isReconnecting = true;
      this.#wantedStores = options;
      return;
    }
    if (options) this.useStores(options);
    owner.disconnecting = false;
    owner.disconnected = false;
    if (!this.#isUp && !this.#up()) return;
    const { isHeld } = this.attempts;
    if (!this.way.isByHand && !this.isAttempting) this.way.open();
    owner.reconnecting = true;
    this.#again();
    this.#resume(true);
    // Now, and not after the delay that the core keeps.
    if (!isHeld) this.core.reconnect();
  }

  // --- The end ---

  // `end` is called again while it lasts.
  stay() {
    this.#isReconnecting = false;
  }

  whenEnded(callback) {
    this.#endings ??= [];
    this.#endings.push(callback);
  }

  // False: there is no core to wait for.
  leave() {
    this.attempts.shut();
    if (this.#isUp) this.core.setRef(true);
    else setImmediate(() => this.ended());
    return this.#isUp;
  }

  ended() {
    const { owner } = this;
    this.#inbox?.ended();
    this.#handlers?.ended();
    this.#requester?.ended();
    owner.connected = false;
    this.keepalive = undefined;
    this.serverProperties = undefined;
    owner.reconnecting = false;
    owner.disconnected = true;
    this.#isUp = false;
    this.attempts.shut();
    const stream = this.way.shown();
    if (this.isAttempting) this.presenter.emit('close');
    this.way.tell(stream, 'close');
    this.isAttempting = false;
    if (this.stores) this.stores.close((error) => this.#tellEnd(error));
    else this.#tellEnd();
  }

  #tellEnd(...error) {
    this.presenter.emit('end');
    const endings = this.#endings ?? [];
    this.#endings = undefined;
    for (const callback of endings) call(this.owner, callback, ...error);
    if (!this.#isReconnecting) return;
    this.#isReconnecting = false;
    this.owner.reconnect(this.#wantedStores);
  }
}

module.exports = { Conduct };
