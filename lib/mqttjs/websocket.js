'use strict';
// A WebSocket of the program's own as a stream: one of `ws`, one of a browser's
// kind, or what looks like either.
const { Duplex } = require('node:stream');
const { bytesOf } = require('../bytes');
const { coded } = require('./failures');

const CONNECTING = 0;
const OPEN = 1;

// A socket that does not tell when it has sent is asked how much it still has.
const BUFFER_SIZE = 524288;
const BUFFER_TIMEOUT_MS = 1000;

function listen(socket, event, listener) {
  if (typeof socket.addEventListener === 'function') socket.addEventListener(event, listener);
  else socket[`on${event}`] = listener;
}

function ignore() {}

// What a message has may be text, bytes, a list of them, or a Blob.
async function content(data) {
  if (typeof data === 'string') return Buffer.from(data);
  if (Array.isArray(data)) return Buffer.concat(data);
  return typeof data?.arrayBuffer === 'function'
    ? Buffer.from(await data.arrayBuffer()) : bytesOf(data);
}

class SocketStream extends Duplex {
  #socket;
  #size;
  #timeout;
  #opened; // what waits for it to be open
  #order = Promise.resolve(); // of messages, some of which take their time

  constructor(socket, { browserBufferSize, browserBufferTimeout, url }) {
    super();
    this.url = url;
    this.#socket = socket;
    this.#size = browserBufferSize || BUFFER_SIZE;
    this.#timeout = browserBufferTimeout || BUFFER_TIMEOUT_MS;
    socket.binaryType = 'arraybuffer';
    listen(socket, 'open', () => this.#open());
    listen(socket, 'message', ({ data }) => this.#received(data));
    listen(socket, 'close', () => this.#closed());
    listen(socket, 'error', (event) => this.destroy(event?.error instanceof Error ? event.error
      : Object.assign(new Error('WebSocket error'), { event, code: 'MIDGE_EWEBSOCKET' })));
  }

  get socket() {
    return this.#socket;
  }

  #open() {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.();
    this.emit('connect');
  }

  #received(data) {
    this.#order = this.#order.then(async () => {
      const bytes = await content(data);
      if (bytes === undefined) {
        throw coded('a WebSocket gave a message that is no bytes', 'EWEBSOCKET');
      }
      if (!this.push(bytes)) this.#socket.pause?.();
    }).catch((error) => this.destroy(error));
  }

  // All that came before is read first.
  #closed() {
    this.#order = this.#order.then(() => {
      this.push(null);
      this.end();
      if (this.#opened !== undefined) this.destroy();
    });
  }

  _read() {
    this.#socket.resume?.();
  }

  _write(chunk, encoding, done) {
    if (this.#socket.readyState === CONNECTING) {
      this.#opened = () => this.#send(chunk, done);
    } else {
      this.#send(chunk, done);
    }
  }

  #send(chunk, done) {
    const socket = this.#socket;
    try {
      if (typeof socket.on === 'function' && socket.send.length > 1) {
        socket.send(chunk, done);
        return;
      }
      socket.send(chunk);
    } catch (error) {
      done(error);
      return;
    }
    this.#settle(done);
  }

  #settle(done) {
    if (this.destroyed || !(this.#socket.bufferedAmount > this.#size)) done();
    else setTimeout(() => this.#settle(done), this.#timeout);
  }

  _final(done) {
    this.#close();
    done();
  }

  #close() {
    if (this.#socket.readyState > OPEN) return;
    try {
      this.#socket.close();
    } catch {
      // It never was open.
    }
  }

  _destroy(error, done) {
    this.#opened = undefined;
    const socket = this.#socket;
    // Told of its end we have been.
    if (typeof socket.on === 'function') socket.on('error', ignore);
    if (typeof socket.terminate === 'function') socket.terminate();
    else this.#close();
    done(error);
  }
}

module.exports = { SocketStream };
