'use strict';
// RESULTS-durability.md, from what was measured.

const { median, spread } = require('../statistics');
const { number, percent, markdown } = require('../table');

const MIB = 1024 * 1024;

const medianOf = (runs, name) => median(runs.map((run) => run[name]));

// Each beside the same client without a store.
function costTable(clients, found) {
  const head = ['publish, QoS 1', 'messages/s', 'of no store', 'spread', 'CPU µs a message',
    'window', 'what was told as stored withstands'];
  const lines = clients.map((client) => {
    const { runs, error, how } = found.get(client.name);
    if (error || runs.length === 0) return [client.name, 'failed', '', '', '', '', ''];
    const { median: rate, min, max } = spread(runs.map((run) => run.rate));
    const base = client.store && found.get(client.base);
    const part = base && base.runs.length > 0
      ? `1 : ${number(medianOf(base.runs, 'rate') / rate)}` : '';
    return [client.name, number(rate), part,
      `${percent(min / rate - 1)} ${percent(max / rate - 1)}`, number(medianOf(runs, 'cpu')),
      String(how.window), client.withstands];
  });
  return markdown([head, ...lines]);
}

function openTable(clients, found) {
  const head = ['a store that is full', 'messages', 'file, MiB', 'filled in', 'opened after',
    'CPU until then', 'holds then, MiB', 'of them its own', 'all delivered after',
    'at most its own, MiB', 'CPU in all'];
  const lines = clients.filter(({ recovers }) => recovers).map(({ name }) => {
    const { openings } = found.get(name);
    if (openings.length === 0) return [name, ...head.slice(2).map(() => '-'), '-'];
    const seconds = (what) => `${number(medianOf(openings, what))} s`;
    const mib = (what) => number(medianOf(openings, what) / MIB);
    return [name, number(openings[0].count), mib('bytes'), seconds('filled'), seconds('opened'),
      seconds('openCpu'), mib('resident'), mib('anonymous'), seconds('delivered'), mib('peak'),
      seconds('cpu')];
  });
  return markdown([head, ...lines]);
}

function notes(clients, found) {
  return clients.filter(({ name }) => found.get(name).error)
    .map(({ name }) => `- ${name}: ${found.get(name).error}`).join('\n');
}

const WORDS = {
  cost: 'No store, and then what the client has. Half of each run warms up, the other half is '
    + 'measured, from one callback of an acknowledged message to another; as many messages as the '
    + 'window has follow. The sink counts: a run in which one is missing has no number. Each store '
    + 'is a fresh one, and each client has the window that was best for it.',
  withstands: 'mqtt-jsonl-store says that a message is stored when it is in memory, and writes it '
    + 'later; mqtt-level-store and Paho C have written it to the system, as `os` has; none of '
    + 'them waits for the disk, as `disk` does.',
  open: 'A process stores so many messages of 64 bytes without a server, and exits. The next one '
    + 'opens the store, is weighed, connects, and delivers all of them. A library that reads its '
    + 'store when it connects has opened it at once. "Its own" is memory that is no page of a '
    + 'file. MQTT.js has no more packet identifiers than 65,535 for messages that wait, so its '
    + 'stores have fewer; and so has that of Paho C, a file for each message, which takes minutes.',
};

function results(facts, { rounds, seconds, openings }, clients, found) {
  const day = new Date().toISOString().slice(0, 10);
  return [
    '# What durability costs',
    `Measured on ${day} with`,
    `    ${['node bench/durability/run.js', ...process.argv.slice(2)].join(' ')}`,
    facts.map((fact) => `- ${fact}`).join('\n'),
    '## Publishing',
    `Medians of ${rounds} runs of about ${seconds} s, one client after the other. ${WORDS.cost}`,
    costTable(clients, found),
    WORDS.withstands,
    '## Opening what is there',
    `Medians of ${openings}. ${WORDS.open}`,
    openTable(clients, found),
    notes(clients, found),
    '## What the sweep found',
    clients.map(({ name }) => `- ${name}: ${found.get(name).swept || '-'}`).join('\n'),
  ].filter(Boolean).join('\n\n') + '\n';
}

module.exports = { results };
