'use strict';
// One case, as the program of one client sees it: what to do (from the command
// line) and how to say when half of it was done, which is when the clock starts,
// and when all was (lines on stdout, read by measure.js). Times are
// CLOCK_MONOTONIC, the clock of the sink.
//
//   url=<scheme://host:port>
//   work=publish|receive|reconnect|echo|load|open|offline|fill|recover
//   qos=<n> count=<n> size=<bytes> ca=<file>
//   extra=<n>    messages after the last one that is measured, so that it is not
//                the end of the work that is measured
//   window=<n>   messages or connections that may be unfinished at a time; of
//                receive: what the server may have unacknowledged
//   style=<how>  of publish: "each" has a callback; "burst": the last one of a
//                window has, and then comes the next window; "ahead": the same
//                with four bursts of a quarter; "loop": all at once, and none has
//   limit=<n>    how many messages the client may have in flight, where it has
//                such an option; 0: its default
//   pace=<n>     of load: messages per second; 0: as many as the window allows
//   module=<path>  another midge, or midge in the place of MQTT.js
//   answers=program  to QoS 1 and 2, behind the callback of each message
//   store=<kind>  where messages are kept, in the words of the client's program
//   folder=<path>  where that store is, which is this run's own
//
// "fill" stores all messages without a server, and exits; "recover" opens what
// that has left, and delivers it.

const fs = require('fs');
const { performance } = require('perf_hooks');

const { heldBy } = require('./machine');

const SETTLE_MS = 300;
const AHEAD = 4;
// What a plain program queues in a turn of the loop.
const TURN = 1000;
const NS_PER_MS = 1e6;
const MS_PER_S = 1e3;

const words = Object.fromEntries(process.argv.slice(2).map((word) => {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}));
const [qos, count, extra, size, window, limit, pace] =
  ['qos', 'count', 'extra', 'size', 'window', 'limit', 'pace'].map((name) => Number(words[name]));
const { work, style } = words;
const half = Math.floor(count / 2);
const total = count + extra;
// What a process holds with so few connections or messages is not theirs.
const first = Math.floor(count / 10);

function say(what, ...values) {
  fs.writeSync(1, `${[what, ...values].join(' ')}\n`);
}

function sayTime(what) {
  say(what, process.hrtime.bigint());
}

function fail(error) {
  if (!error) return;
  fs.writeSync(2, `${error.stack || error}\n`);
  process.exit(1);
}

let finished = 0;

// One more was acknowledged, received or connected.
function finishOne() {
  finished++;
  if (finished === half) sayTime('start');
  if (finished === count) sayTime('end');
  if (finished === total) sayTime('done');
}

// Every message that the library hands out goes through here.
function receive(payload) {
  const length = payload.length === undefined ? payload.byteLength
    : payload.length;
  if (length !== size) fail(new Error(`${length} bytes, not ${size}`));
  finishOne();
}

// Publishes all messages with at most `window` of them unfinished: each one
// that is finished makes room for the next. A library that is done at once
// has to let the loop turn, too.
function publishEach(publish) {
  let sent = 0;
  let unfinished = 0;
  let busy = false;
  function fill() {
    busy = true;
    const last = Math.min(total, sent + window - unfinished);
    while (sent < last && unfinished < window) {
      sent++;
      unfinished++;
      publish(done);
    }
    busy = sent < total && unfinished < window;
    if (busy) setImmediate(fill);
  }
  function done(error) {
    if (error) fail(error);
    unfinished--;
    finishOne();
    if (!busy) fill();
  }
  fill();
}

// Publishes all messages in bursts. Only the last one of a burst has a
// callback: when the library has passed it on, another burst follows. With
// `ahead` bursts unfinished at a time, a library with a thread of its own need
// not wait for the next.
function publishBursts(burst, ahead, publish) {
  let sent = 0;
  let busy = false;
  function next(error) {
    if (error) fail(error);
    if (sent === total) return;
    const last = Math.min(sent + burst, total);
    busy = true;
    while (++sent < last) publish();
    publish(busyNext);
    busy = false;
  }
  function busyNext(error) {
    if (busy) setImmediate(next, error);
    else next(error);
  }
  for (let i = 0; i < ahead; i++) next();
}

// `publish(done)`, in the style that was asked for. Without `done` nobody wants
// to know.
function publishAll(publish) {
  if (style === 'burst') return publishBursts(window, 1, publish);
  if (style === 'ahead') return publishBursts(Math.ceil(window / AHEAD), AHEAD, publish);
  if (style !== 'loop') return publishEach(publish);
  sayTime('start');
  for (let i = 0; i < total; i++) publish();
  return undefined;
}

// Connects and disconnects, one after the other.
function reconnect(connectOnce) {
  function next(error) {
    if (error) fail(error);
    finishOne();
    if (finished < count) connectOnce(next);
  }
  connectOnce(next);
}

function sayLatency(times) {
  times.sort();
  say('latency', ...[0.5, 0.99, 0.999]
    .map((part) => Math.round(times[Math.floor(times.length * part)] * NS_PER_MS)));
}

// Publishes at a pace, whatever has come back ("open loop"). A message is as late
// as it comes back after it was due, so that one that stalls makes those behind
// it late too. Returns what echo does.
function load(publish) {
  const times = new Float64Array(count - half);
  const interval = pace > 0 ? MS_PER_S / pace : 0;
  const began = performance.now();
  let sent = 0;
  function pump() {
    const due = pace > 0 ? 1 + Math.floor((performance.now() - began) / interval)
      : finished + window;
    for (const end = Math.min(total, due); sent < end; sent++) publish();
    if (sent < total) setImmediate(pump);
  }
  pump();
  return (payload) => {
    if (finished >= half) {
      times[finished - half] = performance.now() - began - finished * interval;
    }
    receive(payload);
    if (finished === count && pace > 0) sayLatency(times);
  };
}

// Publishes one message after the other, each when the last one has come back.
// Returns what has to be called with each payload that is received.
function echo(publish) {
  const times = new Float64Array(count - half);
  let written = performance.now();
  publish();
  return (payload) => {
    if (finished >= half) times[finished - half] = performance.now() - written;
    receive(payload);
    if (finished === count) {
      sayLatency(times);
      return;
    }
    written = performance.now();
    publish();
  };
}

// Bytes that are resident, when nothing is left to be done or collected.
async function weigh() {
  for (let i = 0; i < 2; i++) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    global.gc();
  }
  return process.memoryUsage.rss();
}

// What the process holds more with `count` than with the first few of them.
async function weighRest(before) {
  say('memory', (await weigh() - before) / (count - first));
}

// Opens all connections, `window` at a time; the clock runs for the second half.
// `openOne(id, done)`.
async function open(openOne) {
  let opened = 0;
  const openTo = (end) => new Promise((resolve) => {
    let begun = opened;
    function next() {
      if (begun < end) openOne(`bench-${process.pid}-${begun++}-0`, done);
    }
    function done(error) {
      if (error) fail(error);
      opened++;
      if (opened === end) resolve();
      else next();
    }
    for (let i = Math.min(window, end - begun); i > 0; i--) next();
  });
  await openTo(first);
  const before = await weigh();
  await openTo(half);
  sayTime('start');
  await openTo(count);
  sayTime('end');
  await weighRest(before);
}

// Queues all messages, weighs the process, and sends them, so that it shows that
// none is missing.
async function offline(publish, connect) {
  let queued = 0;
  const queueTo = async (end) => {
    while (queued < end) {
      const last = Math.min(end, queued + TURN);
      for (; queued < last; queued++) publish();
      await new Promise(setImmediate);
    }
  };
  await queueTo(first);
  const before = await weigh();
  await queueTo(half);
  sayTime('start');
  await queueTo(count);
  sayTime('end');
  await weighRest(before);
  connect();
}

// `publish(stored)`; `close` ends what the store still has to do.
function fill(publish, close) {
  let stored = 0;
  setInterval(() => {}, 2 ** 30); // there is something to wait for
  publishEach((done) => publish((error) => {
    done(error);
    stored++;
    if (stored === total) close().then(() => process.exit(0), fail);
  }));
}

// The store is open and nothing is sent yet: says what the process holds.
async function recover(connect) {
  sayTime('end');
  await weigh();
  say('held', ...heldBy(process.pid));
  sayTime('done');
  connect();
}

const isStored = work === 'fill' || work === 'recover';
const isCounted = work === 'publish' || work === 'offline' || isStored;

module.exports = {
  url: new URL(words.url),
  module: words.module,
  answersItself: words.answers === 'program',
  work,
  qos,
  count,
  size,
  window,
  limit,
  caFile: words.ca,
  store: words.store,
  folder: words.folder,
  // The sink reports when as many publishes have come as the id says.
  clientId: `bench-${isStored ? 'stored' : process.pid}-${isCounted ? count : 0}`,
  publishTopic: 'bench/publish',
  receiveTopic: `bench/${qos}/${total}/${size}/${window}`,
  echoTopic: 'bench/echo',
  payload: Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz'),
  fail,
  receive,
  publishAll,
  reconnect,
  echo: work === 'load' ? load : echo,
  open,
  offline,
  fill,
  sayTime,
  recover,
};
