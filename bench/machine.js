'use strict';
// What was measured, and on what.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

function said(program, words, options) {
  try {
    return execFileSync(program, words,
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], ...options }).trim();
  } catch {
    return undefined;
  }
}

function version(name) {
  try {
    return require(`${name}/package.json`).version;
  } catch {
    return 'not installed';
  }
}

function packageVersion(name) {
  return said('dpkg-query', ['-W', '-f', '${Version}', name]) || 'unknown';
}

function governor() {
  try {
    return fs.readFileSync('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function commit(folder) {
  return said('git', ['rev-parse', '--short', 'HEAD'], { cwd: folder }) || 'unknown';
}

function machineFacts(against) {
  const cpus = os.cpus();
  const load = os.loadavg().map((number) => number.toFixed(2)).join(' ');
  return [
    `${cpus[0].model.trim()}, ${cpus.length} cores, governor ${governor()}, `
      + `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    `${os.type()} ${os.release()}, Node.js ${process.version}`,
    `midge ${commit(path.join(__dirname, '..'))}, `
      + `${against ? `before: ${commit(against)}, ` : ''}`
      + `MQTT.js ${version('mqtt')}, aws-crt ${version('aws-crt')}, `
      + `libmosquitto ${packageVersion('libmosquitto1')}, `
      + `Paho C ${packageVersion('libpaho-mqtt1.3')}`,
    `load before the run: ${load}`,
  ];
}

// The last core that we may use, as a word for taskset; undefined without it.
function lastCore() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status);
  const core = allowed && /\d+$/.exec(allowed[1]);
  return core && said('taskset', ['-c', core[0], 'true']) !== undefined ? core[0] : undefined;
}

// KiB that are resident of a process, and how many of them are no pages of files;
// a process that is ending has none.
function heldBy(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1');
  return ['VmRSS', 'RssAnon'].map((name) => {
    const [, value = '0'] = new RegExp(`${name}:\\s+(\\d+)`).exec(status) || [];
    return Number(value);
  });
}

module.exports = { heldBy, lastCore, machineFacts };
