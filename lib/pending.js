'use strict';
// What waits for its outcome, by message id. Ids are given in order and their
// requests end nearly so: a ring of slots holds those from `first` on, doubled
// when they outgrow it. Few that end late would make it as long as all that has
// come since, so those go to a map, which has ids below `first` alone. A ring that
// can grow no further is put away as it is, and there is a new one.
const SLOTS_MIN = 8;
const SLOTS_MAX = 16 * 1024;
const SPARSE = 4; // of so many slots one is used, at most: rather the map
const THIN = 64; // the same, of all rings that were put away

// Of all who need none: they stay empty.
const NONE = new Map();
const NO_RINGS = Object.freeze([]);

function newSlots(count) {
  return new Array(count).fill(undefined);
}

// [id, request] of those in these slots, in order.
function entriesOf(slots, mask, first, last) {
  const entries = [];
  for (let id = first; id <= last; id += 1) {
    const request = slots[id & mask];
    if (request !== undefined) entries.push([id, request]);
  }
  return entries;
}

// A ring that was put away, or a map of what is left in it.
class Stowed {
  #slots;
  #mask;
  #byId;

  constructor(slots, mask, first, last, used) {
    this.#slots = slots;
    this.#mask = mask;
    this.first = first;
    this.last = last;
    this.used = used;
  }

  get(id) {
    return this.#byId === undefined ? this.#slots[id & this.#mask] : this.#byId.get(id);
  }

  // One that is in it.
  remove(id) {
    this.used -= 1;
    if (this.#byId !== undefined) {
      this.#byId.delete(id);
      return;
    }
    this.#slots[id & this.#mask] = undefined;
  }

  get isThin() {
    return this.#byId !== undefined;
  }

  // From now on it takes no more memory than what is left.
  thin() {
    this.#byId ??= new Map(this.entries());
    this.#slots = undefined;
  }

  entries() {
    return this.#byId === undefined
      ? entriesOf(this.#slots, this.#mask, this.first, this.last) : [...this.#byId];
  }

  oldest() {
    while (this.get(this.first) === undefined) this.first += 1;
    return this.first;
  }
}

class Pending {
  #slots = newSlots(SLOTS_MIN); // a power of two
  #mask = SLOTS_MIN - 1;
  #first = 1; // no slot below it is used
  #last = 0; // nor above it
  #used = 0; // slots
  #late = NONE; // by id, in order
  #rings = NO_RINGS; // those put away, in order
  #stowed = 0; // slots that are used there

  get size() {
    return this.#used + this.#late.size + this.#stowed;
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
    if (id >= this.#first) return this.#slots[id & this.#mask];
    const ring = this.#ringOf(id);
    return ring === undefined ? this.#late.get(id) : ring.get(id);
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
    return request;
  }

  #takeLate(id) {
    const ring = this.#ringOf(id);
    if (ring !== undefined) return this.#takeFrom(ring, id);
    const request = this.#late.get(id);
    if (request !== undefined) this.#late.delete(id);
    return request;
  }

  // The one put away that has this id, if it waits; undefined if none can.
  #ringOf(id) {
    const rings = this.#rings;
    let low = 0;
    let high = rings.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rings[middle].last < id) low = middle + 1;
      else high = middle;
    }
    return low < rings.length && rings[low].first <= id ? rings[low] : undefined;
  }

  #takeFrom(ring, id) {
    const request = ring.get(id);
    if (request === undefined) return undefined;
    ring.remove(id);
    this.#stowed -= 1;
    const rings = this.#rings;
    if (ring.used === 0) rings.splice(rings.indexOf(ring), 1);
    else if (!ring.isThin && this.#stowed * THIN <= rings.length * SLOTS_MAX) {
      for (const one of rings) one.thin();
    }
    return request;
  }

  // [id, request] of all that wait, in the order of their ids.
  list() {
    const entries = [
      ...this.#late, ...this.#rings.flatMap((ring) => ring.entries()),
      ...entriesOf(this.#slots, this.#mask, this.#first, this.#last),
    ];
    return entries.sort(([one], [other]) => one - other);
  }

  // The lowest id that waits; Infinity when there is none.
  oldest() {
    const late = this.#late.size > 0 ? this.#late.keys().next().value : Infinity;
    if (this.#stowed > 0) return Math.min(late, this.#rings[0].oldest());
    if (late !== Infinity || this.#used === 0) return late;
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
    while (room <= SLOTS_MAX && id - this.#first >= room) room *= 2;
    if (room > SLOTS_MAX) this.#putAway(id);
    else if (room !== count) this.#resize(room);
  }

  // What is in the ring stays there, and `id` is the first in another.
  #putAway(id) {
    if (this.#rings === NO_RINGS) this.#rings = [];
    this.#rings.push(
      new Stowed(this.#slots, this.#mask, this.#first, this.#last, this.#used));
    this.#stowed += this.#used;
    this.#slots = newSlots(this.#mask + 1);
    this.#first = id;
    this.#used = 0;
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
