#!/usr/bin/env node
'use strict';
// Measures midge beside its rivals and prints the tables. See README.md.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');

const { chart } = require('./chart');
const { canDo, chooseClients } = require('./clients');
const { lastCore, machineFacts } = require('./machine');
const { measure } = require('./measure');
const { comparison, results, sweeps, tables } = require('./report');
const { Sink } = require('./sink');
const { median, spread } = require('./statistics');
const { Windows, calibrate, countFor, describeSweep, sweep } = require('./sweep');
const { progress } = require('./table');
const { chooseWorks } = require('./works');

const HELP = `usage: node bench/run.js [options]
  --quick                TCP, the main rows, two short rounds; the windows of
                         build/windows.json, if it is there, or a sweep of two
  --short                what has a target, over every transport, in about 12
                         minutes: a coarser sweep, shorter runs; rounds that
                         would take longer are left out, and the text says so
  --rounds <n>           rounds after the sweep (5)
  --seconds <n>          how long the measured half of one run should take (1)
  --transport <list>     mqtt, mqtts, ws, wss (mqtt)
  --only <list>          beginnings of: publish-0, publish-1, publish-2,
                         publish-2-default, publish-16k, loop-0, loop-1, loop-2,
                         receive-0, receive-1, receive-1-100, receive-2,
                         receive-16k, echo, echo-pinned, load, load-own, open,
                         reconnect, offline-0, offline-1
  --clients <list>       midge, midge.connect, MQTT.js, aws-crt, libmosquitto,
                         "Paho C", and only when named: "midge C",
                         midge.acknowledge, "the wire"
  --sweep                finds the best windows, and ends there
  --windows <file>       windows that a sweep found; what is not in it is swept
                         and added. Without it all is swept, and written to
                         build/windows.json
  --against <folder>     another checkout of midge, built, as "midge-before";
                         what seems worse by more than 5 % is measured again,
                         and fails if it still is
  --build <folder>       where the programs in C are (build)
  --json <file>          every single run, too
  --results <file>       what is printed, and the command, as Markdown
  --chart <file>         the main rows as SVG
`;

const ROOT = path.join(__dirname, '..');
const FIRST_COUNT = 2000;
const FIRST_RECONNECTS = 20;
// Of --seconds, for each window and for those that come into question.
const SWEEP_PART = 0.3;
const FINAL_PART = 0.6;
const WINDOW_IF_NONE = 100;
const QUICK_CLIENTS = 'midge,midge.connect,MQTT.js,aws-crt,libmosquitto';
const SECONDS = { quick: 0.2, short: 0.15, full: 1 };
const SHORT_MS = 12 * 60 * 1000;
const BEFORE = 'midge-before';
const AGAIN = 3; // times as many rounds
const NO_WINDOW = { style: 'each', window: WINDOW_IF_NONE };

function readOptions() {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const { values } = parseArgs({
    options: {
      help: flag, quick: flag, short: flag, sweep: flag, rounds: text, seconds: text,
      transport: { type: 'string', default: 'mqtt' }, only: text, clients: text, windows: text,
      against: text, build: { type: 'string', default: path.join(ROOT, 'build') }, json: text,
      results: text, chart: text,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const list = (words) => words && words.split(',').filter(Boolean);
  return {
    ...values,
    rounds: Number(values.rounds || (values.quick ? 2 : 5)),
    seconds: Number(values.seconds
      || SECONDS[values.quick ? 'quick' : values.short ? 'short' : 'full']),
    end: values.short ? Date.now() + SHORT_MS : Infinity,
    schemes: list(values.transport),
    only: list(values.only),
    names: list(values.clients || (values.quick ? QUICK_CLIENTS : undefined)),
  };
}

function tell(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

// A run of the bench: the sinks, who is measured, and what was found.
class Bench {
  constructor(options, clients, sinks) {
    Object.assign(this, { options, clients, sinks });
    const file = options.windows || path.join(options.build, 'windows.json');
    // What a quick or a short run finds is not worth keeping.
    const isRough = options.quick || options.short;
    this.windows = new Windows(file,
      { isRead: options.windows || options.quick, isWritten: options.windows || !isRough });
    this.log = [];
    this.rows = [];
    this.planned = []; // { work, able, found }
    this.peaks = new Map(); // of load, by scheme and client
  }

  async runOnce(client, work, how, round) {
    tell(`${work.scheme}: ${work.id}: ${client.name}, ${round || `${how.style} ${how.window}`}`);
    const sink = work.isPinned ? this.sinks.pinned : this.sinks.free;
    const run = await measure(sink, client, work, how);
    this.log.push({ scheme: work.scheme, work: work.id, client: client.name, round, ...how,
      ...run });
    return run;
  }

  async bestWindow(client, work) {
    const known = this.windows.get(work, client);
    if (known) return known;
    const styles = work.work === 'publish' && work.qos === 0 ? client.styles : ['each'];
    const found = await sweep((how) => this.runOnce(client, work, how), styles, work.windows, {
      seconds: this.options.seconds * SWEEP_PART, count: work.count,
      isQuick: this.options.quick || this.options.short,
      finalSeconds: this.options.seconds * FINAL_PART,
    });
    if (found.tried.length === 0) return found;
    this.windows.set(work, client, found);
    tell('');
    console.log(`${work.scheme}: ${work.id}, ${client.name}: ${describeSweep(found)}`);
    return found;
  }

  // Some need longer to say anything.
  secondsOf(work) {
    const { quick, seconds } = this.options;
    return quick ? seconds : Math.max(work.seconds || 0, seconds);
  }

  // How this client is to be run: { style, window, count }.
  async plan(client, work) {
    const seconds = this.secondsOf(work);
    if (work.windows) {
      const { style, window, rate, error } = await this.bestWindow(client, work);
      if (error) throw new Error(error);
      return { style, window, count: work.count || countFor(rate, seconds, window) };
    }
    const how = { ...NO_WINDOW, window: work.window || WINDOW_IF_NONE,
      style: work.style || NO_WINDOW.style };
    if (work.count) return { ...how, count: work.count };
    if (work.work === 'load') return this.planLoad(client, work, how);
    const first = work.work === 'reconnect' ? FIRST_RECONNECTS : FIRST_COUNT;
    const rate = await calibrate((count) => this.runOnce(client, work, { ...how, count }),
      seconds * SWEEP_PART, first);
    return { ...how, count: countFor(rate, seconds) };
  }

  async peakOf(client, work, how) {
    const key = `${work.scheme} ${client.name}`;
    if (!this.peaks.has(key)) {
      const rates = [];
      for (let i = 0; i < work.runs; i++) {
        rates.push(await calibrate(
          (count) => this.runOnce(client, work, { ...how, count, pace: 0 }),
          this.options.seconds * FINAL_PART, FIRST_COUNT));
      }
      this.peaks.set(key, median(rates));
    }
    return this.peaks.get(key);
  }

  // The peak is that of `work.of`, if it is measured too.
  async planLoad(client, work, how) {
    const whose = this.clients.find(({ name }) => name === work.of) || client;
    const pace = Math.round(await this.peakOf(whose, work, how) / 2);
    return { ...how, pace, count: countFor(pace, this.secondsOf(work)) };
  }

  async attempt(work, client, result, action) {
    if (result.error) return;
    try {
      await action();
    } catch (error) {
      result.error = error.message;
      process.stderr.write(`${work.scheme}: ${work.id}: ${client.name}: ${error.message}\n`);
    }
  }

  async planWork(work) {
    const able = this.clients.filter((client) => canDo(client, work));
    const found = new Map(able.map((client) => [client.name, { runs: [] }]));
    for (const client of able) {
      const result = found.get(client.name);
      await this.attempt(work, client, result, async () => {
        result.plan = await this.plan(client, work);
      });
    }
    this.planned.push({ work, able, found });
  }

  // A round is once through all that was planned, so that the machine's moods hit
  // all rows.
  async measureAll() {
    let round = 0;
    let longest = 0;
    while (round < this.options.rounds && Date.now() + longest < this.options.end) {
      const began = Date.now();
      for (const { work, able, found } of this.planned) {
        await this.runRound(work, able, found, round);
      }
      longest = Math.max(longest, Date.now() - began);
      round++;
    }
    this.rounds = round;
    for (const { work, found } of this.planned) this.rows.push(...rowsOf(work, found));
  }

  // One client after the other, and another one first each time.
  async runRound(work, able, found, round) {
    for (let i = 0; i < (work.runs || 1); i++) await this.runEach(work, able, found, round + i);
  }

  async runEach(work, able, found, round) {
    for (let i = 0; i < able.length; i++) {
      const client = able[(i + round) % able.length];
      const result = found.get(client.name);
      await this.attempt(work, client, result, async () => {
        result.runs.push(await this.runOnce(client, work, result.plan, round + 1));
      });
    }
  }

  // Each of the two midges also tries the window of the other: the sweep may have
  // been disturbed, and that is no difference between them.
  async exchangePlans(work, two, found) {
    const plans = two.map(({ name }) => found.get(name).plan);
    const ways = new Set(plans.map((plan) => plan && `${plan.style} ${plan.window}`));
    if (!work.windows || ways.size === 1 || plans.includes(undefined)) return;
    for (const client of two) {
      const result = found.get(client.name);
      await this.attempt(work, client, result, async () => {
        const tried = [];
        for (const plan of plans) {
          const rates = [];
          for (let i = 0; i < AGAIN; i++) rates.push((await this.runOnce(client, work, plan)).rate);
          tried.push({ plan, rate: median(rates) });
        }
        result.plan = tried.sort((a, b) => b.rate - a.rate)[0].plan;
      });
    }
  }

  // Rows of the two midges. Of fifty rows some seem worse by chance alone, so
  // those are measured again, longer, and then count.
  async compareAgain(works) {
    const { worse } = progress(this.rows, this.clients[0].name, BEFORE);
    const two = this.clients.filter(({ name }) => name === this.clients[0].name || name === BEFORE);
    const again = [];
    for (const work of works) {
      if (!worse.some((row) => row.work === work)) continue;
      const found = new Map(two.map((client) => [client.name, { runs: [] }]));
      for (const client of two) {
        const result = found.get(client.name);
        await this.attempt(work, client, result, async () => {
          result.plan = await this.plan(client, work);
        });
      }
      await this.exchangePlans(work, two, found);
      for (let round = 0; round < AGAIN * this.options.rounds; round++) {
        await this.runRound(work, two, found, round);
      }
      again.push(...rowsOf(work, found));
    }
    return this.rows.map((row) => again.find(({ title }) => title === row.title) || row);
  }
}

function cellOf(row, work, { runs, plan, error }) {
  if (error) return { error };
  const values = runs.map(row.value);
  return {
    values, ...spread(values),
    cpu: median(runs.map((run) => run.cpu)),
    resumed: runs[0].resumed,
    how: plan.pace ? `${plan.pace.toLocaleString('en-US')}/s`
      : work.windows && `${plan.style} ${plan.window}`,
  };
}

function rowsOf(work, found) {
  return work.rows.map((row, i) => ({
    id: i > 0 ? `${work.id} ${i}` : work.id, work, scheme: work.scheme,
    title: `${work.scheme}: ${row.label}`, plain: row.label, unit: row.unit, better: row.better,
    isFirst: i === 0, hasCpu: work.work !== 'offline',
    cells: new Map([...found].map(([name, result]) => [name, cellOf(row, work, result)])),
  }));
}

async function write(bench, works, facts) {
  const { options, clients, rows, windows, log } = bench;
  let text = tables({ ...options, clients, rows, rounds: bench.rounds });
  console.log(`\n${text}`);
  if (options.against) {
    const compared = await bench.compareAgain(works);
    const words = comparison({ clients, rows: compared, before: BEFORE });
    console.log(`\n${words}`);
    text += `\n\n${words}`;
    if (progress(compared, clients[0].name, BEFORE).worse.length > 0) process.exitCode = 1;
  }
  if (options.results) {
    fs.writeFileSync(options.results,
      results(facts, text, sweeps(works, clients, windows), options.chart));
  }
  const shown = clients.filter(({ name }) => name !== BEFORE);
  if (options.chart) fs.writeFileSync(options.chart, chart(shown, rows));
  if (options.json) fs.writeFileSync(options.json, JSON.stringify(log, null, 1));
}

async function main() {
  const options = readOptions();
  const clients = chooseClients(options.build, options.names, options.against);
  const program = path.join(options.build, 'bench', 'sink');
  if (!fs.existsSync(program)) {
    throw new Error(`${program} is not built: cmake -DMIDGE_BENCH=ON`);
  }
  const facts = machineFacts(options.against);
  console.log(facts.join('\n'));
  const core = lastCore();
  const works = chooseWorks({ ...options, isQuick: options.quick, isShort: options.short })
    .filter((work) => (core || !work.isPinned) && !(options.sweep && !work.windows));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-bench-'));
  const sinks = { free: new Sink(program, path.join(folder, 'certificate.pem')) };
  if (core) {
    sinks.pinned = new Sink(program, path.join(folder, 'pinned.pem'), ['taskset', '-c', core]);
  }
  const bench = new Bench(options, clients, sinks);
  try {
    for (const work of works) await bench.planWork(work);
    if (options.sweep) return;
    await bench.measureAll();
    await write(bench, works, facts);
  } finally {
    for (const sink of Object.values(sinks)) sink.stop();
    fs.rmSync(folder, { recursive: true });
    tell('');
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
