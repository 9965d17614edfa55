'use strict';
// Events from the addon, many at a time; addon/batch.h describes the records.
// One of these exists for each environment, as there is one reactor in it.
const { performance } = require('node:perf_hooks');
const native = require('./native');
const { decode } = require('./properties');

const RECORD_WORDS = 8;
const RECORDS_MAX = 1024;
const TURN_MS = 10; // after this long, timers and sockets get their turn
const LOOK_EVERY = 64; // records between two looks at the clock

const CONNECTING = 0;
const OPENED = 1;
const MESSAGE = 2;
const DONE = 3;
const AUTHENTICATE = 4;
const CLOSED = 5;
const ENDED = 6;

const records = new Uint32Array(RECORDS_MAX * RECORD_WORDS);
const extras = [];
const topics = [];
// By the addon's index: links that are open, weak references to others.
const links = [];

const View = Buffer[Symbol.species];

let shared; // the ArrayBuffer of all small payloads of this batch
let sharedStart = 0; // where the first of them begins in it
let count = 0; // records in this batch
let position = 0; // the first of them that was not delivered
let delivering = false;
let immediate = null;
let keepers = 0; // open links that keep the process alive

function linkOf(index) {
  const link = links[index];
  return link instanceof WeakRef ? link.deref() : link;
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

function message(link, at) {
  const word = records[at];
  const extra = records[at + 7];
  link.message(topics[records[at + 4]], payload(at), word >> 8 & 3,
    (word & 0x400) !== 0, records[at + 5],
    extra === 0 ? undefined : decode(extras[extra]));
}

function done(link, at) {
  const token = records[at + 3] * 0x100000000 + records[at + 2];
  const extra = records[at + 7];
  const status = records[at + 5] | 0;
  if (status === 0 && extra === 0) {
    link.succeeded(token, records[at + 4], records[at + 6] - 1);
  } else {
    const [reasons, list] = extra === 0 ? [] : extras[extra];
    link.done(token, status, reasons, decode(list));
  }
}

function deliver(at) {
  const index = records[at + 1];
  const link = linkOf(index);
  const kind = records[at] & 0xff;
  if (kind === ENDED) links[index] = undefined;
  if (link === undefined) return;
  if (kind === MESSAGE) message(link, at);
  else if (kind === DONE) done(link, at);
  else if (kind === OPENED) link.opened(extras[records[at + 7]]);
  else if (kind === CLOSED) link.closed(extras[records[at + 7]]);
  else if (kind === CONNECTING) link.connecting(extras[records[at + 7]][0]);
  else if (kind === AUTHENTICATE) {
    const [reason, list] = extras[records[at + 7]];
    link.authenticate(reason, decode(list));
  }
}

function later() {
  if (immediate !== null) return;
  immediate = setImmediate(() => {
    immediate = null;
    turn();
  });
  if (keepers === 0) immediate.unref();
}

// Deliver what is left of this batch. False: the turn has lasted long enough.
function rest(end) {
  while (position < count) {
    const at = position * RECORD_WORDS;
    position += 1; // whatever happens, this one was delivered
    deliver(at);
    if (position % LOOK_EVERY === 0 && performance.now() > end) return false;
  }
  extras.length = 0;
  return performance.now() <= end;
}

function take() {
  const taken = native.take();
  const payloads = extras[0];
  shared = payloads === undefined ? undefined : payloads.buffer;
  sharedStart = payloads === undefined ? 0 : payloads.byteOffset;
  return taken;
}

// The reactor wakes us once, when there are events and were none: go on until
// there are none. Callbacks that throw are the links' business.
function turn() {
  if (delivering) return;
  delivering = true;
  const end = performance.now() + TURN_MS;
  try {
    while (rest(end)) {
      position = 0;
      count = take();
      if (count === 0) return;
    }
    later();
  } finally {
    delivering = false;
  }
}

// Whether a link is open, and keeps the process alive by it.
function hold(link, isOpen) {
  if (link.index < 0) return;
  links[link.index] = isOpen ? link : new WeakRef(link);
}

function keep(more) {
  keepers += more ? 1 : -1;
  if (keepers === 1 && more) native.ref();
  if (keepers === 0) native.unref();
  if (immediate !== null && keepers === 1 && more) immediate.ref();
}

native.setup(turn, () => {}, records, extras, topics);
// Node ends the process with other threads running; ours must be gone first.
process.on('exit', () => native.stop());

module.exports = { hold, keep, later };
