'use strict';
// One package on everything that runs Node's addons.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { RUNTIMES, attempt, installedProject, run, startBroker } = require('./support/package');

const STEPS = ['class arrived', 'connect by mqtt:', 'connect by mqtts:', 'connect by ws:',
  'connect by wss:', 'store kept'];
const EVERYTHING = ['main', 'worker']
  .flatMap((thread) => STEPS.map((step) => `${thread}: ${step}`)).concat('ended with 0');

let project;
let broker;
let servers;

before(async () => {
  project = installedProject('runtimes');
  ({ broker, servers } = await startBroker());
});

after(() => broker.stop());

for (const [name, [command, ...args]] of Object.entries(RUNTIMES)) {
  test(`${name}: class, connect, TLS, WebSocket and store, on both kinds of thread`, () => {
    const { out } = run(command, [...args, 'everything.cjs'], project, servers);
    assert.deepEqual(out.trimEnd().split('\n'), EVERYTHING);
  });
}

for (const name of ['Node.js, the one here', 'Bun', 'Deno']) {
  const [command, ...args] = RUNTIMES[name];
  for (const which of ['class', 'connect']) {
    test(`${name}, ${which}: what a callback throws ends the process, with its words`, () => {
      const { status, err } = attempt(command, [...args, 'throws.cjs', which, 'uncaught'],
        project, servers);
      assert.equal(status, 1);
      assert.match(err, /thrown by a callback/);
      assert.match(err, /throws\.cjs:9/);
    });

    test(`${name}, ${which}: what a callback throws can be caught`, () => {
      const { status, out } = attempt(command, [...args, 'throws.cjs', which, 'caught'],
        project, servers);
      assert.deepEqual([status, out], [7, 'caught: thrown by a callback\n']);
    });
  }
}
