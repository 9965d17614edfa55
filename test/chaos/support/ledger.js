'use strict';
// Who published what, what became of it, and who has received it; and what is
// wrong with that. The rules are those of the simulator:
//
//   lost      a message that was acknowledged has to arrive at every receiver
//   repeated  one of QoS 2 arrives once
//   order     messages of a sender and a quality of service arrive in order
//   outcome   a publish ends once, and well
//
// A broker that is killed forgets all: what it has acknowledged, who has subscribed,
// which messages of QoS 2 it knows. What was under way then is excused from the
// first three rules (it may have come to the broker before the receiver did, and
// come again behind others). What was published before a receiver was back, which
// shows in the first message that it has from the next life, is excused from the
// first rule, and counted, and from the third, as its repetition may be the first
// that arrives. What a broker is seen to send again after its PUBREL is excused from
// the second. Outcomes are the client's, whatever brokers do.
const { delay } = require('../../node/support/wait');

const PATIENCE_MS = Number(process.env.MIDGE_TEST_PATIENCE_MS || 60000);

class Receiver {
  constructor(name, isOrdered) {
    Object.assign(this, { name, isOrdered });
    this.first = new Map(); // message -> the life of the broker in which it came first
    this.last = new Map(); // sender and QoS -> the highest number
    this.heard = new Map(); // life of the broker -> how many were published before
  }
}

class Ledger {
  constructor() {
    this.messages = new Map(); // "sender number" -> { qos, from, to, outcomes, error }
    this.receivers = new Map();
    this.life = 0;
    this.killed = new Set(); // lives that ended so
    this.resent = new Set(); // messages that a broker has sent after their PUBREL
    this.faults = [];
    this.unfinished = 0;
    this.counts = { published: 0, acknowledged: 0, received: 0, repeated: 0,
      repeatedByBroker: 0 };
  }

  // `isOrdered`: false for a group that shares a subscription.
  addReceiver(name, { isOrdered = true } = {}) {
    this.receivers.set(name, new Receiver(name, isOrdered));
  }

  // The broker's life is over.
  died(signal) {
    if (signal === 'SIGKILL') this.killed.add(this.life);
    this.life += 1;
  }

  sentAfterRelease(message) {
    this.resent.add(message);
  }

  #isExcused(from, to) {
    for (let life = from; life <= to; life += 1) {
      if (this.killed.has(life)) return true;
    }
    return false;
  }

  published(message, qos) {
    this.counts.published += 1;
    this.unfinished += 1;
    this.messages.set(message, { qos, from: this.life, to: undefined, outcomes: 0,
      index: this.counts.published });
  }

  ended(message, error) {
    const known = this.messages.get(message);
    known.outcomes += 1;
    if (known.outcomes > 1) {
      this.faults.push(`${message} ended ${known.outcomes} times`);
      return;
    }
    this.unfinished -= 1;
    if (error) this.faults.push(`${message} ended with ${error.code}`);
    else this.counts.acknowledged += 1;
    Object.assign(known, { to: this.life, error });
  }

  received(name, message) {
    const receiver = this.receivers.get(name);
    const known = this.messages.get(message);
    if (!known) {
      this.faults.push(`${name} received ${message}, which nobody published`);
      return;
    }
    this.counts.received += 1;
    // What was on its way when the broker was killed says nothing of the next one.
    const isOfLife = known.from === this.life;
    if (isOfLife && !receiver.heard.has(this.life)) {
      receiver.heard.set(this.life, this.counts.published);
    }
    const first = receiver.first.get(message);
    if (first === undefined) this.#receiveFirst(receiver, message, known);
    else this.#receiveAgain(receiver, message, known, first);
  }

  #receiveFirst(receiver, message, { qos, from, index }) {
    receiver.first.set(message, this.life);
    if (!receiver.isOrdered) return;
    const [sender, number] = message.split(' ');
    const stream = `${sender} ${qos}`;
    const last = receiver.last.get(stream) ?? -1;
    if (Number(number) < last && !this.#isExcused(from, this.life) &&
        !this.#isEarly(receiver, { to: this.life, index })) {
      this.faults.push(`${receiver.name} received ${message} of QoS ${qos} after ${last}`);
    }
    receiver.last.set(stream, Math.max(last, Number(number)));
  }

  #receiveAgain(receiver, message, { qos, from }, first) {
    this.counts.repeated += 1;
    if (qos < 2) return;
    const isByBroker = this.resent.has(message) ||
      this.#isExcused(Math.min(from, first), this.life);
    if (isByBroker) this.counts.repeatedByBroker += 1;
    else this.faults.push(`${receiver.name} received ${message} of QoS 2 again`);
  }

  // It came to a broker that did not know of the receiver yet.
  #isEarly({ heard }, { to, index }) {
    return this.killed.has(to - 1) && index <= (heard.get(to) ?? Infinity);
  }

  // What was acknowledged and is not there, excused or not.
  #losses() {
    const found = { missing: [], excused: 0 };
    for (const [message, known] of this.messages) {
      if (known.to === undefined || known.error) continue;
      for (const receiver of this.receivers.values()) {
        if (receiver.first.has(message)) continue;
        if (this.#isExcused(known.from, known.to) || this.#isEarly(receiver, known)) {
          found.excused += 1;
        } else {
          found.missing.push(`${receiver.name} has never received ${message}`);
        }
      }
    }
    return found;
  }

  // Everything has ended, and arrived where it has to.
  isSettled() {
    return this.unfinished === 0 && this.#losses().missing.length === 0;
  }

  // What is wrong, at the end.
  judge() {
    const open = [...this.messages].filter(([, { outcomes }]) => outcomes === 0)
      .map(([message]) => `${message} has no outcome`);
    const { missing, excused } = this.#losses();
    this.counts.lostByBroker = excused;
    return [...this.faults, ...missing, ...open];
  }
}

// All has come that comes: nothing is missing, or nothing more happens.
async function settled(ledger) {
  let last;
  let end;
  while (!ledger.isSettled()) {
    const now = JSON.stringify(ledger.counts);
    if (now !== last) end = Date.now() + PATIENCE_MS;
    if (Date.now() > end) return;
    last = now;
    await delay(100);
  }
}

module.exports = { Ledger, settled };
