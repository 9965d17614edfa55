'use strict';
// How messages are acknowledged: by PUBACK, PUBREC or PUBCOMP, once, when they
// were handled, or by the program with the option manualAcks.
const { errors, invalidType } = require('../errors');

class Answers {
  // { receipt(qos, id), acknowledge(receipt, reason), fault(), show(make) }
  #core;
  #isAtRelease; // QoS 2 is answered at PUBREL

  constructor(core, isAtRelease) {
    this.#core = core;
    this.#isAtRelease = isAtRelease;
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

  // Less than 0: it was answered before, or cannot be in this way.
  answer(receipt, reasonCode) {
    const { qos, mid: messageId } = receipt;
    const isCompletion = qos === 2 && this.#isAtRelease;
    const status = this.#core.acknowledge(receipt, reasonCode);
    if (status !== 0) return status;
    const cmd = qos === 1 ? 'puback' : 'pubrec';
    this.#core.show(() => (isCompletion
      ? { cmd: 'pubcomp', messageId } : { cmd, messageId, reasonCode }));
    return 0;
  }
}

module.exports = { Answers };
