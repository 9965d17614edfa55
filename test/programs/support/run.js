'use strict';
// A program in a process of its own, and how far it has got.
const { spawn } = require('node:child_process');
const path = require('node:path');
const { until } = require('../../node/support/wait');
const { urls } = require('./brokers');

const ALIAS = path.join(__dirname, 'alias.js');
const STAGE = path.join(__dirname, 'stage.js');
const PROGRAMS = path.join(__dirname, '..', 'programs');

class Run {
  steps = [];
  err = '';
  isOver = false;
  wished = Promise.resolve(); // what was wished of the broker is done

  // `part`: of the program's file; `broken`: of midge, see broken.js.
  constructor(name, broker, { part = 'main', broken = '', folder } = {}) {
    this.child = spawn(process.execPath,
      ['--unhandled-rejections=strict', '--require', ALIAS, STAGE,
        path.join(PROGRAMS, name), part],
      {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        env: {
          ...process.env,
          MIDGE_BROKEN: broken,
          MIDGE_PROGRAM: JSON.stringify({ ...urls(broker), folder }),
        },
      });
    this.child.stderr.on('data', (data) => { this.err += data; });
    this.child.on('message', ({ step, wish }) => {
      if (step) this.steps.push(step);
      if (wish) this.wished = this.#grant(broker, wish);
    });
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        this.isOver = true;
        resolve({ code, signal });
      });
    });
  }

  async #grant(broker, wish) {
    await broker[wish]();
    if (this.child.connected) this.child.send('done');
  }

  // It has got so far, or not any further.
  async reached(step, limit) {
    await until(() => this.isOver || this.steps.includes(step), `${step} after ${this.steps}`,
      limit);
    return this.steps.includes(step);
  }

  async stop() {
    this.child.kill('SIGKILL');
    await this.ended;
    // The program may be ahead of whoever restarts its broker.
    await this.wished;
  }
}

module.exports = { Run };
