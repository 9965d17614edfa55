'use strict';
// One run: a fresh process of the client. The first half of what it does warms
// it up, the second is measured, by the clock that all of them share. More of the
// same follows, or it would be measured how the last window empties: with a large
// one most of the work was done before.
//
//   publish, QoS 0     until the sink has counted as many
//   publish, QoS 1, 2  until the client has called back for as many
//   plain loop         from the first call until the sink has counted them all
//   receive            until the client has handed out as many
//   echo, load         until the last one is back
//   reconnect          until the last CONNACK and its disconnect
//   open               until the last CONNACK
//   offline            until the last one is queued; then all are sent
//
// Whatever ends it, a run in which a message is missing, or comes twice, fails.

const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');

const TIMEOUT_MS = 60000;
const WATCH_MS = 1000;
const POLL_MS = 5;
// A second of rest may be the machine's doing, ten are not.
const IDLE_MAX = 10;
const IDLE_CPU_US = 10000;
const TICK_US = 10000; // of the times in /proc/<pid>/stat
const NS_PER_US = 1e3;

const isCounted = (work) => work.work === 'publish' || work.work === 'offline';

function isByLoop(work, how) {
  return work.work === 'publish' && how.style === 'loop';
}

// What follows the last message that is measured.
function extraOf(work, how) {
  if (isByLoop(work, how)) return 0;
  if (work.work === 'publish') return how.window;
  if (work.work !== 'receive') return 0;
  return work.qos > 0 ? how.window : Math.ceil(how.count / 4);
}

// `how`: { count, window, style, timeout }. Resolves with { rate, seconds, cpu }
// and, where the work has them, latency (µs), memory (bytes each) and resumed. A
// client with a store has a folder for it, for this run alone.
async function measure(sink, client, work, how) {
  if (!client.store) return measureIn(undefined, sink, client, work, how);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-bench-'));
  try {
    return await measureIn(folder, sink, client, work, how);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function measureIn(folder, sink, client, work, how) {
  const before = await sink.totals();
  const total = how.count + extraOf(work, how);
  const result = await run(sink, client, work, { ...how, folder, total, before });
  const after = await sink.totals();
  const arrived = after.publishes - before.publishes;
  if (isCounted(work) && arrived !== total) {
    throw new Error(`it ended: ${arrived} messages arrived of ${total}`);
  }
  if (work.work === 'reconnect') {
    // Of 1, how many connections resumed a TLS session of an earlier one.
    result.resumed = (after.resumed - before.resumed) / (after.connections - before.connections);
  }
  return result;
}

async function start(sink, client, work, how) {
  const limit = work.byDefault ? 0 : Math.min(how.window, 65535);
  const words = Object.entries({ url: await sink.url(work.scheme), work: work.work,
    qos: work.qos, count: how.count, extra: how.total - how.count, size: work.size,
    ca: sink.certificate, window: how.window, style: how.style, limit, pace: how.pace || 0,
    ...client.store && { store: client.store, folder: how.folder } });
  const [program, ...first] = [...sink.prefix, ...client.command];
  return spawn(program, [...first, ...words.map(([name, value]) => `${name}=${value}`)],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_NO_WARNINGS: '1' } });
}

async function run(sink, client, work, how) {
  const child = await start(sink, client, work, how);
  const id = `bench-${child.pid}-${isCounted(work) ? how.count : 0}`;
  const names = ['halfway', 'counted', 'acknowledged'];
  const lines = Object.fromEntries(names.map((name) => [name, sink.line(`${name} ${id}`)]));
  // A complaint of the sink rejects all of them, also those that nobody awaits.
  for (const line of Object.values(lines)) line.catch(() => {});
  const watch = watchOver(sink, child, work, how);
  const ended = follow(child, lines, work, how)
    .then((result) => allArrived(sink, work, how).then(() => result));
  try {
    return await Promise.race([ended, failure(child), watch.failed]);
  } finally {
    watch.stop();
    sink.forget(...names.map((name) => `${name} ${id}`));
    ended.catch(() => {});
    child.removeAllListeners('exit');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await gone;
    }
  }
}

// What the client says: the first line of each name, as a promise of its
// numbers.
function listen(child) {
  const said = {};
  for (const name of ['start', 'end', 'done', 'latency', 'memory', 'held']) {
    said[name] = new Promise((resolve) => { said[`resolve ${name}`] = resolve; });
  }
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    const [name, ...numbers] = line.split(' ');
    const resolve = said[`resolve ${name}`];
    if (resolve) resolve(numbers.map(Number));
  });
  return said;
}

async function follow(child, lines, work, how) {
  const said = listen(child);
  const isLoop = isByLoop(work, how);
  const isBlind = work.work === 'publish' && work.qos === 0; // a callback says little
  const from = await (isBlind && !isLoop ? lines.halfway : said.start.then(([time]) => time));
  const startCpu = cpuTime(child.pid);
  const to = await (isBlind || isLoop ? lines.counted : said.end.then(([time]) => time));
  const cpu = cpuTime(child.pid) - startCpu;
  const measured = isLoop ? how.count : how.count - Math.floor(how.count / 2);
  const seconds = (to - from) / 1e9;
  const result = { rate: measured / seconds, seconds, cpu: cpu / measured };
  const isTold = work.work === 'receive' || (work.work === 'publish' && how.style === 'each');
  await Promise.all([
    isTold ? said.done : undefined,
    work.work === 'receive' && work.qos > 0 ? lines.acknowledged : undefined,
    addMore(result, said, work, how),
  ]);
  return result;
}

// watchOver ends the wait for what does not come.
async function allArrived(sink, work, how) {
  while (isCounted(work)) {
    const { publishes } = await sink.totals();
    if (publishes - how.before.publishes >= how.total) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function addMore(result, said, work, how) {
  if (work.work === 'echo' || how.pace > 0) {
    const [p50, p99, p999] = (await said.latency).map((ns) => ns / NS_PER_US);
    result.latency = { p50, p99, 'p99.9': p999 };
  }
  if (work.work === 'open' || work.work === 'offline') {
    [result.memory] = await said.memory;
  }
}

function failure(child) {
  let errors = '';
  child.stderr.on('data', (text) => { errors += text; });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(errors.trim().split('\n')[0] || `exit ${code}`));
    });
  });
}

// Fails when neither the sink nor the client does anything any more.
function watchOver(sink, child, work, how) {
  let timer;
  const failed = new Promise((resolve, reject) => {
    let last = {};
    let idle = 0;
    const began = Date.now();
    const look = async () => {
      const now = { ...await sink.totals(), cpu: cpuTime(child.pid) };
      const rests = now.publishes === last.publishes && now.connections === last.connections &&
        now.cpu - last.cpu < IDLE_CPU_US;
      idle = rests ? idle + 1 : 0;
      last = now;
      const taken = Date.now() - began;
      if (idle < IDLE_MAX && taken < (how.timeout || TIMEOUT_MS)) return;
      const arrived = isCounted(work)
        ? `${now.publishes - how.before.publishes} messages arrived of ${how.total}` : 'no end';
      reject(new Error(idle < IDLE_MAX ? `too slow: ${arrived} after ${Math.round(taken / 1000)} s`
        : `it stopped: ${arrived}`));
    };
    timer = setInterval(() => look().catch(reject), WATCH_MS);
  });
  failed.catch(() => {});
  return { failed, stop: () => clearInterval(timer) };
}

// Microseconds of all threads, in user and kernel mode.
function cpuTime(pid) {
  try {
    const threads = fs.readdirSync(`/proc/${pid}/task`);
    return threads.reduce((sum, thread) => sum +
      Number(fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]), 0) /
      NS_PER_US;
  } catch {
    return coarseCpuTime(pid);
  }
}

// Where the kernel keeps no statistics, and while threads come and go.
function coarseCpuTime(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_US;
  } catch {
    return NaN; // the process has ended, which says enough
  }
}

module.exports = { cpuTime, listen, measure, start };
