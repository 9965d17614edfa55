'use strict';
// Who is to have a message: the handlers of the filters that it was sent for. The
// addon tells which filters match a topic; where the server names subscriptions
// by their identifiers (MQTT 5, 3.3.2.3.8), those that it names count, so that
// a message that comes once for each of several filters is handled once.
const { randomInt } = require('node:crypto');
const native = require('./native');

const TOPICS_MAX = 4096; // whose filters are remembered, and more for many filters
const TOPICS_PER_FILTER = 4;
// Ours have three bytes on the wire; those below are left to the program.
const IDENTIFIER_MIN = 16384;
const IDENTIFIER_MAX = 2097151;

const sizeOf = Buffer.alloc(2);

// What matches other topics than the one that it is spelt like.
const isPattern = /[+#]|^\$(share|queue|exclusive)\/|^\$share:/;
// Of brokers that share, or do not share, by a prefix of their own.
const foreignPrefix = /^\$(queue|exclusive)\/|^\$share:[^:]*:/;

class Routes {
  #byFilter = new Map(); // filter: { filter, order, identifier, handlers }
  #order = 0; // of the next filter
  #list; // those that a topic may match otherwise; undefined: to be made anew
  #table; // for the addon
  #byTopic = new Map(); // topic: the entries whose filter matches it
  // A client of an earlier process had others, which may still be in its session.
  #first = randomInt(IDENTIFIER_MIN, IDENTIFIER_MAX >> 1);
  #next = this.#first;
  #isNaming = false; // this server has named a subscription

  get isEmpty() {
    return this.#byFilter.size === 0;
  }

  // There is a new connection, and maybe another server.
  opened() {
    this.#isNaming = false;
  }

  // For those filters of one SUBSCRIBE.
  nextIdentifier() {
    const identifier = this.#next;
    this.#next = identifier === IDENTIFIER_MAX ? this.#first : identifier + 1;
    return identifier;
  }

  #isForeign(identifier) {
    return identifier >= IDENTIFIER_MIN && !(identifier >= this.#first && identifier < this.#next);
  }

  has(filter) {
    return this.#byFilter.has(filter);
  }

  identifierOf(filter) {
    return this.#byFilter.get(filter)?.identifier;
  }

  // The server was asked for it under this identifier, or under none.
  name(filter, identifier) {
    const entry = this.#byFilter.get(filter);
    if (entry !== undefined) entry.identifier = identifier;
  }

  add(filters, handler) {
    for (const filter of filters) {
      const entry = this.#byFilter.get(filter);
      if (entry === undefined) {
        this.#byFilter.set(filter,
          { filter, order: this.#order, identifier: undefined, handlers: new Set([handler]) });
        this.#order += 1;
      } else {
        entry.handlers.add(handler);
      }
    }
    this.#changed();
  }

  // Filters that nobody handles any more.
  drop(filters, handler) {
    const left = filters.filter((filter) => {
      const entry = this.#byFilter.get(filter);
      return entry !== undefined && entry.handlers.delete(handler) && entry.handlers.size === 0;
    });
    for (const filter of left) this.#byFilter.delete(filter);
    this.#changed();
    return left;
  }

  // Nobody handles it any more: those who did.
  remove(filter) {
    const handlers = this.#byFilter.get(filter)?.handlers ?? [];
    if (this.#byFilter.delete(filter)) this.#changed();
    return [...handlers];
  }

  #changed() {
    this.#list = undefined;
    this.#byTopic.clear();
  }

  #makeTable() {
    this.#list = [...this.#byFilter.values()].filter(({ filter }) => isPattern.test(filter));
    this.#table = Buffer.concat(this.#list.flatMap(({ filter }) => {
      const bytes = Buffer.from(filter.replace(foreignPrefix, ''));
      sizeOf.writeUInt16BE(bytes.length);
      return [Buffer.from(sizeOf), bytes];
    }));
  }

  #entriesOf(topic) {
    const known = this.#byTopic.get(topic);
    if (known !== undefined) return known;
    if (this.#list === undefined) this.#makeTable();
    const entries = native.match(this.#table, topic).map((place) => this.#list[place]);
    const same = this.#byFilter.get(topic);
    if (same !== undefined) {
      entries.push(same);
      entries.sort((one, other) => one.order - other.order);
    }
    const most = Math.max(TOPICS_MAX, TOPICS_PER_FILTER * this.#byFilter.size);
    if (this.#byTopic.size >= most) this.#byTopic.clear();
    this.#byTopic.set(topic, entries);
    return entries;
  }

  // Each handler of a message once, in the order in which they were given.
  handlersOf(topic, { properties }) {
    const entries = this.#named(this.#entriesOf(topic), properties?.subscriptionIdentifier);
    if (entries.length === 0) return [];
    if (entries.length === 1) return [...entries[0].handlers];
    return [...new Set(entries.flatMap(({ handlers }) => [...handlers]))];
  }

  // Of the entries whose filter matches, those that the server means. Once it
  // has named one, a message without a name is for filters without one.
  #named(entries, identifiers) {
    if (identifiers === undefined) {
      return this.#isNaming
        ? entries.filter(({ identifier }) => identifier === undefined) : entries;
    }
    this.#isNaming = true;
    const named = Array.isArray(identifiers) ? identifiers : [identifiers];
    const meant = entries.filter(({ identifier }) => named.includes(identifier));
    return meant.length === 0 && named.some((one) => this.#isForeign(one)) ? entries : meant;
  }
}

module.exports = { Routes };
