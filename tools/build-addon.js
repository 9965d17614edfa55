'use strict';
// Builds the addon into build/addon: npm's install script, and nothing else.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const PACKAGES = 'cmake pkg-config gcc libc6-dev make libuv1-dev libssl-dev ' +
  'liblmdb-dev zlib1g-dev';

function fail(why, log) {
  if (log) console.error(log.trimEnd());
  console.error(`midge: ${why}.`);
  console.error('It builds with these packages of Debian or Ubuntu:');
  console.error(`  sudo apt-get install -y --no-install-recommends ${PACKAGES}`);
  process.exit(1);
}

function run(command, args, why) {
  const done = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  if (done.error) fail(`cannot run ${command} (${done.error.code})`);
  if (done.status !== 0) fail(why, `${done.stdout}${done.stderr}`);
}

// A tarball has no tests: CMake is told to look for none.
const configuration = ['-S', '.', '-B', 'build', '-DCMAKE_BUILD_TYPE=Release',
  '-DMIDGE_TESTS=OFF', '-DMIDGE_ADDON=ON'];
run('cmake', configuration, 'the addon could not be configured');
run('cmake', ['--build', 'build', '--target', 'midge_addon', '--parallel',
  String(os.cpus().length)], 'the addon could not be built');
if (!fs.existsSync(path.join(ROOT, 'build/addon/midge.node'))) {
  fail('build/addon/midge.node was not built');
}
