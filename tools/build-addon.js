'use strict';
// Builds the addon into build/addon, from where it is taken before the one that the package
// brings: for systems that the package has none for, or with libraries of your own.
//
//   node node_modules/midge/tools/build-addon.js
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const ADDON = path.join(ROOT, 'build/addon/midge.node');
const PACKAGES = 'gcc libc6-dev make cmake pkg-config libuv1-dev libssl-dev ' +
  'liblmdb-dev zlib1g-dev libjansson-dev';

function stop(...lines) {
  for (const line of lines) console.error(line);
  process.exit(1);
}

function fail(why, log = '') {
  stop(...log.trimEnd().split('\n').filter(Boolean), `midge: ${why}.`,
    'It builds with these packages of Debian or Ubuntu:',
    `  sudo apt-get install -y --no-install-recommends ${PACKAGES}`);
}

function run(command, args, why) {
  const done = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  if (done.error) fail(`cannot run ${command} (${done.error.code})`);
  if (done.status !== 0) fail(why, `${done.stdout}${done.stderr}`);
  return done.stdout;
}

// The folder of node_api.h: npm's, or the one that came with Node.
function headers() {
  try {
    return require('node-api-headers').include_dir;
  } catch {
    const folders = [path.join(path.dirname(process.execPath), '../include/node'),
      '/usr/include/node'];
    const found = folders.find((folder) => fs.existsSync(path.join(folder, 'node_api.h')));
    return found || stop('midge: the headers of Node-API are not there. Install them:',
      '  npm install --no-save node-api-headers');
  }
}

// A tarball has no tests: CMake is told to look for none.
const configuration = ['-S', '.', '-B', 'build', '-DCMAKE_BUILD_TYPE=Release',
  '-DMIDGE_TESTS=OFF', '-DMIDGE_ADDON=ON', '-DMIDGE_CLI=ON', `-DMIDGE_NODE_API=${headers()}`];
fs.rmSync(ADDON, { force: true });
run('cmake', configuration, 'the addon could not be configured');
run('cmake', ['--build', 'build', '--target', 'midge_addon', '--parallel',
  String(os.cpus().length)], 'the addon could not be built');
if (!fs.existsSync(ADDON)) fail('build/addon/midge.node was not built');
run(process.execPath, ['-e', `require(${JSON.stringify(ADDON)})`], 'the addon cannot be loaded');
console.log(`midge: built ${ADDON}`);
