#!/usr/bin/env node
'use strict';
// Measures how the cost of a message grows, draws docs/growth.svg and puts the
// numbers into docs/performance.md. See bench/README.md.

const { execFile, spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');
const { parseArgs, promisify } = require('util');

const { MESSAGES, MIB, curves } = require('./curves');
const { plot, short } = require('./plot');
const { machineFacts } = require('../machine');

const HELP = `usage: node bench/growth/run.js [options]
  --repeats <n>      of each point; the cheapest counts (7)
  --only <list>      beginnings of the names of curves, memory, neighbours
  --messages <n>     of the memory's curve (10000000)
  --build <folder>   where the sink is (build)
  --print            writes no files
`;

const ROOT = path.join(__dirname, '..', '..');
const BEGIN = '<!-- growth: written by bench/growth/run.js -->';
const END = '<!-- growth ends -->';
const OUTPUT_MAX = 2 ** 20;
const STEEP = 100; // what grows by more does so by its nature, as with the payload

function readOptions() {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const { values } = parseArgs({
    options: {
      help: flag, print: flag, only: text, repeats: { ...text, default: '7' },
      messages: { ...text, default: String(MESSAGES) },
      build: { ...text, default: path.join(ROOT, 'build') },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  return { ...values, repeats: Number(values.repeats), messages: Number(values.messages),
    only: values.only && values.only.split(',') };
}

// { url, stop } of a program that says its ports first.
function start(program, words) {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    readline.createInterface({ input: child.stdout }).once('line', (line) => resolve({
      url: `mqtt://127.0.0.1:${JSON.parse(line).mqtt}`, stop: () => child.stdin.end(),
    }));
  });
}

// How much dearer any point is than one before it.
function growthOf(values) {
  return Math.max(...values.map((value, i) => value / Math.min(...values.slice(0, i + 1))));
}

class Growth {
  constructor(options, urls) {
    this.options = options;
    this.urls = urls;
    this.known = new Map(); // points that two curves share
  }

  isWanted(name) {
    return !this.options.only || this.options.only.some((only) => name.startsWith(only));
  }

  // One of the programs in C, or else work.js.
  async run(work, n, program) {
    const [file, words] = program ? [path.join(this.options.build, 'bench', program), []]
      : [process.execPath, ['--expose-gc', path.join(__dirname, 'work.js'), work]];
    const { stdout } = await promisify(execFile)(file, [...words, n, ...this.urls],
      { maxBuffer: OUTPUT_MAX, env: { ...process.env, NODE_NO_WARNINGS: '1' } });
    return JSON.parse(stdout);
  }

  async best(work, n, program) {
    const key = `${work} ${n}`;
    if (this.known.has(key)) return this.known.get(key);
    let best;
    for (let i = 0; i < this.options.repeats; i++) {
      const point = await this.run(work, n, program);
      if (best === undefined || point.cost < best.cost) best = point;
    }
    this.known.set(key, best);
    return best;
  }

  async draw({ work, program, name = work, of, unit, points, most, value }) {
    const drawn = [];
    for (const n of points) drawn.push([n, value(await this.best(work, n, program), n)]);
    const factor = growthOf(drawn.map(([, one]) => one));
    const verdict = most === undefined ? '' : factor <= most ? 'flat' : `not within ${most}`;
    console.log(`${name}: ${drawn.map(([n, one]) => `${short(n)}: ${one.toPrecision(3)}`)
      .join(', ')} (${unit}); grows by ${factor.toFixed(2)} ${verdict}`);
    return { title: name, of, unit, points: drawn, factor, verdict };
  }

  async memory() {
    const { messages } = this.options;
    const { sizes } = await this.run('memory', messages);
    const points = sizes.map((bytes, i) => [(i + 1) * messages / sizes.length, bytes / MIB]);
    const factor = growthOf(sizes);
    console.log(`memory: ${points.map(([, one]) => one.toFixed(0)).join(', ')} MiB`);
    return { title: 'memory', of: 'messages out and in', unit: 'MiB resident', points, factor,
      verdict: factor <= 1.5 ? 'flat' : 'it grows' };
  }

  // What the machine is busy with is not what a flood costs on the same thread.
  async neighbours() {
    const { repeats } = this.options;
    const p99 = [[], [], []];
    for (let i = 0; i < repeats; i++) {
      for (const [n, of] of p99.entries()) of.push((await this.run('neighbours', n)).p99);
    }
    const [alone, elsewhere, here] = p99.map((of) => of.sort((a, b) => a - b)[repeats >> 1]);
    const text = `p99 of a round trip of ten clients: ${round(alone)} µs;`
      + ` ${round(elsewhere)} µs while another process takes a flood, ${round(here)} µs while`
      + ` one of their own thread does: ${(here / elsewhere).toFixed(2)} times that, and`
      + ` ${(here / alone).toFixed(2)} times what it is on an idle machine`;
    console.log(text);
    return text;
  }
}

function round(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(2);
}

function table(graphs, neighbours, facts) {
  const rows = graphs.map(({ title, unit, points, factor, verdict }) =>
    `| ${title} | ${short(points[0][0])} … ${short(points.at(-1)[0])} | `
      + `${round(points[0][1])} … ${round(points.at(-1)[1])} ${unit} | `
      + `${factor < STEEP ? factor.toFixed(2) : ''} | ${verdict} |`);
  return ['| | from … to | first … last | grows by | |', '|---|---|---|---:|---|', ...rows]
    .join('\n') + `\n\n${neighbours ? `A flood: ${neighbours}.\n\n` : ''}`
    + `Measured with \`node bench/growth/run.js\` on ${facts.join('; ')}.`;
}

function write(graphs, neighbours, facts) {
  const page = path.join(ROOT, 'docs', 'performance.md');
  const text = fs.readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${page} has no place for the numbers`);
  fs.writeFileSync(path.join(ROOT, 'docs', 'growth.svg'), plot(graphs));
  fs.writeFileSync(page, `${text.slice(0, from + BEGIN.length)}\n\n`
    + `${table(graphs, neighbours, facts)}\n\n${text.slice(to)}`);
}

async function main() {
  const options = readOptions();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-growth-'));
  const programs = await Promise.all([
    start(path.join(options.build, 'bench', 'sink'), [path.join(folder, 'certificate.pem')]),
    start(process.execPath, [path.join(__dirname, 'server.js')]),
  ]);
  const growth = new Growth(options, programs.map(({ url }) => url));
  const facts = machineFacts();
  try {
    const graphs = [];
    for (const curve of curves) {
      if (growth.isWanted(curve.name || curve.work)) graphs.push(await growth.draw(curve));
    }
    if (growth.isWanted('memory')) graphs.push(await growth.memory());
    const neighbours = growth.isWanted('neighbours') ? await growth.neighbours() : undefined;
    if (!options.print && !options.only) write(graphs, neighbours, facts);
  } finally {
    for (const program of programs) program.stop();
    fs.rmSync(folder, { recursive: true });
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
