'use strict';
// What goes on between a client and its core: connections that come and go, and
// what MQTT.js's fields and events show of it. The parts of a client are made
// here, those that few programs need when one does. What the core tells of is the
// presenter's, which is one of these: thousands of clients have two objects less.
const clock = require('../clock');
const native = require('../native');
const { Client } = require('../client');
const args = require('./arguments');
const packets = require('./packets');
const { Attempts } = require('./attempts');
const { authenticate } = require('./authenticate');
const { removed } = require('./failures');
const { Handlers } = require('./handlers');
const { DefaultMessageIdProvider } = require('./identifiers');
const { Inbox } = require('./inbox');
const { Requester } = require('./requester');
const { Subscribe, call } = require('./requests');
const { ShownStore } = require('./store');
const { Stores } = require('./stores');
const { Subscribed } = require('./subscribed');
const { NATIVE } = require('./transports');
const { Untold, isUntold } = require('./untold');

// What few clients ever have.
class Parts {
  options; // the client's, if they are not the plan's: of a shared one, once somebody looks
  way; // what the bytes go through, if it is no socket of the core
  isSentSeen = false; // somebody looks at packets that leave
  isReceivedSeen = false; // and at those that come
  lastSent = 0; // the highest mid of the connections before
  inbox; // once a message has come
  handlers;
  requester;
  identifiers;
  untold; // publishes that nobody is told of
  removed; // by the program, and without an outcome: mids
  stores; // of the program's own
  expected; // (topic, packet): hears of a message at once
  volatile = new Set(); // requests that end with the connection
  subscribed = new Subscribed();
  endings; // callbacks of end
  isReconnecting = false; // reconnect was called while it was ending
  wantedStores; // of that reconnect
  log; // these two, if they were set since the client was made
  queueQoSZero;
}

// Of all who have none of it: it stays as it is.
const NONE = new Parts();

class Conduct extends Attempts {
  core;
  owner; // the MqttClient
  plan; // what the client is made by
  parts = NONE;
  serverProperties; // of this connection
  keepalive; // the server's, of this connection
  lastId = 0;
  line; // of a way that needs one, of the attempt that there is, or was: a number, or a Line
  isAttempting = false; // an attempt has begun, and its close was not told
  #isOpening = false; // or one will, and the program may have its stream
  #publishing = 0; // of QoS 1 and 2 without an outcome
  #isSuspended = false; // nothing goes on by itself
  #isMissed = false; // there is no connection, and that was told, or asked for
  #isUp = false; // the core was asked to connect

  // It has its options. `given`: the caller's own, which are read again.
  begin(owner, plan, given) {
    const identity = plan.identify(given);
    this.owner = owner;
    this.plan = plan;
    this.readFirst(given);
    this.core = new Client(this, plan.nature, {
      identity,
      credentials: this,
      carrier: this.way.carrier,
    });
    this.useStores(this.options);
    if (plan.will !== undefined) this.setWill(plan.will);
    this.#start();
  }

  #start() {
    this.#check(this.core.connect(this.plan.place));
    this.#isUp = true;
    this.foresee();
  }

  // The client's; of a shared plan, until somebody looks at them.
  get options() {
    return this.parts.options ?? this.plan.options;
  }

  set options(options) {
    this.ownParts.options = options;
  }

  // The options, the client's own from now on: they may be changed.
  get ownOptions() {
    const { plan, parts: { options } } = this;
    if (options === undefined && plan !== undefined) {
      this.options = plan.optionsFor(this.core.identity);
    }
    return this.parts.options;
  }

  get way() {
    return this.parts.way ?? NATIVE;
  }

  set way(way) {
    if (way !== NATIVE) this.ownParts.way = way;
  }

  get isMqtt5() {
    return this.plan.isMqtt5;
  }

  // --- What is told at once ---

  emit(...event) {
    try {
      this.owner.emit(...event);
    } catch (error) {
      native.raise(error);
    }
  }

  // Somebody may look at the packet.
  show(event, make) {
    if (this.owner.listenerCount(event) > 0) this.emit(event, make());
  }

  get isSentSeen() {
    return this.parts.isSentSeen;
  }

  get isReceivedSeen() {
    return this.parts.isReceivedSeen;
  }

  // Who looks at packets has begun to, or ceased: the core tells of its own meanwhile.
  see(isSent, isReceived) {
    if (isSent !== this.isSentSeen || isReceived !== this.isReceivedSeen) {
      this.ownParts.isSentSeen = isSent;
      this.parts.isReceivedSeen = isReceived;
    }
    this.core?.trace(this.isSeen);
  }

  get isSeen() {
    return this.isSentSeen || this.isReceivedSeen;
  }

  // Somebody looks at what leaves. Without a connection it is shown when there
  // is one.
  get isWatched() {
    return this.isSentSeen && this.owner.connected;
  }

  // A request was made.
  sent(request) {
    if (this.isWatched) this.emit('packetsend', request.packet());
  }

  // --- Parts ---

  get ownParts() {
    if (this.parts === NONE) this.parts = new Parts();
    return this.parts;
  }

  get handlers() {
    this.ownParts.handlers ??= new Handlers(this);
    return this.parts.handlers;
  }

  // A message is theirs too.
  get hasHandlers() {
    const { handlers } = this.parts;
    return handlers !== undefined && !handlers.isEmpty;
  }

  get inbox() {
    return this.parts.inbox ?? (this.ownParts.inbox = new Inbox(this));
  }

  get isFull() {
    const { inbox } = this.parts;
    return inbox !== undefined && inbox.isFull;
  }

  get identifiers() {
    this.ownParts.identifiers ??=
      this.options.messageIdProvider ?? new DefaultMessageIdProvider();
    return this.parts.identifiers;
  }

  set identifiers(provider) {
    this.ownParts.identifiers = provider;
  }

  get requester() {
    this.ownParts.requester ??= new Requester(this);
    return this.parts.requester;
  }

  // Of the program's own, if there are any.
  get stores() {
    return this.parts.stores;
  }

  useStores(given) {
    if (!given.incomingStore && !given.outgoingStore) return;
    const [incomingStore, outgoingStore] = [given.incomingStore, given.outgoingStore]
      .map((store) => (ShownStore.isOf(this.owner, store) ? undefined : store));
    if (!incomingStore && !outgoingStore) return;
    this.ownParts.stores ??= new Stores(this);
    this.stores.use({ incomingStore, outgoingStore });
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
    this.ownParts.expected = response;
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
    this.ownParts.untold ??= new Untold();
    this.parts.untold.add(mid, topic, qos, retain);
    if (qos === 0) return;
    this.lastId = mid;
    this.published();
  }

  // The same has its outcome, and nobody looks.
  settledUntold(mid) {
    const qos = this.parts.untold.settle(mid);
    if (qos > 0) this.#unpublished(true);
  }

  // What is told of an outcome: a request, or one for what stands for it.
  told(mid, request) {
    if (!isUntold(request)) return request;
    const { untold } = this.parts;
    const made = untold.make(mid, request);
    untold.settle(mid);
    return made;
  }

  // [[mid, request]]: requests that have no outcome, as they were made.
  get #open() {
    const { removed: gone } = this.parts;
    return this.core.unfinished.filter(([mid]) => !gone?.has(mid)).map(([mid, request]) =>
      [mid, isUntold(request) ? this.parts.untold.make(mid, request) : request]);
  }

  get unfinished() {
    return this.#open.map(([, request]) => request);
  }

  // Those that wait for a connection, but for publishes of QoS 1 and 2.
  get queued() {
    if (this.owner.connected) return [];
    return this.#open.filter(([, { isTold, qos }]) => !isTold && !(qos > 0));
  }

  // End the request that the core knows by this: nobody sees it from now on, though the core
  // has yet to tell its outcome.
  remove(mid) {
    const request = this.core.cancel(mid);
    if (request === undefined) return;
    this.ownParts.removed ??= new Set();
    this.parts.removed.add(mid);
    if (!isUntold(request)) request.failed(this.owner, removed());
  }

  // It has its outcome, whichever: an answer may have been quicker than its removal.
  forgetRemoved(mid) {
    this.parts.removed?.delete(mid);
  }

  // One that was in the program's store. A status.
  send(request) {
    const { topic, payload, qos, retain, properties, given } = request;
    const status = this.core.publish(qos, Boolean(retain), topic, args.payload(payload)[1],
      args.encode(properties, this.isMqtt5)[1], args.publishLimits(given)[1], request);
    if (status < 0) return status;
    request.identify(request.id, this.core.mid);
    this.published();
    this.sent(request);
    return status;
  }

  // --- Connections ---

  #openWay() {
    this.way.open(this);
    this.#isOpening = true;
  }

  attempt(isFirst, number) {
    this.#isOpening = false;
    this.isAttempting = true;
    this.way.begin(this, number);
    this.serverProperties = undefined;
    if (!isFirst) this.#again();
    this.show('packetsend', () => packets.connect(this.owner.options));
  }

  #again() {
    const { owner } = this;
    owner._reconnectCount += 1;
    owner.log('reconnecting');
    this.emit('reconnect');
  }

  connected({ keepalive, properties }) {
    const { owner } = this;
    owner.log('connected');
    this.way.opened(this);
    owner.connected = true;
    owner.reconnecting = false;
    owner.disconnected = false;
    this.#isMissed = false;
    this.keepalive = keepalive;
    this.serverProperties = properties;
    this.parts.handlers?.opened();
  }

  // By a CONNACK: a refusal stands until somebody asks again.
  heedRefusal(error, wasOpen) {
    if (wasOpen || error.reasonCode === undefined) return;
    this.serverProperties = error.properties;
    if (!this.options.reconnectOnConnackError) this.suspend();
  }

  cause(error) {
    return this.way.cause(this, error);
  }

  // Nothing goes on by itself, and nothing keeps the process alive.
  suspend() {
    this.#isSuspended = true;
    this.forbid();
    this.core.setRef(false);
  }

  #resume(isFirst) {
    this.#isSuspended = false;
    this.core.setRef(true);
    this.allow(isFirst);
  }

  lost(fault) {
    const { owner } = this;
    owner.log('closed');
    const stream = this.way.shown(this);
    if (fault !== undefined) this.way.tell(stream, 'error', fault);
    const isLeft = owner.disconnecting && !owner.connected;
    owner.connected = false;
    this.keepalive = undefined;
    this.serverProperties = undefined;
    if (isLeft) return; // its close is told after the end
    this.isAttempting = false;
    if (!this.#isSuspended && !this.goesOn()) this.suspend();
    if (this.#isSuspended) {
      owner.reconnecting = false;
    } else if (!owner.disconnecting) {
      this.#miss();
    }
    this.#tellClose(stream);
  }

  // `offline` comes once, also if who heard of an error has asked for another attempt.
  #miss() {
    const { owner } = this;
    if (!this.#isMissed) this.emit('offline');
    this.#isMissed = true;
    owner.reconnecting = true;
  }

  #tellClose(stream) {
    this.emit('close');
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
      this.emit('outgoingEmpty');
    }
  }

  authenticate(packet) {
    authenticate(this.owner, this.core, packet);
  }

  // Begin to connect, when that is done by hand.
  connect() {
    if (!this.#isUp && !this.#up()) return;
    this.owner.disconnecting = false;
    if (!this.isAttempting) this.#openWay();
    this.#resume(true);
  }

  // False: it could not be.
  #up() {
    try {
      this.#start();
    } catch (error) {
      clock.nextTick(() => this.emit('error', error));
    }
    return this.#isUp;
  }

  reconnect(options) {
    const { owner } = this;
    if (owner.disconnecting && this.#isUp) {
      this.ownParts.isReconnecting = true;
      this.parts.wantedStores = options;
      return;
    }
    if (options) this.useStores(options);
    owner.disconnecting = false;
    owner.disconnected = false;
    if (!this.#isUp && !this.#up()) return;
    if (owner.connected) this.#isMissed = true;
    const { isHeld } = this;
    if (!this.way.isByHand && !this.isAttempting) this.#openWay();
    owner.reconnecting = true;
    this.#again();
    this.#resume(true);
    // Now, and not after the delay that the core keeps.
    if (!isHeld) this.core.reconnect();
  }

  // --- The end ---

  // `end` is called again while it lasts.
  stay() {
    if (this.parts.isReconnecting) this.parts.isReconnecting = false;
  }

  whenEnded(callback) {
    this.ownParts.endings ??= [];
    this.parts.endings.push(callback);
  }

  // False: there is no core to wait for.
  leave() {
    this.forbid();
    if (this.#isUp) this.core.setRef(true);
    else clock.setImmediate(() => this.ended());
    return this.#isUp;
  }

  ended() {
    const { owner, parts: { inbox, handlers, requester } } = this;
    inbox?.ended();
    handlers?.ended();
    requester?.ended();
    const wasOpen = owner.connected;
    owner.connected = false;
    this.#isMissed = false;
    this.keepalive = undefined;
    this.serverProperties = undefined;
    owner.reconnecting = false;
    owner.disconnected = true;
    this.#isUp = false;
    this.over();
    const tellClose = this.#closing();
    if (wasOpen) tellClose();
    const tellEnd = (error) => {
      this.#tellEnd(error);
      if (!wasOpen) clock.setImmediate(tellClose);
    };
    if (this.stores) this.stores.close(tellEnd);
    else tellEnd();
  }

  // What tells that the attempt that there is, if there is one, is over. As in MQTT.js that is
  // before the end for one that was connected, and for any other after who waits for the end.
  #closing() {
    const stream = this.way.shown(this);
    const isToTell = this.isAttempting || this.#isOpening;
    this.isAttempting = false;
    this.#isOpening = false;
    return () => (isToTell ? this.#tellClose(stream) : this.way.tell(stream, 'close'));
  }

  #tellEnd(error) {
    this.emit('end');
    const endings = this.parts.endings ?? [];
    if (endings.length > 0) this.parts.endings = undefined;
    for (const callback of endings) call(this.owner, callback, error);
    if (!this.parts.isReconnecting) return;
    this.parts.isReconnecting = false;
    this.owner.reconnect(this.parts.wantedStores);
  }
}

module.exports = { Conduct };
