'use strict';
// A Debian of its own below build/chroot, as debootstrap makes it and with nothing else, in which
// packages are tried as root. It shares the network, and mounts nothing outside of itself.
const fs = require('node:fs');
const path = require('node:path');
const { shell } = require('./apt');

const WORK = path.join(__dirname, '../../build/chroot');
const BASE = path.join(WORK, 'base');
const RELEASE = 'bookworm';
const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

function mirror() {
  const listed = shell('apt-get', ['indextargets', '--format', '$(RELEASE) $(REPO_URI)',
    'Created-By: Packages', 'Origin: Debian']);
  const line = listed.split('\n').find((one) => one.startsWith(`${RELEASE} `));
  if (line) return line.split(' ')[1];
  throw new Error(`apt knows no mirror of ${RELEASE}; "apt-get update", as root, lists them`);
}

class Chroot {
  // What an earlier one of the name was given is gone.
  constructor(name) {
    if (!fs.existsSync(BASE)) {
      fs.mkdirSync(WORK, { recursive: true });
      shell('debootstrap', ['--variant=minbase', RELEASE, `${BASE}.part`, mirror()]);
      fs.renameSync(`${BASE}.part`, BASE);
    }
    this.root = path.join(WORK, name);
    fs.rmSync(this.root, { recursive: true, force: true });
    shell('cp', ['-a', BASE, this.root]);
    fs.writeFileSync(path.join(this.root, 'etc/hosts'), '127.0.0.1 localhost\n');
  }

  // Files or folders, into a folder.
  put(files, folder) {
    const place = path.join(this.root, folder);
    fs.mkdirSync(place, { recursive: true });
    shell('cp', ['-aL', ...files, place]);
  }

  run(words, { folder = '/', env = {} } = {}) {
    const inside = 'mount -t proc proc "$0/proc" && place=$1 && shift && ' +
      'exec chroot "$0" sh -c \'cd "$0" && exec "$@"\' "$place" "$@"';
    return shell('unshare', ['--mount', 'sh', '-ec', inside, this.root, folder, ...words],
      { env: { ...ENVIRONMENT, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

module.exports = { Chroot };
