'use strict';
// What is printed: the machine, and one table.

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
}

function version(name) {
  try {
    return require(`${name}/package.json`).version;
  } catch {
    return 'not installed';
  }
}

function packageVersion(name) {
  try {
    return execFileSync('dpkg-query', ['-W', '-f', '${Version}', name],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return 'unknown';
  }
}

function governor() {
  try {
    return fs.readFileSync(
      '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function machineFacts() {
  const cpus = os.cpus();
  const load = os.loadavg().map((number) => number.toFixed(2)).join(' ');
  return [
    `${cpus[0].model.trim()}, ${cpus.length} cores, governor ${governor()}, `
      + `${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    `${os.type()} ${os.release()}, Node.js ${process.version}`,
    `MQTT.js ${version('mqtt')}, aws-crt ${version('aws-crt')}, `
      + `libmosquitto ${packageVersion('libmosquitto1')}, `
      + `Paho C ${packageVersion('libpaho-mqtt1.3')}`,
    `load before the run: ${load}`,
  ];
}

function number(value) {
  return Math.round(value).toLocaleString('en-US');
}

// rows: [{ label, cells: Map of client name -> { rate } | { error } }]; the
// first client is the one that the others are compared with.
function table(clients, rows) {
  const head = ['messages/s'];
  clients.forEach((client, index) => {
    head.push(client.name);
    if (index > 0) head.push('ratio');
  });
  const lines = rows.map(({ label, cells }) => {
    const own = cells.get(clients[0].name);
    const line = [label];
    clients.forEach((client, index) => {
      const cell = cells.get(client.name);
      line.push(cell && cell.rate ? number(cell.rate) : '-');
      if (index === 0) return;
      const known = cell && cell.rate && own && own.rate;
      line.push(known ? (own.rate / cell.rate).toFixed(2) : '-');
    });
    return line;
  });
  return markdown([head, ...lines]);
}

function markdown(lines) {
  const widths = lines[0].map((_, column) =>
    Math.max(...lines.map((line) => line[column].length)));
  const format = (line) => '| ' + line.map((cell, column) =>
    column === 0 ? cell.padEnd(widths[column])
      : cell.padStart(widths[column])).join(' | ') + ' |';
  const rule = '|' + widths.map((width, column) =>
    column === 0 ? '-'.repeat(width + 2) : '-'.repeat(width + 1) + ':')
    .join('|') + '|';
  return [format(lines[0]), rule, ...lines.slice(1).map(format)].join('\n');
}

module.exports = { median, machineFacts, table };
