'use strict';
// What an addon for one architecture is linked with, in a folder of its own:
// include/, lib/ and the versions of Debian's packages that it came from.
const fs = require('node:fs');
const path = require('node:path');
const { shell } = require('./apt');
const { makeStub } = require('./libc');

const PACKAGES = ['libssl-dev', 'libuv1-dev', 'liblmdb-dev', 'zlib1g-dev', 'libjansson-dev'];

// By Node's name of the architecture.
const ARCHITECTURES = {
  x64: { debian: 'amd64', machine: 'x86_64', triplet: 'x86_64-linux-gnu' },
  arm64: { debian: 'arm64', machine: 'aarch64', triplet: 'aarch64-linux-gnu' },
};

// Makes `folder`; the versions of the packages by their names.
function makeBundle(apt, name, folder) {
  const { debian, triplet } = ARCHITECTURES[name];
  const files = path.join(folder, 'files');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(path.join(folder, 'lib'), { recursive: true });
  const versions = {};
  for (const wanted of PACKAGES) {
    const { file, version } = apt.fetch(wanted, debian);
    shell('dpkg-deb', ['--extract', file, files]);
    versions[wanted] = version;
  }
  // Debian keeps the headers that depend on the architecture apart.
  const include = path.join(folder, 'include');
  fs.cpSync(path.join(files, 'usr/include'), include, { recursive: true });
  const own = path.join(include, triplet);
  if (fs.existsSync(own)) fs.cpSync(own, include, { recursive: true });
  const libraries = path.join(files, 'usr/lib', triplet);
  for (const library of fs.readdirSync(libraries).filter((one) => one.endsWith('.a'))) {
    fs.copyFileSync(path.join(libraries, library), path.join(folder, 'lib', library));
  }
  makeStub(`${triplet}-gcc`, folder);
  return versions;
}

module.exports = { ARCHITECTURES, PACKAGES, makeBundle };
