'use strict';
// The core asks before each attempt to connect. Options are read again then,
// and an attempt that is not wanted waits until one is.
const { isDeepStrictEqual } = require('node:util');
const clock = require('../clock');
const native = require('../native');
const { readAuthorities } = require('../authorities');
const optionTable = require('./options');
const tls = require('./tls');
const { PERSONAL, isPersonal } = require('./plan');
const { hasServers, isWebSocket, placeOf, refuse, urlOf } = require('./url');

// What the core is told of these options.
function tell(options, way) {
  const urls = way.urls(options);
  return {
    answers: {
      url: urls.length === 1 ? urls[0] : undefined,
      userName: options.username ?? undefined,
      password: options.password ?? undefined,
      headers: way.headers(options),
    },
    identity: optionTable.presence(options),
    security: tls.given(options),
    will: optionTable.will(options),
  };
}

const PERIOD_MS = 1000; // where none is given

// What a program has set may be text, or anything. 0: there is no next attempt.
function periodOf({ reconnectPeriod }) {
  const isGiven = typeof reconnectPeriod === 'number' || typeof reconnectPeriod === 'string';
  const period = isGiven ? Number(reconnectPeriod) : 0;
  return period > 0 ? Math.min(period, clock.TIMER_MS_MAX) : 0;
}

// What is known of one whose options are not as in its plan, or were not, or that keeps
// the time itself.
class Known {
  seen; // what the caller's own were when they were read; undefined: as in the plan
  began; // what the core was told first; undefined: what the plan says
  told; // what it was told last; the same
  timer; // of the next attempt, when the core does not keep its time
  awaited; // the promise of a URL that the attempt waits for
}

// Of all who are as in their plan: it stays empty.
const NOTHING = new Known();

// Of a conduct, which has plan, options, way, core and owner: thousands of clients have
// an object less.
class Attempts {
  #given; // the caller's own options, which are read again
  #known = NOTHING;
  #number = 0; // of the last attempt that we know of
  #early = 0; // the one that was let go on before it was asked for
  #isExpected = false; // an attempt is on its way to us
  #held = 0; // the attempt that waits, 0 for none
  #isOpen = false; // attempts are wanted
  #isFirst = true; // since connect

  // The conduct has its plan. `given`: the caller's own options.
  readFirst(given) {
    const { plan, options, way } = this;
    this.#given = given;
    if (plan.isShared) return;
    this.#ownKnown.seen = { ...given };
    this.#known.began = tell(options, way);
  }

  get #ownKnown() {
    if (this.#known === NOTHING) this.#known = new Known();
    return this.#known;
  }

  // { clientId, userName, password }, of what the core began with.
  get #who() {
    return this.core.identity;
  }

  get #session() {
    return this.core.session;
  }

  // For the core, in the place of credentials.
  serve(session) {
    this.#number = 0;
    this.#early = 0;
    this.#held = 0;
    if (this.#known !== NOTHING) this.#known.told = this.#known.began;
    session.hook = this;
  }

  // The core asks. `server`: whose turn it is.
  asked(attempt, connect, retry, lastError, server) {
    if (!this.#session.life.isDesiredNow(connect)) return;
    this.#isExpected = false;
    this.#showServer(server);
    this.#number = attempt;
    if (attempt === this.#early) {
      this.#announce(attempt);
      return;
    }
    this.#held = attempt;
    if (this.#isOpen) this.#begin();
  }

  #showServer(at) {
    const { options } = this;
    if (hasServers(options)) Object.assign(this.ownOptions, placeOf(options, at));
  }

  // The core was asked to connect, and will ask. Until then an attempt can go on
  // that is like what the core knows.
  foresee() {
    this.#isExpected = true;
  }

  #goEarly() {
    this.#isExpected = false;
    if (!this.#isAsPlanned()) return;
    const next = this.#number + 1;
    if (native.proceed(this.#session.index, next) === 0) this.#early = next;
  }

  // Nothing has changed since the core was told all.
  #isAsPlanned() {
    const { options } = this;
    const plan = this.plan;
    return plan.isShared && this.#known.told === undefined && !options.transformWsUrl &&
      (options === plan.options || plan.isAsIn(options, this.#who));
  }

  // An attempt begins.
  #announce(attempt) {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    this.attempt(isFirst, attempt);
  }

  // Drop the connection of that attempt.
  drop(attempt) {
    clock.nextTick(native.broken, this.#session.index, attempt, '', '');
  }

  // An attempt waits for us, or will.
  get isHeld() {
    return this.#held !== 0 || this.#isExpected;
  }

  // From now on attempts are wanted; `isFirst`: this is no reconnecting.
  allow(isFirst) {
    clearTimeout(this.#known.timer);
    this.#isOpen = true;
    this.#isFirst = isFirst;
    if (this.#known.awaited !== undefined) return;
    if (this.#held !== 0) this.#begin();
    else if (this.#isExpected) this.#goEarly();
  }

  // Until they are allowed again, none is.
  forbid() {
    clearTimeout(this.#known.timer);
    if (this.#known !== NOTHING) this.#known.awaited = undefined;
    this.#isOpen = false;
  }

  // The core has ended: none waits, whoever allows it.
  over() {
    this.forbid();
    this.#held = 0;
    this.#isExpected = false;
  }

  // A connection has ended. Whether another attempt comes, after the period
  // that stands in the options now. What cannot be read is told with that attempt.
  goesOn() {
    this.#tryToRefresh();
    const period = periodOf(this.options);
    if (period === 0) this.forbid();
    else if (period !== periodOf(this.plan.options)) this.#wait(period);
    return this.#isOpen || period > 0;
  }

  #wait(period) {
    this.forbid();
    this.#ownKnown.timer = setTimeout(() => {
      const isCore = this.#held === 0;
      this.allow(false);
      if (isCore) native.reconnect(this.#session.index);
    }, period);
  }

  // What was given under this name when it was read last.
  #seenOf(name) {
    const { seen } = this.#known;
    if (seen !== undefined) return seen[name];
    return isPersonal(name) ? this.#who[PERSONAL[name]] : this.plan.given[name];
  }

  // Options of the caller's object that have changed since they were read.
  refresh() {
    const given = this.#given;
    for (const name of Object.keys(given)) {
      if (given[name] !== this.#seenOf(name)) this.#reread(name, given[name]);
    }
  }

  #reread(name, value) {
    if (this.#known.seen === undefined) {
      const all = Object.keys(this.plan.given);
      const seen = Object.fromEntries(all.map((one) => [one, this.#seenOf(one)]));
      this.#ownKnown.seen = seen;
    }
    this.#known.seen[name] = value;
    this.owner.options[name] = value;
  }

  // What the program's own object throws.
  #tryToRefresh() {
    try {
      this.refresh();
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  #begin() {
    const attempt = this.#held;
    const { owner } = this;
    const wrong = this.#tryToRefresh();
    this.#announce(attempt);
    // Who is told may have ended it.
    if (!this.#isOpen) return;
    if (wrong !== undefined) {
      this.#fail(wrong.error);
      return;
    }
    this.#try(() => {
      const url = this.#isAsPlanned() ? undefined : this.#transformed();
      if (typeof url?.then === 'function') this.#await(attempt, url);
      else this.#proceed(attempt, url);
    });
  }

  // What is thrown ends the attempt, and another one follows.
  #try(act) {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error) {
    this.emit('error', error);
    if (this.#isOpen) this.#wait(periodOf(this.options) || PERIOD_MS);
  }

  // Until the URL is there, or nobody waits for it any more.
  #await(attempt, promise) {
    const known = this.#ownKnown;
    known.awaited = promise;
    const isOver = () => {
      if (known.awaited !== promise) return true;
      known.awaited = undefined;
      return false;
    };
    promise.then((url) => isOver() || this.#try(() => this.#proceed(attempt, url)),
      (error) => isOver() || this.#fail(error));
  }

  #proceed(attempt, url) {
    const renewed = this.#isAsPlanned() ? undefined : this.#renew(url);
    this.#held = 0;
    native.proceed(this.#session.index, attempt, renewed);
  }

  // What is another than the core was told. `made`: the URL that the program makes of ours.
  #renew(made) {
    const { way, owner: { options } } = this;
    this.#ownKnown.told ??= tell(this.plan.optionsFor(this.#who), way);
    const { answers, identity, security, will } = tell(options, way);
    const renewed = {
      identity: this.#newIdentity(identity),
      tls: this.#newTls(security),
      ...this.#newAnswers(answers),
    };
    if (this.#transforms) {
      renewed.url = urlOf(made);
      readAuthorities(renewed.url);
    }
    if (!isDeepStrictEqual(will, this.#known.told.will)) this.setWill(will);
    this.#known.told = { answers, identity, security, will };
    return renewed;
  }

  // Another client identifier is another session; undefined for none of it.
  #newIdentity(identity) {
    const before = this.#known.told.identity;
    if (isDeepStrictEqual(identity, before)) return undefined;
    const isRenamed = identity.clientId !== before.clientId;
    if (this.options.store && (isRenamed || identity.clean)) {
      throw refuse('Options "clientId" and "clean" cannot change while there is a store, which ' +
        'keeps one session: make another client, with a store of its own');
    }
    return isRenamed ? identity : { ...identity, clientId: undefined };
  }

  // Undefined for what it was.
  #newTls(security) {
    const { way, owner: { options } } = this;
    if (way.isByHand || isDeepStrictEqual(security, this.#known.told.security)) return undefined;
    return tls.settings(options);
  }

  #newAnswers(answers) {
    const changed = {};
    for (const [name, value] of Object.entries(answers)) {
      if (String(value) !== String(this.#known.told.answers[name])) changed[name] = value;
    }
    return changed;
  }

  // The program makes another URL of ours.
  get #transforms() {
    const { way, owner: { options } } = this;
    return !way.isByHand && Boolean(options.transformWsUrl) && isWebSocket(options) &&
      way.urls(options).length === 1;
  }

  // That URL, or a promise of it. Other options, which are read after this, may be changed by
  // it too.
  #transformed() {
    if (!this.#transforms) return undefined;
    const { way, owner } = this;
    const { options } = owner;
    return options.transformWsUrl(way.urls(options)[0], options, owner);
  }
}

module.exports = { Attempts };
