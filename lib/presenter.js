'use strict';
// How the class tells what becomes of its client: callbacks that stand,
// callbacks of single calls, and events.
const native = require('./native');
const { LOWEST_REASON } = require('./errors');
const { Routes } = require('./routes');

const SUBSCRIBE = 0;
const UNSUBSCRIBE = 1;

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

// The same, for those that are called most.
function received(owner, receive, mid, topic, payload, qos, retain, properties) {
  try {
    if (receive === null) {
      owner.emit('received', mid, topic, payload, qos, retain, properties);
    } else {
      receive.call(owner, mid, topic, payload, qos, retain, properties);
    }
  } catch (error) {
    native.raise(error);
  }
}

function published(owner, callback, mid, ack) {
  try {
    if (ack === undefined) callback.call(owner, mid);
    else callback.call(owner, mid, undefined, ack);
  } catch (error) {
    native.raise(error);
  }
}

// A request is the callback of a publish, or { kind, isList, callback } of a
// subscribe or unsubscribe, with { filters, onMessage } where there is a handler.
class Presenter {
  constructor(owner) {
    this.owner = owner;
    this.connect = null; // these three stand
    this.disconnect = null;
    this.receive = null;
    this.routes = null; // to handlers, once there was one
    this.acknowledges = null; // (qos, mid, delivery): the program will, by hand
  }

  isHeard() {
    return this.receive !== null || this.owner.listenerCount('received') > 0 ||
      (this.routes !== null && !this.routes.isEmpty);
  }

  // `identifier`: what the program calls the subscription, in MQTT 5.
  route(filters, handler, identifier) {
    this.routes ??= new Routes();
    this.routes.add(filters, handler);
    for (const filter of filters) this.routes.name(filter, identifier);
  }

  // Nobody handles them any more.
  unroute(filters) {
    for (const filter of filters) this.routes?.remove(filter);
  }

  // Of a request that has nobody to call.
  hearsSuccess() {
    return this.owner.listenerCount('published') > 0;
  }

  started() {
    emit(this.owner, 'started');
  }

  opened(connack) {
    const { owner, connect } = this;
    this.routes?.opened();
    if (connect) call(owner, connect, 'OK', undefined, connack);
    emit(owner, 'connected', 'OK', connack);
  }

  // A link was lost, or an attempt has failed; without an error, what was
  // wished for has come about.
  closed({ error, wasOpen, isLast }) {
    if (error === undefined) {
      this.#disconnected('OK');
      return;
    }
    if (!wasOpen) this.failed(error);
    if (wasOpen || isLast) this.#disconnected(error.message, error);
  }

  failed(error) {
    const { owner, connect } = this;
    if (connect) call(owner, connect, error.message, error);
  }

  #disconnected(...result) {
    const { owner, disconnect } = this;
    if (disconnect) call(owner, disconnect, ...result);
    emit(owner, 'disconnected', ...result);
  }

  received(topic, payload, qos, retain, mid, properties, duplicate, byAlias, isProposed,
    delivery) {
    const { owner, receive, routes } = this;
    if (qos > 0 && this.acknowledges !== null) this.acknowledges(qos, mid, delivery);
    if (delivery !== undefined) {
      this.#receivedKept([mid, topic, payload, qos, retain, properties, delivery.key]);
      return;
    }
    if (routes !== null) {
      for (const handler of routes.handlersOf(topic, { properties })) {
        call(owner, handler, mid, topic, payload, qos, retain, properties);
      }
    }
    if (receive) received(owner, receive, mid, topic, payload, qos, retain, properties);
    if (owner.listenerCount('received') === 0) return; // or a tenth of the time goes into nothing
    received(owner, null, mid, topic, payload, qos, retain, properties);
  }

  // The same, of the durable inbox: the key is told too.
  #receivedKept(message) {
    const { owner, receive, routes } = this;
    const [, topic, , , , properties] = message;
    const handlers = routes === null ? [] : routes.handlersOf(topic, { properties });
    for (const handler of handlers) call(owner, handler, ...message);
    if (receive) call(owner, receive, ...message);
    emit(owner, 'received', ...message);
  }

  // `reason`: the server's answer, -1 when it gave none.
  succeeded(request, mid, reason, isMqtt5) {
    const { owner } = this;
    if (typeof request === 'object') {
      const reasons = reason < 0 ? undefined : [reason];
      this.#granted(request, mid, { reasons, isMqtt5 });
      return;
    }
    const ack = isMqtt5 && reason >= 0
      ? { reasonCode: reason, properties: undefined } : undefined;
    if (request !== undefined) published(owner, request, mid, ack);
    if (owner.listenerCount('published') !== 0) {
      emit(owner, 'published', mid, ack);
    }
  }

  answered(request, mid, answer) {
    if (typeof request === 'object') {
      this.#granted(request, mid, answer);
      return;
    }
    const { reasons, properties, isMqtt5 } = answer;
    const ack = isMqtt5 ? {
      reasonCode: reasons && reasons.length > 0 ? reasons[0] : 0, properties,
    } : undefined;
    if (request !== undefined) call(this.owner, request, mid, undefined, ack);
    emit(this.owner, 'published', mid, ack);
  }

  #granted(request, mid, { reasons, properties, isMqtt5 }) {
    const { owner } = this;
    const { kind, callback } = request;
    const codes = reasons && [...reasons];
    const granted = codes && (request.isList ? codes : codes[0]);
    const answers = kind === SUBSCRIBE ? [granted] : [];
    const ack = isMqtt5 ? [undefined, { reasonCode: granted, properties }] : [];
    if (callback) call(owner, callback, mid, ...answers, ...ack);
    emit(owner, kind === SUBSCRIBE ? 'subscribed' : 'unsubscribed', mid, ...answers);
  }

  refused(request, mid, error, answer) {
    if (typeof request === 'object') {
      this.#denied(request, mid, error, answer);
      return;
    }
    if (request !== undefined) call(this.owner, request, mid, error);
    emit(this.owner, 'failed', mid, error);
  }

  #denied(request, mid, error, { reasons } = {}) {
    const { owner } = this;
    const codes = reasons && [...reasons];
    const granted = codes && (request.isList ? codes : codes[0]);
    const answers = request.kind === SUBSCRIBE ? [granted] : [];
    if (codes) error.granted = granted;
    if (request.onMessage) {
      this.routes.drop(request.filters.filter((filter, at) => !(codes?.[at] < LOWEST_REASON)),
        request.onMessage);
    }
    if (request.callback) call(owner, request.callback, mid, ...answers, error);
  }

  // What is left of a request that has been told already: its event.
  overdue(request, mid, error) {
    if (typeof request !== 'object') {
      call(this.owner, request, mid, error);
      return undefined;
    }
    this.#denied({ ...request, onMessage: undefined }, mid, error);
    return { ...request, callback: undefined };
  }

  // A publish of QoS 1 or 2 is in the store.
  stored(request, mid) {
    emit(this.owner, 'stored', mid);
  }

  restored(what) {
    emit(this.owner, 'restored', what);
  }

  // Null: it works again.
  store(error) {
    emit(this.owner, 'store', error);
  }

  authenticating(reasonCode, properties) {
    emit(this.owner, 'authenticate', reasonCode, properties);
  }
}

module.exports = { Presenter, SUBSCRIBE, UNSUBSCRIBE };
