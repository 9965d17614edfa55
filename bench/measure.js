'use strict';
// One run of one case: a fresh process of the client. The first half of what it
// does warms it up, the second is measured, by the clock that all of them share.
//
//   publish, QoS 0     until the sink has counted them all
//   publish, QoS 1, 2  until the client has called back for the last one
//   receive, QoS 0     until the client has handed out the last one
//   receive, QoS 1, 2  and the sink has got the last acknowledgement
//   reconnect          until the last CONNACK and its disconnect

const { spawn } = require('child_process');
const fs = require('fs');
const readline = require('readline');

const TIMEOUT_MS = 120000;
const TICK_US = 10000; // of the times in /proc/<pid>/stat

// A client is { name, command: [program, ...arguments], schemes }; a case is
// { scheme, direction, qos, size }.
async function measure(sink, client, work, count) {
  if (work.direction !== 'reconnect') return run(sink, client, work, count);
  const before = await sink.totals();
  const result = await run(sink, client, work, count);
  const { connections, resumed } = await sink.totals();
  // Of 1, how many connections resumed a TLS session of an earlier one.
  result.resumed = (resumed - before.resumed) /
    (connections - before.connections);
  return result;
}

async function run(sink, client, work, count) {
  const url = await sink.url(work.scheme);
  const [program, ...first] = client.command;
  const child = spawn(program, [...first, url, work.direction,
    String(work.qos), String(count), String(work.size), sink.certificate],
  { stdio: ['ignore', 'pipe', 'pipe'] });
  const id = `bench-${child.pid}-${work.direction === 'publish' ? count : 0}`;
  const halfway = `halfway ${id}`;
  const counted = `counted ${id}`;
  const acknowledged = `acknowledged ${id}`;
  try {
    return await Promise.race([
      follow(child, needsEnd(work) ? undefined : sink.line(halfway), () => [
        ...work.direction === 'publish' ? [sink.line(counted)] : [],
        ...work.direction === 'receive' && work.qos > 0
          ? [sink.line(acknowledged)] : [],
      ], count),
      failure(child),
    ]);
  } finally {
    sink.forget(halfway, counted, acknowledged);
    child.removeAllListeners('exit');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await gone;
    }
  }
}

// Of the rest the client tells the times itself.
function needsEnd(work) {
  return !(work.direction === 'publish' && work.qos === 0);
}

// `halfway`: when the sink had half of it, if the client cannot tell.
async function follow(child, halfway, linesOfSink, count) {
  const arrivals = {};
  const [start, end] = ['start', 'end'].map((what) => new Promise((resolve) => {
    arrivals[what] = resolve;
  }));
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    const [what, time] = line.split(' ');
    if (arrivals[what]) arrivals[what](Number(time));
  });
  // Asked for at once: the sink may report before we know of the start.
  const lines = linesOfSink();
  const from = await (halfway || start);
  const startCpu = cpuTime(child.pid);
  // A publish of QoS 1 or 2 ends with the client's last callback.
  const to = Math.max(...await Promise.all([...lines, ...halfway ? [] : [end]]));
  const seconds = (to - from) / 1e9;
  const measured = count - Math.floor(count / 2);
  return {
    rate: measured / seconds,
    seconds,
    cpu: (cpuTime(child.pid) - startCpu) / measured,
  };
}

function failure(child) {
  let errors = '';
  child.stderr.on('data', (text) => { errors += text; });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no end in sight')),
      TIMEOUT_MS);
    timer.unref();
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(errors.trim().split('\n')[0] || `exit ${code}`));
    });
  });
}

// Microseconds of all threads, in user and kernel mode.
function cpuTime(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

module.exports = { measure };
