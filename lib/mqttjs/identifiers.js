'use strict';
// Who gives out the message ids that a program sees. Those on the wire are the
// engine's own business.
const ID_MAX = 65535;

function next(id) {
  return id >= ID_MAX ? 1 : id + 1;
}

// One after the other, whether the last one of that number is done or not.
class DefaultMessageIdProvider {
  #last = Math.floor(Math.random() * ID_MAX);

  allocate() {
    this.#last = next(this.#last);
    return this.#last;
  }

  getLastAllocated() {
    return this.#last;
  }

  register() {
    return true;
  }

  deallocate() {}

  clear() {}
}

// Only those that are free, the one after the last first: a search is short
// unless nearly all are taken.
class UniqueMessageIdProvider {
  #taken = new Set();
  #last;

  // Null when all are taken.
  allocate() {
    if (this.#taken.size === ID_MAX) return null;
    let id = next(this.#last ?? 0);
    while (this.#taken.has(id)) id = next(id);
    this.#taken.add(id);
    this.#last = id;
    return id;
  }

  getLastAllocated() {
    return this.#last;
  }

  register(id) {
    if (!Number.isInteger(id) || id < 1 || id > ID_MAX || this.#taken.has(id)) return false;
    this.#taken.add(id);
    this.#last = id;
    return true;
  }

  deallocate(id) {
    this.#taken.delete(id);
  }

  clear() {
    this.#taken.clear();
    this.#last = undefined;
  }
}

module.exports = { DefaultMessageIdProvider, UniqueMessageIdProvider };
