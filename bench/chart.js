'use strict';
// A chart of the rows that say most, as SVG. Its colours are read on white and on
// black, as nobody can know what a page has behind it.

const { failed, number } = require('./table');

const ROWS = [
  'publish-0', 'publish-1', 'publish-2', 'receive-0', 'receive-1', 'receive-2',
  'publish-16k', 'echo-pinned', 'echo', 'load 1', 'open', 'open 1', 'offline-1',
];

const COLUMNS = 2;
const WIDTH = 880;
const GAP = 40;
const NAME_WIDTH = 92;
const VALUE_WIDTH = 72;
const BAR = 10;
const STEP = 15;
const TITLE = 26;
const BELOW = 14;
const TOP = 8;

const STYLE = 'text{font:12px system-ui,sans-serif;fill:#767676}'
  + '.title{font-weight:600}.own{fill:#2878e8;font-weight:600}'
  + 'rect{fill:#949494}rect.own{fill:#2878e8}';

function escape(text) {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function text(x, y, words, kind) {
  return `<text x="${x}" y="${y}"${kind ? ` class="${kind}"` : ''}>${escape(words)}</text>`;
}

function bar(x, y, name, cell, longest, isOwn, width) {
  const kind = isOwn ? 'own' : undefined;
  const start = x + NAME_WIDTH;
  const parts = [text(x, y + BAR, name, kind)];
  if (cell.error) return [...parts, text(start, y + BAR, `not ranked: ${failed(cell)}`)];
  const length = Math.max(1, (width - NAME_WIDTH - VALUE_WIDTH) * cell.median / longest);
  return [
    ...parts,
    `<rect x="${start}" y="${y + 1}" width="${length.toFixed(1)}" height="${BAR}" rx="2"`
      + `${isOwn ? ' class="own"' : ''}/>`,
    text((start + length + 6).toFixed(1), y + BAR, number(cell.median), kind),
  ];
}

// { parts, height } of one row, as high as all its clients.
function group(row, clients, x, y, width) {
  const known = clients.filter(({ name }) => row.cells.has(name));
  const longest = Math.max(...known.map(({ name }) => row.cells.get(name).median || 0));
  const less = row.better === 'less' ? ', lower is better' : '';
  const parts = [`<text x="${x}" y="${y + 14}"><tspan class="title">${escape(row.plain)}</tspan>`
    + ` ${escape(row.unit + less)}</text>`];
  known.forEach(({ name }, i) => {
    const isOwn = name === clients[0].name;
    parts.push(...bar(x, y + TITLE + i * STEP, name, row.cells.get(name), longest, isOwn, width));
  });
  return { parts, height: TITLE + known.length * STEP + BELOW };
}

function chart(measured, rows) {
  const clients = measured.filter((client) => !client.isBound);
  const shown = ROWS.map((id) => rows.find((row) => row.scheme === 'mqtt' && row.id === id))
    .filter(Boolean);
  const width = (WIDTH - GAP * (COLUMNS - 1)) / COLUMNS;
  const heights = new Array(COLUMNS).fill(TOP);
  const each = Math.ceil(shown.length / COLUMNS);
  const parts = shown.flatMap((row, i) => {
    const column = Math.floor(i / each);
    const drawn = group(row, clients, column * (width + GAP), heights[column], width);
    heights[column] += drawn.height;
    return drawn.parts;
  });
  const height = Math.max(...heights);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}"`
    + ` width="${WIDTH}" height="${height}" role="img">\n`
    + `<title>midge beside other MQTT clients</title>\n<style>${STYLE}</style>\n`
    + `${parts.join('\n')}\n</svg>\n`;
}

module.exports = { chart };
