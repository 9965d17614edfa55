'use strict';
// Who listens late: the messages of a new connection wait until the program
// has had a turn of the loop to begin to listen, and while nobody listens, for
// a limited time. They wait at the addon, unacknowledged; those that were on
// their way to us when we asked for that wait here.
const batch = require('./batch');
const clock = require('./clock');
const waits = require('./waits');

const IDLE = 0; // there is no connection
const FRESH = 1; // something has changed, and this turn is not over
const WAITING = 2; // nobody listens
const GOING = 3; // every message is delivered as it comes
const SPENT = 4; // the same, though nobody listens: it took too long
const LEAVING = 5; // the connection was dropped

// Those that something has changed for in this turn of the loop.
let fresh = [];

// Of a session, which has hold(on), deliver(message), isOurs(message), isHeard() and
// holdTimeout (ms): thousands of them have an object less.
class Intake {
  #state = IDLE;
  #isHeld = false; // by the addon, as far as we have asked for it
  #isPaused; // the program wants none now, for as long as it likes
  #late = null;
  #hasWarned = false;
  #last; // batch that is told when it leaves

  constructor(isPaused) {
    this.#isPaused = isPaused;
  }

  get isGoing() {
    return this.#state === GOING;
  }

  // A connection was told, whose messages the addon holds. `hadTurn`: the
  // program was blocked meanwhile, and has had its time to listen.
  admit(hadTurn) {
    this.#isHeld = true;
    this.#move(FRESH);
    if (hadTurn) this.#settle();
    else this.#settleLater();
  }

  // Somebody has begun to listen, or ceased. Many do both in one turn.
  changed() {
    if (!this.#isSettled) return;
    const isWanted = this.#isWanted();
    if (isWanted === (this.#state === GOING)) return;
    if (this.#state === SPENT && !isWanted) return;
    this.#renew();
  }

  // By what is wanted, which may change.
  get #isSettled() {
    return this.#state === WAITING || this.#state === GOING || this.#state === SPENT;
  }

  #isWanted() {
    return !this.#isPaused && this.isHeard();
  }

  #move(state) {
    if (this.#state === WAITING) waits.end(this, this.holdTimeout);
    this.#state = state;
  }

  #renew() {
    this.#move(FRESH);
    this.#settleLater();
  }

  #settleLater() {
    if (fresh.push(this) === 1) clock.setImmediate(Intake.#settleAll);
  }

  static #settleAll() {
    const all = fresh;
    fresh = [];
    for (const intake of all) intake.#settle();
  }

  // Nobody has listened in time.
  expire() {
    this.#go(SPENT);
  }

  // What comes from now on waits until it is resumed.
  pause(isPaused) {
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    if (!this.#isSettled) return;
    if (isPaused) this.#keep();
    this.#renew();
  }

  #keep() {
    if (!this.#isHeld) this.hold(true);
    this.#isHeld = true;
  }

  // The program is about to block: its messages come meanwhile.
  hurry() {
    if (this.#isWanted()) this.hold(false);
  }

  #settle() {
    if (this.#state !== FRESH) return;
    if (this.#isWanted()) this.#go(GOING);
    else this.#wait();
  }

  #wait() {
    this.#state = WAITING;
    this.#keep();
    if (this.#isPaused) return;
    waits.begin(this, this.holdTimeout);
  }

  // What waits here goes first, and who has enough of it lets no more come.
  #go(state) {
    this.#move(state);
    this.#flush();
    if (this.#state !== state) return;
    if (this.#isHeld) this.hold(false);
    this.#isHeld = false;
  }

  // The presenter may cease to listen in between.
  #flush() {
    const late = this.#late;
    if (late === null) return;
    let count = 0;
    while (count < late.length && this.#state !== FRESH) {
      count += 1;
      this.take(late[count - 1]);
    }
    late.splice(0, count);
    if (late.length === 0) this.#late = null;
  }

  // A message, as an array of what the presenter takes.
  take(message) {
    if (this.#state === FRESH || this.#state === WAITING) {
      this.#late ??= [];
      this.#late.push(message);
      return;
    }
    if (this.#state === LEAVING && batch.current() !== this.#last && !this.isOurs(message)) return;
    if (this.#state === SPENT) this.#warn();
    this.deliver(message);
  }

  // The program has the connection dropped. What has come to us by then is told, and not
  // what is on its way, unless it is ours: the server has no answer to it.
  leave() {
    if (this.#state === IDLE) return;
    this.#move(LEAVING);
    this.#last = batch.current();
  }

  #warn() {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning('messages are received and nobody listens: listen to ' +
      '\'received\', or give a receive callback', { code: 'MIDGE_UNHEARD' });
  }

  // The last connection has ended: what waited goes on.
  end() {
    this.#move(IDLE);
    this.#isHeld = false;
    this.#flush();
  }
}

module.exports = { Intake };
