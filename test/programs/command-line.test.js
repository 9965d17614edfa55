'use strict';
// MQTT.js's own command line, with midge in the place of MQTT.js.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');
const { until } = require('../node/support/wait');
const mosquitto = require('../support/mosquitto');
const { file } = require('../tls/certificates');

const PROGRAM = path.join(__dirname, '..', '..', 'node_modules', 'mqtt', 'build', 'bin', 'mqtt.js');
const ALIAS = path.join(__dirname, 'support', 'alias.js');
const LIMIT_MS = 60000;
const QUIET_MS = 3000; // in which a program that works would go on

let broker;
const running = [];

before(async () => {
  broker = await mosquitto.start({
    listeners: [{}, { tls: { certificate: file('server.pem'), key: file('server.key') } }],
  });
});

after(async () => {
  for (const child of running) child.kill('SIGKILL');
  await broker.stop();
});

// A run of the command: what it prints, and what it comes to.
function run(args, { input, env } = {}) {
  const child = spawn(process.execPath, ['--require', ALIAS, PROGRAM, ...args],
    { env: { ...process.env, ...env } });
  running.push(child);
  const run = { child, out: '', err: '' };
  child.stdout.on('data', (data) => { run.out += data; });
  child.stderr.on('data', (data) => { run.err += data; });
  run.ended = new Promise((resolve) => child.on('close', resolve));
  if (input !== undefined) child.stdin.end(input);
  return run;
}

function to(listener) {
  return ['-h', '127.0.0.1', '-p', String(broker.ports[listener])];
}

async function published(args, options) {
  const pub = run(['pub', ...args], options);
  const code = await pub.ended;
  assert.deepEqual([code, pub.err], [0, '']);
}

// Messages are kept, so that it does not matter who comes first.
test('pub and sub', async () => {
  for (const qos of [0, 1, 2]) {
    const topic = `plain/${qos}`;
    await published([...to(0), '-t', topic, '-q', String(qos), '-r', '-m', `hello ${qos}`]);
    const sub = run(['sub', ...to(0), '-t', topic, '-q', String(qos)]);
    await until(() => sub.out.includes(`hello ${qos}\n`), `hello ${qos}`, LIMIT_MS);
    sub.child.kill();
    await sub.ended;
  }
});

test('pub and sub over TLS', async () => {
  const tls = ['-C', 'mqtts', '--ca', file('root.pem')];
  await published([...to(1), ...tls, '-t', 'tls', '-r', '-q', '1', '-m', 'secret']);
  const sub = run(['sub', ...to(1), ...tls, '-t', 'tls', '-v']);
  await until(() => sub.out.includes('tls secret\n'), 'the message', LIMIT_MS);
  sub.child.kill();
});

test('pub sends every line of its input', async () => {
  const sub = run(['sub', ...to(0), '-t', 'lines', '-q', '1', '-c', '-i', 'lines']);
  const send = () => published([...to(0), '-t', 'lines', '-q', '1', '-s', '-M'],
    { input: 'one\ntwo\nthree\n' });
  do await send(); while (!sub.out.includes('one\ntwo\nthree\n'));
  sub.child.kill();
});

for (const [fault, args] of Object.entries({
  publish: ['pub', ...'-t never -m m'.split(' ')],
  end: ['pub', ...'-t never -m m'.split(' ')],
})) {
  test(`pub does not end without ${fault}`, async () => {
    const pub = run([...args, ...to(0)], { env: { MIDGE_BROKEN: fault } });
    const first = await Promise.race([pub.ended.then(() => 'ended'), delay(QUIET_MS, 'waits')]);
    assert.equal(first, 'waits');
    pub.child.kill();
  });
}

test('sub prints nothing without message', async () => {
  await published([...to(0), '-t', 'unheard', '-r', '-q', '1', '-m', 'm']);
  const sub = run(['sub', ...to(0), '-t', 'unheard'], { env: { MIDGE_BROKEN: 'message' } });
  await delay(QUIET_MS);
  assert.equal(sub.out, '');
  sub.child.kill();
});
