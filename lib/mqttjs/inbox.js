'use strict';
// Messages, one at a time: each is told, handled and acknowledged before the
// next one, as MQTT.js does. handleMessage may take its time for that.
const native = require('../native');
const packets = require('./packets');
const { Answers } = require('./answers');
const { coded } = require('./failures');
const { plainHandler } = require('./members');
const { isJudged } = require('./options');

// Of what waits here; past one of them the core holds what comes.
const WAITING_MAX = 1024;
const WAITING_BYTES_MAX = 1048576;

// What customHandleAcks may answer; only with 0 the message is told, at QoS 2 at PUBREL.
const reasons = [0, 16, 128, 131, 135, 144, 145, 151, 153];

class Inbox {
  #owner;
  #conduct;
  #answers;
  #isJudged; // customHandleAcks is asked
  #waiting = []; // messages that came meanwhile
  #at = 0; // the first of them that was not handled
  #bytes = 0; // of their payloads
  #isBusy = false;
  #told; // a plain message of QoS 1 or 2, while its listeners run
  #turn = 0; // of the message that is handled, or was last
  #isDraining = false;

  constructor(conduct) {
    this.#owner = conduct.owner;
    this.#conduct = conduct;
    this.#isJudged = isJudged(conduct.options);
    this.#answers = new Answers(conduct);
  }

  get isFull() {
    return this.#waiting.length - this.#at >= WAITING_MAX || this.#bytes >= WAITING_BYTES_MAX;
  }

  // What waits is told all the same, as in MQTT.js, but for what the server, or the store of the
  // durable inbox, still has: of QoS 2 the core has taken it from the server.
  ended() {
    this.#waiting = this.#waiting.slice(this.#at).filter(({ packet, receipt }) =>
      packet.qos !== 1 && receipt?.delivery === undefined);
    this.#at = 0;
    this.#bytes = this.#waiting.reduce((sum, { packet }) => sum + packet.payload.length, 0);
  }

  // There is a new connection. Whoever has yet to call back for a message of one before, and
  // maybe never does, holds up none of this one's.
  opened() {
    if (this.#isBusy) this.#next(this.#turn);
  }

  // A message is handled from now on. Returns its turn.
  #begin() {
    this.#isBusy = true;
    this.#turn += 1;
    return this.#turn;
  }

  // `topic`: what the packet's is, if an alias stands for it; `isProposed`: of QoS 2, which
  // comes again at PUBREL if it is accepted.
  take(topic, packet, isMqtt5, isProposed, delivery) {
    const isSpecial = isProposed || delivery !== undefined;
    if (!this.#isBusy && !isSpecial && this.#isPlain(packet, isMqtt5)) {
      this.#tellPlain(topic, packet, isMqtt5);
      return;
    }
    const receipt = this.#answers.of(packet, delivery);
    const message = { topic, packet, isMqtt5, isProposed, receipt };
    if (!this.#isBusy) {
      this.#handle(message);
      return;
    }
    const wasFull = this.isFull;
    this.#bytes += packet.payload.length;
    this.#waiting.push(message);
    if (this.isFull !== wasFull) this.#conduct.core.heard();
  }

  // There is nothing to be asked, and nobody answers but us: as most are.
  #isPlain({ qos }, isMqtt5) {
    const { manualAcks } = this.#conduct.options;
    if (manualAcks || (isMqtt5 && this.#isJudged)) return false;
    return qos < 2 || this.#conduct.stores === undefined;
  }

  #tellPlain(topic, packet, isMqtt5) {
    const { qos } = packet;
    const owner = this.#owner;
    const conduct = this.#conduct;
    if (conduct.isSeen) this.#show({ packet, isMqtt5, isProposed: false });
    const turn = this.#begin();
    if (qos > 0) this.#told = packet;
    if (conduct.hasHandlers) conduct.handlers.deliver(topic, packet);
    try {
      owner.emit('message', topic, packet.payload, packet);
    } catch (error) {
      native.raise(error);
    }
    if (owner.handleMessage !== plainHandler) {
      this.#told = undefined;
      this.#await({ topic, packet, isMqtt5, isProposed: false, receipt: this.#answers.of(packet) },
        0, turn);
      return;
    }
    if (qos > 0) this.acceptTold();
    this.#next(turn);
  }

  // Its listeners have run, or one of them says goodbye, behind which nothing can be answered.
  acceptTold() {
    const packet = this.#told;
    this.#told = undefined;
    if (packet !== undefined && this.#owner.handleMessage === plainHandler) {
      this.#answers.accept(packet);
    }
  }

  #handle(message) {
    const { packet: { qos }, isMqtt5, isProposed } = message;
    this.#show(message);
    const turn = this.#begin();
    if (isProposed || (qos === 1 && isMqtt5 && this.#isJudged)) this.#ask(message, turn);
    else this.#accept(message, turn);
  }

  // A message of QoS 2 is in the program's store, if there is one, until it was handled.
  #accept(message, turn) {
    const { packet } = message;
    const { stores } = this.#conduct;
    if (packet.qos < 2 || stores === undefined) {
      this.#tell(message, 0, turn);
      return;
    }
    stores.keep(packet, (error) => {
      if (error === undefined) {
        this.#tell(message, 0, turn);
      } else {
        this.#emit('error', error);
        this.#next(turn);
      }
    });
  }

  // What was received; of QoS 2, what the core has sent and received since.
  #show({ packet, isMqtt5, isProposed }) {
    const { messageId, qos } = packet;
    const isReleased = qos === 2 && !isProposed;
    const wasProposed = isReleased && isMqtt5 && this.#isJudged;
    const { isReceivedSeen: receives, isSentSeen } = this.#conduct;
    if (receives && !wasProposed) this.#emit('packetreceive', packet);
    if (!isReleased) return;
    if (isSentSeen && !wasProposed) {
      this.#emit('packetsend', { cmd: 'pubrec', messageId });
    }
    if (receives) this.#emit('packetreceive', packets.pubrel(isMqtt5, messageId));
  }

  #emit(...event) {
    try {
      this.#owner.emit(...event);
    } catch (error) {
      native.raise(error);
    }
  }

  // customHandleAcks decides whether the message is told, and how answered. If it throws
  // nothing is, but the next one has its turn.
  #ask(message, turn) {
    const { topic, packet } = message;
    let isAnswered = false;
    const done = (error, code) => {
      if (isAnswered) return;
      isAnswered = true;
      this.#decided(message, turn, error, code);
    };
    try {
      this.#owner.options.customHandleAcks(topic, packet.payload, packet, done);
    } catch (error) {
      native.raise(error);
      if (isAnswered) return;
      isAnswered = true;
      this.#withhold(message);
      this.#next(turn);
    }
  }

  #decided(message, turn, error, code) {
    const reason = typeof error === 'number' ? error : code ?? 0;
    const cmd = message.packet.qos === 1 ? 'puback' : 'pubrec';
    if (error instanceof Error) {
      this.#emit('error', error);
      this.#withhold(message);
      this.#next(turn);
    } else if (!reasons.includes(reason)) {
      this.#emit('error', coded(`Wrong reason code for ${cmd}`, 'EINVAL'));
      this.#withhold(message);
      this.#next(turn);
    } else if (message.isProposed) {
      this.#answers.judge(message.receipt, reason);
      this.#next(turn);
    } else {
      this.#tell(message, reason, turn);
    }
  }

  #tell(message, reason, turn) {
    const { topic, packet, receipt } = message;
    const owner = this.#owner;
    const isTaken = reason === 0;
    const isManual = this.#conduct.options.manualAcks && isTaken;
    if (isManual) this.#answers.byHand(packet, receipt);
    if (isTaken) {
      const promises = this.#conduct.hasHandlers
        ? this.#conduct.handlers.deliver(topic, packet) : undefined;
      if (isManual && promises !== undefined) this.#answerAfter(promises, message);
      this.#emit('message', topic, packet.payload, packet);
    }
    if (owner.handleMessage === plainHandler) {
      if (!isManual) this.#answer(message, reason);
      this.#next(turn);
      return;
    }
    this.#await(message, reason, turn);
  }

  // The program calls back when it has handled the message. If it throws it has not.
  #await(message, reason, turn) {
    let isDone = false;
    const done = (error) => {
      if (isDone) return;
      isDone = true;
      if (!error) this.#answer(message, reason);
      else if (!this.#conduct.options.manualAcks) this.#withhold(message); // else it may yet
      this.#next(turn);
    };
    try {
      this.#owner.handleMessage(message.packet, done);
    } catch (error) {
      native.raise(error);
      done(true);
    }
  }

  // What was not handled is not acknowledged, and those behind it are.
  #withhold({ packet, receipt, isProposed }) {
    this.#answers.withhold(packet, receipt, isProposed);
  }

  // Of handlers; one that fails is an unhandled rejection, as without us.
  async #answerAfter(promises, message) {
    await Promise.all(promises);
    this.#answer(message, 0);
  }

  // What was not handled is not acknowledged, and what the program has answered
  // itself is not again.
  #answer({ packet, receipt }, reason) {
    if (receipt === undefined) return;
    this.#answers.answer(receipt, reason);
    if (packet.qos === 2) this.#conduct.stores?.forget(packet.messageId);
  }

  // The message of that turn is done, if it is still its turn. Handlers that are done at once
  // leave no trace on the stack.
  #next(turn) {
    if (turn !== this.#turn) return;
    this.#isBusy = false;
    if (this.#isDraining || this.#waiting.length === 0) return;
    this.#isDraining = true;
    const wasFull = this.isFull;
    while (this.#at < this.#waiting.length && !this.#isBusy) {
      const message = this.#waiting[this.#at];
      this.#at += 1;
      this.#bytes -= message.packet.payload.length;
      this.#handle(message);
    }
    this.#isDraining = false;
    if (this.#at === this.#waiting.length || this.#at >= WAITING_MAX) {
      this.#waiting.splice(0, this.#at);
      this.#at = 0;
    }
    if (wasFull && !this.isFull) this.#conduct.core.heard();
  }
}

module.exports = { Inbox };
