'use strict';
// What an addon shows to a process and takes from it.
const { shell } = require('./apt');
const { FLOOR, isOld } = require('./libc');

const SHOWN = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
// Weak, and nobody's business.
const OPTIONAL = /^(_ITM_(de)?registerTMCloneTable|__gmon_start__|__cxa_finalize)$/;

// { defined, wanted }: each with name and, if it has one, version.
function symbolsOf(addon) {
  const symbols = { defined: [], wanted: [] };
  const text = shell('readelf', ['-W', '--dyn-syms', addon]);
  const line = / (?:GLOBAL|WEAK) +DEFAULT +(\w+) ([^\s@]+)(?:@@?GLIBC_([\d.]+))?/gm;
  for (const [, place, name, version] of text.matchAll(line)) {
    symbols[place === 'UND' ? 'wanted' : 'defined'].push({ name, version });
  }
  return symbols;
}

// Of one kind in the dynamic section: NEEDED, RPATH, RUNPATH.
function entriesOf(addon, kind) {
  return [...shell('readelf', ['-d', addon]).matchAll(/\((\w+)\).*\[(.+)\]/g)]
    .filter(([, one]) => kind.test(one)).map(([, , value]) => value);
}

// What would keep it from running elsewhere, in words.
function faultsOf(addon) {
  const { defined, wanted } = symbolsOf(addon);
  const shown = defined.map(({ name }) => name).sort().join(', ');
  const faults = [];
  if (shown !== SHOWN.join(', ')) faults.push(`it shows ${shown}`);
  for (const library of entriesOf(addon, /^NEEDED$/)) {
    if (library !== 'libc.so.6') faults.push(`it needs ${library}`);
  }
  for (const folder of entriesOf(addon, /^R(UN)?PATH$/)) {
    faults.push(`it looks for libraries in ${folder}`);
  }
  for (const { name, version } of wanted) {
    if (version === undefined && !/^napi_/.test(name) && !OPTIONAL.test(name)) {
      faults.push(`nobody has ${name}`);
    }
    if (version !== undefined && !isOld(version)) {
      faults.push(`${name} is of glibc ${version}, newer than ${FLOOR.join('.')}`);
    }
  }
  return faults;
}

module.exports = { faultsOf, symbolsOf };
