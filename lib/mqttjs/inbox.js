'use strict';
// Messages, one at a time: each is told, handled and acknowledged before the
// next one, as MQTT.js does. handleMessage may take its time for that.
const native = require('../native');

// Of what waits here; past one of them the core holds what comes.
const WAITING_MAX = 1024;
const WAITING_BYTES_MAX = 1048576;

// What customHandleAcks may answer.
const reasons = [0, 16, 128, 131, 135, 144, 145, 151, 153];
const LOWEST_REFUSAL = 128;

class Inbox {
  #owner;
  #core; // { acknowledge(packetId, reasonCode), deliver(packet), heard() }
  #plain; // handleMessage when nobody has overridden it
  #waiting = []; // messages that came meanwhile
  #at = 0; // the first of them that was not handled
  #bytes = 0; // of their payloads
  #isBusy = false;
  #isDraining = false;
  #connection = 0; // acknowledgements of an earlier one are nobody's
  #life = 0; // until end: handlers of an earlier one are nobody's

  constructor(owner, core, plain) {
    this.#owner = owner;
    this.#core = core;
    this.#plain = plain;
  }

  get isFull() {
    return this.#waiting.length - this.#at >= WAITING_MAX || this.#bytes >= WAITING_BYTES_MAX;
  }

  opened() {
    this.#connection += 1;
  }

  // What still waits comes again, if the server keeps it.
  ended() {
    this.#life += 1;
    this.#waiting.length = 0;
    this.#at = 0;
    this.#bytes = 0;
    this.#isBusy = false;
  }

  take(packet, isMqtt5) {
    if (!this.#isBusy) {
      this.#handle(packet, isMqtt5, this.#connection);
      return;
    }
    const wasFull = this.isFull;
    this.#bytes += packet.payload.length;
    this.#waiting.push([packet, isMqtt5, this.#connection]);
    if (this.isFull !== wasFull) this.#core.heard();
  }

  #handle(packet, isMqtt5, connection) {
    const owner = this.#owner;
    if (owner.listenerCount('packetreceive') > 0) this.#emit('packetreceive', packet);
    if (packet.qos > 0 && isMqtt5 && owner.options.customHandleAcks) {
      this.#isBusy = true;
      this.#ask(packet, connection);
      return;
    }
    this.#tell(packet, connection, 0);
  }

  #emit(...event) {
    try {
      this.#owner.emit(...event);
    } catch (error) {
      native.raise(error);
    }
  }

  // customHandleAcks decides whether the message is told, and how answered.
  #ask(packet, connection) {
    let isAnswered = false;
    const life = this.#life;
    const done = (error, code) => {
      if (isAnswered || life !== this.#life) return;
      isAnswered = true;
      this.#decided(packet, connection, error, code);
    };
    try {
      this.#owner.options.customHandleAcks(packet.topic, packet.payload, packet, done);
    } catch (error) {
      native.raise(error);
    }
  }

  #decided(packet, connection, error, code) {
    const reason = typeof error === 'number' ? error : code ?? 0;
    const cmd = packet.qos === 1 ? 'puback' : 'pubrec';
    if (error instanceof Error) {
      this.#emit('error', error);
      this.#next();
    } else if (!reasons.includes(reason)) {
      this.#emit('error', new Error(`Wrong reason code for ${cmd}`));
      this.#next();
    } else {
      this.#tell(packet, connection, reason);
    }
  }

  #tell(packet, connection, reason) {
    const owner = this.#owner;
    this.#isBusy = true;
    if (reason < LOWEST_REFUSAL) {
      this.#core.deliver(packet);
      this.#emit('message', packet.topic, packet.payload, packet);
    }
    if (owner.handleMessage === this.#plain) {
      this.#done(packet, connection, reason);
      return;
    }
    let isDone = false;
    const life = this.#life;
    try {
      owner.handleMessage(packet, (error) => {
        if (isDone || life !== this.#life) return;
        isDone = true;
        this.#done(packet, connection, reason, error);
      });
    } catch (error) {
      native.raise(error);
    }
  }

  // What was not handled is not acknowledged.
  #done({ qos, messageId }, connection, reason, error) {
    if (qos > 0 && !error && connection === this.#connection) {
      this.#core.acknowledge(messageId, reason);
    }
    this.#next();
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
      this.#bytes -= message[0].payload.length;
      this.#handle(...message);
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
