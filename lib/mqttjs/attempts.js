'use strict';
// The core asks before each attempt to connect. Options are read again then,
// and an attempt that is not wanted waits until one is.
const { isDeepStrictEqual } = require('node:util');
const native = require('../native');
const optionTable = require('./options');
const tls = require('./tls');
const { isWebSocket, refuse } = require('./url');

class Attempts {
  #owner; // the MqttClient
  #given; // the caller's own options, which are read again
  #way; // what the bytes go through
  #seen; // what they were when they were read
  #told; // what the core was told last
  #will; // of the options, as the core was told it
  #began; // { identity, security }: what a core begins with
  #identity; // as it was told it
  #security; // what it was told of TLS, as the options have it
  #period; // what it was told of reconnectPeriod, once
  #tell;
  #setWill;
  #session = null;
  #held = 0; // the attempt that waits, 0 for none
  #isOpen = false; // attempts are wanted
  #isFirst = true; // since connect
  #timer = null; // of the next attempt, when the core does not keep its time

  // `tell`: (isFirst, drop): an attempt begins, whose connection `drop` drops;
  // `setWill`: (will): from the next connection on.
  constructor(owner, given, way, tell, setWill) {
    this.#owner = owner;
    this.#way = way;
    this.#given = given;
    this.#seen = { ...given };
    this.#tell = tell;
    this.#setWill = setWill;
    this.#will = optionTable.will(owner.options);
    this.#began = {
      identity: optionTable.presence(owner.options),
      security: tls.given(owner.options),
    };
  }

  // For the core, in the place of credentials.
  serve(session) {
    this.#session = session;
    this.#held = 0;
    this.#told = this.#answers();
    this.#identity = this.#began.identity;
    this.#security = this.#began.security;
    this.#period = this.#owner.options.reconnectPeriod;
    session.attempt = (attempt, connect) => {
      if (!session.life.isDesiredNow(connect)) return;
      this.#held = attempt;
      if (this.#isOpen) this.#begin();
    };
  }

  // An attempt waits for us.
  get isHeld() {
    return this.#held !== 0;
  }

  // From now on attempts are wanted; `isFirst`: this is no reconnecting.
  open(isFirst) {
    clearTimeout(this.#timer);
    this.#isOpen = true;
    this.#isFirst = isFirst;
    if (this.#held !== 0) this.#begin();
  }

  // Until it is opened again, none is.
  shut() {
    clearTimeout(this.#timer);
    this.#isOpen = false;
  }

  // A connection has ended. Whether another attempt comes, after the period
  // that stands in the options now.
  next() {
    this.refresh();
    const period = this.#owner.options.reconnectPeriod;
    if (!(period > 0)) this.shut();
    else if (period !== this.#period) this.#wait(period);
    return this.#isOpen || period > 0;
  }

  #wait(period) {
    this.shut();
    this.#timer = setTimeout(() => {
      const isCore = this.#held === 0;
      this.open(false);
      if (isCore) native.reconnect(this.#session.index);
    }, period);
  }

  // Options of the caller's object that have changed since they were read.
  refresh() {
    const { options } = this.#owner;
    for (const [name, value] of Object.entries(this.#given)) {
      if (value === this.#seen[name]) continue;
      this.#seen[name] = value;
      options[name] = value;
    }
  }

  #begin() {
    const attempt = this.#held;
    this.refresh();
    const { index } = this.#session;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const drop = () => process.nextTick(native.broken, index, attempt, '', '');
    this.#tell(isFirst, drop);
    // Who is told may have ended it.
    if (!this.#isOpen) return;
    try {
      const url = this.#transformed();
      const identity = optionTable.presence(this.#owner.options);
      const security = tls.given(this.#owner.options);
      const renewed = { identity: this.#newIdentity(identity), tls: this.#newTls(security) };
      const answer = this.#answer(url);
      this.#renewWill();
      this.#held = 0;
      native.proceed(this.#session.index, attempt, { ...answer, ...renewed });
      this.#identity = identity;
      this.#security = security;
    } catch (error) {
      this.#owner.emit('error', error);
      if (this.#isOpen) this.#wait(this.#owner.options.reconnectPeriod || 1000);
    }
  }

  // It may be another object, or the same with something else in it.
  #renewWill() {
    const will = optionTable.will(this.#owner.options);
    if (isDeepStrictEqual(will, this.#will)) return;
    this.#setWill(will);
    this.#will = will;
  }

  // Another client identifier is another session; undefined for none of it.
  #newIdentity(identity) {
    const before = this.#identity;
    if (isDeepStrictEqual(identity, before)) return undefined;
    const isRenamed = identity.clientId !== before.clientId;
    if (this.#owner.options.store && (isRenamed || identity.clean)) {
      throw refuse('Options "clientId" and "clean" cannot change while there is a store, which ' +
        'keeps one session: make another client, with a store of its own');
    }
    return isRenamed ? identity : { ...identity, clientId: undefined };
  }

  // Undefined for what it was.
  #newTls(security) {
    if (this.#way.isByHand || isDeepStrictEqual(security, this.#security)) return undefined;
    return tls.settings(this.#owner.options);
  }

  // What may be told anew.
  #answers() {
    const { options } = this.#owner;
    const urls = this.#way.urls(options);
    return {
      url: urls.length === 1 ? urls[0] : undefined,
      userName: options.username ?? undefined,
      password: options.password ?? undefined,
      headers: this.#way.headers(options),
    };
  }

  // The URL that the program makes of ours, if it does. Other options, which are read after
  // this, may be changed by it too.
  #transformed() {
    const { options } = this.#owner;
    const isOurs = !this.#way.isByHand && options.transformWsUrl && isWebSocket(options);
    const urls = isOurs ? this.#way.urls(options) : [];
    if (urls.length !== 1) return undefined;
    return options.transformWsUrl(urls[0], options, this.#owner);
  }

  // What has changed; `url`: the program's, or undefined.
  #answer(url) {
    const answers = this.#answers();
    const changed = {};
    for (const [name, value] of Object.entries(answers)) {
      if (String(value) !== String(this.#told[name])) changed[name] = value;
    }
    this.#told = answers;
    if (url !== undefined) changed.url = url;
    return changed;
  }
}

module.exports = { Attempts };
