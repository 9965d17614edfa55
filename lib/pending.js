'use strict';
// What waits for its outcome, by message id. Ids are given in order and their
// requests end nearly so: a ring of slots holds those from `first` on, doubled
// when they outgrow it. Few that end late would make it as long as all that has
// come since, so those go to a map, which has ids below `first` alone.
const SLOTS_MIN = 8;
const SLOTS_KEPT = 16 * 1024; // more are given back when nothing waits
const SPARSE = 4; // of so many slots one is used, at most: rather the map

// Of all who need none: it stays empty.
const NONE = new Map();

function newSlots(count) {
  return new Array(count).fill(undefined);
}

class Pending {
  #slots = newSlots(SLOTS_MIN); // a power of two
  #mask = SLOTS_MIN - 1;
  #first = 1; // no slot below it is used
  #last = 0; // nor above it
  #used = 0; // slots
  #late = NONE; // by id, in order

  get size() {
    return this.#used + this.#late.size;
  }

  // `id` is higher than all before it.
  set(id, request) {
    if (this.#used === 0) this.#first = id;
    if (id - this.#first > this.#mask) this.#makeRoom(id);
    this.#slots[id & this.#mask] = request;
    this.#last = id;
    this.#used += 1;
  }

  // Undefined when there is none.
  get(id) {
    if (id > this.#last) return undefined;
    return id >= this.#first ? this.#slots[id & this.#mask] : this.#late.get(id);
  }

  // The same, and it waits no longer.
  take(id) {
    if (id < this.#first) return this.#takeLate(id);
    if (id > this.#last) return undefined;
    const at = id & this.#mask;
    const request = this.#slots[at];
    if (request === undefined) return undefined;
    this.#slots[at] = undefined;
    this.#used -= 1;
    if (id === this.#first) this.#first += 1;
    if (this.#used === 0 && this.#mask >= SLOTS_KEPT) this.#shrink();
    return request;
  }

  #takeLate(id) {
    const request = this.#late.get(id);
    if (request !== undefined) this.#late.delete(id);
    return request;
  }

  // [id, request] of all that wait, in the order of their ids.
  list() {
    const entries = [...this.#late];
    for (let id = this.#first; id <= this.#last; id += 1) {
      const request = this.#slots[id & this.#mask];
      if (request !== undefined) entries.push([id, request]);
    }
    return entries;
  }

  // The lowest id that waits; Infinity when there is none.
  oldest() {
    if (this.#late.size > 0) return this.#late.keys().next().value;
    if (this.#used === 0) return Infinity;
    this.#skip();
    return this.#first;
  }

  #skip() {
    while (this.#slots[this.#first & this.#mask] === undefined) this.#first += 1;
  }

  #makeRoom(id) {
    this.#skip();
    const count = this.#mask + 1;
    if (this.#used * SPARSE <= count) this.#evict(id - count / 2);
    let room = count;
    while (id - this.#first >= room) room *= 2;
    if (room !== count) this.#resize(room);
  }

  #shrink() {
    this.#first = this.#last + 1;
    this.#resize(SLOTS_MIN);
  }

  // Those below `end` are late.
  #evict(end) {
    if (this.#late === NONE) this.#late = new Map();
    for (; this.#used > 0 && this.#first < end; this.#first += 1) {
      const at = this.#first & this.#mask;
      if (this.#slots[at] === undefined) continue;
      this.#late.set(this.#first, this.#slots[at]);
      this.#slots[at] = undefined;
      this.#used -= 1;
    }
    if (this.#used === 0) this.#first = end;
  }

  #resize(count) {
    const slots = newSlots(count);
    for (let id = this.#first; id <= this.#last; id += 1) {
      slots[id & (count - 1)] = this.#slots[id & this.#mask];
    }
    this.#slots = slots;
    this.#mask = count - 1;
  }
}

module.exports = { Pending };
