'use strict';
// midge bench: what it measures of a mosquitto, of the counting sink, and of a
// server that loses, doubles and swaps.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { Sink } = require('../../bench/sink');
const { file } = require('../tls/certificates');
const mosquitto = require('../support/mosquitto');
const faulty = require('./support/faulty');
const { isRunning, MIDGE, run, start } = require('./support/program');

const BUILD = path.join(__dirname, '..', '..', 'build');

let broker;
let folder;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-bench-'));
  broker = await mosquitto.start({ listeners: [
    {},
    { tls: { certificate: file('server.pem'), key: file('server.key') } },
    { websockets: true },
  ] });
});

after(async () => {
  await broker.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const bench = (words) => run('midge', 'bench', words);
const at = (port, words) => [words[0], '-h', '127.0.0.1', '-p', `${port}`, ...words.slice(1)];

// What a run that ends with 0 has measured.
async function measure(port, words) {
  const { out, err, code } = await bench(at(port, [...words, '--json']));
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

function isOrdered({ figures }) {
  const names = ['p50_us', 'p90_us', 'p99_us', 'p99.9_us', 'max_us'];
  const times = names.map((name) => figures[name]);
  assert.ok(times.every((time) => time > 0), `${times}`);
  assert.deepEqual([...times].sort((a, b) => a - b), times);
}

test('conn connects them all, and says what each takes', async () => {
  const result = await measure(broker.port, ['conn', '--clients', '60']);
  assert.equal(result.figures.connected, 60);
  assert.equal(result.figures.errors, 0);
  assert.ok(result.figures.memory_each_bytes > 1000);
  assert.ok(result.figures.cpu_each_us > 0);
  isOrdered(result);
});

test('conn with a rate takes the time of it', async () => {
  const { figures } = await measure(broker.port,
    ['conn', '--clients', '20', '--rate', '100', '--duration', '0.1']);
  assert.equal(figures.connected, 20);
  assert.equal(figures.errors, 0);
  assert.ok(figures.late_p99_us < figures.time_us);
  assert.ok(figures.rate <= 106, `${figures.rate}`);
  assert.ok(figures.time_us >= 290000, `${figures.time_us}`);
});

test('conn over TLS and WebSocket', async () => {
  for (const words of [['-p', `${broker.ports[1]}`, '--cafile', file('root.pem')],
    ['-L', `ws://127.0.0.1:${broker.ports[2]}/mqtt`]]) {
    const { code, err, out } = await bench(['conn', '-h', '127.0.0.1', '--clients', '3',
      '--json', ...words]);
    assert.equal(code, 0, err);
    assert.equal(JSON.parse(out).figures.connected, 3);
  }
});

for (const qos of ['0', '1', '2']) {
  test(`pub and echo at QoS ${qos}, at a rate and without`, async () => {
    for (const [kind, ...words] of [['pub', '--rate', '2000'], ['pub'], ['echo'],
      ['echo', '--rate', '2000']]) {
      const result = await measure(broker.port,
        [kind, '--clients', '3', '--count', '200', '-q', qos, ...words]);
      const { figures } = result;
      assert.equal(figures.sent, 200);
      assert.equal(figures.unanswered, 0);
      assert.equal(figures.errors, 0);
      isOrdered(result);
      if (kind === 'pub') continue;
      assert.equal(figures.received, 200);
      assert.equal(figures.lost, 0);
      assert.equal(figures.broken, 0);
      assert.equal(result.qos[qos].received, 200);
    }
  });
}

test('the rate holds, and its time is what the duration says', async () => {
  const { figures, series } = await measure(broker.port,
    ['pub', '--rate', '400', '--duration', '0.5']);
  assert.equal(figures.sent + figures.unsent, 200);
  assert.ok(figures.rate <= 420, `${figures.rate}`);
  assert.ok(series.length >= 1);
});

for (const [kind, qos] of [['pub', 1], ['pub', 0], ['echo', 1]]) {
  test(`what ${kind} with QoS ${qos} sends in a warm-up is sent, and not measured`, async () => {
    const result = await measure(broker.port,
      [kind, '-q', `${qos}`, '--rate', '400', '--warm-up', '0.5', '--duration', '0.25']);
    const { figures } = result;
    assert.equal(figures.sent + figures.unsent, 300);
    assert.equal(result.latencies, 100);
    assert.equal(result.settings.warm_up_s, 0.5);
    // From the end of the warm-up on; its own messages would make it three times as high.
    assert.ok(figures.rate <= 420, `${figures.rate}`);
  });
}

test('as fast as answered, a warm-up has no latencies either', async () => {
  const { figures, latencies } = await measure(broker.port,
    ['pub', '-q', '1', '-M', '1', '--warm-up', '0.3', '--duration', '0.1']);
  assert.equal(figures.unanswered, 0);
  assert.ok(latencies < figures.sent, `${latencies} of ${figures.sent}`);
});

test('sub measures what pub sends, and misses nothing', async () => {
  const sub = start('midge', 'bench', at(broker.port,
    ['sub', '--clients', '2', '-q', '1', '--count', '40', '--json']));
  while (isRunning(sub)) {
    await measure(broker.port, ['pub', '--clients', '2', '-q', '1', '--count', '40']);
  }
  const { out, code, err } = await sub.ended;
  assert.equal(code, 0, err);
  const result = JSON.parse(out);
  assert.ok(result.figures.received >= 40);
  assert.equal(result.figures.lost, 0);
  assert.equal(result.figures.broken, 0);
  isOrdered(result);
});

// As `bench pub` stamps it: mark, sender, number, and when it was due.
const DUE_AT = 16;
function stamped(number, dueAgoS) {
  const payload = Buffer.alloc(24);
  payload.write('mdg\x01', 'latin1');
  payload.writeUInt32LE(7, 4);
  payload.writeBigUInt64LE(BigInt(number), 8);
  payload.writeBigUInt64LE(BigInt(Date.now() - dueAgoS * 1000) * 1000000n, DUE_AT);
  return payload;
}

const dueOf = (payload) => Number(payload.readBigUInt64LE(DUE_AT) / 1000000n);

async function publish(topic, payload, ...options) {
  const { code, err } = await run('midge', 'pub',
    ['-h', '127.0.0.1', '-p', `${broker.port}`, '-t', topic, '-s', ...options], payload);
  assert.equal(code, 0, err);
}

// What a subscriber measures of one message, sent until he has come.
async function measureOne(topic, payload) {
  const sub = start('midge', 'bench', at(broker.port,
    ['sub', '-t', topic, '--count', '1', '--json']));
  while (isRunning(sub)) await publish(topic, payload);
  const { out, code, err } = await sub.ended;
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

test('what was due before the subscriber was ready has a latency', async () => {
  const { figures, latencies } = await measureOne('bench/old', stamped(0, 60));
  assert.ok(figures.received >= 1);
  assert.ok(latencies >= 1);
  assert.ok(figures.max_us >= 59e6, `${figures.max_us}`);
});

test('a retained message counts, and has no latency', async () => {
  await publish('bench/kept', stamped(0, 60), '-r');
  const sub = await measure(broker.port,
    ['sub', '-t', 'bench/kept', '--clients', '1', '--count', '1']);
  assert.equal(sub.figures.received, 1);
  assert.equal(sub.latencies, 0);
});

test('against the sink', async (t) => {
  const sink = new Sink(path.join(BUILD, 'bench', 'sink'), path.join(folder, 'sink.pem'));
  t.after(() => sink.stop());
  const { mqtt } = await sink.ports;
  const { figures } = await measure(mqtt, ['pub', '-q', '1', '--count', '1000']);
  assert.equal(figures.sent, 1000);
  assert.equal((await sink.totals()).publishes, 1000);
  const echo = await measure(mqtt, ['echo', '-t', 'bench/echo', '--count', '1000']);
  assert.equal(echo.figures.received, 1000);
  assert.equal((await sink.totals()).publishes, 2000);
});

// --- What a server does wrong ---

// Each has what comes of it: [lost, duplicates, reordered], and by QoS how many
// of these are forbidden.
const FAULTS = {
  nothing: [(packet) => [packet], [0, 0, 0], [0, 0, 0]],
  'loses two': [(packet, i) => (i === 5 || i === 9 ? [] : [packet]), [2, 0, 0], [0, 2, 2]],
  'doubles three': [(packet, i) => (i % 5 === 2 && i < 15 ? [packet, packet] : [packet]),
    [0, 3, 0], [3, 0, 3]],
  'swaps two': [swap, [0, 0, 1], [1, 1, 1]],
};

let held;
function swap(packet, i) {
  if (i === 7) held = packet;
  if (i === 7) return [];
  return i === 8 ? [packet, held] : [packet];
}

for (const [name, [change, [lost, duplicates, reordered], broken]] of Object.entries(FAULTS)) {
  test(`a server that ${name}`, async (t) => {
    const server = await faulty.start({ change });
    t.after(server.stop);
    for (const qos of [0, 1, 2]) {
      const { figures } = await measure(server.port,
        ['echo', '--clients', '1', '--count', '20', '-q', `${qos}`]);
      assert.deepEqual([figures.lost, figures.duplicates, figures.reordered, figures.broken],
        [lost, duplicates, reordered, broken[qos]]);
      assert.equal(figures.received, 20 - lost + duplicates);
    }
  });
}

test('a signal ends it with a summary, and the last can be lost', async (t) => {
  let child;
  const server = await faulty.start({
    change: (packet, i) => (i < 5 ? [packet] : []),
    published: (count) => count === 8 && child.kill('SIGINT'),
  });
  t.after(server.stop);
  const started = start('midge', 'bench', at(server.port,
    ['echo', '--clients', '1', '--rate', '50', '--duration', '1000', '--json']));
  child = started.child;
  const { out, code } = await started.ended;
  const { figures } = JSON.parse(out);
  assert.equal(code, 0);
  assert.equal(figures.received, 5);
  assert.equal(figures.lost, figures.sent - 5);
  assert.ok(figures.lost >= 3);
});

test('a slow server is measured from when messages were due', async (t) => {
  // Nothing is answered for 200 ms, as this process does not look.
  const stall = () => {
    const end = Date.now() + 200;
    while (Date.now() < end);
  };
  const stalls = await faulty.start({ published: (count) => count === 20 && stall() });
  t.after(stalls.stop);
  const { figures } = await measure(stalls.port,
    ['echo', '--clients', '1', '--rate', '500', '--count', '200']);
  assert.equal(figures.received, 200);
  // Half of all were due in that time, and have waited.
  assert.ok(figures.max_us >= 190000, `${figures.max_us}`);
  assert.ok(figures.p90_us >= 90000, `${figures.p90_us}`);
});

// The process stands still for a while, from its first message on, and goes on then: to its end,
// `atOnce` or once it has sent a message that was due after that.
async function stopped(t, words, { atOnce }) {
  let child;
  let wentOn = Infinity;
  const goOn = () => {
    if (atOnce) child.kill('SIGINT');
    else wentOn = Date.now();
    child.kill('SIGCONT');
  };
  const server = await faulty.start({ published: (count, { payload }) => {
    if (count === 1) {
      child.kill('SIGSTOP');
      setTimeout(goOn, 200);
    }
    if (dueOf(payload) <= wentOn) return;
    wentOn = Infinity;
    child.kill('SIGINT');
  } });
  t.after(server.stop);
  const started = start('midge', 'bench',
    at(server.port, ['pub', '-q', '1', '--clients', '1', '--json', ...words]));
  child = started.child;
  const { out, err, code } = await started.ended;
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

test('what we begin late has waited', async (t) => {
  const { figures } = await stopped(t, ['--rate', '1000', '--duration', '1000'],
    { atOnce: false });
  assert.ok(figures.sent >= 190, `${figures.sent}`);
  assert.ok(figures.late_p99_us >= 100000, `${figures.late_p99_us}`);
  assert.ok(figures.p99_us >= 100000, `${figures.p99_us}`);
});

test('what was due and never begun has waited, too', async (t) => {
  const { figures, latencies } = await stopped(t, ['--rate', '20000', '--duration', '1000'],
    { atOnce: true });
  assert.ok(figures.unsent > 1000, `${figures.unsent}`);
  assert.equal(latencies, figures.sent - figures.unanswered + figures.unsent);
});

// --- Ends ---

test('--assert ends with 2 when it does not hold', async () => {
  const words = ['pub', '--clients', '1', '--count', '10', '-q', '1'];
  const holds = await bench(at(broker.port, [...words, '--assert', 'p99<60s,errors=0']));
  assert.equal(holds.code, 0, holds.err);
  const fails = await bench(at(broker.port,
    [...words, '--assert', 'p99<60s', '--assert', 'p50<1ns,lost=0']));
  assert.equal(fails.code, 2);
  assert.match(fails.err, /p50 < 1 ns: it was \d/);
  assert.match(fails.err, /lost = 0: it was not measured/);
  assert.doesNotMatch(fails.err, /p99/);
});

const WRONG = [
  [[], /conn, pub, sub or echo/], [['rub'], /conn, pub, sub or echo/],
  [['pub', '--assert', 'p98<1ms'], /'p98'; there are p50, p90/],
  [['pub', '--assert', 'p99<5'], /a time: 5ms/],
  [['pub', '--clients', '0'], /--clients is a number from 1/],
  [['pub', '--rate', 'many'], /--rate is a number/],
  [['pub', '-t', 'a/#'], /for subscribing/], [['sub', '-t', '#/a'], /'#' is last/],
  [['pub', '-t', 'a', '-t', 'b'], /one topic/], [['conn', '-t', 'a'], /no topic/],
  [['conn', '--warm-up', '1'], /conn sends nothing/],
  [['pub', '--warm-up', '1', '--count', '5'], /before a --duration/],
  [['conn', '--count', '5'], /--count goes with --hold/],
  [['pub', '--hold', '1'], /--hold is conn's/],
  [['conn', '--hold', '-1'], /--hold is a number from 0/],
  [['sub', '--rate', '5'], /no --rate/],
  [['echo', '--size', '8'], /--size is at least 24/], [['pub', '-m', 'x'], /another command/],
];

for (const [words, why] of WRONG) {
  test(`wrong: bench ${words.join(' ')}`, async () => {
    const { code, err, out } = await bench(words);
    assert.equal(code, 1);
    assert.match(err, why);
    assert.equal(out, '');
  });
}

test('nobody there is an end with 1', async () => {
  const port = await mosquitto.freePort();
  for (const kind of ['conn', 'pub', 'sub', 'echo']) {
    const { code, err } = await bench(at(port, [kind]));
    assert.equal(code, 1);
    assert.match(err, /refused/);
  }
});

test('file descriptors are raised as far as they may be', async () => {
  const words = at(broker.port, ['conn', '--clients', '100']);
  const limited = (limits) => spawnSync('/bin/sh',
    ['-c', `ulimit ${limits} && exec "$0" bench "$@"`, MIDGE, ...words], { encoding: 'utf8' });
  const raised = limited('-Sn 100');
  assert.equal(raised.status, 0, raised.stderr);
  assert.match(raised.stderr, /raised the limit of file descriptors from 100 to 164/);
  assert.match(raised.stdout, /100, 0 lost/);
  const refused = limited('-n 100');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /at most 100 are allowed: --clients 36, or raise the hard limit/);
});

test('--html is a page that needs nothing else', async () => {
  const name = path.join(folder, 'report.html');
  const { code, err, out } = await bench(at(broker.port, ['echo', '--rate', '500', '--duration',
    '0.3', '--html', name, '--assert', 'errors=0']));
  assert.equal(code, 0, err);
  assert.match(out, /latency +p50/);
  const page = fs.readFileSync(name, 'utf8');
  assert.equal(page.match(/<svg /g).length, 4);
  assert.ok(page.match(/<polyline class="c\d" points="[\d. ,]+"\/>/g).length >= 6);
  for (const text of ['Messages a second', 'Latency by percentile', 'errors = 0: it was 0', 'p99.9',
    'prefers-color-scheme:dark', 'name="viewport"']) assert.ok(page.includes(text), text);
  assert.doesNotMatch(page, /\bnan\b|\binf\b|https?:|<script|src=/);
  const nowhere = await bench(at(broker.port, ['pub', '--html', path.join(folder, 'no/page')]));
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.err, /--html .*No such file/);
});

test('a line of progress is for a terminal alone', async () => {
  const words = at(broker.port, ['pub', '--rate', '100', '--duration', '0.6']);
  assert.equal((await bench(at(broker.port, ['pub', '--count', '10']))).err, '');
  const command = [MIDGE, 'bench', ...words].join(' ');
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  assert.match(stdout, /\r\x1b\[K\d+\.\d s: .* a second, in flight \d+, .*p50 .*p99/);
});
