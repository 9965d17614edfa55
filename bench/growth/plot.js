'use strict';
// Curves as SVG, both axes logarithmic: what doubles is as far up everywhere, so
// a cost that does not grow is a level line. Read on white and on black.

const WIDTH = 420;
const HEIGHT = 240;
const LEFT = 52;
const RIGHT = 14;
const TOP = 44;
const BOTTOM = 38;
const ROOM = 2; // a curve that is level has as much above and below

const STYLE = 'text{font:12px system-ui,sans-serif;fill:#767676}.title{font-weight:600}'
  + 'path{fill:none;stroke:#2878e8;stroke-width:2}circle{fill:#2878e8}'
  + 'line{stroke:#767676;stroke-opacity:.35}';

function short(value) {
  if (value >= 2 ** 20 && Number.isInteger(value / 2 ** 20)) return `${value / 2 ** 20} Mi`;
  if (value >= 1e6) return `${value / 1e6} M`;
  if (value >= 1024 && Number.isInteger(value / 1024)) return `${value / 1024} Ki`;
  if (value >= 1000) return `${value / 1000} k`;
  return String(value >= 10 ? Math.round(value) : Number(value.toPrecision(2)));
}

function scale(values, from, to, room = 1) {
  const low = Math.log(Math.max(1e-9, Math.min(...values)) / room);
  const high = Math.log(Math.max(...values) * room);
  return (value) => from + (to - from) *
    (high === low ? 0.5 : (Math.log(Math.max(1e-9, value)) - low) / (high - low));
}

function text(x, y, words, anchor = 'start', kind = '') {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}"`
    + `${kind && ` class="${kind}"`}>${words}</text>`;
}

// Powers of two and their fives and tens, as many as fit.
function marks(values) {
  const low = Math.min(...values) / ROOM;
  const high = Math.max(...values) * ROOM;
  const all = [];
  for (let power = -4; power < 9; power++) {
    for (const step of [1, 2, 5]) all.push(step * 10 ** power);
  }
  const inside = all.filter((mark) => mark >= low && mark <= high);
  const every = Math.ceil(inside.length / 6);
  return inside.filter((_, i) => i % every === 0);
}

// `points`: [[n, value]]; a point at 0 stands where 1 would.
function graph({ title, of, unit, points }, x, y) {
  const values = points.map(([, value]) => value);
  const across = scale(points.map(([n]) => Math.max(1, n)), x + LEFT, x + WIDTH - RIGHT);
  const up = scale(values, y + HEIGHT - BOTTOM, y + TOP, ROOM);
  const places = points.map(([n, value]) => [across(Math.max(1, n)), up(value)]);
  const every = Math.ceil(points.length / 7);
  return [
    text(x + 4, y + 16, title, 'start', 'title'),
    text(x + 4, y + 32, `${unit}, by ${of}`),
    ...marks(values).flatMap((mark) => [
      `<line x1="${x + LEFT}" x2="${x + WIDTH - RIGHT}" y1="${up(mark).toFixed(1)}"`
        + ` y2="${up(mark).toFixed(1)}"/>`,
      text(x + LEFT - 6, up(mark) + 4, short(mark), 'end'),
    ]),
    ...points.flatMap(([n], i) => (i % every === 0
      ? [text(places[i][0], y + HEIGHT - BOTTOM + 18, short(n), 'middle')] : [])),
    `<path d="M${places.map((place) => place.map((one) => one.toFixed(1)).join(' ')).join('L')}"/>`,
    ...places.map(([cx, cy]) => `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="3"/>`),
  ];
}

function plot(graphs) {
  const columns = 2;
  const parts = graphs.flatMap((one, i) =>
    graph(one, (i % columns) * WIDTH, Math.floor(i / columns) * HEIGHT));
  const [width, height] = [WIDTH * columns, HEIGHT * Math.ceil(graphs.length / columns)];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"`
    + ` width="${width}" height="${height}" role="img">\n`
    + `<title>how the cost of a message grows</title>\n<style>${STYLE}</style>\n`
    + `${parts.join('\n')}\n</svg>\n`;
}

module.exports = { plot, short };
