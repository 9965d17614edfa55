'use strict';
// Programs of their own process: what they print, and how they end.
const { spawn } = require('node:child_process');
const path = require('node:path');

const LIMIT_MS = 240000; // many times what any takes, also on a busy machine
const lib = path.join(__dirname, '..', '..', '..', 'lib');

// Runs JavaScript text, in which `mqtt` is the class and `port` the port.
function run(text, { port = 0, args = [], env = {}, limit = LIMIT_MS } = {}) {
  const code = `const mqtt = require(${JSON.stringify(lib)});
const port = ${port};
const LIB = ${JSON.stringify(lib)};
${text}`;
  const child = spawn(process.execPath, [...args, '-e', code],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { err += data; });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`a program hung; it printed: ${out}${err}`));
    }, limit);
    child.on('close', (exitCode, signal) => {
      clearTimeout(timer);
      resolve({ code: exitCode, signal, out: out.trim(), err });
    });
  });
}

module.exports = { run };
