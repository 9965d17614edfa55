'use strict';
// What a client has done so far, as the reactor's thread has counted it.
const native = require('./native');

const NUMBERS = 12; // before the causes

// Numbers as addon/stats.c gives them; without a client they are all 0.
function stats(index) {
  const list = (index < 0 ? undefined : native.stats(index)) ?? Array(NUMBERS).fill(0);
  const [messages, queued, inFlight, received, sent, attempts, connections, count, p50, p90,
    p99, max] = list;
  const causes = {};
  for (let at = NUMBERS; at < list.length; at += 2) {
    causes[native.statusName(list[at])] = list[at + 1];
  }
  return {
    queue: { messages, bytes: queued },
    inFlight,
    bytes: { received, sent },
    attempts,
    connections,
    causes,
    roundTrip: { count, p50, p90, p99, max },
  };
}

module.exports = { stats };
