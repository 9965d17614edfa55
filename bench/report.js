'use strict';
// RESULTS.md: the tables, and the command that made them.

const path = require('path');

const { describeSweep } = require('./sweep');
const { targetTable } = require('./targets');
const { cpuTimes, medians, notes, progress, spreads } = require('./table');

// Who resumed TLS sessions, when there were any to resume.
function resumptions(rows) {
  return rows.filter((row) => row.id === 'reconnect' && /s$/.test(row.scheme)).map((row) => {
    const parts = [...row.cells].filter(([, cell]) => !cell.error)
      .map(([name, cell]) => `${name} ${Math.round(cell.resumed * 100)} %`);
    return `- ${row.title}: resumed TLS sessions: ${parts.join(', ')}`;
  });
}

// Of midge and of midge before, whose name is `before`.
function comparison({ clients, rows, before }) {
  const { text, worse } = progress(rows, clients[0].name, before);
  const titles = worse.map((row) => row.title).join('; ') || 'none';
  return `## Beside its state before\n\nRound by round, from the pairs of runs.\n\n${text}\n\n`
    + `Worse by more than 5 %: ${titles}`;
}

function tables({ clients, rows, rounds, seconds }) {
  const parts = [
    `Medians of ${rounds} runs of about ${seconds} s; ratio: ${clients[0].name} divided by the`
      + ' other. Payloads are of 64 bytes where nothing else is said.',
    medians(clients, rows),
    [...notes(rows), ...resumptions(rows)].join('\n'),
    targetTable(rows),
    '## CPU time per message, connection or round trip',
    cpuTimes(clients, rows),
    '## Spread, and how each was used',
    'How far the lowest and the highest run were from the median; the style and window that the'
      + ' sweep found best.',
    spreads(clients, rows),
  ];
  return parts.filter(Boolean).join('\n\n');
}

function sweeps(works, clients, windows) {
  const lines = [];
  for (const work of works) {
    for (const client of clients) {
      const result = work.windows && windows.get(work, client);
      if (!result) continue;
      lines.push(`- ${work.scheme}: ${work.id}, ${client.name}: ${describeSweep(result)}`);
    }
  }
  return lines.length > 0 ? `## What the sweep found\n\n${lines.join('\n')}` : '';
}

// Without the folders of this machine.
function command() {
  const words = process.argv.slice(2)
    .map((word) => word.startsWith('/') ? `../${path.basename(word)}` : word)
    .map((word) => /[ ,]/.test(word) ? `'${word}'` : word);
  return ['node', 'bench/run.js', ...words].join(' ');
}

function results(facts, text, swept, chartFile) {
  const day = new Date().toISOString().slice(0, 10);
  const list = facts.map((fact) => `- ${fact}`).join('\n');
  return [`# Results`, `Measured on ${day} with`, `    ${command()}`, list,
    chartFile ? `![the most telling rows](${path.basename(chartFile)})` : '', text, swept]
    .filter(Boolean).join('\n\n') + '\n';
}

module.exports = { comparison, results, sweeps, tables };
