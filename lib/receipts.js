'use strict';
// Messages that the program answers by their id, and which of them wait for that.
const UNKNOWN = 'no message of QoS 1 or 2 with this id waits to be acknowledged: it was ' +
  'acknowledged before, or it never came';

class Receipts {
  #byId = new Map(); // the newest receipt of each id, and of each key

  // { qos, mid, attempt, isSettled, delivery }
  add(receipt) {
    const { mid, delivery } = receipt;
    this.#byId.set(mid, receipt);
    if (delivery !== undefined) this.#byId.set(delivery.key, receipt);
  }

  // Undefined if there is none.
  find(id) {
    return this.#byId.get(id);
  }

  // It is answered, whether it is one of these or not.
  settle(receipt) {
    receipt.isSettled = true;
    if (this.#byId.get(receipt.mid) === receipt) this.#byId.delete(receipt.mid);
    if (receipt.delivery !== undefined) this.#byId.delete(receipt.delivery.key);
  }
}

// Of all who answer none by its id: it stays empty.
const NO_RECEIPTS = new Receipts();

module.exports = { NO_RECEIPTS, Receipts, UNKNOWN };
