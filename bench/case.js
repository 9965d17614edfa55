'use strict';
// One case, as the program of one client sees it: what to do (from the command
// line) and how to say when half of it was done, which is when the clock starts,
// and when all was (lines on stdout, read by run.js). Times are CLOCK_MONOTONIC,
// the clock of the sink.
//
//   <url> publish|receive|reconnect <qos> <count> <size> <CA file>

const fs = require('fs');

const [url, direction, qosText, countText, sizeText, caFile] =
  process.argv.slice(2);
const qos = Number(qosText);
const count = Number(countText);
const size = Number(sizeText);

function say(what) {
  fs.writeSync(1, `${what} ${process.hrtime.bigint()}\n`);
}

function fail(error) {
  if (!error) return;
  fs.writeSync(2, `${error.stack || error}\n`);
  process.exit(1);
}

// Large payloads make short bursts.
const BURST_BYTES_MAX = 1024 * 1024;

let finished = 0;

// One more was acknowledged, received or connected.
function finishOne() {
  finished++;
  if (finished === Math.floor(count / 2)) say('start');
  if (finished === count) say('end');
}

// Every message that the library hands out goes through here.
function receive(payload) {
  const length = payload.length === undefined ? payload.byteLength
    : payload.length;
  if (length !== size) fail(new Error(`${length} bytes, not ${size}`));
  finishOne();
}

// Publishes all messages with at most `window` of them unfinished: each one
// that is finished makes room for the next.
function publishInWindow(window, publish) {
  let sent = 0;
  function done(error) {
    if (error) fail(error);
    finishOne();
    if (sent < count) {
      sent++;
      publish(done);
    }
  }
  while (sent < Math.min(window, count)) {
    sent++;
    publish(done);
  }
}

// Publishes all messages in bursts. Only the last one of a burst has a
// callback: when the library has passed it on, another burst follows. That is
// all the flow control that QoS 0 needs. With `ahead` bursts unfinished at a
// time, a library with a thread of its own need not wait for the next.
function publishInBursts(burst, ahead, publish) {
  const most = Math.ceil(Math.min(burst, BURST_BYTES_MAX / size));
  let sent = 0;
  function next(error) {
    if (error) fail(error);
    if (sent === count) return;
    const last = Math.min(sent + most, count);
    while (++sent < last) publish();
    publish(next);
  }
  for (let i = 0; i < ahead; i++) next();
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

module.exports = {
  url: new URL(url),
  direction,
  qos,
  count,
  size,
  caFile,
  // The sink reports when as many publishes have come as the id says.
  clientId: `bench-${process.pid}-${direction === 'publish' ? count : 0}`,
  publishTopic: 'bench/publish',
  receiveTopic: `bench/${qos}/${count}/${size}`,
  payload: Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz'),
  fail,
  receive,
  publishInWindow,
  publishInBursts,
  reconnect,
};
