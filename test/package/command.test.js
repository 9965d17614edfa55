'use strict';
// The command line as npm brings it: in a process of JavaScript, and like a
// program all the same.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { RUNTIMES, attempt, installedProject, run, startBroker } = require('./support/package');

let project;
let broker;
let port;
let authorities;

before(async () => {
  project = installedProject('command');
  const started = await startBroker();
  broker = started.broker;
  [port] = broker.ports;
  authorities = JSON.parse(started.servers.MIDGE_TEST_SERVERS).ca;
});

after(() => broker.stop());

const program = () => path.join(project, 'node_modules/.bin/midge');
const midge = (...words) => attempt(program(), words, project);
const at = (...words) => ['-h', '127.0.0.1', '-p', `${port}`, ...words];

// What has been printed so far, and how it ends.
function start(words) {
  const child = spawn(program(), words, { cwd: project, stdio: ['pipe', 'pipe', 'inherit'] });
  const result = { child, out: '', ended: once(child, 'exit') };
  child.stdout.on('data', (data) => { result.out += data; });
  return result;
}

async function printed(result, text) {
  while (!result.out.includes(text)) await once(result.child.stdout, 'data');
}

test('npx runs it', () => {
  const { version } = require('../../package.json');
  assert.equal(run('npx', ['--offline', 'midge', '--version'], project).out, `midge ${version}\n`);
});

for (const name of ['Node.js 18', 'Node.js 26', 'Bun', 'Deno', 'Node.js on arm64']) {
  const [command, ...args] = RUNTIMES[name];
  test(`${name} runs it`, () => {
    const { status, out, err } = attempt(command,
      [...args, path.join(project, 'node_modules/midge/bin/midge.js'),
        'pub', ...at('-t', 'runtimes', '-m', 'x', '-q', '2')], project);
    assert.equal(status, 0, out + err);
  });
}

test('it reads lines, prints messages and ends with its code', async () => {
  const lines = Array.from({ length: 2000 }, (_, i) => `${i}`);
  run(program(), ['pub', ...at('-t', 'command', '-m', 'ready', '-r')], project);
  const sub = start(['sub', ...at('-t', 'command', '-q', '1', '-C', `${lines.length + 1}`)]);
  await printed(sub, 'ready\n');
  const pub = start(['pub', ...at('-t', 'command', '-l', '-q', '1')]);
  pub.child.stdin.end(`${lines.join('\n')}\n`);
  assert.deepEqual(await pub.ended, [0, null]);
  assert.deepEqual(await sub.ended, [0, null]);
  assert.equal(sub.out, `ready\n${lines.join('\n')}\n`);
});

test('SIGINT and SIGTERM end it with 0, and a refusal with another code', async () => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const sub = start(['sub', ...at('-t', 'command', '-v')]);
    await printed(sub, 'ready\n');
    sub.child.kill(signal);
    assert.deepEqual(await sub.ended, [0, null]);
  }
  assert.equal(midge('sub', ...at('-t', 'nothing', '-W', '1')).status, 27);
  const wrong = midge('pub', '-t', 'a/#', '-m', 'x');
  assert.equal(wrong.status, 1);
  assert.match(wrong.err, /^midge pub: the topic 'a\/#' cannot be/);
});

test('a server is verified with the authorities that Node.js is told of', () => {
  const words = ['pub', '-L', `mqtts://127.0.0.1:${broker.ports[1]}`, '-t', 'a', '-m', 'x'];
  assert.equal(attempt(program(), words, project).status, 8);
  run(program(), words, project, { NODE_EXTRA_CA_CERTS: authorities });
});

test('without an addon it says so, and ends with 1', () => {
  const folder = path.join(project, 'node_modules/midge/prebuilds');
  fs.renameSync(folder, `${folder}-away`);
  const { status, out, err } = midge('--version');
  fs.renameSync(`${folder}-away`, folder);
  assert.equal(status, 1);
  assert.equal(out, '');
  assert.match(err, /^midge's addon cannot be loaded: there is none for linux-x64\. Build it: /);
  assert.equal(err.trimEnd().split('\n').length, 1);
});
