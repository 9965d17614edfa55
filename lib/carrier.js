'use strict';
// A transport of the program's own: a Duplex in JavaScript carries the bytes of
// a client. What the client wants of it comes from the addon with the number of
// the attempt, and what happens to it is told with that number, so that nothing
// can come too late. Whatever the stream does, nothing throws out of here.
const native = require('./native');
const { bytesOf } = require('./bytes');
const { invalidType, failure } = require('./errors');

// What is wanted, as enum midge_want has it.
const WANT_DIAL = 0;
const WANT_WRITE = 1;
const WANT_SHUT = 2;
const WANT_READ = 3;

const HOLD_BACK = 1; // what native.received says when it is enough

const EXPECTED = 'a stream that can be read and written, a net.Socket say';

function isStream(value) {
  return value !== null && typeof value === 'object' &&
    typeof value.on === 'function' && typeof value.write === 'function';
}

function noStream(value) {
  const { message } = invalidType('transport', EXPECTED, value);
  return Object.assign(
    new TypeError(message.replace(/^.*? must be/, 'What makes a transport must return')),
    { code: 'ERR_INVALID_RETURN_VALUE' });
}

// Whatever it is, and be it what cannot be made a text.
function textOf(value) {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

// One stream, from its making to its end.
class Line {
  #index; // of the client
  #attempt = 0; // 0: nobody has asked for it yet
  #stream;
  #error; // the first that it had
  #isItsOwn = false; // the error is, and not a word of ours
  #waiting = 0; // bytes that it will have taken with its next 'drain'
  #isShut = false; // we have ended our side
  #isOver = false; // the client has been told of its end
  #isReleased = false;
  #listeners = {
    data: (chunk) => this.#received(chunk),
    end: () => this.#ended(),
    finish: () => this.#finished(),
    close: () => this.#closed(),
    drain: () => this.#drained(),
  };

  // `make`: (), returns the stream or a promise of it.
  constructor(index, make) {
    this.#index = index;
    try {
      const made = make();
      if (typeof made?.then === 'function') {
        made.then((stream) => this.#take(stream), (error) => this.#broken(error));
      } else {
        this.#take(made);
      }
    } catch (error) {
      this.#broken(error);
    }
  }

  // What it said was wrong.
  get error() {
    return this.#isItsOwn ? this.#error : undefined;
  }

  #take(stream) {
    this.#guard(() => {
      if (!isStream(stream)) throw noStream(stream);
      this.#stream = stream;
      stream.on('error', (error) => this.#broken(error));
      if (this.#attempt !== 0 && !this.#isReleased) this.#begin();
    });
    if (this.#isReleased && this.#stream !== undefined) this.#destroy();
  }

  // The client wants it for this attempt.
  serve(attempt) {
    this.#attempt = attempt;
    if (this.#error !== undefined) this.#tellBroken();
    else if (this.#stream !== undefined) this.#guard(() => this.#begin());
  }

  #begin() {
    const stream = this.#stream;
    if (stream.destroyed) {
      this.#broken(new Error('the stream was destroyed before it was used'));
      return;
    }
    native.dialed(this.#index, this.#attempt);
    for (const [event, listener] of Object.entries(this.#listeners)) stream.on(event, listener);
  }

  // --- What happens to it ---

  #broken(error) {
    if (this.#error === undefined) this.#isItsOwn = true;
    this.#fail(error instanceof Error ? error : new Error(textOf(error)));
  }

  // What a stream throws ends the attempt.
  #guard(act) {
    try {
      act();
    } catch (error) {
      this.#broken(error);
    }
  }

  #fail(error) {
    this.#error ??= error;
    if (this.#attempt !== 0) this.#tellBroken();
  }

  #tellBroken() {
    if (this.#isOver) return;
    this.#isOver = true;
    const { code, message } = this.#error;
    native.broken(this.#index, this.#attempt, typeof code === 'string' ? code : '',
      typeof message === 'string' && message !== '' ? message : textOf(this.#error));
  }

  #received(chunk) {
    if (this.#isOver) return;
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : bytesOf(chunk);
    if (bytes === undefined) {
      this.#broken(invalidType('chunk', 'of type string or an instance of Buffer or Uint8Array',
        chunk));
      return;
    }
    const status = native.received(this.#index, this.#attempt, bytes);
    if (status === HOLD_BACK) this.#guard(() => this.#stream.pause?.());
    else if (status < 0) this.#broken(failure(status));
  }

  #ended() {
    if (this.#isOver) return;
    this.#isOver = true;
    native.ended(this.#index, this.#attempt);
  }

  // Somebody else has ended our side: nothing can be sent any more.
  #finished() {
    if (!this.#isShut) this.#fail(new Error('the stream was ended by the program'));
  }

  #closed() {
    if (this.#isShut) this.#ended();
    else this.#fail(new Error('the stream was closed'));
  }

  #drained() {
    const size = this.#waiting;
    this.#waiting = 0;
    this.#written(size);
  }

  #written(size) {
    if (size > 0) native.written(this.#index, this.#attempt, size);
  }

  // --- What is wanted of it ---

  // A stream of Node.js tells when the bytes have left; of others it is enough
  // that they took them.
  write(bytes) {
    const stream = this.#stream;
    if (this.#isOver) return;
    this.#guard(() => {
      if (stream.writableLength !== undefined) {
        stream.write(bytes, (error) => { if (!error) this.#written(bytes.length); });
      } else if (stream.write(bytes) === false) {
        this.#waiting += bytes.length;
      } else {
        this.#written(bytes.length);
      }
    });
  }

  shut() {
    this.#isShut = true;
    this.#guard(() => this.#stream.end?.());
  }

  read() {
    this.#guard(() => this.#stream.resume?.());
  }

  // It is not wanted any more.
  release() {
    this.#isReleased = true;
    this.#isOver = true;
    if (this.#stream !== undefined) this.#destroy();
  }

  // It is gone as far as we can see to it: of what it throws now nobody hears.
  #destroy() {
    const stream = this.#stream;
    for (const [event, listener] of Object.entries(this.#listeners)) {
      this.#guard(() => (stream.off ?? stream.removeListener)?.call(stream, event, listener));
    }
    this.#guard(() => {
      if (typeof stream.destroy === 'function') stream.destroy();
      else if (!this.#isShut) stream.end?.();
    });
  }
}

class Carrier {
  #make; // (place): the stream, or a promise of one
  #session = null;
  #line; // of this attempt
  #ready; // made before the attempt that it is for
  #attempt = 0;

  // `place`: { host, port }
  constructor(make) {
    this.#make = make;
  }

  // For the core. A session has a carrier, or a socket.
  serve(session) {
    const carrier = this.#session === null ? this : new Carrier(this.#make);
    carrier.#session = session;
    session.carrier = carrier;
    return carrier;
  }

  #draw(place) {
    return new Line(this.#session.index, () => this.#make(place));
  }

  // Make the stream of the next attempt now.
  prepare(place) {
    this.#ready ??= this.#draw(place);
  }

  wanted(attempt, want, bytes, port) {
    if (want === WANT_DIAL) this.#dial(attempt, { host: bytes, port });
    if (attempt !== this.#attempt || this.#line === undefined) return;
    if (want === WANT_WRITE) this.#line.write(bytes);
    else if (want === WANT_SHUT) this.#line.shut();
    else if (want === WANT_READ) this.#line.read();
  }

  #dial(attempt, place) {
    this.#attempt = attempt;
    this.#line = this.#ready ?? this.#draw(place);
    this.#ready = undefined;
    this.#line.serve(attempt);
  }

  // The attempt is over. What was wrong with the stream, if that is known.
  closed(attempt) {
    this.#ready?.release();
    this.#ready = undefined;
    if (attempt !== this.#attempt || this.#line === undefined) return undefined;
    const { error } = this.#line;
    this.#line.release();
    this.#line = undefined;
    return error;
  }
}

module.exports = { Carrier };
