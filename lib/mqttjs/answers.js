'use strict';
// How messages are acknowledged: by PUBACK, PUBREC or PUBCOMP, once, when they
// were handled, or by the program with the option manualAcks.
const { errors, invalidType } = require('../errors');

class Answers {
  #conduct;

  constructor(conduct) {
    this.#conduct = conduct;
  }

  // By what it is answered; undefined for QoS 0.
  of({ qos, messageId }, delivery) {
    return qos === 0 ? undefined : this.#conduct.core.receipt(qos, messageId, delivery);
  }

  // By the program, by packet.ack(): its second one is a mistake, and thrown. Of
  // QoS 0 nothing is answered, and when the client has ended nobody is.
  byHand(packet, receipt) {
    const ack = receipt === undefined ? () => {} : (reasonCode = 0) => {
      if (typeof reasonCode !== 'number') throw invalidType('reasonCode', 'number', reasonCode);
      const status = this.answer(receipt, reasonCode);
      if (status < 0 && status !== errors.ENOCONN) throw this.#conduct.core.fault;
    };
    Object.defineProperty(packet, 'ack', { value: ack, configurable: true, writable: true });
  }

  // Less than 0: it was answered before, or cannot be in this way. PUBCOMP has no
  // reason to give.
  answer(receipt, reasonCode) {
    const { qos, mid: messageId, delivery } = receipt;
    const status = this.#conduct.core.acknowledge(receipt, reasonCode);
    if (status === 0 && delivery === undefined) this.#showAnswer(qos, messageId, reasonCode);
    return status;
  }

  // The program has failed with it. One that was completed (QoS 2) holds up nobody.
  withhold({ qos, messageId }, receipt, isProposed) {
    if (messageId === 0 || qos === 0 || (qos === 2 && !isProposed)) return;
    const { core } = this.#conduct;
    core.withhold(receipt ?? core.receipt(qos, messageId));
  }

  // The same for a message that came right now, and is well received.
  accept({ qos, messageId }) {
    if (messageId === 0) return; // its session is lost: nobody waits for an answer
    if (this.#conduct.core.accept(qos, messageId) === 0) this.#showAnswer(qos, messageId, 0);
  }

  // Whether a message of QoS 2 is accepted: with 0 it comes again at PUBREL.
  judge(receipt, reasonCode) {
    const { mid: messageId } = receipt;
    if (this.#conduct.core.acknowledge(receipt, reasonCode) !== 0) return;
    this.#show(reasonCode === 0
      ? { cmd: 'pubrec', messageId } : { cmd: 'pubrec', messageId, reasonCode });
  }

  #showAnswer(qos, messageId, reasonCode) {
    if (!this.#conduct.isSentSeen || messageId === 0) return;
    this.#show(qos === 2
      ? { cmd: 'pubcomp', messageId } : { cmd: 'puback', messageId, reasonCode });
  }

  #show(packet) {
    if (this.#conduct.isSentSeen) this.#conduct.emit('packetsend', packet);
  }
}

module.exports = { Answers };
