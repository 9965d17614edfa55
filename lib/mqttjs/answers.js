'use strict';
// How messages are acknowledged: by PUBACK, PUBREC or PUBCOMP, once, when they
// were handled, or by the program with the option manualAcks.
const { errors, invalidType } = require('../errors');

class Answers {
  // { receipt(qos, id), acknowledge(receipt, reason), fault(), show(make) }
  #core;

  constructor(core) {
    this.#core = core;
  }

  // By what it is answered; undefined for QoS 0.
  of({ qos, messageId }) {
    return qos === 0 ? undefined : this.#core.receipt(qos, messageId);
  }

  // By the program, by packet.ack(): its second one is a mistake, and thrown. Of
  // QoS 0 nothing is answered, and when the client has ended nobody is.
  byHand(packet, receipt) {
    const ack = receipt === undefined ? () => {} : (reasonCode = 0) => {
      if (typeof reasonCode !== 'number') throw invalidType('reasonCode', 'number', reasonCode);
      const status = this.answer(receipt, reasonCode);
      if (status < 0 && status !== errors.ENOCONN) throw this.#core.fault();
    };
    Object.defineProperty(packet, 'ack', { value: ack, configurable: true, writable: true });
  }

  // Less than 0: it was answered before, or cannot be in this way. PUBCOMP has no
  // reason to give.
  answer(receipt, reasonCode) {
    const { qos, mid: messageId } = receipt;
    const status = this.#core.acknowledge(receipt, reasonCode);
    if (status !== 0) return status;
    this.#core.show(() => (qos === 2
      ? { cmd: 'pubcomp', messageId } : { cmd: 'puback', messageId, reasonCode }));
    return 0;
  }

  // Whether a message of QoS 2 is accepted: with 0 it comes again at PUBREL.
  judge({ messageId }, reasonCode) {
    const receipt = this.#core.receipt(2, messageId);
    if (this.#core.acknowledge(receipt, reasonCode) !== 0) return;
    this.#core.show(() => (reasonCode === 0
      ? { cmd: 'pubrec', messageId } : { cmd: 'pubrec', messageId, reasonCode }));
  }
}

module.exports = { Answers };
