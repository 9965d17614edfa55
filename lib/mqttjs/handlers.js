'use strict';
// Handlers of subscriptions, beside the event 'message': who has one, and what
// becomes of the subscription when nobody is left.
const { invalidType, outOfRange } = require('../errors');
const { Routes } = require('../routes');
const args = require('./arguments');
const { Messages } = require('./messages');
const { call } = require('./requests');

// Of all who have no handler: it stays empty.
const NOWHERE = new Routes();

class Handlers {
  #conduct;
  #routes = NOWHERE;
  #iterators = new Map(); // those of messages(), and their filters
  #plain = new Set(); // filters that the program has asked for without a handler

  constructor(conduct) {
    this.#conduct = conduct;
  }

  // There is a new connection, and maybe another server.
  opened() {
    this.#routes.opened();
  }

  // The client has ended.
  ended() {
    for (const messages of [...this.#iterators.keys()]) messages.finish();
  }

  // A call of subscribe, with a handler or without one.
  add(filters, handler) {
    if (handler === undefined || handler === null) {
      for (const filter of filters) this.#plain.add(filter);
    } else {
      if (this.#routes === NOWHERE) this.#routes = new Routes();
      this.#routes.add(filters, handler);
    }
  }

  // Whether the server is yet to be asked for a name for it.
  isNameless(filter) {
    return this.#routes.has(filter) && this.#routes.identifierOf(filter) === undefined;
  }

  // A name for these filters in a SUBSCRIBE; undefined if they need none.
  nameFor(filters) {
    return filters.some((filter) => this.#routes.has(filter))
      ? this.#routes.nextIdentifier() : undefined;
  }

  // The server knows them by this name, or by none.
  name(filters, identifier) {
    for (const filter of filters) this.#routes.name(filter, identifier);
  }

  // It is not subscribed to any more; an error says why it could not be.
  remove(filter, error) {
    this.#plain.delete(filter);
    const handlers = this.#routes.remove(filter);
    for (const [messages, filters] of this.#iterators) {
      if (handlers.includes(messages.take) && !filters.some((one) => this.#routes.has(one))) {
        messages.finish(error);
      }
    }
  }

  get isEmpty() {
    return this.#routes.isEmpty;
  }

  // What it gives is there when the handlers' promises are kept; undefined if
  // none has given one.
  deliver(topic, packet) {
    const promises = [];
    for (const handler of this.#routes.handlersOf(topic, packet)) {
      const result = call(this.#conduct.owner, handler, topic, packet.payload, packet);
      if (typeof result?.then === 'function') promises.push(result);
    }
    return promises.length === 0 ? undefined : promises;
  }

  messages(topics, { highWaterMark, signal, ...options }) {
    if (highWaterMark !== undefined && !(Number.isInteger(highWaterMark) && highWaterMark > 0)) {
      throw outOfRange('options.highWaterMark', 'a number of messages, 1 or more', highWaterMark);
    }
    if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
      throw invalidType('options.signal', 'an instance of AbortSignal', signal);
    }
    const messages = new Messages({
      pause: (who, mayYield) => this.#conduct.core.pause(who, mayYield),
      resume: (who) => this.#conduct.core.resume(who),
      leave: (who) => this.#leave(who),
    }, { highWaterMark, signal });
    if (messages.isOver) return messages;
    this.#iterators.set(messages, args.entries(topics, options).map(({ topic }) => topic));
    const { owner } = this.#conduct;
    owner.subscribe(topics, options, (error) => messages.subscribed(error), messages.take);
    return messages;
  }

  // The last one out turns off the light.
  #leave(messages) {
    const filters = this.#iterators.get(messages);
    if (filters === undefined) return;
    this.#iterators.delete(messages);
    const left = this.#routes.drop(filters, messages.take)
      .filter((filter) => !this.#plain.has(filter));
    const { owner } = this.#conduct;
    if (left.length > 0 && !owner.disconnecting) owner.unsubscribe(left, () => {});
  }
}

module.exports = { Handlers };
