'use strict';
// The package as tools/make-package made it, in projects of strangers, and the
// runtimes that npm carries.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const mosquitto = require('../../support/mosquitto');
const certificates = require('../../tls/certificates');

const ROOT = path.join(__dirname, '../../..');
const WORK = path.join(ROOT, 'build/package');
const CARRIED = path.join(__dirname, '../runtimes/node_modules');
const RUN_MS = 280000;

function tarball() {
  const { version } = require('../../../package.json');
  const file = path.join(WORK, `midge-${version}.tgz`);
  assert.ok(fs.existsSync(file), `${file} is not there: tools/make-package makes it`);
  return file;
}

const carried = (...names) => path.join(CARRIED, ...names);
const node = (version) => [carried(`node-${version}`, 'bin/node')];

// Commands that run a file.
const RUNTIMES = {
  'Node.js, the one here': [process.execPath],
  'Node.js 18': node(18),
  'Node.js 22': node(22),
  'Node.js 24': node(24),
  'Node.js 26': node(26),
  Bun: [carried('@oven/bun-linux-x64/bin/bun')],
  Deno: [carried('@deno/linux-x64-glibc/deno'), 'run', '--allow-all'],
  'Node.js on arm64': ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', ...node('arm64')],
};

// Not as a child of a test runner, nor with the addon of a build.
function environment(more) {
  const env = { ...process.env, NO_COLOR: '1', ...more };
  delete env.MIDGE_ADDON;
  delete env.NODE_TEST_CONTEXT;
  delete env.NODE_OPTIONS;
  return env;
}

// { status, out, err }
function attempt(command, args, cwd, more) {
  const done = spawnSync(command, args,
    { cwd, env: environment(more), encoding: 'utf8', timeout: RUN_MS });
  if (done.error) throw done.error;
  return { status: done.status, out: done.stdout, err: done.stderr };
}

function run(command, args, cwd, more) {
  const done = attempt(command, args, cwd, more);
  assert.equal(done.status, 0, `${command} ${args.join(' ')}\n${done.out}${done.err}`);
  return done;
}

function emptyProject(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `midge-${name}-`));
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  for (const program of ['everything.cjs', 'throws.cjs']) {
    fs.copyFileSync(path.join(__dirname, program), path.join(folder, program));
  }
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function installedProject(name) {
  const folder = emptyProject(name);
  run('npm', ['install', '--no-audit', '--no-fund', '--offline', tarball()], folder);
  return folder;
}

// A broker and what its clients have to know, for the environment.
async function startBroker() {
  const [certificate, key] = ['server.pem', 'server.key'].map(certificates.file);
  const tls = { certificate, key };
  const broker = await mosquitto.start(
    { listeners: [{}, { tls }, { websockets: true }, { websockets: true, tls }] });
  const [tcp, secure, ws, wss] = broker.ports;
  const servers = { tcp, tls: secure, ws, wss, ca: certificates.file('root.pem') };
  return { broker, servers: { MIDGE_TEST_SERVERS: JSON.stringify(servers) } };
}

module.exports = {
  ROOT, RUNTIMES, attempt, carried, emptyProject, installedProject, run, startBroker, tarball,
};
