'use strict';
// midge bench conn --hold: connections that come and go, against a server that counts, refuses
// and breaks off.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const faulty = require('./support/faulty');
const { run, start, until } = require('./support/program');

const at = (server, words) => ['conn', '-h', '127.0.0.1', '-p', `${server.port}`, ...words];

async function serve(t, options) {
  const server = await faulty.start(options);
  t.after(server.stop);
  return server;
}

async function measure(server, words) {
  const { out, err, code } = await run('midge', 'bench', at(server, [...words, '--json']));
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

test('--hold 0 ends each connection at once and makes another', async (t) => {
  const server = await serve(t, {});
  const { figures, latencies, settings } = await measure(server,
    ['--clients', '2', '--hold', '0', '--count', '50']);
  assert.equal(figures.made, 50);
  assert.equal(figures.errors, 0);
  assert.equal(figures.disconnects, 0);
  assert.equal(latencies, 50);
  assert.equal(settings.hold_s, 0);
  assert.equal(server.seen.connect, 50);
  // The last one of each client may go with the process.
  await until(() => server.seen.disconnect >= 48, 'a DISCONNECT of each');
});

test('a connection is held so long, and the next is late where no client is free', async (t) => {
  const server = await serve(t, {});
  const { figures } = await measure(server,
    ['--clients', '1', '--hold', '0.2', '--rate', '1000', '--count', '3']);
  assert.equal(figures.made, 3);
  assert.equal(figures.unsent, 0);
  // It was due after 2 ms, and two others were held before.
  assert.ok(figures.late_p99_us >= 390000, `${figures.late_p99_us}`);
  assert.ok(figures.max_us >= 390000, `${figures.max_us}`);
});

test('connections come at the rate, for the duration', async (t) => {
  const server = await serve(t, {});
  const { figures } = await measure(server,
    ['--clients', '50', '--hold', '0', '--rate', '100', '--duration', '0.3']);
  assert.equal(figures.made + figures.unsent, 30);
  assert.equal(figures.errors, 0);
  assert.ok(figures.rate <= 106, `${figures.rate}`);
});

test('a connection that the server ends is lost, and made anew', async (t) => {
  const server = await serve(t, { greeted: (socket) => socket.end() });
  const { figures } = await measure(server,
    ['--clients', '1', '--hold', '1000', '--count', '4']);
  assert.equal(figures.made, 4);
  assert.equal(figures.errors, 0);
  assert.ok(figures.disconnects >= 3, `${figures.disconnects}`);
});

test('after an attempt that failed a client rests for a second', async (t) => {
  const server = await serve(t, {
    connack: (number) => (number === 2 ? 3 : 0),
    greeted: (socket, number) => number === 2 && socket.end(),
  });
  const result = await measure(server, ['--clients', '1', '--hold', '0', '--count', '3']);
  assert.equal(result.figures.made, 2);
  assert.equal(result.figures.errors, 1);
  assert.equal(result.failed[0].count, 1);
  assert.ok(result.figures.time_us >= 990000, `${result.figures.time_us}`);
});

test('what was due and found no client has waited, when a signal ends it', async (t) => {
  let child;
  const server = await serve(t, { greeted: () => child.kill('SIGINT') });
  const started = start('midge', 'bench', at(server,
    ['--clients', '1', '--hold', '1000', '--rate', '1000000', '--duration', '1000', '--json']));
  child = started.child;
  const { out, err, code } = await started.ended;
  assert.equal(code, 0, err);
  const { figures, latencies } = JSON.parse(out);
  assert.ok(figures.unsent > 0, `${figures.unsent}`);
  assert.equal(latencies, figures.made + figures.unsent);
});

test('the summary and the page say how many there were', async (t) => {
  const server = await serve(t, {});
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-churn-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const name = path.join(folder, 'report.html');
  const { out, err, code } = await run('midge', 'bench', at(server,
    ['--clients', '1', '--hold', '0.001', '--count', '20', '--html', name,
      '--assert', 'made=20,errors=0']));
  assert.equal(code, 0, err);
  assert.match(out, /^midge bench conn: 1 client, as fast as answered, held 1\.00 ms$/m);
  assert.match(out, /^ {2}connections +20 made, 0 lost, [01] open at the end$/m);
  const page = fs.readFileSync(name, 'utf8');
  for (const text of ['held 1.00 ms', '<b>20</b><small>made</small>', 'made = 20: it was 20']) {
    assert.ok(page.includes(text), text);
  }
  const atOnce = await run('midge', 'bench', at(server, ['--hold', '0', '--count', '20']));
  assert.match(atOnce.out, /10 clients, as fast as answered, each ended at once/);
});

test('nobody there is an end with 1', async (t) => {
  const server = await faulty.start({});
  await server.stop();
  const { code, err } = await run('midge', 'bench', at(server, ['--hold', '0']));
  assert.equal(code, 1);
  assert.match(err, /refused/);
});
