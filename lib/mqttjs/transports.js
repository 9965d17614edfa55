'use strict';
// Where the bytes of a client go: through a socket of the core, or through a
// stream of the program's own, from a streamBuilder or a createWebsocket.
const optionTable = require('./options');
const tls = require('./tls');
const { Carrier } = require('../carrier');
const { LinkStream } = require('./stream');
const { SocketStream } = require('./websocket');
const { compose, isWebSocket, locate, refuse } = require('./url');

// A socket of the core. What is asked of a way holds for options as they are now.
class Native {
  isByHand = false;
  carrier = undefined;
  #owner;

  constructor(owner) {
    this.#owner = owner;
  }

  urls(options) {
    return locate(options);
  }

  headers(options) {
    return isWebSocket(options) ? optionTable.headers(options) : undefined;
  }

  place(options) {
    const [url, ...servers] = locate(options);
    return { url, servers, tls: tls.settings(options) };
  }

  // An attempt is wanted, and its stream can be had before it begins.
  open() {
    this.#owner.stream = new LinkStream();
  }

  begin(drop) {
    const { stream } = this.#owner;
    if (stream === undefined || stream.hasBegun) this.open();
    this.#owner.stream.begin(drop);
  }

  // What the program says is the cause of a loss.
  cause() {
    return this.#owner.stream?.error;
  }

  // Of an attempt's stream: the client may have another one by now.
  tell(stream, ...event) {
    stream?.tell(...event);
  }
}

// A client shows the stream that it has.
function showing(owner, make) {
  return (place) => {
    const made = make(place);
    const show = (stream) => {
      owner.stream = stream;
      return stream;
    };
    return typeof made?.then === 'function' ? made.then(show) : show(made);
  };
}

// A stream of the program's own: it tells for itself what happens to it.
class ByHand {
  isByHand = true;

  constructor(owner, make) {
    this.carrier = new Carrier(showing(owner, make));
  }

  headers() {
    return undefined;
  }

  begin() {}

  cause(error) {
    return error.cause;
  }

  tell() {}
}

class Builder extends ByHand {
  urls() {
    return [];
  }

  // Nobody looks it up.
  place() {
    return { url: 'mqtt://localhost', servers: [], tls: {} };
  }

  open() {
    this.carrier.prepare();
  }
}

function isDuplex(value) {
  return typeof value?.pipe === 'function' && typeof value.write === 'function';
}

function openSocket(owner, create, url) {
  const { options } = owner;
  const to = options.transformWsUrl ? options.transformWsUrl(url, options, owner) : url;
  const protocol = options.protocolVersion === 3 ? 'mqttv3.1' : 'mqtt';
  const socket = create(to, [protocol], options);
  if (isDuplex(socket)) return socket;
  if (typeof socket?.send !== 'function') {
    throw refuse('Option "createWebsocket" returns a WebSocket, which has send and close');
  }
  return new SocketStream(socket, { ...options, url: to });
}

// The one of the servers that the core wants.
function urlAt(options, { host, port }) {
  const server = options.servers?.find((one) => one.host === host && Number(one.port) === port);
  return compose(server?.protocol ?? options.protocol, host, port, options.path);
}

class Sockets extends ByHand {
  #owner;

  constructor(owner, create) {
    super(owner, (place) => openSocket(owner, create, urlAt(owner.options, place)));
    this.#owner = owner;
  }

  urls(options) {
    return locate(options);
  }

  place(options) {
    const [url, ...servers] = locate(options);
    return { url, servers, tls: {} };
  }

  // With several servers the core says which one is tried first.
  open() {
    const { options } = this.#owner;
    if (options.servers?.length > 1) return;
    const { hostname, port, protocol } = new URL(locate(options)[0]);
    this.carrier.prepare({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port) || (protocol === 'wss:' ? 443 : 80),
    });
  }
}

function nativeSocket(url, protocols) {
  if (typeof WebSocket !== 'function') {
    throw refuse('Option "forceNativeWebSocket" cannot be honoured: this Node.js has no WebSocket');
  }
  return new WebSocket(url, protocols);
}

// Of a client of `new MqttClient`.
function wayOfBuilder(owner, streamBuilder) {
  if (typeof streamBuilder === 'function') return new Builder(owner, () => streamBuilder(owner));
  throw refuse('new MqttClient(streamBuilder, options): streamBuilder is a function that ' +
    'returns a stream');
}

// Of a client of connect().
function wayOf(owner) {
  const { options } = owner;
  const create = options.createWebsocket ?? options.wsOptions?.createWebsocket ??
    (options.forceNativeWebSocket ? nativeSocket : undefined);
  if (create === undefined || create === null || !isWebSocket(options)) {
    return new Native(owner);
  }
  if (typeof create === 'function') return new Sockets(owner, create);
  throw refuse('Option "createWebsocket" is a function');
}

module.exports = { wayOf, wayOfBuilder };
