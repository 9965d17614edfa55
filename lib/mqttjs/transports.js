'use strict';
// Where the bytes of a client go: through a socket of the core, or through a
// stream of the program's own, from a streamBuilder or a createWebsocket.
const optionTable = require('./options');
const tls = require('./tls');
const { Carrier } = require('../carrier');
const { LinkStream } = require('./stream');
const { SocketStream } = require('./websocket');
const { compose, isWebSocket, locate, protocolOf, refuse, urlOf } = require('./url');

// An attempt whose stream somebody looks at, or may: until then the number stands for it.
class Line {
  stream = undefined;
  isOver = false;

  // 0: the attempt has not begun.
  constructor(number) {
    this.number = number;
  }
}

function ownLine(conduct) {
  if (typeof conduct.line === 'number') conduct.line = new Line(conduct.line);
  return conduct.line;
}

// A socket of the core: one for all clients, each of which has its line. What is asked of
// a way holds for options as they are now.
class Native {
  isByHand = false;
  carrier = undefined;

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

  streamOf(conduct) {
    const line = ownLine(conduct);
    if (line === undefined || line.stream !== undefined) return line?.stream;
    line.stream = new LinkStream(conduct);
    if (line.number !== 0) this.#begin(line, conduct);
    if (conduct.owner.connected) line.stream.open();
    if (line.isOver) line.stream.tell('close');
    return line.stream;
  }

  #begin({ stream, number }, conduct) {
    stream?.begin(() => conduct.drop(number));
  }

  // An attempt is wanted, and its stream can be had before it begins.
  open(conduct) {
    conduct.line = 0;
  }

  begin(conduct, number) {
    const { line } = conduct;
    if (typeof line !== 'object' || line.number !== 0) {
      conduct.line = number;
      return;
    }
    line.number = number;
    this.#begin(line, conduct);
  }

  // The server has accepted the client.
  opened({ line }) {
    line?.stream?.tellOpened();
  }

  // What the program says is the cause of a loss.
  cause({ line }) {
    return line?.stream?.error;
  }

  // The attempt that there is: the client may have another one when it is told.
  shown(conduct) {
    return ownLine(conduct);
  }

  tell(line, event, ...args) {
    if (line === undefined) return;
    if (event === 'close') line.isOver = true;
    line.stream?.tell(event, ...args);
  }
}

const NATIVE = new Native();

// A stream of the program's own: it tells for itself what happens to it.
class ByHand {
  isByHand = true;
  #stream; // the client shows the one that it has

  // `make`: (place): a stream, or a promise of one.
  constructor(make) {
    const show = (stream) => {
      this.#stream = stream;
      return stream;
    };
    this.carrier = new Carrier((place) => {
      const made = make(place);
      return typeof made?.then === 'function' ? made.then(show) : show(made);
    });
  }

  streamOf() {
    return this.#stream;
  }

  headers() {
    return undefined;
  }

  begin() {}

  opened() {}

  cause(conduct, error) {
    return error.cause;
  }

  shown() {
    return undefined;
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
  if (!options.transformWsUrl) return openAt(owner, create, url);
  const made = options.transformWsUrl(url, options, owner);
  const open = (to) => openAt(owner, create, urlOf(to));
  return typeof made?.then === 'function' ? made.then(open) : open(made);
}

function openAt({ options }, create, to) {
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
  return compose(server?.protocol ?? protocolOf(options), host, port, options.path);
}

class Sockets extends ByHand {
  #owner;

  constructor(owner, create) {
    super((place) => openSocket(owner, create, urlAt(owner.options, place)));
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
// `isCalled`: at once. One that never connects, as that of a test's own class, needs no builder.
function wayOfBuilder(owner, streamBuilder, isCalled) {
  if (typeof streamBuilder === 'function') return new Builder(() => streamBuilder(owner));
  const error = refuse('new MqttClient(streamBuilder, options): streamBuilder is a function ' +
    'that returns a stream');
  if (isCalled) throw error;
  return new Builder(() => { throw error; });
}

// Of a client of connect().
function wayOf(owner, options) {
  const create = options.createWebsocket ?? options.wsOptions?.createWebsocket ??
    (options.forceNativeWebSocket ? nativeSocket : undefined);
  if (create === undefined || create === null || !isWebSocket(options)) {
    return NATIVE;
  }
  if (typeof create === 'function') return new Sockets(owner, create);
  throw refuse('Option "createWebsocket" is a function');
}

module.exports = { NATIVE, wayOf, wayOfBuilder };
