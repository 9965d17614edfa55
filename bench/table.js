'use strict';
// Tables in Markdown. A row is { title, unit, better, cells }, its cells a Map of
// client name -> { values, median, min, max, cpu, how } or { error }. The first
// client is the one that the others are compared with.

const { spread } = require('./statistics');

// What is slower than this in the middle, and slower at all in so many of the
// pairs, is called worse.
const WORSE = 0.95;
const AGREED = 0.8;

function number(value) {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}

function title(row) {
  return `${row.title} (${row.unit}${row.better === 'less' ? ', lower is better' : ''})`;
}

// What a run without an end is called in a table; the words stand below it.
function failed(cell) {
  if (cell.error.startsWith('too slow')) return 'too slow';
  const [, arrived, total] = /(\d+) messages arrived of (\d+)/.exec(cell.error) || [];
  if (total === undefined) return 'failed';
  return Number(arrived) > Number(total) ? 'doubled' : 'lost';
}

// `value` takes a number from a cell.
function compare(clients, rows, value) {
  const head = ['', ...clients.flatMap(({ name }, i) => i > 0 ? [name, 'ratio'] : [name])];
  const lines = rows.map((row) => {
    const own = row.cells.get(clients[0].name);
    const line = [title(row)];
    clients.forEach((client, i) => {
      const cell = row.cells.get(client.name);
      const isKnown = cell && !cell.error;
      line.push(isKnown ? number(value(cell)) : cell ? failed(cell) : '-');
      if (i === 0) return;
      const isBoth = isKnown && own && !own.error;
      line.push(isBoth ? (value(own) / value(cell)).toFixed(2) : '-');
    });
    return line;
  });
  return markdown([head, ...lines]);
}

function medians(clients, rows) {
  return compare(clients, rows, (cell) => cell.median);
}

function cpuTimes(clients, rows) {
  const first = rows.filter((row) => row.isFirst && row.hasCpu)
    .map((row) => ({ ...row, unit: 'µs', better: 'less' }));
  return compare(clients, first, (cell) => cell.cpu);
}

function percent(part) {
  return `${part < 0 ? '-' : '+'}${Math.abs(100 * part).toFixed(0)} %`;
}

// How far the runs were from the median, and how the client was used.
function spreads(clients, rows) {
  const head = ['', ...clients.map(({ name }) => name)];
  const lines = rows.map((row) => [row.title, ...clients.map(({ name }) => {
    const cell = row.cells.get(name);
    if (!cell || cell.error) return '-';
    const { min, max } = cell;
    const words = [percent(min / cell.median - 1), percent(max / cell.median - 1)];
    if (row.isFirst && cell.how) words.push(cell.how);
    return words.join(' ');
  })]);
  return markdown([head, ...lines]);
}

function notes(rows) {
  const lines = [];
  for (const row of rows) {
    if (!row.isFirst) continue;
    for (const [name, { error }] of row.cells) {
      if (error) lines.push(`- ${row.title}: ${name} is not ranked: ${error}`);
    }
  }
  return lines;
}

// Round by round, so that what the machine did to one it did to the other;
// above 1 is better, whatever the unit.
function pairs(row, name, other) {
  const [own, before] = [name, other].map((one) => row.cells.get(one));
  if (!own || !before || own.error || before.error) return undefined;
  const ratios = own.values.map((value, i) => row.better === 'more'
    ? value / before.values[i] : before.values[i] / value);
  return { ...spread(ratios), slower: ratios.filter((one) => one < 1).length / ratios.length };
}

function verdict(row, ratio, name, other) {
  const [own, before] = [name, other].map((one) => row.cells.get(one));
  if (!ratio) return own && own.error && before && !before.error ? 'worse' : '-';
  if (ratio.median >= WORSE) return '';
  return ratio.slower >= AGREED ? 'worse' : 'unclear';
}

// midge beside an earlier midge: { text, worse: rows that are worse }.
function progress(rows, name, other) {
  const head = ['now : before, above 1 is better', 'median', 'lowest', 'highest', ''];
  const all = rows.map((row) => {
    const ratio = pairs(row, name, other);
    return { row, ratio, word: verdict(row, ratio, name, other) };
  });
  const lines = all.map(({ row, ratio, word }) => [row.title,
    ...['median', 'min', 'max'].map((what) => ratio ? ratio[what].toFixed(2) : '-'), word]);
  const worse = all.filter(({ word }) => word === 'worse').map(({ row }) => row);
  return { text: markdown([head, ...lines]), worse };
}

function markdown(lines) {
  const widths = lines[0].map((_, column) =>
    Math.max(...lines.map((line) => line[column].length)));
  const format = (line) => '| ' + line.map((cell, column) =>
    column === 0 ? cell.padEnd(widths[column])
      : cell.padStart(widths[column])).join(' | ') + ' |';
  const rule = '|' + widths.map((width, column) =>
    column === 0 ? '-'.repeat(width + 2) : '-'.repeat(width + 1) + ':').join('|') + '|';
  return [format(lines[0]), rule, ...lines.slice(1).map(format)].join('\n');
}

module.exports = {
  cpuTimes, failed, markdown, medians, notes, number, percent, progress, spreads,
};
