#!/usr/bin/env node
'use strict';
// What it costs to keep messages of QoS 1: published through midge, Paho C and
// MQTT.js with a store and without, and what opening a full store takes. Writes
// RESULTS-durability.md. See ../README.md.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawnSync } = require('child_process');
const { parseArgs } = require('util');

const { chooseStores } = require('./clients');
const { recover } = require('./recovery');
const { results } = require('./report');
const { machineFacts } = require('../machine');
const { measure } = require('../measure');
const { Sink } = require('../sink');
const { median } = require('../statistics');
const { countFor, describeSweep, sweep } = require('../sweep');

const HELP = `usage: node bench/durability/run.js [options]
  --rounds <n>     rounds after the sweep (5)
  --seconds <n>    how long the measured half of one run should take (1)
  --windows <list> that the sweep tries (1,10,100,1000,10000)
  --messages <n>   that a full store has (1000000); rivals take fewer
  --openings <n>   how often each store is filled and opened (3)
  --only <list>    beginnings of the names of those that are measured
  --build <folder> where the programs in C are (build)
  --print          writes nothing
`;

const ROOT = path.join(__dirname, '../..');
const WORK = { scheme: 'mqtt', id: 'publish-1', work: 'publish', qos: 1, size: 64 };
const SWEEP_PART = 0.3;
const FINAL_PART = 0.6;
// Filling a store, opening it, and delivering what it has, each.
const RECOVERY_MS = 300000;
const SYNCS = 100;
const PAGE = 4096;

function readOptions() {
  const text = (value) => ({ type: 'string', default: value });
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' }, print: { type: 'boolean' }, rounds: text('5'),
      seconds: text('1'), windows: text('1,10,100,1000,10000'), messages: text('1000000'),
      openings: text('3'), only: text(''), build: text(path.join(ROOT, 'build')),
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const [rounds, seconds, messages, openings] =
    ['rounds', 'seconds', 'messages', 'openings'].map((name) => Number(values[name]));
  return { ...values, rounds, seconds, messages, openings,
    windows: values.windows.split(',').map(Number), only: values.only.split(',') };
}

// What one sync of the disk takes where the stores are, in ms.
function syncTime() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-bench-'));
  const file = fs.openSync(path.join(folder, 'file'), 'w');
  const times = [];
  for (let i = 0; i < SYNCS; i++) {
    const began = process.hrtime.bigint();
    fs.writeSync(file, Buffer.alloc(PAGE, i));
    fs.fdatasyncSync(file);
    times.push(Number(process.hrtime.bigint() - began) / 1e6);
  }
  fs.closeSync(file);
  fs.rmSync(folder, { recursive: true });
  return median(times);
}

function diskFacts() {
  const { stdout } = spawnSync('stat', ['-f', '-c', '%T', os.tmpdir()], { encoding: 'utf8' });
  const version = (name) => require(`./node_modules/${name}/package.json`).version;
  return [
    `stores on ${stdout.trim()}; writing and syncing 4 KiB takes ${syncTime().toFixed(2)} ms there`,
    ...['mqtt-level-store', 'mqtt-jsonl-store'].map((name) => `${name} ${version(name)}`),
  ];
}

class Cost {
  constructor(options, sink, clients) {
    Object.assign(this, { options, sink, clients });
    this.found = new Map(clients.map((client) => [client.name, { runs: [], openings: [] }]));
  }

  // What fails is not tried again, and said.
  async attempt(client, action) {
    const found = this.found.get(client.name);
    if (found.error) return;
    try {
      await action(found);
    } catch (error) {
      found.error = error.message;
      console.log(`${client.name}: ${error.message}`);
    }
  }

  async chooseWindow(client, found) {
    const { seconds, windows } = this.options;
    const runOnce = (how) => measure(this.sink, client, WORK, how);
    const swept = await sweep(runOnce, ['each'], windows,
      { seconds: seconds * SWEEP_PART, finalSeconds: seconds * FINAL_PART });
    if (swept.error) throw new Error(swept.error);
    found.swept = describeSweep(swept);
    console.log(`${client.name}: ${found.swept}`);
    found.how = { style: swept.style, window: swept.window,
      count: countFor(swept.rate, seconds, swept.window) };
  }

  // One after the other, and another one first in each round.
  async round(number, clients, action) {
    for (let i = 0; i < clients.length; i++) {
      const client = clients[(i + number) % clients.length];
      await this.attempt(client, (found) => action(client, found));
    }
  }

  async publish() {
    await this.round(0, this.clients, (client, found) => this.chooseWindow(client, found));
    for (let number = 0; number < this.options.rounds; number++) {
      await this.round(number, this.clients, async (client, found) => {
        found.runs.push(await measure(this.sink, client, WORK, found.how));
      });
    }
  }

  // A rival that cannot bear as many is tried with a tenth.
  async recoverAsManyAsItCan(client) {
    for (let count = client.recovers; ; count = Math.floor(count / 10)) {
      try {
        return await recover(this.sink, client, count, RECOVERY_MS);
      } catch (error) {
        if (count < 1000) throw error;
        console.log(`${client.name}, ${count} messages: ${error.message}`);
        client.recovers = Math.floor(count / 10);
      }
    }
  }

  async open() {
    const clients = this.clients.filter(({ recovers }) => recovers);
    for (let number = 0; number < this.options.openings; number++) {
      await this.round(number, clients, async (client, found) => {
        found.openings.push(await this.recoverAsManyAsItCan(client));
      });
    }
  }
}

async function main() {
  const options = readOptions();
  const clients = chooseStores(options.build, options.messages)
    .filter(({ name }) => options.only.some((beginning) => name.startsWith(beginning)));
  const facts = [...machineFacts(), ...diskFacts()];
  console.log(facts.join('\n'));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-bench-'));
  const sink = new Sink(path.join(options.build, 'bench/sink'), path.join(folder, 'pem'));
  const cost = new Cost(options, sink, clients);
  try {
    await cost.publish();
    await cost.open();
  } finally {
    sink.stop();
    fs.rmSync(folder, { recursive: true });
  }
  const text = results(facts, options, clients, cost.found);
  console.log(text);
  if (!options.print) fs.writeFileSync(path.join(__dirname, '../RESULTS-durability.md'), text);
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
