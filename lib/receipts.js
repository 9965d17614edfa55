'use strict';
// Messages that the program answers by itself, and which of them wait for that.
// QoS 1 is answered on the connection that brought it, and QoS 2 in its session;
// the server sends again what was not, so an answer that comes later is nobody's.
const UNKNOWN = 'no message of QoS 1 or 2 with this id waits to be acknowledged: it was ' +
  'acknowledged before, or it never came';

// Of all who answer none by its id: it stays empty.
const NONE = new Map();

class Receipts {
  #byId = NONE; // the newest receipt of each id
  #attempt = 0; // whose connection was opened last
  #since = 0; // and the first one of the server's session

  // There is a new connection.
  opened(attempt, sessionPresent) {
    this.#attempt = attempt;
    if (!sessionPresent) this.#since = attempt;
  }

  // Whose messages come now.
  get attempt() {
    return this.#attempt;
  }

  // The client goes on with a session of another number.
  forget() {
    this.#byId = NONE;
    this.#attempt = 0;
    this.#since = 0;
  }

  // The program has a message: it answers by this. One of the durable inbox has
  // a delivery, and is the store's: whatever connection has brought it.
  make(qos, mid, delivery) {
    return { qos, mid, attempt: this.#attempt, isSettled: false, delivery };
  }

  // The same, to be found by its id or by its key.
  add(qos, mid, delivery) {
    const receipt = this.make(qos, mid, delivery);
    if (this.#byId === NONE) this.#byId = new Map();
    this.#byId.set(mid, receipt);
    if (delivery !== undefined) this.#byId.set(delivery.key, receipt);
  }

  // Undefined if there is none.
  find(mid) {
    return this.#byId.get(mid);
  }

  // It is answered; false: it was before.
  settle(receipt) {
    if (receipt.isSettled) return false;
    receipt.isSettled = true;
    if (this.#byId.get(receipt.mid) === receipt) this.#byId.delete(receipt.mid);
    if (receipt.delivery !== undefined) this.#byId.delete(receipt.delivery.key);
    return true;
  }

  // The answer would reach whoever has sent the message.
  isCurrent({ qos, mid, attempt, delivery }) {
    if (delivery !== undefined) return true;
    if (mid === 0) return false; // told after its session was lost
    return qos === 2 ? attempt >= this.#since : attempt === this.#attempt;
  }
}

module.exports = { Receipts, UNKNOWN };
