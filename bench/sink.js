'use strict';
// The sink, as a process of its own, and what it says about its clients.

const { spawn } = require('child_process');
const readline = require('readline');

class Sink {
  constructor(program, certificate) {
    this.certificate = certificate;
    this.waiting = new Map(); // what to wait for -> resolve, reject
    this.child = spawn(program, [certificate],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.on('error', (error) => this.fail(error));
    this.child.on('exit', () => this.fail(new Error('the sink is gone')));
    readline.createInterface({ input: this.child.stdout })
      .on('line', (line) => this.take(line));
    this.ports = this.line('ports');
  }

  // One line about a client: resolves with its time in nanoseconds.
  line(what) {
    return new Promise((resolve, reject) => {
      this.waiting.set(what, { resolve, reject });
    });
  }

  // Nobody waits for these any more.
  forget(...whats) {
    for (const what of whats) this.waiting.delete(what);
  }

  async totals() {
    const totals = this.line('totals');
    this.child.stdin.write('totals\n');
    return totals;
  }

  async url(scheme) {
    const ports = await this.ports;
    const path = scheme.startsWith('ws') ? '/mqtt' : '';
    return `${scheme}://localhost:${ports[scheme]}${path}`;
  }

  take(line) {
    const [what, id, ...rest] = line.split(' ');
    if (line.startsWith('{')) {
      this.settle('ports', JSON.parse(line));
    } else if (what === 'totals') {
      this.settle('totals', JSON.parse(line.slice(what.length)));
    } else if (what === 'error') {
      const error = new Error(`${id}: ${rest.join(' ')}`);
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    } else {
      this.settle(`${what} ${id}`, Number(rest[0]));
    }
  }

  settle(what, value) {
    const waiting = this.waiting.get(what);
    this.waiting.delete(what);
    if (waiting) waiting.resolve(value);
  }

  fail(error) {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  stop() {
    this.child.stdin.end();
  }
}

module.exports = { Sink };
