'use strict';
// The core of a client: opens it at the addon, makes its requests, and waits
// for what becomes of them when it is to block. It calls nobody but its
// presenter, and takes what has been checked.
const native = require('./native');
const acknowledgements = require('./acknowledgements');
const { readAuthorities } = require('./authorities');
const batch = require('./batch');
const channels = require('./diagnostics');
const clock = require('./clock');
const outgoing = require('./outgoing');
require('./exit');
const { isText } = require('./bytes');
const { errors, failure, strerror } = require('./errors');
const { CANCELLED, ABANDONED, KEPT } = require('./life');
const { NO_RECEIPTS, Receipts, UNKNOWN } = require('./receipts');
const { NONE } = require('./security');
const { Session, PARTS_FROM } = require('./session');
const { flatten } = require('./settings');
const { stats } = require('./stats');
const wrong = require('./wrong');

const TIMEOUT_MS = 30000;
const HOLD_MS = 5000;
const GOODBYE_MS = 5000; // for a blocking connect that failed to clean up

// What the addon's wait waits for.
const GOAL_OPENED = 0;
const GOAL_DONE = 1;
const GOAL_CLOSED = 2;
const GOAL_OTHER = 3; // as GOAL_DONE, after another wait

// Of the third argument of the addon's publish, beside the QoS.
const FLAG_RETAIN = 4;
const FLAG_TEXT = 8;
const FLAG_BYTES = 16;
const FLAG_COALESCE = 32;
const FLAG_PATIENT = 64;
const FLAG_FOLLOWED = 128;
const WITHHELD = 0x100; // in the place of a reason

function isReason(code) {
  return Number.isInteger(code) && code >= 0 && code <= 255;
}

const noServers = Object.freeze([]);

// What is kept here of the options.
function limitsOf({ timeout, holdTimeout, offlineTimeout, queueQoSZero, subscribeBatchSize }) {
  return {
    timeout: timeout ?? TIMEOUT_MS,
    holdTimeout: holdTimeout ?? HOLD_MS,
    offlineTimeout: offlineTimeout ?? 0,
    refusesOffline: queueQoSZero === false,
    filters: subscribeBatchSize ?? Infinity,
  };
}

function isSame(place, other) {
  return place.url === other.url &&
    JSON.stringify([place.servers, place.tls]) === JSON.stringify([other.servers, other.tls]);
}

// The addon's words for what was wrong with the last client that could not be opened.
let why;

function explain(text) {
  why = text;
}

// What few clients ever have.
class Rest {
  carrier; // of a transport of the program's own
  will;
  isTraced = false; // the presenter sees packets of the core's own business
  receipts = NO_RECEIPTS;
  parts = 0; // of requests that were cut, ever
  awaited; // the tokens of the last request, if they are not its id
  pauses = new Map(); // who wants no messages now, and whether it may yield
  isExpecting = false; // to a message that is expected
}

// Of all who have none of it: it stays as it is.
const NOTHING = new Rest();

class Client {
  #presenter;
  #nature; // what is the same for many: { isAsynchronous, settings, limits, keepAlive }
  #identity; // { clientId, userName, password }, and keepAlive if the nature has none
  #credentials; // or undefined
  #session = null;
  #opened = null; // where the session is to connect to, and how
  #isRef = true;
  #rest = NOTHING;
  #mid = 0; // the highest that was given
  #last = 0; // of the request that was accepted last
  #topic = ''; // the last one published to: it need not be checked again
  #fault = null; // what was wrong with the last call

  // `nature`: as above, which clients may share: settings are
  // what the addon is told but for where to connect to, limits those of limitsOf.
  constructor(presenter, nature, { identity, credentials, carrier }) {
    this.#presenter = presenter;
    this.#nature = nature;
    this.#identity = identity;
    this.#credentials = credentials;
    if (carrier !== undefined) this.#ownRest.carrier = carrier;
  }

  get #ownRest() {
    if (this.#rest === NOTHING) this.#rest = new Rest();
    return this.#rest;
  }

  get #hasStore() {
    return this.#nature.settings.storePath !== undefined;
  }

  // The addon's; -1 if there is none.
  get #index() {
    const session = this.#session;
    return session === null || session.isReleased ? -1 : session.index;
  }

  // Of the last accepted request.
  get mid() {
    return this.#last;
  }

  // { clientId, userName, password }
  get identity() {
    return this.#identity;
  }

  // The one of the addon; null before connect.
  get session() {
    return this.#session;
  }

  get isConnected() {
    return this.#session !== null && this.#session.life.isConnected;
  }

  // connect was called, and disconnect was not.
  get isDesired() {
    return this.#session !== null && this.#session.life.isDesired;
  }

  // Why the last call returned less than 0; null when it did not.
  get fault() {
    return this.#fault;
  }

  // Every call ends here, with its status; what else there is says more than the number.
  report(status, text, code, reasonCode) {
    this.#fault = status < 0 ? failure(status, { text, code, reasonCode }) : null;
    return status;
  }

  // The same, with a text for an argument that cannot be.
  #judge(status, text) {
    return this.report(status, status === errors.EINVAL ? text : undefined);
  }

  // Undefined for none.
  setWill(will) {
    const { version, lenientText = false } = this.#nature.settings;
    const index = this.#index;
    let status = will === undefined
      ? 0 : native.checkWill(will, version, lenientText);
    if (status === 0 && index >= 0) status = native.setWill(index, will);
    if (status === 0 && will !== this.#rest.will) this.#ownRest.will = will;
    return this.#judge(status, wrong.will);
  }

  // `place`: { url, servers, tls }.
  connect(place) {
    readAuthorities(place.url, place.servers);
    const opened = this.#open(place);
    if (opened !== 0) return opened;
    const status = native.connect(this.#session.index);
    if (status === 0) this.#session.begin();
    else this.#session.keepAlive();
    return this.report(status);
  }

  // The session that waits goes on, unless it is to go to another server or in
  // another way. A status, which was reported.
  #open(place) {
    if (this.isDesired) return this.report(errors.EINVAL, wrong.again);
    const isOpen = this.#session !== null && !this.#session.isReleased;
    if (isOpen && isSame(this.#opened, place)) return 0;
    const { keepAlive: usual } = this.#nature;
    const { clientId, userName, password, keepAlive = usual } = this.#identity;
    why = undefined;
    const index = batch.open(place.url, clientId, userName, password, keepAlive,
      this.#told(place), explain);
    if (index < 0) return this.report(index, this.#openText(index, why));
    this.#replace(index);
    this.#opened = place;
    if (this.#rest.isTraced) native.trace(index, true);
    if (this.#hasStore) this.#mid = Math.max(this.#mid, native.lastStored(index));
    this.#last = this.#mid;
    return 0;
  }

  #told({ servers, tls }) {
    const { will } = this.#rest;
    const list = flatten(this.#nature.settings);
    if (servers.length === 0 && tls === NONE && will === undefined) return list;
    return [...list, ...flatten({ servers, tls, will })];
  }

  // The addon's words, if they say more than the number does.
  #openText(status, text) {
    if (text !== undefined && text !== strerror(status)) return text;
    if (status === errors.EUTF8) return wrong.text;
    if (status !== errors.EINVAL) return text;
    const { version, negotiate } = this.#nature.settings;
    if (negotiate && version !== 0) return wrong.negotiate;
    const { userName, password } = this.#identity;
    const isBare = password !== undefined && userName === undefined;
    return isBare && version !== 0 ? wrong.password : wrong.connect;
  }

  #replace(index) {
    if (this.#session !== null && !this.#session.isReleased) {
      this.#session.giveUp(!this.#nature.isAsynchronous);
    }
    if (this.#rest.receipts !== NO_RECEIPTS) this.#rest.receipts = NO_RECEIPTS;
    this.#session = new Session(this.#presenter, index, this.#nature, this.isPaused);
    this.#session.isRef = this.#isRef;
    if (this.#credentials !== undefined) this.#credentials.serve(this.#session);
    const { carrier } = this.#rest;
    if (carrier !== undefined) this.#rest.carrier = carrier.serve(this.#session);
  }

  // Wait, and see to it that what came meanwhile is delivered. [status, text, code, reason].
  #wait(goal, mid, timeout = this.#nature.limits.timeout) {
    if (this.isConnected) this.#session.hurry();
    const outcome = native.wait(this.#index, goal, mid, timeout);
    batch.later();
    return typeof outcome === 'number' ? [outcome] : outcome;
  }

  // These three give the outcome of the call just made if it is to block.
  awaitConnect() {
    if (this.#nature.isAsynchronous) return 0;
    const end = clock.now() + this.#nature.limits.timeout;
    const { life } = this.#session;
    let status;
    let why;
    do {
      [status, ...why] = this.#wait(GOAL_OPENED, 0, Math.max(0, Math.ceil(end - clock.now())));
      // More than 0 is an attempt that asks for credentials.
      const error = status > 0
        ? this.#credentials.answerNow(this.#session, status) : undefined;
      if (error !== undefined) {
        this.#abandon(life);
        return this.report(error.errno ?? errors.EINVAL, error.message);
      }
    } while (status > 0);
    if (status === 0) life.foresee();
    else this.#abandon(life);
    return this.report(status, ...why);
  }

  // A refusal that cannot heal has ended the attempts by itself.
  #abandon(life) {
    const isOver = native.disconnect(this.#index, 0, undefined, true) !== 0;
    life.leave(isOver ? KEPT : ABANDONED);
    if (!isOver) this.#wait(GOAL_CLOSED, 0, GOODBYE_MS);
  }

  awaitDisconnect() {
    if (this.#nature.isAsynchronous) return 0;
    const outcome = this.#wait(GOAL_CLOSED, 0);
    this.#session.life.leave(KEPT);
    return this.report(...outcome);
  }

  awaitRequest() {
    if (this.#nature.isAsynchronous) return 0;
    const [first = this.#last, ...others] = this.#rest.awaited ?? [];
    let outcome = this.#wait(GOAL_DONE, first);
    for (const token of others) {
      const other = this.#wait(GOAL_OTHER, token);
      if (outcome[0] === 0) outcome = other;
    }
    return this.report(...outcome);
  }

  disconnect(reasonCode, list, force) {
    if (!isReason(reasonCode)) return this.report(errors.EINVAL, wrong.reason);
    if (this.#session === null) return this.report(errors.ENOCONN);
    const status = native.disconnect(this.#index, reasonCode, list, force);
    if (status === 0 && this.#nature.isAsynchronous) this.#session.life.leave(CANCELLED);
    return this.#judge(status, wrong.disconnect);
  }

  // What names more filters than a packet may have is cut into parts.
  subscribe(request, filters, bits, list, limits) {
    const most = this.#nature.limits.filters;
    return this.#request(request, filters, limits, channels.subscribe,
      (index, token, at, ttl, timeout) => native.subscribe(index, token,
        filters.slice(at, at + most), bits.slice(at, at + most), list, ttl, timeout), most);
  }

  unsubscribe(request, filters, list, limits) {
    return this.#request(request, filters, limits, channels.unsubscribe,
      (index, token, at, ttl, timeout) =>
        native.unsubscribe(index, token, filters, list, ttl, timeout), Infinity);
  }

  // Make a request under the next message id, which it keeps if it is accepted.
  #request(request, filters, limits, channel, make, most) {
    if (!filters.every(isText)) return this.report(errors.EUTF8);
    const refusal = this.#refusal(limits);
    if (refusal !== 0) return refusal;
    const mid = this.#mid + 1;
    const index = this.#index;
    const isWhole = filters.length <= most;
    const tokens = [];
    const sizes = [];
    let at = 0;
    do {
      const token = isWhole ? mid : PARTS_FROM + (this.#ownRest.parts += 1);
      const status = make(index, token, at, limits?.ttl, limits?.timeout);
      if (status !== 0) {
        tokens.forEach((taken) => native.cancel(index, taken));
        return this.#judge(status, wrong.filters);
      }
      tokens.push(token);
      sizes.push(Math.min(most, filters.length - at));
      at += most;
    } while (at < filters.length);
    if (!isWhole) this.#session.join(mid, tokens, sizes);
    this.#accept(mid, request, limits, tokens);
    if (channel.hasSubscribers) this.#announce(channel, { mid, filters });
    return 0;
  }

  #refusal(limits) {
    if (this.#session === null) return this.report(errors.ENOCONN);
    return limits?.signal?.aborted
      ? this.report(errors.ECANCELLED, wrong.signal) : 0;
  }

  #accept(mid, request, limits, tokens) {
    const session = this.#session;
    this.#last = mid;
    this.#mid = mid;
    this.#fault = null;
    this.#await(tokens);
    if (request) session.requests.add(mid, request);
    if (limits?.signal !== undefined) {
      const index = this.#index;
      session.requests.heed(mid, limits.signal, () =>
        (tokens ?? [mid]).forEach((token) => native.cancel(index, token)));
    }
    return 0;
  }

  // Only one that was cut has other tokens than its id.
  #await(tokens) {
    const awaited = tokens?.length > 1 ? tokens : undefined;
    if (awaited !== this.#rest.awaited) this.#ownRest.awaited = awaited;
  }

  // Who hears of a request may make others meanwhile: for its caller this one is the last.
  #announce(channel, message) {
    const { awaited } = this.#rest;
    channel.publish({ client: this.#presenter.owner, ...message });
    this.#last = message.mid;
    this.#await(awaited);
    this.#fault = null;
  }

  // Whether somebody is to be told of a success at once.
  #waits(request, limits) {
    return !this.#nature.isAsynchronous || request !== undefined || limits !== undefined ||
      this.#session.presenter.hearsSuccess() || channels.done.hasSubscribers;
  }

  // `content`: a string, a Uint8Array or undefined; `request` may be undefined.
  publish(qos, retain, topic, content, list, limits, request) {
    const session = this.#session;
    const refusal = this.#refusal(limits);
    if (refusal !== 0) return refusal;
    const { settings, limits: { refusesOffline }, isAsynchronous } = this.#nature;
    if (qos === 0 && refusesOffline && !this.isConnected) {
      return this.report(errors.ELOST, wrong.offline);
    }
    const mid = this.#mid + 1;
    const { lenientText = false } = settings;
    const isPlain = qos === 0 && isAsynchronous && list === undefined &&
      limits === undefined && !channels.publish.hasSubscribers;
    if (isPlain && outgoing.add(session, mid, retain, topic, content, lenientText)) {
      if (this.#waits(request, limits)) outgoing.urge();
      return this.#accept(mid, request, limits);
    }
    if (topic !== this.#topic) {
      if (!isText(topic)) return this.report(errors.EUTF8);
      this.#topic = topic;
    }
    const kind = typeof content === 'string' ? FLAG_TEXT
      : content === undefined ? 0 : FLAG_BYTES;
    const isFollowed = isPlain && outgoing.isLarge(content);
    const flags = qos | (retain ? FLAG_RETAIN : 0) | kind | (isFollowed ? FLAG_FOLLOWED : 0) |
      (limits?.coalesce ? FLAG_COALESCE : 0) |
      (this.#waits(request, limits) ? 0 : FLAG_PATIENT);
    const { index } = session;
    const status = list === undefined && limits === undefined
      ? native.publish(index, mid, flags, topic, content)
      : native.publish(index, mid, flags, topic, content, list, limits?.ttl,
        limits?.timeout);
    if (status !== 0) return this.#judge(status, wrong.publish);
    if (isPlain) outgoing.begin(session, topic, lenientText, isFollowed);
    this.#accept(mid, request, limits);
    if (channels.publish.hasSubscribers) {
      this.#announce(channels.publish, { mid, topic, payload: content, qos, retain });
    }
    return 0;
  }

  authenticate(reasonCode, list) {
    if (!isReason(reasonCode)) return this.report(errors.EINVAL, wrong.reason);
    if (this.#session === null) return this.report(errors.ENOCONN);
    return this.#judge(native.authenticate(this.#index, reasonCode, list), wrong.authenticate);
  }

  // Drop the connection at once, without DISCONNECT.
  abort() {
    if (this.#session === null) return this.report(errors.ENOCONN);
    this.#session.life.leave(CANCELLED);
    this.#session.leave();
    return this.report(native.abort(this.#index));
  }

  // Break the link, if there is one, and begin a new attempt now.
  reconnect() {
    return this.report(native.reconnect(this.#index));
  }

  // A message was handed to the program, which answers it by this. One of the durable
  // inbox has a delivery, and is the store's: whatever connection has brought it.
  receipt(qos, mid, delivery) {
    const session = this.#session;
    return { qos, mid, session, attempt: session.attempt, isSettled: false, delivery };
  }

  // The same, and it answers by its id, or by its key.
  keepReceipt(qos, mid, delivery) {
    if (this.#rest.receipts === NO_RECEIPTS) this.#ownRest.receipts = new Receipts();
    this.#rest.receipts.add(this.receipt(qos, mid, delivery));
  }

  // Undefined if there is none.
  findReceipt(id) {
    return this.#rest.receipts.find(id);
  }

  // There is a connection, or will be, or one of QoS 2 is answered for the next one.
  #isAnswerable(receipt) {
    return this.#index >= 0 &&
      (this.isDesired || this.#session.life.isOpen || receipt?.qos === 2);
  }

  // Answer a message. What the server sends again anyhow is not answered.
  acknowledge(receipt, reasonCode) {
    if (!isReason(reasonCode)) return this.report(errors.EINVAL, wrong.reason);
    if (!this.#isAnswerable(receipt)) return this.report(errors.ENOCONN);
    if (receipt === undefined || receipt.isSettled) return this.report(errors.EINVAL, UNKNOWN);
    if (reasonCode !== 0 && !this.#session.isMqtt5) return this.report(errors.EINVAL, wrong.answer);
    const status = this.#session.canAnswer(receipt) ? this.#answer(receipt, reasonCode) : 0;
    if (status === 0) this.#rest.receipts.settle(receipt);
    return this.#judge(status, wrong.answer);
  }

  // The program has failed with it: it is not answered, and holds up no answer behind it.
  withhold(receipt) {
    if (receipt.isSettled || receipt.delivery !== undefined) return;
    this.#rest.receipts.settle(receipt);
    if (!this.#session.canAnswer(receipt)) return;
    native.acknowledge(this.#index, receipt.mid, WITHHELD, receipt.qos, receipt.attempt);
  }

  // A message of the connection that there is, which was handed out right now, is
  // well received.
  accept(qos, mid) {
    const index = this.#index;
    if (index < 0) return errors.ENOCONN;
    const { attempt } = this.#session;
    if (!batch.isDelivering()) return native.acknowledge(index, mid, 0, qos, attempt);
    acknowledgements.add(index, attempt, mid, qos);
    return 0;
  }

  // Those that are answered while messages are delivered leave together.
  // The server has its answer to what the durable inbox has.
  #answer({ mid, qos, attempt, delivery }, reasonCode) {
    const index = this.#index;
    if (delivery !== undefined) return native.acknowledgeDelivery(index, delivery.number);
    if (reasonCode !== 0 || !batch.isDelivering()) {
      return native.acknowledge(index, mid, reasonCode, qos, attempt);
    }
    acknowledgements.add(index, attempt, mid, qos);
    return 0;
  }

  // [mid, request] of those that have no outcome, as they were made.
  get unfinished() {
    return this.#session === null ? [] : this.#session.outcomes.list();
  }

  // End the request `mid`, which is answered as it is; undefined if there is
  // none. Its outcome comes as any other does.
  cancel(mid) {
    const request = this.#session?.outcomes.peek(mid);
    if (request === undefined) return undefined;
    return native.cancel(this.#index, mid) === 0 ? request : undefined;
  }

  // Somebody has begun to look at packets, or ceased.
  trace(on) {
    if (this.#rest.isTraced === on) return;
    this.#ownRest.isTraced = on;
    if (this.#index >= 0) native.trace(this.#index, on);
  }

  // A ping now; without a connection there is none.
  ping() {
    native.ping(this.#index);
  }

  // The keep-alive counts from now on.
  postponePing() {
    native.postponePing(this.#index);
  }

  // Somebody has begun to listen to messages, or ceased.
  heard() {
    if (this.#session !== null) this.#session.changed();
  }

  // `who` wants no messages until it says so: they stay at the server, once the
  // high-water mark is reached, and the connection lives on.
  pause(who, mayYield = false) {
    this.#ownRest.pauses.set(who, mayYield);
    this.#changePause();
  }

  resume(who) {
    if (this.#rest.pauses.delete(who)) this.#changePause();
  }

  // While a message is expected, those who may yield are not heeded.
  expect(isExpecting) {
    this.#ownRest.isExpecting = isExpecting;
    this.#changePause();
  }

  #changePause() {
    if (this.#session !== null) this.#session.pause(this.isPaused);
  }

  get isPaused() {
    const { pauses, isExpecting } = this.#rest;
    if (pauses.size === 0) return false;
    for (const mayYield of pauses.values()) {
      if (!mayYield || !isExpecting) return true;
    }
    return false;
  }

  // What it has done since it was to connect to where it does.
  stats() {
    return stats(this.#index);
  }

  setRef(isRef) {
    this.#isRef = isRef;
    if (this.#session === null) return;
    this.#session.isRef = isRef;
    this.#session.keepAlive();
  }
}

module.exports = { Client, limitsOf, noServers };
