'use strict';
// A stub of libc: the symbols that glibc FLOOR had and the newer one at hand still
// has, each in its newest version of that time. What is linked with it can be bound
// to nothing newer. What was in libpthread or libdl then stands in libc here: whoever
// loads the addon has those loaded, and the loader looks symbols up by version, not
// by file.
const fs = require('node:fs');
const path = require('node:path');
const { shell } = require('./apt');

const FLOOR = [2, 28];

function compare(a, b) {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < Math.max(x.length, y.length); i++) {
    if ((x[i] || 0) !== (y[i] || 0)) return (x[i] || 0) - (y[i] || 0);
  }
  return 0;
}

function isOld(version) {
  return compare(version, FLOOR.join('.')) <= 0;
}

// name -> { version, isData }, of those that are old enough.
function symbolsOf(library) {
  const symbols = new Map();
  const defined = / (FUNC|IFUNC|OBJECT) +(?:GLOBAL|WEAK) +DEFAULT +\d+ (\S+?)@@?GLIBC_([\d.]+)$/gm;
  const text = shell('readelf', ['-W', '--dyn-syms', library]);
  for (const [, type, name, version] of text.matchAll(defined)) {
    const known = symbols.get(name);
    if (!isOld(version) || (known && compare(known.version, version) > 0)) continue;
    symbols.set(name, { version, isData: type === 'OBJECT' });
  }
  return symbols;
}

function write(folder, symbols) {
  const versions = new Map();
  const source = ['.text'];
  for (const [name, { version, isData }] of symbols) {
    if (!versions.has(version)) versions.set(version, []);
    versions.get(version).push(name);
    source.push(`.globl ${name}`, `.type ${name}, ${isData ? '%object' : '%function'}`,
      `${name}: .long 0`, `.size ${name}, 4`);
  }
  source.push('.section .note.GNU-stack,"",%progbits');
  const map = [...versions].map(([version, names]) =>
    `GLIBC_${version} { global: ${names.join('; ')}; };`);
  fs.writeFileSync(path.join(folder, 'libc.s'), `${source.join('\n')}\n`);
  fs.writeFileSync(path.join(folder, 'libc.map'), `${map.join('\n')}\n`);
}

// Makes lib/libc.so and lib/libc_nonshared.a in `folder`.
function makeStub(compiler, folder) {
  const find = (name) => shell(compiler, [`-print-file-name=${name}`]).trim();
  const symbols = symbolsOf(find('libc.so.6'));
  // arm64 has the canary of the stack in the loader.
  const loader = { 'aarch64-linux-gnu-gcc': 'ld-linux-aarch64.so.1' }[compiler];
  if (loader) {
    for (const [name, symbol] of symbolsOf(find(loader))) symbols.set(name, symbol);
  }
  // Every runtime has libm loaded, of which the command line needs a few functions.
  for (const [name, symbol] of symbolsOf(find('libm.so.6'))) {
    if (!symbols.has(name)) symbols.set(name, symbol);
  }
  write(folder, symbols);
  shell(compiler, ['-shared', '-nostdlib', '-Wl,-soname,libc.so.6',
    `-Wl,--version-script=${path.join(folder, 'libc.map')}`,
    '-o', path.join(folder, 'lib/libc.so'), path.join(folder, 'libc.s')]);
  fs.copyFileSync(find('libc_nonshared.a'), path.join(folder, 'lib/libc_nonshared.a'));
}

module.exports = { FLOOR, isOld, makeStub };
