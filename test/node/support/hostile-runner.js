'use strict';
// Runs hostile-sessions.js in a process of its own, which must end by itself,
// well and in silence.
const { execFile } = require('node:child_process');
const path = require('node:path');

const PROGRAM = path.join(__dirname, 'hostile-sessions.js');

function runHostileSessions(count, seed, timeout = 600000) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [PROGRAM, String(count), String(seed)], { timeout },
      (error, stdout, stderr) => {
        if (error) reject(error);
        else if (stderr) reject(new Error(stderr));
        else resolve(JSON.parse(stdout));
      });
  });
}

module.exports = { runHostileSessions };
