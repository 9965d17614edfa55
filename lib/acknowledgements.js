'use strict';
// Answers to messages leave many at a time: they are written into words that the
// addon shares (addon/answers.h), and it takes them all before whatever else it
// is asked, when there is no room, and when events have been delivered for a while:
// each time its thread is woken, which costs more than the answers.
const native = require('./native');

const ANSWERS_MAX = 1024;

// The words before the first answer.
const COUNT = 0;
const INDEX = 1;
const ATTEMPT = 2;
const FIRST = 3;

const QOS_SHIFT = 16;

const words = new Uint32Array(FIRST + ANSWERS_MAX);

// All that was well received goes, if it is not on its way.
function flush() {
  if (words[COUNT] !== 0) native.flush();
}

// A message of `attempt`'s connection is well received. Events are being
// delivered, and who does that flushes.
function add(index, attempt, packetId, qos) {
  const count = words[COUNT];
  if (count === ANSWERS_MAX || words[INDEX] !== index || words[ATTEMPT] !== attempt) {
    flush();
    words[INDEX] = index;
    words[ATTEMPT] = attempt;
  }
  words[FIRST + words[COUNT]] = packetId | qos << QOS_SHIFT;
  words[COUNT] += 1;
}

module.exports = { words, add, flush };
