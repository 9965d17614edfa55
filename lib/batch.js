'use strict';
// Events from the addon, many at a time; addon/batch.h describes the records.
// One of these exists for each environment, as there is one reactor in it.
const { AsyncResource } = require('node:async_hooks');
const native = require('./native');
const acknowledgements = require('./acknowledgements');
const clock = require('./clock');
const outgoing = require('./outgoing');
const { decode } = require('./properties');

const RECORD_WORDS = 8;
const RECORDS_MAX = 1024;
const TURN_MS = 10; // after this long, timers and sockets get their turn
const ANSWERS_MS = 1; // so long, no server waits for what was handled already
const LOOK_EVERY = 64; // records between two looks at the clock
const MANY = 32; // records of a batch whose first quarter is answered before the rest

// As enum midge_event_type has them; the life of a client has its own names.
const CONNECTING = 0;
const OPENED = 1;
const MESSAGE = 2;
const DONE = 3;
const ENDED = 6;
const STORED = 7;
const RESTORED = 8;
const STORE = 9;
const lives = { 4: 'authenticate', 5: 'closed', 10: 'wanted', 11: 'packet' };

const versions = [5, 4, 3]; // of midge_version

const records = new Uint32Array(RECORDS_MAX * RECORD_WORDS);
const extras = [];
// By slot: those of one batch first, then those that stay. Filled, for an array
// with holes is a table to look things up in.
const topics = new Array(RECORDS_MAX).fill('');
// By the addon's index: sessions that are open, weak references to others.
const sessions = [];

const View = Buffer[Symbol.species];

// Events of all clients come in one context, which is nobody's: not that of the call
// which happened to open the first of them. It keeps no process alive, as who looks for what
// does (Jest) is told.
class Home extends AsyncResource {
  hasRef() {
    return false;
  }
}
const home = new Home('midge');

function nothing() {}
nothing.hasRef = () => keepers > 0;

let shared; // the ArrayBuffer of all small payloads of this batch
let sharedStart = 0; // where the first of them begins in it
let count = 0; // records in this batch
let position = 0; // the first of them that was not delivered
let number = 0; // of this batch
let delivering = false;
let isSending = false; // our thread does, instead of the other one
let immediate = null;
let answersAt = 0; // when answers leave next
let isAwake = false; // a client was opened
let keepers = 0; // open sessions that keep the process alive

function sessionOf(index) {
  const session = sessions[index];
  return session instanceof WeakRef ? session.deref() : session;
}

// A view of what all payloads of a batch share. The hottest line of all: the
// class behind Buffer takes half the time of Buffer.from, which checks first.
function payload(at) {
  const own = records[at + 6];
  if (own !== 0) return extras[own];
  const size = records[at + 3];
  if (size === 0) return Buffer.alloc(0);
  return new View(shared, sharedStart + records[at + 2], size);
}

// Of a message of the durable inbox: by what it is acknowledged, and its key.
function keptMessage(session, at) {
  const [delivery, epoch, list] = extras[records[at + 7]];
  const word = records[at];
  const mid = records[at + 5];
  session.message(topics[records[at + 4]], payload(at), word >> 8 & 3, (word & 0x400) !== 0,
    mid, decode(list), (word & 0x800) !== 0, (word & 0x1000) !== 0, false,
    { number: delivery, key: `${epoch}:${mid}:${delivery}` });
}

function message(session, at) {
  const word = records[at];
  const extra = records[at + 7];
  if ((word & 0x4000) !== 0) {
    keptMessage(session, at);
    return;
  }
  session.message(topics[records[at + 4]], payload(at), word >> 8 & 3,
    (word & 0x400) !== 0, records[at + 5],
    extra === 0 ? undefined : decode(extras[extra]), (word & 0x800) !== 0,
    (word & 0x1000) !== 0, (word & 0x2000) !== 0);
}

function tokenOf(at) {
  return records[at + 3] * 0x100000000 + records[at + 2];
}

function done(session, at) {
  const token = tokenOf(at);
  const extra = records[at + 7];
  const status = records[at + 5] | 0;
  if (status === 0 && extra === 0) {
    session.succeeded(token, records[at + 4], records[at + 6] - 1);
  } else {
    const many = records[at + 4];
    const [reasons, list, text] = extra === 0 ? [] : extras[extra];
    for (let which = 0; which < many; which += 1) {
      session.done(token + which, status, reasons, decode(list), text);
    }
  }
}

// One that was opened has its client identifier, and properties only in MQTT 5.
function opened(session, at) {
  const extra = extras[records[at + 7]];
  const isBare = typeof extra === 'string';
  const word = records[at + 4];
  session.opened(records[at + 2], records[at + 3], {
    sessionPresent: (word & 1) !== 0,
    reasonCode: 0,
    protocolVersion: versions[word >> 1 & 3],
    clientId: isBare ? extra : extra[0],
    keepalive: word >>> 16,
    renewed: records[at + 5],
    dropped: records[at + 6],
    properties: isBare ? undefined : decode(extra[1]),
  });
}

function deliver(at) {
  const index = records[at + 1];
  const session = sessionOf(index);
  const kind = records[at] & 0xff;
  if (kind === ENDED) sessions[index] = undefined;
  if (session === undefined) return;
  if (kind === MESSAGE) message(session, at);
  else if (kind === DONE) done(session, at);
  else if (kind === OPENED) opened(session, at);
  else if (kind === CONNECTING) {
    session.connecting(records[at + 2], records[at + 3], records[at + 4], records[at + 5]);
  }
  else if (kind === STORED) session.stored(tokenOf(at), records[at + 4]);
  else if (kind === RESTORED) {
    session.restored(records[at + 2], records[at + 3], records[at + 4] === 1);
  } else if (kind === STORE) session.store(records[at + 5] | 0, extras[records[at + 7]]);
  else if (kind === ENDED) session.ended();
  else {
    session[lives[kind]](records[at + 2], records[at + 3],
      extras[records[at + 7]]);
  }
}

function later() {
  if (immediate !== null) return;
  immediate = home.runInAsyncScope(clock.setImmediate, null, () => {
    immediate = null;
    turn();
  });
  if (keepers === 0) immediate.unref();
}

// Deliver what is left of this batch. False: the turn has lasted long enough.
function rest(end) {
  const early = isSending || count < MANY ? 0 : count >> 2;
  while (position < count) {
    const at = position * RECORD_WORDS;
    position += 1; // whatever happens, this one was delivered
    deliver(at);
    if (position === early) acknowledgements.flush();
    if (position % LOOK_EVERY !== 0) continue;
    const now = clock.now();
    if (now > answersAt) {
      acknowledgements.flush();
      answersAt = now + ANSWERS_MS;
    }
    if (now > end) return false;
  }
  extras.length = 0;
  return clock.now() <= end;
}

function take() {
  const taken = native.take();
  number += 1;
  const payloads = extras[0];
  shared = payloads === undefined ? undefined : payloads.buffer;
  sharedStart = payloads === undefined ? 0 : payloads.byteOffset;
  return taken;
}

// The reactor wakes us once, when there are events and were none: go on until
// there are none, whatever happens. Callbacks that throw are the presenters'
// business. `isRead`: what there is was read on our thread, which sends the answers too,
// together, as a write costs more than they do. If the other one does, it has those to the
// first quarter of many while we go on.
function turn(isRead = false) {
  if (delivering) return;
  delivering = true;
  isSending = isRead;
  outgoing.delivering(true);
  const end = clock.now() + TURN_MS;
  answersAt = end - TURN_MS + ANSWERS_MS;
  let isLeft = true;
  try {
    while (isLeft && rest(end)) {
      position = 0;
      count = take();
      isLeft = count !== 0;
    }
  } finally {
    if (isLeft) later();
    delivering = false;
    outgoing.delivering(false);
    acknowledgements.flush();
  }
}

// An open session lives by itself, another one as long as somebody has it.
function root(session, isOpen) {
  if (session.index < 0) return;
  sessions[session.index] = isOpen ? session : new WeakRef(session);
}

function keep(more) {
  keepers += more ? 1 : -1;
  if (keepers === 1 && more) native.ref();
  if (keepers === 0) native.unref();
  if (immediate !== null && keepers === 1 && more) immediate.ref();
}

native.setup(turn, nothing, records, extras, topics, outgoing.records, outgoing.words,
  acknowledgements.words);

// Opens a client: with the first one comes what wakes us.
function open(url, clientId, userName, password, keepAlive, settings, setText) {
  if (isAwake) {
    return native.open(url, clientId, userName, password, keepAlive, settings, setText);
  }
  const index = home.runInAsyncScope(native.open, null, url, clientId, userName, password,
    keepAlive, settings, setText);
  isAwake = index >= 0;
  return index;
}

// Whether events are being delivered now.
function isDelivering() {
  return delivering;
}

// Which batch it is that is delivered, or was last.
function current() {
  return number;
}

module.exports = { home, open, root, keep, later, isDelivering, current };
