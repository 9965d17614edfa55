'use strict';
// Messages, one at a time: each is told, handled and acknowledged before the
// next one, as MQTT.js does. handleMessage may take its time for that.
const native = require('../native');
const packets = require('./packets');
const { Answers } = require('./answers');
const { isAtRelease } = require('./options');

// Of what waits here; past one of them the core holds what comes.
const WAITING_MAX = 1024;
const WAITING_BYTES_MAX = 1048576;

// What customHandleAcks may answer; only with 0 the message is taken.
const reasons = [0, 16, 128, 131, 135, 144, 145, 151, 153];

class Inbox {
  #owner;
  #core; // { deliver(topic, packet), heard() } and what Answers takes
  #answers;
  #isAtRelease; // QoS 2 comes at PUBREL
  #plain; // handleMessage when nobody has overridden it
  #waiting = []; // messages that came meanwhile
  #at = 0; // the first of them that was not handled
  #bytes = 0; // of their payloads
  #isBusy = false;
  #isDraining = false;
  #life = 0; // until end: handlers of an earlier one are nobody's

  constructor(owner, core, plain) {
    this.#owner = owner;
    this.#core = core;
    this.#plain = plain;
    this.#isAtRelease = isAtRelease(owner.options);
    this.#answers = new Answers(core, this.#isAtRelease);
  }

  get isFull() {
    return this.#waiting.length - this.#at >= WAITING_MAX || this.#bytes >= WAITING_BYTES_MAX;
  }

  // What still waits comes again, if the server keeps it.
  ended() {
    this.#life += 1;
    this.#waiting.length = 0;
    this.#at = 0;
    this.#bytes = 0;
    this.#isBusy = false;
  }

  // `topic`: what the packet's is, if an alias stands for it.
  take(topic, packet, isMqtt5) {
    const message = { topic, packet, isMqtt5, receipt: this.#answers.of(packet) };
    if (!this.#isBusy) {
      this.#handle(message);
      return;
    }
    const wasFull = this.isFull;
    this.#bytes += packet.payload.length;
    this.#waiting.push(message);
    if (this.isFull !== wasFull) this.#core.heard();
  }

  #handle(message) {
    const { packet, isMqtt5 } = message;
    this.#show(packet, isMqtt5);
    if (packet.qos > 0 && isMqtt5 && this.#owner.options.customHandleAcks) {
      this.#isBusy = true;
      this.#ask(message);
      return;
    }
    this.#accept(message);
  }

  // A message of QoS 2 is in the program's store, if there is one, until it was handled.
  #accept(message) {
    const { packet } = message;
    const stores = this.#core.stores();
    if (packet.qos < 2 || stores === undefined) {
      this.#tell(message, 0);
      return;
    }
    const life = this.#life;
    this.#isBusy = true;
    stores.keep(packet, (error) => {
      if (life !== this.#life) return;
      if (error === undefined) {
        this.#tell(message, 0);
      } else {
        this.#emit('error', error);
        this.#next();
      }
    });
  }

  // What was received; of QoS 2, what the core has sent and received since.
  #show(packet, isMqtt5) {
    const { messageId } = packet;
    const isReleased = packet.qos === 2 && this.#isAtRelease;
    const receives = this.#owner.listenerCount('packetreceive') > 0;
    if (receives) this.#emit('packetreceive', packet);
    if (!isReleased) return;
    if (this.#owner.listenerCount('packetsend') > 0) {
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

  // customHandleAcks decides whether the message is told, and how answered.
  #ask(message) {
    const { topic, packet } = message;
    let isAnswered = false;
    const life = this.#life;
    const done = (error, code) => {
      if (isAnswered || life !== this.#life) return;
      isAnswered = true;
      this.#decided(message, error, code);
    };
    try {
      this.#owner.options.customHandleAcks(topic, packet.payload, packet, done);
    } catch (error) {
      native.raise(error);
    }
  }

  #decided(message, error, code) {
    const reason = typeof error === 'number' ? error : code ?? 0;
    const cmd = message.packet.qos === 1 ? 'puback' : 'pubrec';
    if (error instanceof Error) {
      this.#emit('error', error);
      this.#next();
    } else if (!reasons.includes(reason)) {
      this.#emit('error', new Error(`Wrong reason code for ${cmd}`));
      this.#next();
    } else if (reason === 0) {
      this.#accept(message);
    } else {
      this.#refuse(message, reason);
    }
  }

  // The server is told so. Of QoS 1 the program's handleMessage is, all the same.
  #refuse(message, reason) {
    const { packet: { qos }, receipt } = message;
    if (qos === 1) {
      this.#tell(message, reason);
      return;
    }
    this.#answers.answer(receipt, this.#isAtRelease ? 0 : reason);
    this.#next();
  }

  #tell(message, reason) {
    const { topic, packet, receipt } = message;
    const owner = this.#owner;
    const isTaken = reason === 0;
    const isManual = owner.options.manualAcks && isTaken;
    if (isManual) this.#answers.byHand(packet, receipt);
    this.#isBusy = true;
    if (isTaken) {
      const promises = this.#core.deliver(topic, packet);
      if (isManual && promises !== undefined) this.#answerAfter(promises, message);
      this.#emit('message', topic, packet.payload, packet);
    }
    if (owner.handleMessage === this.#plain) {
      if (!isManual) this.#answer(message, reason);
      this.#next();
      return;
    }
    let isDone = false;
    const life = this.#life;
    try {
      owner.handleMessage(packet, (error) => {
        if (isDone || life !== this.#life) return;
        isDone = true;
        if (!error) this.#answer(message, reason);
        this.#next();
      });
    } catch (error) {
      native.raise(error);
    }
  }

  // Of handlers; one that fails is an unhandled rejection, as without us.
  async #answerAfter(promises, message) {
    await Promise.all(promises);
    this.#answer(message, 0);
  }

  // What was not handled is not acknowledged, and what the program has answered
  // itself is not again. PUBCOMP has no reason to give.
  #answer({ packet, receipt }, reason) {
    if (receipt === undefined) return;
    this.#answers.answer(receipt, packet.qos === 2 && this.#isAtRelease ? 0 : reason);
    if (packet.qos === 2) this.#core.stores()?.forget(packet.messageId);
  }

  // Handlers that are done at once leave no trace on the stack.
  #next() {
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
    if (wasFull && !this.isFull) this.#core.heard();
  }
}

module.exports = { Inbox };
