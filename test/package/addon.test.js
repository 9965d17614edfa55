'use strict';
// What is in the addons of a package, by the files alone.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { ROOT, tarball } = require('./support/package');
const { Apt } = require('../../tools/package/apt');
const { ARCHITECTURES } = require('../../tools/package/bundle');
const { faultsOf, symbolsOf } = require('../../tools/package/inspect');

const PREBUILDS = path.join(ROOT, 'prebuilds');
const PLATFORMS = Object.keys(ARCHITECTURES).map((name) => `linux-${name}`);
const addon = (platform) => path.join(PREBUILDS, platform, 'midge.node');

for (const platform of PLATFORMS) {
  test(`${platform}: it needs libc alone, glibc 2.28 will do, and it shows two functions`, () => {
    assert.deepEqual(faultsOf(addon(platform)), []);
    // Else nothing was looked at.
    const { wanted } = symbolsOf(addon(platform));
    const names = wanted.map(({ name }) => name);
    for (const name of ['napi_create_function', 'pthread_create', 'epoll_ctl']) {
      assert.ok(names.includes(name), `${name} is not wanted`);
    }
  });

  test(`${platform}: no path of the machine that built it is in it`, () => {
    assert.equal(fs.readFileSync(addon(platform)).includes(ROOT), false);
  });
}

test('an addon that needs more is told apart', () => {
  const faults = faultsOf('/bin/sh').join('\n');
  assert.match(faults, /it shows/);
  assert.match(faults, /nobody has|newer than 2\.28/);
});

test('the package has at most 8 MB', () => {
  assert.ok(fs.statSync(tarball()).size <= 8e6);
});

test('what is in it is the newest that Debian has', (t) => {
  const apt = new Apt(path.join(ROOT, 'build/package/apt'));
  if (!apt.update()) {
    t.skip('no mirror answers');
    return;
  }
  const contents = JSON.parse(fs.readFileSync(path.join(PREBUILDS, 'contents.json')));
  assert.deepEqual(Object.keys(contents).sort(), [...PLATFORMS].sort());
  for (const [platform, packages] of Object.entries(contents)) {
    const { debian } = ARCHITECTURES[platform.slice('linux-'.length)];
    for (const [name, version] of Object.entries(packages)) {
      const newest = apt.candidate(name, debian);
      const { status } = spawnSync('dpkg', ['--compare-versions', version, 'ge', newest]);
      assert.equal(status, 0, `${platform} has ${name} ${version}; there is ${newest}: ` +
        'make package');
    }
  }
});
