'use strict';
// The certificates of make-certificates.sh, in a temporary folder that goes
// with the process.
//
//   const { file, text } = require('.../certificates');
//   file('root.pem')   its path;  text('root.pem')   what it holds
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const SCRIPT = path.join(__dirname, 'make-certificates.sh');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-certificates-'));
const made = path.join(folder, 'made');
execFileSync(SCRIPT, [made], { stdio: ['ignore', 'ignore', 'inherit'] });
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

function file(name) {
  return path.join(made, name);
}

function text(name) {
  return fs.readFileSync(file(name));
}

module.exports = { file, text };
