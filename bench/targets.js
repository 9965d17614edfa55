'use strict';
// What midge is to reach beside MQTT.js in the same run, and whether it has.

const RIVAL = 'MQTT.js';
const CONNECT = 'midge.connect';
const WIRE = 'the wire';
const BEHIND = 0.85; // mqtt.connect beside the class

const median = (cell) => cell.median;
const cpu = (cell) => cell.cpu;

// `of` takes a number from a cell; the ratio to MQTT.js is at least, or at most,
// so much; `alone`: the number itself is at most so much.
const targets = [
  { id: 'publish-0', of: median, least: 12 },
  { id: 'publish-0', of: cpu, most: 0.09, what: 'CPU' },
  { id: 'publish-1', of: median, least: 20 },
  { id: 'publish-2-default', of: median, least: 10 },
  { id: 'receive-0', of: median, least: 12 },
  { id: 'receive-0', of: cpu, most: 0.12, what: 'CPU' },
  { id: 'receive-1-100', of: median, least: 25 },
  { id: 'echo-pinned', of: median, most: 0.8 },
  { id: 'echo-pinned 2', of: median, most: 0.25 },
  { id: 'echo', of: median, most: 1 },
  { id: 'load', of: median, most: 1 },
  { id: 'load 1', of: median, most: 1 },
  { id: 'load 2', of: median, most: 1 },
  { id: 'publish-16k', of: median, least: 1.8 },
  { id: 'open', of: median, least: 6 },
  { id: 'open 1', of: median, most: 6, alone: true },
  { id: 'offline-0', of: median, most: 120, alone: true },
  ...['publish-0', 'publish-1', 'publish-2', 'publish-2-default', 'receive-0', 'receive-1',
    'receive-1-100', 'receive-2'].flatMap((id) => [
    { scheme: 'mqtts', id, of: median, least: 6 },
    { scheme: 'ws', id, of: median, least: 10 },
  ]),
];

function reached({ of, alone }, own, rival) {
  if (!own || own.error) return NaN;
  if (alone) return of(own);
  return !rival || rival.error ? NaN : of(own) / of(rival);
}

function written(number) {
  return Number.isNaN(number) ? '-' : number.toFixed(number >= 10 ? 1 : 2);
}

function line(target, rows) {
  const { id, scheme = 'mqtt', of, what, least, most, alone } = target;
  const row = rows.find((one) => one.id === id && one.scheme === scheme);
  if (!row) return undefined;
  const rival = row.cells.get(RIVAL);
  const is = reached(target, row.cells.get('midge'), rival);
  const bound = of === median && !alone ? reached(target, row.cells.get(WIRE), rival) : NaN;
  const isGood = least === undefined ? is <= most : is >= least;
  const limit = `${least === undefined ? '≤' : '≥'} ${least ?? most}`;
  return `| ${row.title}${what ? `, ${what}` : ''} | ${limit} ${alone ? row.unit : '×'} | `
    + `${written(is)} | ${isGood ? '' : 'not reached'} | ${written(bound)} |`;
}

// Rows in which mqtt.connect is further behind the class than it should be.
function farBehind(rows) {
  return rows.filter((row) => {
    const [own, other] = ['midge', CONNECT].map((name) => row.cells.get(name));
    if (!own || !other || own.error || other.error) return false;
    const part = other.median / own.median;
    return (row.better === 'more' ? part : 1 / part) < BEHIND;
  });
}

// As Markdown; empty when nothing that has a target was measured.
function targetTable(rows) {
  const lines = targets.map((target) => line(target, rows)).filter(Boolean);
  if (lines.length === 0) return '';
  const behind = farBehind(rows).map((row) => row.title);
  return ['## Targets',
    `\nmidge divided by ${RIVAL}, or midge alone where a unit stands. The last column is the`
      + ` bound, if it was measured:\nwhat goes through without a client, divided by ${RIVAL}.\n`,
    '| | target | reached | | the wire |', '|---|---:|---:|---|---:|', ...lines,
    `\n${CONNECT} more than ${Math.round(100 * (1 - BEHIND))} % behind the class: `
      + `${behind.join('; ') || 'nowhere'}`].join('\n');
}

module.exports = { targetTable };
