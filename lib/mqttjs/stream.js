'use strict';
// What client.stream is while the core has a socket of its own: it can be
// ended and listened to, and its bytes are the core's. There is one for each
// attempt.
const { EventEmitter } = require('node:events');
const net = require('node:net');
const { TIMER_MS_MAX } = require('../clock');
const tls = require('./tls');
const { call } = require('./requests');
const { isSecure, refuse } = require('./url');

const LOOKS = 4; // at what has passed, in the time that setTimeout sets

// Of a connection whose other end the options do not say.
const UNKNOWN = Object.freeze({});

// A proxy or a redirection is another end than the host, and a name is no address.
function isDirect(options) {
  const { proxy, socksProxy, maxRedirects, transformWsUrl, unixSocket, wsOptions } = options;
  const others = [proxy, socksProxy, process.env.MQTTJS_SOCKS_PROXY, maxRedirects, transformWsUrl,
    wsOptions?.agent];
  return !unixSocket && !others.some(Boolean);
}

function isVerified(options) {
  const sources = [...tls.sources(options), options.tls ?? {}];
  return sources.every(({ rejectUnauthorized, psk, pskCallback }) =>
    rejectUnauthorized !== false && !psk && !pskCallback);
}

// What options say of the connection that was made by them.
function factsOf(options) {
  const { host, port, protocol, localAddress, maxRedirects, transformWsUrl } = options;
  const facts = { localAddress: localAddress || undefined };
  if (!maxRedirects && !transformWsUrl && isSecure(protocol)) {
    Object.assign(facts, { encrypted: true, authorized: isVerified(options) || undefined });
  }
  if (!isDirect(options)) return facts;
  const family = net.isIP(host);
  if (family !== 0) Object.assign(facts, { remoteAddress: host, remoteFamily: `IPv${family}` });
  return Object.assign(facts, { remotePort: Number(port) || undefined });
}

class LinkStream extends EventEmitter {
  destroyed = false;
  connecting = true;
  timeout = 0; // ms, as setTimeout has set it
  #conduct; // of the client, whose methods may be the program's own
  #facts = UNKNOWN; // of its connection, once it stood
  #drop; // (): drop the connection; undefined before the attempt has begun
  #error; // what it was destroyed with
  #watch; // the timer of its timeout

  constructor(conduct) {
    super();
    this.#conduct = conduct;
  }

  // The attempt has begun.
  begin(drop) {
    this.#drop = drop;
    if (this.destroyed) drop();
  }

  // The server has accepted the client.
  open() {
    this.connecting = false;
    this.#facts = factsOf(this.#conduct.options);
  }

  get error() {
    return this.#error;
  }

  get readable() {
    return !this.destroyed;
  }

  get writable() {
    return !this.destroyed;
  }

  end() {
    return this.destroy();
  }

  // As if the network had broken: the client goes on with another one.
  destroy(error) {
    if (this.destroyed) return this;
    this.#close();
    this.#error = error ?? undefined;
    this.#drop?.();
    return this;
  }

  #close() {
    this.destroyed = true;
    this.connecting = false;
    clearInterval(this.#watch);
  }

  // Of a socket, for who sets it up once it is connected: the core's is.
  setNoDelay() {
    return this;
  }

  setKeepAlive() {
    return this;
  }

  // 'timeout', once nothing has passed for so long, or up to a quarter longer.
  setTimeout(ms, callback) {
    clearInterval(this.#watch);
    this.timeout = ms > 0 ? Math.min(Number(ms), TIMER_MS_MAX) : 0;
    if (callback) this.off('timeout', callback);
    if (this.timeout === 0) return this;
    if (callback) this.once('timeout', callback);
    if (!this.destroyed) this.#startWatch();
    return this;
  }

  #startWatch() {
    let before = this.#passed;
    let idle = 0;
    this.#watch = setInterval(() => {
      const passed = this.#passed;
      idle = passed === before ? idle + 1 : 0;
      before = passed;
      if (idle === LOOKS) this.tell('timeout');
    }, Math.ceil(this.timeout / LOOKS));
    this.#watch.unref();
  }

  get #passed() {
    const { bytes: { received, sent } } = this.#conduct.core.stats();
    return received + sent;
  }

  // The process waits for the client, not for one of its connections.
  ref() {
    this.#conduct.core.setRef(true);
    return this;
  }

  unref() {
    this.#conduct.core.setRef(false);
    return this;
  }

  // Undefined for what is not known here.
  get remoteAddress() {
    return this.#facts.remoteAddress;
  }

  get remoteFamily() {
    return this.#facts.remoteFamily;
  }

  get remotePort() {
    return this.#facts.remotePort;
  }

  get localAddress() {
    return this.#facts.localAddress;
  }

  get encrypted() {
    return this.#facts.encrypted;
  }

  get authorized() {
    return this.#facts.authorized;
  }

  // Whoever compares it, and would take none for a good one, is not to go on.
  getPeerCertificate() {
    throw refuse('client.stream has no certificate of the server: give the one that you expect ' +
      'as ca, and a connection to any other fails');
  }

  // What its connection comes to: 'connect' and with TLS 'secureConnect', or 'error', and
  // 'close' at last.
  tell(event, ...args) {
    if (event === 'close') this.#close();
    if (event !== 'error' || this.listenerCount('error') > 0) {
      call(this, this.emit, event, ...args);
    }
  }

  tellOpened() {
    this.open();
    const { encrypted } = this;
    this.tell('connect');
    if (encrypted && !this.destroyed) this.tell('secureConnect');
  }
}

module.exports = { LinkStream };
