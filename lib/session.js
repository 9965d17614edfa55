'use strict';
// One client of the addon: the events that come from it, and what JavaScript
// has to remember of it. What they mean goes to the presenter.
const native = require('./native');
const batch = require('./batch');
const clock = require('./clock');
const channels = require('./diagnostics');
const { errors, failure, LOWEST_REASON } = require('./errors');
const { decode } = require('./properties');
const { Intake } = require('./intake');
const { Life, CANCELLED, ABANDONED, SILENT } = require('./life');
const { Outcomes } = require('./outcomes');

// Tokens from here on are of parts of a request, below of message ids.
const PARTS_FROM = 2 ** 52;
const UNSPECIFIED = 0x80; // the answer to what was not answered

// Of all clients that have asked for nothing: it stays empty.
const NOTHING = new Outcomes(0);

// A session that is not open and that nobody can reach any more is given up.
const finalizer = new FinalizationRegistry((index) => native.close(index));

class Session extends Intake {
  // `index`: the addon's. `nature`: { isAsynchronous, limits, settings }, the client's.
  constructor(presenter, index, nature, isPaused) {
    super(isPaused);
    this.presenter = presenter;
    this.index = index; // -1 once the addon has let go of it
    this.nature = nature;
    this.isMqtt5 = nature.settings.version === 0;
    this.attempt = 0; // whose connection was opened last
    this.since = 0; // and the first one of the server's session
    this.life = new Life();
    this.outcomes = NOTHING;
    this.isRef = true;
    this.isKept = false; // it keeps the process alive
    this.isRooted = undefined; // it lives by itself
    this.hook = undefined; // asked(attempt, connect, retry, last error, server), if somebody is
  }

  get hasStore() {
    return this.nature.settings.storePath !== undefined;
  }

  get holdTimeout() {
    return this.nature.limits.holdTimeout;
  }

  // Those without an outcome, to add to.
  get requests() {
    if (this.outcomes === NOTHING) {
      const { presenter, life, nature } = this;
      const limit = nature.isAsynchronous ? nature.limits.offlineTimeout : 0;
      this.outcomes = new Outcomes(limit, (request, mid) =>
        presenter.overdue(request, mid, failure(errors.ETIMEOUT,
          { text: 'there is no connection: the request waits for one' })));
      if (life.isDesired && !life.isConnected) this.outcomes.missed();
    }
    return this.outcomes;
  }

  // What the intake wants: have the addon hold messages or let them go,
  // deliver one that has waited here, whether somebody listens, and whose one is.
  hold(on) {
    native.hold(this.index, on);
  }

  deliver(message) {
    this.presenter.received(...message);
  }

  isHeard() {
    return this.presenter.isHeard();
  }

  // Nobody sends it again though its session goes on: the core has it from the server.
  isOurs([, , qos, , , , , , , delivery]) {
    return qos === 2 && delivery === undefined && !this.nature.settings.clean;
  }

  // An open client lives, and keeps the process alive unless told not to.
  keepAlive() {
    const isOpen = !this.life.isOver || this.farewell !== undefined;
    this.#root(isOpen);
    const isKept = isOpen && this.isRef;
    if (isKept !== this.isKept) batch.keep(isKept);
    this.isKept = isKept;
  }

  #root(isRooted) {
    if (isRooted === this.isRooted) return;
    this.isRooted = isRooted;
    batch.root(this, isRooted);
    if (isRooted) finalizer.unregister(this);
    else if (this.index >= 0) finalizer.register(this, this.index, this);
  }

  begin() {
    this.life.begin();
    this.outcomes.missed();
    this.keepAlive();
  }

  // Another takes its place: what was wished here still has its outcome to
  // come. Unless it has said its goodbye (`isClosed`), that is told now, before
  // anything is heard of the other.
  giveUp(isClosed) {
    native.close(this.index);
    this.#root(true);
    this.outcomes.content();
    if (isClosed) return;
    for (let ends = this.life.silence(); ends > 0; ends -= 1) {
      clock.nextTick(() => this.presenter.closed({ isLast: true }));
    }
  }

  connecting(attempt, connect, retry, server) {
    this.hook?.asked(attempt, connect, retry, this.lastError, server);
  }

  // Of a transport that JavaScript carries.
  wanted(attempt, connect, [want, bytes, port]) {
    this.carrier.wanted(attempt, want, bytes, port);
  }

  // Of the core's own business, while that is traced.
  packet(attempt, connect, [type, isSent, id, bytes, list]) {
    this.presenter.traced(type, isSent !== 0, id, bytes, decode(list));
  }

  opened(attempt, connect, connack) {
    const { sessionPresent, protocolVersion } = connack;
    this.isMqtt5 = protocolVersion === 5;
    // Given up between the server's answer and now: nobody hears of it.
    if (!this.life.opened(connect)) return;
    if (this.lastError !== undefined) this.lastError = undefined;
    this.outcomes.content();
    this.attempt = attempt;
    if (!sessionPresent && protocolVersion !== 3) this.since = attempt;
    this.admit(!this.nature.isAsynchronous);
    if (channels.connected.hasSubscribers) {
      channels.connected.publish({ client: this.presenter.owner, connack });
    }
    this.presenter.opened(connack);
  }

  closed(attempt, connect, [status, reason, text, code, statusCode, retry, list, sent]) {
    const isLast = retry < 0;
    const cause = this.carrier?.closed(attempt);
    const { fate, wasOpen } = this.life.closed(connect, isLast);
    if (isLast) this.#ended();
    else if (wasOpen) this.outcomes.missed();
    if (fate === SILENT) return;
    const isWished = status === 0 || fate === CANCELLED;
    if (isWished && fate !== ABANDONED) {
      if (isLast) this.#release(() => this.#tellClosed({ isLast }));
      return;
    }
    const error = failure(status === 0 ? errors.ETIMEOUT : status, {
      text, code, reasonCode: reason, statusCode, properties: decode(list), cause,
    });
    this.lastError = error;
    if (fate === ABANDONED) this.presenter.failed(error);
    else if (!isLast) this.#tellClosed({ error, wasOpen, isLast, sent });
    else this.#release(() => this.#tellClosed({ error, wasOpen, isLast, sent }));
  }

  #tellClosed({ error, wasOpen = false, isLast, sent }) {
    const { presenter } = this;
    if (channels.closed.hasSubscribers) {
      channels.closed.publish({ client: presenter.owner, error, wasOpen, isLast });
    }
    presenter.closed({ error, wasOpen, isLast, sent });
  }

  // A session with a store ends with its last connection, and its store is free
  // for others when that is told: what waits in it is no longer ours.
  #release(tell) {
    if (!this.hasStore || !this.life.isOver) {
      tell();
      return;
    }
    native.close(this.index);
    this.isReleased = true;
    this.farewell = tell;
    this.keepAlive();
  }

  // The addon has let go of it.
  ended() {
    const { farewell, outcomes } = this;
    finalizer.unregister(this);
    this.index = -1;
    if (farewell === undefined) return;
    // Those that only the store has: they stay there.
    for (let mid = outcomes.oldest(); mid !== Infinity; mid = outcomes.oldest()) {
      this.done(mid, errors.ECLOSED);
    }
    this.farewell = undefined;
    this.keepAlive();
    farewell();
  }

  // `stale`: what the store knew of the server's session is of no use.
  restored(messages, damaged, stale) {
    this.presenter.restored({ messages, damaged, stale });
  }

  // The store cannot be written, or can again.
  store(status, text) {
    this.presenter.store(status === 0 ? null : failure(status, { text }));
  }

  // `count` publishes from `mid` on are safe now.
  stored(mid, count) {
    const { outcomes, presenter } = this;
    for (const end = mid + count; mid < end; mid += 1) {
      presenter.stored(outcomes.peek(mid), mid);
    }
  }

  #ended() {
    if (!this.life.isOver) return;
    this.outcomes.content();
    this.end();
    this.keepAlive();
  }

  // `byAlias`: the topic was not on the wire; `isProposed`: the program says whether it is
  // accepted, and it comes again then.
  // `delivery`: of one that the durable inbox has.
  message(topic, payload, qos, retain, mid, properties, duplicate, byAlias, isProposed,
    delivery) {
    const { presenter } = this;
    if (channels.message.hasSubscribers && !isProposed) {
      channels.message.publish(
        { client: presenter.owner, topic, payload, qos, retain, mid, properties });
    }
    if (this.isGoing) {
      presenter.received(topic, payload, qos, retain, mid, properties, duplicate, byAlias,
        isProposed, delivery);
    } else {
      this.take([topic, payload, qos, retain, mid, properties, duplicate, byAlias,
        isProposed, delivery]);
    }
  }

  // `count` requests from `mid` on were answered, with `reason` if one was given;
  // most went well, and have nobody to tell.
  succeeded(mid, count, reason) {
    const { outcomes, presenter } = this;
    if (mid >= PARTS_FROM || reason >= LOWEST_REASON) {
      for (let at = 0; at < count; at += 1) this.done(mid + at, 0, [reason]);
      return;
    }
    const isTraced = channels.done.hasSubscribers;
    if (outcomes.isEmpty && !isTraced && !presenter.hearsSuccess()) return;
    for (const end = mid + count; mid < end; mid += 1) {
      if (isTraced) this.#trace(mid);
      presenter.succeeded(outcomes.take(mid), mid, reason, this.isMqtt5);
    }
  }

  // The answer to a message would reach whoever has sent it.
  canAnswer({ qos, mid, session, attempt, delivery }) {
    if (delivery !== undefined) return true;
    if (mid === 0) return false; // told after its session was lost
    if (session !== this) return false; // of another server
    return qos === 2 ? attempt >= this.since : attempt === this.attempt;
  }

  // The request `mid` was cut into requests with these tokens, of that many
  // filters each.
  join(mid, tokens, sizes) {
    const whole = {
      mid, left: tokens.length, answers: [], isAnswered: false, status: 0,
    };
    this.parts ??= new Map();
    tokens.forEach((token, at) =>
      this.parts.set(token, { whole, at, size: sizes[at] }));
  }

  // The outcome of the whole is there with that of its last part; a part that
  // failed has no answers, and what failed first is told.
  #part(token, status, reasons, properties, text) {
    const part = this.parts?.get(token);
    if (part === undefined) return;
    this.parts.delete(token);
    const { whole, at, size } = part;
    whole.left -= 1;
    const isAnswered = reasons !== undefined && reasons.length > 0;
    whole.isAnswered ||= isAnswered;
    whole.answers[at] = isAnswered ? [...reasons] : Array(size).fill(UNSPECIFIED);
    whole.properties ??= properties;
    if (whole.status === 0) [whole.status, whole.text] = [status, text];
    if (whole.left > 0) return;
    this.done(whole.mid, whole.status,
      whole.isAnswered ? whole.answers.flat() : undefined, whole.properties,
      whole.text);
  }

  done(mid, status, reasons, properties, text) {
    if (mid >= PARTS_FROM) {
      this.#part(mid, status, reasons, properties, text);
      return;
    }
    const { outcomes, presenter } = this;
    const request = outcomes.take(mid);
    const refused = reasons && reasons.find((code) => code >= LOWEST_REASON);
    const wrong = status !== 0 || refused === undefined ? status : -refused;
    const answer = { reasons, properties, isMqtt5: this.isMqtt5 };
    const error = wrong === 0 ? undefined : failure(wrong, { text, properties });
    if (channels.done.hasSubscribers) this.#trace(mid, error);
    if (wrong === 0) presenter.answered(request, mid, answer);
    else presenter.refused(request, mid, error, answer);
  }

  #trace(mid, error) {
    channels.done.publish({ client: this.presenter.owner, mid, error });
  }

  authenticate(attempt, connect, [reasonCode, list]) {
    this.presenter.authenticating(reasonCode, decode(list));
  }
}

// What few of them ever have is theirs once they have it.
Object.assign(Session.prototype, {
  parts: undefined, // by token: the request that it is a part of
  isReleased: false, // it has left its store: nobody wishes for anything
  farewell: undefined, // what is told when that is free
  lastError: undefined, // of an attempt, since the last connection
  carrier: undefined, // of a transport of the program's own
});

module.exports = { Session, PARTS_FROM };
