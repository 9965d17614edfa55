'use strict';
// A pipe of bytes to a server on loopback that does what networks do. Both ways
// have their own weather:
//
//   const proxy = await faultProxy.start(port, {
//     weather: (number) => ({ up: { chunk: 1 }, down: { at: 17, then: 'reset' } }),
//   });
//   proxy.port; proxy.connections[0].up.passed; await proxy.stop();
//
// `weather` is asked for each connection, counted from 0; `up` is from client to
// server. Of each way:
//
//   delay   ms that every byte takes
//   chunk   bytes written at once, at most
//   rate    bytes a second
//   at      after so many bytes happens what `then` says, and no byte more passes:
//           'stall'  they are taken, and kept until `release()` of the way
//           'silence'  they are taken and lost, both ways, and nobody is told
//           'half'   this way ends with FIN, the other one goes on
//           'close'  both ways end with FIN
//           'reset'  both sides get RST
const net = require('node:net');

const MS_IN_S = 1000;
const WAITING_MAX = 1 << 20; // bytes taken that have not passed

// One way of a connection.
class Way {
  constructor(connection, from, to, weather) {
    Object.assign(this, { connection, from, to, weather });
    this.passed = 0; // bytes that were given to the other side
    this.waiting = []; // [bytes, when they may pass]
    this.waitingBytes = 0;
    this.isOver = false; // the source has ended
    this.isStopped = true; // no bytes pass: not yet, or no more
    this.timer = null;
    from.on('data', (bytes) => this.#take(bytes));
    from.on('end', () => this.#end());
    to.on('drain', () => this.#pass());
  }

  // Both sides are there.
  begin() {
    if (this.connection.isGone || this.connection.isSilent) return;
    this.isStopped = false;
    if (!this.#reach()) this.#pass();
  }

  #take(bytes) {
    if (this.connection.isSilent) return;
    this.waiting.push([bytes, Date.now() + (this.weather.delay ?? 0)]);
    this.waitingBytes += bytes.length;
    if (this.waitingBytes > WAITING_MAX) this.from.pause();
    this.#pass();
  }

  #end() {
    this.isOver = true;
    this.#pass();
  }

  // How many of the first bytes may pass now.
  #allowed(bytes) {
    const { chunk = Infinity, rate = Infinity, at = Infinity } = this.weather;
    const ofRate = rate === Infinity ? Infinity : Math.max(1, Math.floor(rate / MS_IN_S));
    return Math.min(bytes.length, chunk, ofRate, at - this.passed);
  }

  #pass() {
    if (this.timer || this.isStopped || this.connection.isGone) return;
    while (this.waiting.length > 0) {
      const [bytes, when] = this.waiting[0];
      if (when > Date.now()) return this.#later(when - Date.now());
      if (this.to.writableNeedDrain) return undefined;
      const size = this.#allowed(bytes);
      this.#write(bytes, size);
      if (this.#reach()) return undefined;
      if (this.weather.rate) return this.#later(size * MS_IN_S / this.weather.rate);
      // Each chunk is a segment of its own.
      if (this.weather.chunk) return this.#later(0);
    }
    if (this.isOver && !this.to.writableEnded) this.to.end();
    return undefined;
  }

  #later(ms) {
    this.timer = setTimeout(() => {
      this.timer = null;
      this.#pass();
    }, ms);
  }

  #write(bytes, size) {
    this.passed += size;
    this.waitingBytes -= size;
    if (size === bytes.length) this.waiting.shift();
    else this.waiting[0][0] = bytes.subarray(size);
    if (this.waitingBytes <= WAITING_MAX) this.from.resume();
    this.to.write(bytes.subarray(0, size));
  }

  // True when it has come to where something happens.
  #reach() {
    if (this.passed < (this.weather.at ?? Infinity)) return false;
    this.isStopped = true;
    this.connection.happen(this.weather.then ?? 'close', this);
    return true;
  }

  // What was stalled passes, and all behind it.
  release() {
    this.weather = { ...this.weather, at: undefined };
    this.isStopped = false;
    this.#pass();
  }
}

class Connection {
  constructor(client, server, weather) {
    this.client = client;
    this.server = server;
    this.isSilent = false;
    this.isGone = false;
    for (const socket of [client, server]) {
      socket.setNoDelay(true).unref();
      // Whoever breaks one side breaks the other.
      socket.on('error', () => this.reset());
    }
    this.up = new Way(this, client, server, weather.up ?? {});
    this.down = new Way(this, server, client, weather.down ?? {});
    server.on('connect', () => {
      this.up.begin();
      this.down.begin();
    });
  }

  happen(what, way) {
    if (what === 'stall') return;
    if (what === 'silence') this.isSilent = this.up.isStopped = this.down.isStopped = true;
    else if (what === 'half') way.to.end();
    else if (what === 'close') this.close();
    else if (what === 'reset') this.reset();
    else throw new Error(`no such fault: ${what}`);
  }

  // What was passed on before still arrives.
  close() {
    this.isGone = true;
    for (const socket of [this.client, this.server]) {
      socket.resume().end(() => socket.destroySoon());
    }
  }

  // Of what was passed on before some may be lost. As resetAndDestroy(), which
  // sends a FIN before: who has seen that may never hear of the RST.
  reset() {
    this.isGone = true;
    for (const socket of [this.client, this.server]) {
      socket.resetAndClosing = !socket.writableEnded && !socket.connecting;
      socket.destroy();
    }
  }
}

class FaultProxy {
  constructor(target, { weather = () => ({}) } = {}) {
    this.target = target;
    this.weather = weather;
    this.connections = [];
    this.server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true },
      (client) => this.#connect(client));
  }

  start(port = 0) {
    return new Promise((resolve, reject) => {
      this.server.on('error', reject).listen(port, '127.0.0.1', () => {
        this.port = this.server.address().port;
        this.server.unref();
        resolve(this);
      });
    });
  }

  #connect(client) {
    const number = this.connections.length;
    const server = net.connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true });
    this.connections.push(new Connection(client, server, this.weather(number)));
    client.resume();
  }

  // All that are there now, as if the network had.
  break(how = 'reset') {
    for (const connection of this.connections) {
      if (!connection.isGone) connection.happen(how, connection.up);
    }
  }

  async stop() {
    this.break('reset');
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function start(target, options) {
  return new FaultProxy(target, options).start();
}

module.exports = { start };
