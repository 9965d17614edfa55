'use strict';
// The life of a client as JavaScript sees it: the connect that is desired,
// beside those that there are. Each connect has a number, which its events
// carry, and one end; what comes of one that was given up is known as such,
// however late it comes.

const KEPT = 0; // all is told
const CANCELLED = 1; // nothing is told but the end, which is what was wished
const ABANDONED = 2; // a blocking connect that failed: told once, as that
const SILENT = 3; // all has been told

// What the life is without a connect.
const NONE = { number: 0, fate: KEPT, isOpen: false, previous: null };

// The connect of that number among those that lead to each other from `connect` on.
function find(connect, number) {
  let found = connect;
  while (found.number !== number) found = found.previous;
  return found;
}

// `connect` has come to its end.
function remove(life, connect) {
  if (connect !== life) {
    let next = life;
    while (next.previous !== connect) next = next.previous;
    next.previous = connect.previous;
    return;
  }
  life.leave(KEPT);
  Object.assign(life, life.previous ?? NONE);
}

// The last connect is the life itself; those before it, which few clients have, have
// come to no end yet and lead to each other.
class Life {
  #asked = 0;
  #isDesired = false; // the last one is
  number = 0; // of the last one, as all that follows; 0: there is none
  fate = KEPT;
  isOpen = false;
  previous = null;

  // One of them has its end to come.
  get isOver() {
    return this.number === 0;
  }

  // connect was called and disconnect was not, and it has not ended by itself.
  get isDesired() {
    return this.#isDesired;
  }

  get isConnected() {
    return this.#isDesired && this.isOpen;
  }

  begin() {
    if (this.number !== 0) {
      const { number, fate, isOpen, previous } = this;
      this.previous = { number, fate, isOpen, previous };
    }
    this.#asked += 1;
    this.number = this.#asked;
    this.fate = KEPT;
    this.isOpen = false;
    this.#isDesired = true;
  }

  leave(fate) {
    if (this.#isDesired) this.fate = fate;
    this.#isDesired = false;
  }

  // A blocking call has seen it before its event was delivered.
  foresee() {
    this.isOpen = true;
  }

  // How many ends were still to be told: none of them will be.
  silence() {
    let count = 0;
    for (let connect = this.isOver ? null : this; connect !== null; connect = connect.previous) {
      if (connect.fate !== SILENT) count += 1;
      connect.fate = SILENT;
    }
    this.#isDesired = false;
    return count;
  }

  isDesiredNow(number) {
    return this.#isDesired && this.number === number;
  }

  // Whether it is told.
  opened(number) {
    const connect = find(this, number);
    if (connect.fate !== KEPT) return false;
    connect.isOpen = true;
    return true;
  }

  // What became of it: { fate, wasOpen }.
  closed(number, isLast) {
    const connect = find(this, number);
    const { fate, isOpen: wasOpen } = connect;
    connect.isOpen = false;
    if (fate === ABANDONED) connect.fate = SILENT;
    if (isLast) remove(this, connect);
    return { fate, wasOpen };
  }
}

module.exports = { Life, KEPT, CANCELLED, ABANDONED, SILENT };
