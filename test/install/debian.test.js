'use strict';
// What debian/ says twice is the same; `make deb` builds the packages.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const ROOT = path.join(__dirname, '../..');
const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');

test('the version is the same for npm, CMake and Debian', () => {
  const { version } = JSON.parse(read('package.json'));
  const [, cmake] = /project\(midge VERSION (\S+)/.exec(read('CMakeLists.txt'));
  const debian = execFileSync('dpkg-parsechangelog', ['-S', 'Version'],
    { cwd: ROOT, encoding: 'utf8' }).trim();
  assert.deepEqual([cmake, debian.replace(/-\d+$/, '')], [version, version]);
});

test('the library that the symbols are of is the one that is packed', () => {
  const [, major] = /project\(midge VERSION (\d+)/.exec(read('CMakeLists.txt'));
  assert.match(read('debian/libmidge0.symbols'),
    new RegExp(`^libmidge\\.so\\.${major} libmidge${major} `));
  const [version] = /^MIDGE_\S+/m.exec(read('src/install/exports.map'));
  assert.ok(read('debian/libmidge0.symbols').includes(`(symver)${version} `));
});

test('Debian builds with the packages that anybody builds with', () => {
  const [, ours] = /build\) echo ([^;]*);;/.exec(read('tools/install-dependencies'));
  const libraries = ours.split(/[\s\\]+/).filter((name) => /-dev$/.test(name));
  const debian = /Build-Depends:((?:.*\n )*.*)/.exec(read('debian/control'))[1];
  assert.ok(libraries.length > 4);
  for (const name of libraries.filter((one) => one !== 'libc6-dev')) {
    assert.ok(debian.includes(` ${name}`), `debian/control does not build with ${name}`);
  }
});
