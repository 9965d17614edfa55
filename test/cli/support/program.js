'use strict';
// Programs of the command line: midge's, and mosquitto's of the same name.
const { spawn } = require('node:child_process');
const path = require('node:path');

const MIDGE = process.env.MIDGE_CLI ||
  path.join(__dirname, '..', '..', '..', 'build', 'cli', 'midge');
const LIMIT_MS = 60000;

const programs = {
  midge: (name, words) => [MIDGE, [name, ...words]],
  mosquitto: (name, words) => [`mosquitto_${name}`, words],
};

// { child, result, ended }: what it has printed so far, and a promise of { out, err, code }.
function start(which, name, words, input) {
  const [command, all] = programs[which](name, words);
  const child = spawn(command, all, { stdio: ['pipe', 'pipe', 'pipe'] });
  const result = { out: '', err: '' };
  child.stdout.on('data', (data) => { result.out += data.toString('latin1'); });
  child.stderr.on('data', (data) => { result.err += data; });
  child.stdin.on('error', () => {});
  if (input !== null) child.stdin.end(input);
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const ended = new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ ...result, code });
    });
  });
  return { child, result, ended };
}

const run = (...args) => start(...args).ended;

const isRunning = ({ child }) => child.exitCode === null && child.signalCode === null;

// Waits until it is so.
async function until(condition, what) {
  const end = Date.now() + LIMIT_MS;
  while (!await condition()) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

module.exports = { isRunning, LIMIT_MS, MIDGE, programs, run, start, until };
