'use strict';
// What a process finds that opens a store: how long it takes until it has opened
// it, what it holds then, and how long until the sink has all that was stored.

const { spawnSync } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');

const { heldBy } = require('../machine');
const { cpuTime, listen, start } = require('../measure');

const WATCH_MS = 100;
const KIB = 1024;
const NS_IN_S = 1e9;
const US_IN_S = 1e6;
const WORK = { scheme: 'mqtt', qos: 1, size: 64 };
// Unfinished at a time, and in flight.
const WINDOW = 10000;

function failed(child, what) {
  let errors = '';
  child.stderr.on('data', (text) => { errors += text; });
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(/.*Error: .*/.exec(errors)?.[0] || errors.trim().split('\n')[0]
        || `${what}: ${code || signal}`));
    });
  });
}

function within(promise, ms, what) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${ms / 1000} s`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

// The messages are stored by a process that then exits without a word.
async function fill(sink, client, how) {
  const began = Date.now();
  const child = await start(sink, client, { ...WORK, work: 'fill' }, how);
  try {
    await within(failed(child, 'fill'), how.timeout, `to store ${how.count}`);
  } finally {
    await stop(child);
  }
  return (Date.now() - began) / 1000;
}

async function open(sink, client, how) {
  const before = await sink.totals();
  const all = sink.line(`counted bench-stored-${how.count}`);
  all.catch(() => {});
  const child = await start(sink, client, { ...WORK, work: 'recover' }, how);
  const ended = failed(child, 'recover').then(() => { throw new Error('it ended'); });
  ended.catch(() => {});
  const said = listen(child);
  let peak = 0;
  const watch = setInterval(() => { peak = Math.max(peak, heldBy(child.pid)[1]); }, WATCH_MS);
  try {
    const until = (promise, what) => within(Promise.race([promise, ended]), how.timeout, what);
    const [from] = await until(said.start, 'its start');
    const [opened] = await until(said.end, `to open ${how.count}`);
    const openCpu = cpuTime(child.pid);
    const [resident, anonymous] = await until(said.held, 'to weigh it');
    const [began] = await until(said.done, 'to weigh it');
    const end = await until(all, `to deliver ${how.count}`);
    const cpu = cpuTime(child.pid);
    const arrived = (await sink.totals()).publishes - before.publishes;
    if (arrived !== how.count) throw new Error(`${arrived} messages arrived of ${how.count}`);
    return {
      opened: (opened - from) / NS_IN_S, delivered: (end - began) / NS_IN_S,
      openCpu: openCpu / US_IN_S, cpu: cpu / US_IN_S,
      resident: resident * KIB, anonymous: anonymous * KIB, peak: peak * KIB,
    };
  } finally {
    clearInterval(watch);
    sink.forget(`counted bench-stored-${how.count}`, `halfway bench-stored-${how.count}`);
    await stop(child);
  }
}

function sizeOf(folder) {
  const { stdout } = spawnSync('du', ['-s', '--block-size=1', folder], { encoding: 'utf8' });
  return Number(stdout.split('\t')[0]);
}

// A store is filled and opened once.
async function recover(sink, client, count, timeout) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-bench-'));
  const how = { folder, count, total: count, window: WINDOW, style: 'each', timeout };
  try {
    const filled = await fill(sink, client, how);
    const bytes = sizeOf(folder);
    return { count, filled, bytes, ...await open(sink, client, how) };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

module.exports = { recover };
