#!/usr/bin/env node
'use strict';
// Measures midge beside its rivals and prints one table. See README.md.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { parseArgs } = require('util');

const { measure } = require('./measure');
const { Sink } = require('./sink');
const { machineFacts, median, table } = require('./table');

const HELP = `usage: node bench/run.js [options]
  --quick                one short round after a short warm-up
  --rounds <n>           rounds after the warm-up (5)
  --seconds <n>          how long the measured half of one run should take (2)
  --transport <list>     mqtt, mqtts, ws, wss (mqtt)
  --direction <list>     publish, receive, reconnect (publish,receive)
  --qos <list>           0, 1, 2 (0,1,2)
  --size <bytes>         of a payload (64)
  --clients <list>       midge, MQTT.js, aws-crt, libmosquitto, "Paho C",
                         "midge C" (all that are built or installed)
  --build <folder>       where the programs in C are (build)
  --json <file>          every single measurement, too
  --results <file>       what is printed, and the command, as Markdown
`;

const ROOT = path.join(__dirname, '..');
const WARM_UP_COUNT = 2000;
const WARM_UPS_MAX = 6;
const COUNT_MAX = 20000000;

function readOptions() {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      transport: { type: 'string', default: 'mqtt' },
      direction: { type: 'string', default: 'publish,receive' },
      qos: { type: 'string', default: '0,1,2' },
      size: { type: 'string', default: '64' },
      clients: { type: 'string' },
      build: { type: 'string', default: path.join(ROOT, 'build') },
      json: { type: 'string' },
      results: { type: 'string' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const list = (text) => text.split(',').filter(Boolean);
  return {
    ...values,
    rounds: Number(values.rounds || (values.quick ? 1 : 5)),
    seconds: Number(values.seconds || (values.quick ? 0.3 : 2)),
    transports: list(values.transport),
    directions: list(values.direction),
    levels: list(values.qos).map(Number),
    size: Number(values.size),
    names: values.clients && list(values.clients),
  };
}

function allClients(build) {
  const script = (file) => [process.execPath, path.join(__dirname, file)];
  const program = (file) => [path.join(build, 'bench', file)];
  const all = ['mqtt', 'mqtts', 'ws', 'wss'];
  const js = ['publish', 'receive', 'reconnect'];
  const c = ['publish', 'receive'];
  return [
    { name: 'midge', command: script('midge.js'), schemes: all,
      directions: js },
    { name: 'MQTT.js', command: script('rivals/mqttjs.js'), schemes: all,
      directions: js, needs: 'mqtt' },
    { name: 'aws-crt', command: script('rivals/aws-crt.js'),
      schemes: ['mqtt', 'mqtts', 'ws'], directions: js, needs: 'aws-crt' },
    { name: 'libmosquitto', command: program('bench_mosquitto'),
      schemes: ['mqtt', 'mqtts'], directions: c },
    { name: 'Paho C', command: program('bench_paho'),
      schemes: ['mqtt', 'mqtts'], directions: c },
    { name: 'midge C', command: program('bench_midge'), schemes: all,
      directions: c },
  ];
}

function isThere(client) {
  if (!fs.existsSync(client.command[client.command.length - 1])) return false;
  if (!client.needs) return true;
  try {
    require.resolve(client.needs);
    return true;
  } catch {
    return false;
  }
}

function cases({ transports, directions, levels, size }) {
  const works = [];
  for (const scheme of transports) {
    for (const direction of directions) {
      const qosOfCase = direction === 'reconnect' ? [0] : levels;
      for (const qos of qosOfCase) {
        const what = direction === 'reconnect' ? 'reconnect (per s)'
          : `${direction}, QoS ${qos}`;
        works.push({ scheme, direction, qos, size,
          label: `${scheme}: ${what}` });
      }
    }
  }
  return works;
}

function tell(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

// Finds the number of messages whose second half takes this client about as long
// as asked for.
async function calibrate(sink, client, work, seconds) {
  let count = work.direction === 'reconnect' ? 20 : WARM_UP_COUNT;
  for (let i = 0; i < WARM_UPS_MAX; i++) {
    const result = await measure(sink, client, work, count);
    const wanted = 2 * Math.ceil(result.rate * seconds);
    if (result.seconds >= seconds / 2) return wanted;
    // A short run says little: do not believe more than tenfold of it.
    count = Math.min(wanted, count * 10, COUNT_MAX);
  }
  return count;
}

async function runCase(sink, clients, work, options, log) {
  const results = new Map();
  const able = clients.filter((client) =>
    client.schemes.includes(work.scheme) &&
    client.directions.includes(work.direction));
  for (const client of able) {
    tell(`${work.label}: ${client.name}, warm-up`);
    const result = { rates: [] };
    results.set(client.name, result);
    try {
      result.count = await calibrate(sink, client, work, options.seconds);
    } catch (error) {
      result.error = error;
      process.stderr.write(`${work.label}: ${client.name}: ${error.message}\n`);
    }
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const client of able) {
      const result = results.get(client.name);
      if (result.error) continue;
      tell(`${work.label}: ${client.name}, round ${round}`);
      try {
        const run = await measure(sink, client, work, result.count);
        result.rates.push(run.rate);
        result.resumed = run.resumed;
        log.push({ ...work, client: client.name, round, count: result.count,
          ...run });
      } catch (error) {
        result.error = error;
        process.stderr.write(
          `${work.label}: ${client.name}: ${error.message}\n`);
      }
    }
  }
  for (const result of results.values()) {
    if (!result.error) result.rate = median(result.rates);
  }
  return { label: work.label, cells: results };
}

// Who resumed TLS sessions, when there were any to resume.
function resumptions(rows) {
  const notes = [];
  for (const { label, cells } of rows) {
    const parts = [];
    for (const [name, { resumed }] of cells) {
      if (resumed !== undefined) {
        parts.push(`${name} ${Math.round(resumed * 100)} %`);
      }
    }
    if (parts.length > 0 && /^(mqtts|wss):/.test(label)) {
      notes.push(`${label}, resumed TLS sessions: ${parts.join(', ')}`);
    }
  }
  return notes;
}

function results(facts, text) {
  const words = process.argv.slice(2)
    .map((word) => /[ ,]/.test(word) ? `'${word}'` : word);
  const day = new Date().toISOString().slice(0, 10);
  return `# Results\n\nMeasured on ${day} with\n\n`
    + `    node bench/run.js ${words.join(' ')}\n\n`
    + `${facts.map((fact) => `- ${fact}`).join('\n')}\n\n${text}\n`;
}

async function main() {
  const options = readOptions();
  const clients = allClients(options.build).filter((client) =>
    isThere(client) && (!options.names || options.names.includes(client.name)));
  const program = path.join(options.build, 'bench', 'sink');
  if (!fs.existsSync(program)) {
    throw new Error(`${program} is not built: cmake -DMIDGE_BENCH=ON`);
  }
  const facts = machineFacts();
  console.log(facts.join('\n'));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-bench-'));
  const sink = new Sink(program, path.join(folder, 'certificate.pem'));
  const rows = [];
  const log = [];
  try {
    for (const work of cases(options)) {
      rows.push(await runCase(sink, clients, work, options, log));
    }
  } finally {
    sink.stop();
    fs.rmSync(folder, { recursive: true });
    tell('');
  }
  const text = [
    `medians of ${options.rounds} runs of about ${options.seconds} s, payloads`
      + ` of ${options.size} bytes; ratio: ${clients[0].name} divided by the`
      + ' rival',
    '',
    table(clients, rows),
    '',
    ...resumptions(rows),
  ].join('\n').trimEnd();
  console.log(text);
  if (options.results) {
    fs.writeFileSync(options.results, results(facts, text));
  }
  if (options.json) fs.writeFileSync(options.json, JSON.stringify(log, null, 2));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
