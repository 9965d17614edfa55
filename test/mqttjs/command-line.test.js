'use strict';
// MQTT.js's own command line, with midge in the place of MQTT.js.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { until } = require('../node/support/wait');
const mosquitto = require('../support/mosquitto');
const { file } = require('../tls/certificates');

const PROGRAM = path.join(__dirname, '..', '..', 'node_modules', 'mqtt', 'build', 'bin', 'mqtt.js');
const ALIAS = path.join(__dirname, 'support', 'alias.js');
const LIB = path.join(__dirname, '..', '..', 'lib');
const LIMIT_MS = 60000;

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

test('it fails when midge does', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-broken-'));
  const broken = path.join(folder, 'index.js');
  fs.writeFileSync(broken, `const mqtt = require(${JSON.stringify(LIB)});
    const { connect } = mqtt;
    mqtt.connect = (...args) => {
      const client = connect(...args);
      client.publish = () => client;
      return client;
    };
    module.exports = mqtt;`);
  const pub = run(['pub', ...to(0), '-t', 'never', '-m', 'm'], { env: { MIDGE_ALIAS: broken } });
  const first = await Promise.race([pub.ended.then(() => 'ended'),
    new Promise((resolve) => setTimeout(resolve, 3000, 'waits'))]);
  assert.equal(first, 'waits');
  pub.child.kill();
  fs.rmSync(folder, { recursive: true });
});
