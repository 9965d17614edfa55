'use strict';
// MQTT.js's own command line, with midge in the place of MQTT.js: it does what it is for,
// and fails when midge is broken on purpose. MIDGE_TEST_PROGRAMS=all tries every fault.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
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

// `sub` that prints what is published again and again, as it is subscribed some time.
async function hears(sub, topic, message) {
  do {
    await published([...to(0), '-t', topic, '-m', message]);
  } while (!sub.out.includes(`${message}\n`) && sub.child.exitCode === null);
  return sub.out.includes(`${message}\n`);
}

// Whether `sub` is told what is published before and after a restart. It gives up when nobody
// listens at the port, so it tries again once the broker is back.
async function goesOn(env) {
  const sub = run(['sub', ...to(0), '--reconnectPeriod', '3000', '-t', 'restart'], { env });
  assert.ok(await hears(sub, 'restart', 'before'), sub.err);
  await broker.restart();
  const isTold = await hears(sub, 'restart', 'after');
  sub.child.kill();
  return isTold;
}

test('sub goes on when the broker has restarted', async () => {
  assert.ok(await goesOn());
});

const WILL = ['--will-topic', 'will/sub', '--will-message', 'gone', '--will-qos', '1'];

// Whether anybody is told of a `sub` that is killed.
async function hasWill(env) {
  const listener = run(['sub', ...to(0), '-t', 'will/#', '-q', '1']);
  assert.ok(await hears(listener, 'will/ready', 'ready'), listener.err);
  const sub = run(['sub', ...to(0), ...WILL, '-t', 'mortal'], { env });
  assert.ok(await hears(sub, 'mortal', 'alive'), sub.err);
  sub.child.kill('SIGKILL');
  const isTold = await until(() => listener.out.includes('gone\n'), 'the will',
    env ? QUIET_MS : LIMIT_MS).then(() => true, () => false);
  listener.child.kill();
  return isTold;
}

test('the will of sub', async () => {
  assert.ok(await hasWill());
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

// What `sub` prints of a message that waits for it.
async function printed(env, topic, args = to(0)) {
  await published([...to(0), '-t', topic, '-r', '-q', '1', '-m', 'm']);
  const sub = run(['sub', ...args, '-t', topic], { env });
  await delay(QUIET_MS);
  sub.child.kill();
  return sub.out;
}

test('sub prints nothing without message', async () => {
  assert.equal(await printed({ MIDGE_BROKEN: 'message' }, 'unheard'), '');
});

describe('other faults', { skip: process.env.MIDGE_TEST_PROGRAMS !== 'all' }, () => {
  test('sub prints nothing without subscribe', async () => {
    assert.equal(await printed({ MIDGE_BROKEN: 'subscribe' }, 'unasked'), '');
  });

  test('sub prints nothing without tls', async () => {
    const args = [...to(1), '-C', 'mqtts', '--ca', file('root.pem')];
    assert.equal(await printed({}, 'secret', args), 'm\n');
    assert.equal(await printed({ MIDGE_BROKEN: 'tls' }, 'secret', args), '');
  });

  test('sub does not go on without reconnect', async () => {
    assert.ok(!await goesOn({ MIDGE_BROKEN: 'reconnect' }));
  });

  test('sub has no will without will', async () => {
    assert.ok(!await hasWill({ MIDGE_BROKEN: 'will' }));
  });
});
