'use strict';
// Debian's packages for any architecture, newest first, without a change to this
// system: apt with lists and a cache of its own, from the same mirrors.
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

function shell(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (done.error) throw new Error(`cannot run ${command} (${done.error.code})`);
  if (done.status !== 0) {
    throw new Error(`${command} ${args.join(' ')}\n${done.stdout}${done.stderr}`.trimEnd());
  }
  return done.stdout;
}

// What the system's own lists say of where Debian is; `kind` is what is wanted of it.
function mirrors(kind) {
  const listed = shell('apt-get', ['indextargets', '--format',
    '$(SIGNED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)', 'Created-By: Packages', 'Origin: Debian']);
  const lines = [...new Set(listed.split('\n').filter(Boolean))].map((line) => {
    const [key, ...place] = line.split('|');
    return `${kind} ${key.startsWith('/') ? `[signed-by=${key}] ` : ''}${place.join(' ')}`;
  });
  if (lines.length > 0) return lines;
  throw new Error('apt knows no packages of Debian; "apt-get update", as root, lists them');
}

class Apt {
  // Of packages, or with 'deb-src' of what they are made of.
  constructor(folder, kind = 'deb') {
    this.folder = folder;
    this.kind = kind;
    this.downloads = path.join(folder, 'downloads');
    const settings = {
      'Dir::State::Lists': 'lists',
      'Dir::State::Status': 'status',
      'Dir::Cache': 'cache',
      'Dir::Etc::SourceList': 'sources.list',
      'Dir::Etc::SourceParts': 'parts',
    };
    this.options = ['-qq', '-o', 'APT::Architectures::=amd64', '-o', 'APT::Architectures::=arm64',
      '-o', 'Acquire::Languages=none', '-o', 'APT::Sandbox::User='];
    for (const [name, place] of Object.entries(settings)) {
      this.options.push('-o', `${name}=${path.join(folder, place)}`);
    }
  }

  // Whether a mirror answered; what was there before is used otherwise.
  update() {
    for (const place of ['lists/partial', 'cache/archives/partial', 'parts', 'downloads']) {
      fs.mkdirSync(path.join(this.folder, place), { recursive: true });
    }
    fs.writeFileSync(path.join(this.folder, 'status'), '');
    fs.writeFileSync(path.join(this.folder, 'sources.list'), `${mirrors(this.kind).join('\n')}\n`);
    try {
      shell('apt-get', [...this.options, '-o', 'APT::Update::Error-Mode=any', 'update']);
      return true;
    } catch {
      return false;
    }
  }

  // The newest version there is, or undefined.
  candidate(name, architecture) {
    const text = shell('apt-cache', [...this.options.slice(1), 'policy',
      `${name}:${architecture}`]);
    const [, version] = /Candidate: (\S+)/.exec(text) || [];
    return version === '(none)' ? undefined : version;
  }

  // The file of that package; asks no network when it is there.
  fetch(name, architecture) {
    const version = this.candidate(name, architecture);
    if (version === undefined) throw new Error(`apt has no ${name}:${architecture}`);
    const file = path.join(this.downloads,
      `${name}_${version.replace(/:/g, '%3a')}_${architecture}.deb`);
    if (!fs.existsSync(file)) {
      shell('apt-get', [...this.options, 'download', `${name}:${architecture}`],
        { cwd: this.downloads });
    }
    return { file, version };
  }

  // The folder of the newest sources of that package, with Debian's patches.
  fetchSource(name) {
    const place = path.join(this.folder, 'sources', name);
    if (!fs.existsSync(place)) {
      fs.mkdirSync(`${place}.part`, { recursive: true });
      shell('apt-get', [...this.options, 'source', name], { cwd: `${place}.part` });
      fs.renameSync(`${place}.part`, place);
    }
    const folder = fs.readdirSync(place, { withFileTypes: true })
      .find((entry) => entry.isDirectory());
    return path.join(place, folder.name);
  }
}

module.exports = { Apt, shell };
