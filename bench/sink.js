'use strict';
// The sink, as a process of its own, and what it says about its clients.

const { spawn } = require('child_process');
const readline = require('readline');

class Sink {
  // `prefix`: words before the command of the sink and of its clients, which
  // pin them to a core, say.
  constructor(program, certificate, prefix = []) {
    this.certificate = certificate;
    this.prefix = prefix;
    this.waiting = new Map(); // what to wait for -> resolve, reject
    const [first, ...rest] = [...prefix, program, certificate];
    this.child = spawn(first, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
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

  // { connections, resumed, publishes } since its start.
  async totals() {
    if (!this.asked) {
      this.asked = this.line('totals').finally(() => { this.asked = undefined; });
      this.child.stdin.write('totals\n');
    }
    return this.asked;
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
      this.complain(id, new Error(`${id}: ${rest.join(' ')}`));
    } else {
      this.settle(`${what} ${id}`, Number(rest[0]));
    }
  }

  // Whoever waits for something about this client will not get it.
  complain(id, error) {
    for (const [what, { reject }] of this.waiting) {
      if (what === 'totals' || !(id === '-' || what.endsWith(` ${id}`))) continue;
      this.waiting.delete(what);
      reject(error);
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
