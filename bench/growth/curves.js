'use strict';
// What may grow, and what of it is drawn.

const TENFOLD = [1, 10, 100, 1000, 10000, 100000];
const SIZES = [0, 16, 64, 256, 1024, 4096, 8192, 16384, 65536, 262144, 2 ** 20, 2 ** 22, 2 ** 24];
const KIB = 1024;
const MIB = 1024 * KIB;

const cost = { unit: 'µs of CPU per message', value: (point) => point.cost };
// What a message costs by itself, and its bytes: without a step the sum is smooth.
const perKib = { unit: 'µs of CPU per KiB', value: (point, n) => point.cost / (n / KIB) };

// `most`: how far the dearest point may be from the cheapest.
const curves = [
  { work: 'publish to topics', of: 'topics', points: TENFOLD, most: 1.5, ...cost },
  { work: 'receive from topics', of: 'topics', points: TENFOLD, most: 1.5, ...cost },
  { work: 'subscriptions', of: 'subscriptions', points: TENFOLD.slice(0, 4), most: 1.5, ...cost },
  { work: 'handlers of subscriptions', of: 'handlers', points: TENFOLD.slice(0, 4), most: 1.5,
    ...cost },
  { work: 'idle clients', of: 'clients', points: TENFOLD.slice(0, 5), most: 1.5, ...cost },
  { work: 'busy clients', of: 'clients', points: TENFOLD.slice(0, 5), ...cost },
  // As many writes, and nothing else: their bound.
  { work: 'busy connections', program: 'bench_writes', of: 'connections in C, and no client',
    points: TENFOLD.slice(0, 5), ...cost },
  { work: 'queued', of: 'messages that wait', points: [10, 100, 1000, 10000, 100000, 1000000],
    most: 1.5, ...cost },
  { work: 'payloads published', of: 'bytes', points: SIZES, ...cost },
  { work: 'payloads received', of: 'bytes', points: SIZES, ...cost },
  { work: 'payloads published', of: 'bytes', points: SIZES.slice(4), name: 'bytes published',
    ...perKib },
  { work: 'payloads received', of: 'bytes', points: SIZES.slice(4), name: 'bytes received',
    ...perKib },
];

const MESSAGES = 1e7;

module.exports = { MESSAGES, MIB, curves };
