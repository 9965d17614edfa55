'use strict';
// The life of a client as JavaScript sees it: the connect that is desired,
// beside those that there are. Each connect has a number, which its events
// carry, and one end; what comes of one that was given up is known as such,
// however late it comes.

const KEPT = 0; // all is told
const CANCELLED = 1; // nothing is told but the end, which is what was wished
const ABANDONED = 2; // a blocking connect that failed: told once, as that
const SILENT = 3; // all has been told

class Life {
  #asked = 0;
  #desired = null;
  #last = null; // of those that have not come to their end, which lead to each other

  // One of them has its end to come.
  get isOver() {
    return this.#last === null;
  }

  // connect was called and disconnect was not, and it has not ended by itself.
  get isDesired() {
    return this.#desired !== null;
  }

  get isConnected() {
    return this.#desired !== null && this.#desired.isOpen;
  }

  begin() {
    this.#asked += 1;
    this.#desired = { number: this.#asked, fate: KEPT, isOpen: false, previous: this.#last };
    this.#last = this.#desired;
  }

  leave(fate) {
    if (this.#desired !== null) this.#desired.fate = fate;
    this.#desired = null;
  }

  // A blocking call has seen it before its event was delivered.
  foresee() {
    this.#desired.isOpen = true;
  }

  // How many ends were still to be told: none of them will be.
  silence() {
    let count = 0;
    for (let connect = this.#last; connect !== null; connect = connect.previous) {
      if (connect.fate !== SILENT) count += 1;
      connect.fate = SILENT;
    }
    this.#desired = null;
    return count;
  }

  #find(number) {
    let connect = this.#last;
    while (connect.number !== number) connect = connect.previous;
    return connect;
  }

  isDesiredNow(number) {
    return this.#desired !== null && this.#desired.number === number;
  }

  // Whether it is told.
  opened(number) {
    const connect = this.#find(number);
    if (connect.fate !== KEPT) return false;
    connect.isOpen = true;
    return true;
  }

  #remove(connect) {
    if (this.#last === connect) {
      this.#last = connect.previous;
      return;
    }
    let next = this.#last;
    while (next.previous !== connect) next = next.previous;
    next.previous = connect.previous;
  }

  // What became of it: { fate, wasOpen }.
  closed(number, isLast) {
    const connect = this.#find(number);
    const { fate, isOpen: wasOpen } = connect;
    connect.isOpen = false;
    if (fate === ABANDONED) connect.fate = SILENT;
    if (isLast) {
      this.#remove(connect);
      if (this.#desired === connect) this.#desired = null;
    }
    return { fate, wasOpen };
  }
}

module.exports = { Life, KEPT, CANCELLED, ABANDONED, SILENT };
