'use strict';
// Stores of the program's own, with MQTT.js's five methods. A message of QoS 1
// or 2 is put into the outgoing store before the core has it, and deleted when
// it has its outcome; what a store holds from before is sent first.
const { performance } = require('node:perf_hooks');
const clock = require('../clock');
const { errors, failure } = require('../errors');
const { coded, removed, shown } = require('./failures');
const { UniqueMessageIdProvider } = require('./identifiers');
const { FullPublish, call } = require('./requests');

const methods = ['put', 'get', 'del', 'createStream', 'close'];

function ignore() {}

// What was thrown is an error, whatever it is.
function thrown(error, method) {
  return error || coded(`${method} of a store has thrown ${error}`, 'ESTORE');
}

// Like a store's own, but it calls back once, and throws nothing. One that is async may
// reject what it returns instead of calling back.
function ask(store, method, argument, callback) {
  let isDone = false;
  const done = (error) => {
    if (isDone) return;
    isDone = true;
    callback(error || undefined);
  };
  try {
    const answer = argument === undefined ? store[method](done) : store[method](argument, done);
    if (typeof answer?.then === 'function') {
      answer.then(ignore, (error) => done(thrown(error, method)));
    }
  } catch (error) {
    done(thrown(error, method));
  }
}

class StoredPublish extends FullPublish {
  isPut = false; // the store has answered
  fault; // what it answered, if that was an error
  isStored = true;
  isRemoved = false; // before the core had it
  #stores;

  #mid; // undefined until the core has it

  constructor(stores, callback, topic, payload, given) {
    super(callback, topic, payload, given);
    this.#stores = stores;
    this.given = given; // options of the call
  }

  get mid() {
    return this.#mid;
  }

  identify(id, mid) {
    this.id = id;
    this.#mid = mid;
  }

  // The store forgets it first, unless only the client has ended.
  tell(owner, error, ...rest) {
    if (!this.beTold()) return;
    this.#stores.settle(this, error, (wrong) => {
      if (this.callback) call(owner, this.callback, error || wrong || error, ...rest);
    });
  }
}

function isByte(value) {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}

// JSON makes { type, data } of a Buffer, and other stores an object of its bytes.
function revived(value) {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  const bytes = value.type === 'Buffer' ? value.data : Object.values(value);
  return Array.isArray(bytes) && bytes.every(isByte) ? Buffer.from(bytes) : value;
}

// Whether a packet of a store is one that can be published.
function isMessage({ cmd, topic, qos, payload }) {
  const isContent = payload == null || typeof payload === 'string' ||
    ArrayBuffer.isView(revived(payload));
  return cmd === 'publish' && typeof topic === 'string' && (qos === 1 || qos === 2) && isContent;
}

function revivedAll(properties) {
  if (!properties) return undefined;
  const { topicAlias, correlationData, ...rest } = properties;
  return correlationData ? { ...rest, correlationData: revived(correlationData) } : rest;
}

class Stores {
  #owner;
  #conduct;
  #provider;
  #out;
  #in;
  #requests = new Map(); // by message id: those that have no outcome
  #kept = new Set(); // ids of those that the client has ended over
  #waiting = []; // in the order of the calls: not yet the core's
  #isRead = false; // what was in the store before
  #unsent; // while the stores are closed: what can be put, and not sent any more
  #deleting = new Set(); // what tells those whose outcome is there, but for the store's answer
  #spent = 0; // ms of the patience with the stores, before they are closed
  #idle = []; // who waits until nothing is on its way to the core
  #asked = 0; // calls of a store that it has not answered
  #answered; // called when there are none

  constructor(conduct) {
    const { owner } = conduct;
    this.#owner = owner;
    this.#conduct = conduct;
    this.#provider = owner.options.messageIdProvider ?? new UniqueMessageIdProvider();
    owner.messageIdProvider = this.#provider;
  }

  get incoming() {
    return this.#in;
  }

  get outgoing() {
    return this.#out;
  }

  // From now on these: what is in them is sent first.
  use({ incomingStore, outgoingStore }) {
    this.#in = incomingStore || undefined;
    const out = outgoingStore || undefined;
    this.#out = out;
    this.#isRead = this.#out === undefined;
    if (!this.#isRead) clock.nextTick(() => this.#read(out));
  }

  // --- What is there from before ---

  #read(store) {
    const packets = [];
    let isOver = false;
    const over = (error) => {
      if (isOver || store !== this.#out) return;
      isOver = true;
      if (error) this.#report(error);
      this.#restore(packets);
    };
    const listen = (stream) => {
      stream.on('data', (packet) => packets.push(packet));
      stream.on('error', over);
      for (const event of ['end', 'close']) stream.on(event, () => over());
    };
    const fail = (error) => over(thrown(error, 'createStream'));
    try {
      const stream = store.createStream();
      if (typeof stream?.then === 'function') stream.then(listen).then(ignore, fail);
      else listen(stream);
    } catch (error) {
      fail(error);
    }
  }

  #report(error) {
    call(this.#owner, this.#owner.emit, 'error', error);
  }

  #restore(packets) {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const packet of packets) this.#tryToRevive(packet);
    this.#isRead = true;
    this.#waiting.push(...waiting);
    for (const request of waiting) this.#put(request);
    this.#flush();
  }

  // Junk holds up nothing that stands behind it.
  #tryToRevive(packet) {
    try {
      this.#revive(packet ?? {});
    } catch (error) {
      this.#report(error);
    }
  }

  #revive(packet) {
    const { topic, qos, retain, messageId, properties } = packet;
    if (this.#requests.get(messageId)?.mid !== undefined) return;
    if (!isMessage(packet)) {
      this.#provider.register(messageId);
      this.#report(coded(`What outgoingStore has under ${shown(messageId)} is no message of ` +
        'QoS 1 or 2: it stays there (finish a PUBREL with the program that wrote it)', 'ESTORE'));
      return;
    }
    const request = new StoredPublish(this, undefined, topic,
      revived(packet.payload) ?? '', { qos, retain: Boolean(retain),
        properties: revivedAll(properties) });
    if (this.#kept.delete(messageId) || this.#provider.register(messageId)) {
      request.id = messageId;
      request.isPut = true;
    } else {
      this.#move(request);
    }
    this.#requests.set(request.id, request);
    this.#waiting.push(request);
  }

  // Its id was given to another one meanwhile, which will be put there.
  #move(request) {
    request.id = this.#provider.allocate();
    this.#put(request);
  }

  // --- Out ---

  make(...rest) {
    return new StoredPublish(this, ...rest);
  }

  // A status. The request has its id, and goes to the core in its turn.
  publish(request) {
    const id = this.#provider.allocate();
    if (id === null) return errors.EQUEUE;
    request.id = id;
    this.#requests.set(id, request);
    if (this.#out === undefined) {
      request.isPut = true;
      this.#waiting.push(request);
      this.#flush();
      return 0;
    }
    this.#waiting.push(request);
    if (this.#isRead) this.#put(request);
    return 0;
  }

  #put(request) {
    this.#ask(this.#out, 'put', request.packet(), (error) => {
      request.isPut = true;
      request.fault = error;
      const { cbStorePut } = request.given;
      if (!error && cbStorePut) call(this.#owner, cbStorePut);
      this.#flush();
    });
  }

  #flush() {
    if (!this.#isRead) return;
    while (this.#waiting.length > 0 && this.#waiting[0].isPut) this.#send(this.#waiting.shift());
    if (this.#waiting.length === 0) for (const done of this.#idle.splice(0)) done();
  }

  #send(request) {
    if (request.isRemoved) {
      request.failed(this.#owner, removed());
    } else if (request.fault) {
      request.tell(this.#owner, request.fault);
    } else if (this.#unsent !== undefined) {
      this.#unsent.push(request);
    } else if (this.#conduct.send(request) < 0) {
      request.failed(this.#owner, this.#conduct.core.fault);
    }
  }

  find(id) {
    return this.#requests.get(id);
  }

  // It has its outcome. `callback`: (what the store says is wrong).
  settle(request, error, callback) {
    const { id } = request;
    this.#requests.delete(id);
    if (error && (error.errno === errors.ECLOSED || error.errno === errors.ENOCONN)) {
      this.#kept.add(id);
      callback();
      return;
    }
    if (this.#out === undefined) {
      this.#provider.deallocate(id);
      callback();
      return;
    }
    const done = (wrong) => {
      if (!this.#deleting.delete(done)) return;
      this.#provider.deallocate(id);
      callback(request.fault ? undefined : wrong);
    };
    this.#deleting.add(done);
    this.#ask(this.#out, 'del', { messageId: id }, done);
  }

  // Nothing is on its way to the core, or it has taken too long.
  whenIdle(callback) {
    if (this.#isRead && this.#waiting.length === 0) {
      callback();
      return;
    }
    let timer;
    const start = performance.now();
    const done = () => {
      clearTimeout(timer);
      this.#spent = performance.now() - start;
      this.#idle = this.#idle.filter((one) => one !== done);
      callback();
    };
    timer = setTimeout(done, this.#patience);
    this.#idle.push(done);
  }

  // --- In ---

  // A message of QoS 2 is kept until it was handled. `callback`: (what is wrong)
  keep(packet, callback) {
    if (this.#in === undefined) callback();
    else this.#ask(this.#in, 'put', packet, callback);
  }

  forget(messageId) {
    if (this.#in !== undefined) this.#ask(this.#in, 'del', { messageId }, ignore);
  }

  // --- The end ---

  // A store that does not answer holds nobody for long.
  get #patience() {
    const { closeTimeout, connectTimeout } = this.#owner.options;
    return closeTimeout ?? connectTimeout;
  }

  // Here and before the core's end the stores are waited for with one patience.
  close(callback) {
    this.#unsent = [];
    const open = [this.#in, this.#out].filter((store) => store !== undefined);
    let first;
    let left = open.length;
    let timer;
    const done = () => {
      clearTimeout(timer);
      left = -1;
      this.#tellUnsent();
      callback(first);
    };
    timer = setTimeout(done, Math.max(0, this.#patience - this.#spent));
    this.#spent = 0;
    this.#whenAnswered(() => {
      for (const store of open) {
        ask(store, 'close', undefined, (error) => {
          first ??= error;
          left -= 1;
          if (left === 0) done();
        });
      }
    });
  }

  // What the core was never given has failed, and what it has done is done.
  #tellUnsent() {
    const requests = [...this.#unsent, ...this.#waiting];
    this.#unsent = undefined;
    this.#waiting = [];
    for (const request of requests) request.failed(this.#owner, failure(errors.ECLOSED));
    for (const done of [...this.#deleting]) done();
  }

  #ask(store, method, argument, callback) {
    this.#asked += 1;
    ask(store, method, argument, (error) => {
      this.#asked -= 1;
      callback(error);
      if (this.#asked === 0) this.#answered?.();
    });
  }

  // A store is not closed while it is still at work.
  #whenAnswered(callback) {
    this.#answered = () => {
      this.#answered = undefined;
      callback();
    };
    if (this.#asked === 0) this.#answered();
  }
}

// What is wrong with the stores of these options; undefined: nothing.
function wrongStore(options) {
  return ['incomingStore', 'outgoingStore'].find((name) => options[name] &&
    methods.some((method) => typeof options[name][method] !== 'function'));
}

module.exports = { Stores, wrongStore, methods };
