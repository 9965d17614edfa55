'use strict';
// One client of the addon: what JavaScript has to remember of it, and the
// events that come from it. The class holds one, and lets another take its
// place when it is to connect elsewhere.
const native = require('./native');
const batch = require('./batch');
const { errors, failure, LOWEST_REASON } = require('./errors');
const { decode } = require('./properties');

const SIDE_SERVER = 1;
const versions = [5, 4, 3]; // of midge_version
const kinds = { subscribe: 0, unsubscribe: 1 };

// What a callback throws goes to 'uncaughtException', and we go on.
function call(owner, callback, ...args) {
  try {
    callback.apply(owner, args);
  } catch (error) {
    native.raise(error);
  }
}

function emit(owner, ...args) {
  try {
    owner.emit(...args);
  } catch (error) {
    native.raise(error);
  }
}

// The same, for the callback that is called most.
function published(owner, callback, mid, ack) {
  try {
    if (ack === undefined) callback.call(owner, mid);
    else callback.call(owner, mid, undefined, ack);
  } catch (error) {
    native.raise(error);
  }
}

class Link {
  constructor(owner, callbacks, handle, isMqtt5) {
    this.owner = owner;
    this.callbacks = callbacks; // standing: connect, disconnect, receive
    this.handle = handle; // { index }, shared with the finalizer
    this.isMqtt5 = isMqtt5;
    this.pending = new Map(); // by mid: a callback, or a subscription
    this.asked = 0; // how many times connect was asked for
    this.answered = 0; // how many of those have come to their end
    this.left = 0; // the last of them that was given up
    this.cancelled = 0; // the last of them that nobody is to hear of
    this.isOpen = false; // by the events delivered so far
    this.isConnected = false; // by those, and by what blocking calls saw
    this.isAbandoned = false; // a blocking connect that failed
    this.isTold = false; // and its callback was called
    this.isReplaced = false; // by the link to another server
    this.isRef = true;
    this.isKept = false;
    this.lastError = undefined;
    this.attempt = undefined; // (number, last error): what a hook is asked
  }

  get index() {
    return this.handle.index;
  }

  get isWanted() {
    return this.asked > this.answered;
  }

  // An open client lives, and keeps the process alive unless told not to.
  keepAlive() {
    batch.hold(this, this.isWanted);
    const isKept = this.isWanted && this.isRef;
    if (isKept !== this.isKept) batch.keep(isKept);
    this.isKept = isKept;
  }

  // Another takes its place: what was wished here still has its end to come.
  // Unless it has said its goodbye (`isClosed`), it is told now, before anything
  // is heard of the other.
  giveUp(isClosed) {
    native.close(this.index);
    batch.hold(this, true);
    if (isClosed || !this.isWanted) return;
    this.isReplaced = true;
    process.nextTick(() => this.disconnected('OK'));
  }

  began() {
    this.asked += 1;
    this.keepAlive();
  }

  connecting(number) {
    if (this.attempt !== undefined) this.attempt(number, this.lastError);
  }

  opened([sessionPresent, version, clientId, keepAlive, renewed, list]) {
    const { owner, callbacks } = this;
    this.isMqtt5 = version === 0;
    // Given up between the server's answer and now: nobody hears of it.
    if (this.cancelled > this.answered) return;
    this.isOpen = true;
    this.isConnected = true;
    this.lastError = undefined;
    const connack = {
      sessionPresent: sessionPresent !== 0,
      reasonCode: 0,
      protocolVersion: versions[version],
      clientId,
      keepalive: keepAlive,
      renewed,
      properties: decode(list),
    };
    if (callbacks.connect) {
      call(owner, callbacks.connect, 'OK', undefined, connack);
    }
    emit(owner, 'connected', 'OK', connack);
  }

  closed([by, status, reason, , text, code, retry, list]) {
    const wasOpen = this.isOpen;
    const isLast = retry < 0;
    const wasAbandoned = this.isAbandoned;
    this.isOpen = false;
    this.isConnected = false;
    if (isLast) {
      this.answered += 1;
      this.keepAlive();
    }
    const wasCancelled = this.cancelled > this.answered - (isLast ? 1 : 0);
    if (this.isReplaced) return;
    if (!wasAbandoned && (status === 0 || wasCancelled)) {
      if (isLast) this.disconnected('OK');
      return;
    }
    const error = failure(status === 0 ? errors.ETIMEOUT : status, {
      text,
      code,
      reasonCode: by === SIDE_SERVER && reason !== 0 ? reason : undefined,
      properties: decode(list),
    });
    this.lastError = error;
    if (wasAbandoned) this.abandon(error, isLast);
    else this.lost(error, wasOpen, isLast);
  }

  lost(error, wasOpen, isLast) {
    if (!wasOpen) this.failed(error);
    if (wasOpen || isLast) this.disconnected(error.message, error);
  }

  // The blocking connect has returned the error; its callback hears it once.
  abandon(error, isLast) {
    if (!this.isTold) this.failed(error);
    this.isTold = !isLast;
    if (isLast) this.isAbandoned = false;
  }

  failed(error) {
    const { owner, callbacks } = this;
    if (callbacks.connect) call(owner, callbacks.connect, error.message, error);
  }

  disconnected(...result) {
    const { owner, callbacks } = this;
    if (callbacks.disconnect) call(owner, callbacks.disconnect, ...result);
    emit(owner, 'disconnected', ...result);
  }

  message(topic, payload, qos, retain, mid, properties) {
    const { owner } = this;
    const { receive } = this.callbacks;
    if (receive) {
      call(owner, receive, mid, topic, payload, qos, retain, properties);
    }
    emit(owner, 'received', mid, topic, payload, qos, retain, properties);
  }

  // `count` wishes from `mid` on went well, with `reason` if one was given;
  // most have nobody to tell.
  succeeded(mid, count, reason) {
    const { owner, pending } = this;
    if (pending.size === 0 && owner.listenerCount('published') === 0) return;
    const ack = this.isMqtt5 && reason >= 0
      ? { reasonCode: reason, properties: undefined } : undefined;
    for (const end = mid + count; mid < end; mid += 1) {
      const wish = pending.get(mid);
      if (wish !== undefined) pending.delete(mid);
      if (typeof wish === 'object') {
        this.answer(mid, wish, 0, reason < 0 ? undefined : [reason]);
      } else {
        if (wish !== undefined) published(owner, wish, mid, ack);
        if (owner.listenerCount('published') !== 0) {
          emit(owner, 'published', mid, ack);
        }
      }
    }
  }

  done(mid, status, reasons, properties) {
    const wish = this.pending.get(mid);
    this.pending.delete(mid);
    if (typeof wish === 'object') {
      this.answer(mid, wish, status, reasons, properties);
      return;
    }
    if (status !== 0) {
      const error = failure(status, { properties });
      if (wish !== undefined) call(this.owner, wish, mid, error);
      return;
    }
    const ack = this.ack(reasons, properties);
    if (wish !== undefined) call(this.owner, wish, mid, undefined, ack);
    emit(this.owner, 'published', mid, ack);
  }

  ack(reasons, properties) {
    if (!this.isMqtt5) return undefined;
    return {
      reasonCode: reasons && reasons.length > 0 ? reasons[0] : 0,
      properties,
    };
  }

  // The end of a subscribe or unsubscribe.
  answer(mid, wish, status, reasons, properties) {
    const { owner } = this;
    const codes = reasons === undefined ? undefined : [...reasons];
    const refused = codes && codes.find((code) => code >= LOWEST_REASON);
    const wrong = status !== 0 ? status : refused === undefined ? 0 : -refused;
    const granted = codes && (wish.isList ? codes : codes[0]);
    const answers = wish.kind === kinds.subscribe ? [granted] : [];
    if (wrong !== 0) {
      const error = failure(wrong, { properties });
      if (codes) error.granted = granted;
      if (wish.callback) call(owner, wish.callback, mid, ...answers, error);
      return;
    }
    const ack = this.isMqtt5
      ? [undefined, { reasonCode: granted, properties }] : [];
    if (wish.callback) call(owner, wish.callback, mid, ...answers, ...ack);
    const name = wish.kind === kinds.subscribe ? 'subscribed' : 'unsubscribed';
    emit(owner, name, mid, ...answers);
  }

  authenticate(reasonCode, properties) {
    emit(this.owner, 'authenticate', reasonCode, properties);
  }
}

module.exports = { Link, kinds };
