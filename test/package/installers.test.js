'use strict';
// Whoever installs it has no warning, and an addon that works; nothing is
// compiled, and no script asks to be allowed.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const {
  RUNTIMES, carried, emptyProject, run, startBroker, tarball,
} = require('./support/package');

const [NODE] = RUNTIMES['Node.js, the one here'];
const [NODE_18] = RUNTIMES['Node.js 18'];
const [NODE_24] = RUNTIMES['Node.js 24'];
const QUIET = ['--no-audit', '--no-fund'];

const INSTALLERS = {
  'npm 9': [NODE_18, carried('npm-9/bin/npm-cli.js'), 'install', ...QUIET],
  'the npm here': ['npm', 'install', ...QUIET],
  'npm 12': [NODE_24, carried('npm-12/bin/npm-cli.js'), 'install', ...QUIET],
  pnpm: [NODE, carried('pnpm/bin/pnpm.cjs'), 'add', '--store-dir=store'],
  bun: [carried('@oven/bun-linux-x64/bin/bun'), 'add'],
};

let broker;
let servers;

before(async () => {
  ({ broker, servers } = await startBroker());
});

after(() => broker.stop());

for (const [name, [command, ...args]] of Object.entries(INSTALLERS)) {
  test(`${name} installs it without a warning, and nothing beside it`, () => {
    const project = emptyProject('installers');
    const own = path.join(project, 'cache');
    const { out, err } = run(command, [...args, tarball()], project,
      { npm_config_cache: own, npm_config_userconfig: '/dev/null', BUN_INSTALL_CACHE_DIR: own });
    assert.doesNotMatch(out + err, /warn|deprecated|blocked|ignored build|script/i);
    const names = fs.readdirSync(path.join(project, 'node_modules'));
    assert.deepEqual(names.filter((one) => !one.startsWith('.')), ['midge']);
    run(NODE, ['everything.cjs'], project, servers);
  });
}
