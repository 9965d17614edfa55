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
  #connects = []; // those that have not come to their end: one, mostly

  // One of them has its end to come.
  get isOver() {
    return this.#connects.length === 0;
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
    this.#desired = { number: this.#asked, fate: KEPT, isOpen: false };
    this.#connects = this.#connects.concat(this.#desired);
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
    for (const connect of this.#connects) {
      if (connect.fate !== SILENT) count += 1;
      connect.fate = SILENT;
    }
    this.#desired = null;
    return count;
  }

  #find(number) {
    return this.#connects.find((connect) => connect.number === number);
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

  // What became of it: { fate, wasOpen }.
  closed(number, isLast) {
    const connect = this.#find(number);
    const { fate, isOpen: wasOpen } = connect;
    connect.isOpen = false;
    if (fate === ABANDONED) connect.fate = SILENT;
    if (isLast) {
      this.#connects = this.#connects.filter((other) => other !== connect);
      if (this.#desired === connect) this.#desired = null;
    }
    return { fate, wasOpen };
  }
}

module.exports = { Life, KEPT, CANCELLED, ABANDONED, SILENT };
