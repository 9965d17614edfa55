'use strict';
// Processes that share a subscription. What they have counts as one receiver's.
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const { until } = require('../../node/support/wait');

const PROGRAM = path.join(__dirname, 'member.js');
const READ_MS = 50;
const START_MS = 180000;

class Member {
  constructor(group, number) {
    Object.assign(this, { group, name: `${group.name}-${number}`, keys: new Set(), rest: '' });
    this.file = fs.openSync(path.join(group.options.folder, `${this.name}.log`), 'a+');
    this.subscriptions = 0;
    this.start();
  }

  start() {
    const { filter, folder, version, urls } = this.group.options;
    // Should this process be killed, they go with it.
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, PROGRAM, this.name,
      filter, path.join(folder, this.name), path.join(folder, `${this.name}.log`), version,
      ...urls], { stdio: 'inherit' });
    this.child.on('exit', (code) => {
      if (code !== null) this.group.ledger.faults.push(`${this.name} ended: ${code}`);
    });
  }

  async kill() {
    const { child } = this;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  read() {
    const bytes = Buffer.alloc(1 << 16);
    for (;;) {
      const size = fs.readSync(this.file, bytes, 0, bytes.length, null);
      if (size === 0) return;
      const lines = (this.rest + bytes.toString('latin1', 0, size)).split('\n');
      this.rest = lines.pop();
      for (const line of lines) this.#take(line);
    }
  }

  // By the same key it is the same delivery, told to another life.
  #take(line) {
    if (line === 'subscribed') {
      this.subscriptions += 1;
      return;
    }
    const [sender, number, key] = line.split(' ');
    if (this.keys.has(key)) return;
    this.keys.add(key);
    this.group.ledger.received(this.group.name, `${sender} ${number}`);
  }
}

class Group {
  // `options`: filter, folder, version, urls.
  constructor(name, size, ledger, options) {
    Object.assign(this, { name, ledger, options });
    ledger.addReceiver(name, { isOrdered: false });
    this.members = Array.from({ length: size }, (_, number) => new Member(this, number));
    this.timer = setInterval(() => this.read(), READ_MS);
  }

  async subscribed() {
    await until(() => this.members.every(({ subscriptions }) => subscriptions > 0),
      'every member has subscribed', START_MS);
  }

  read() {
    for (const member of this.members) member.read();
  }

  async restart(number) {
    const member = this.members[number];
    await member.kill();
    member.start();
  }

  async stop() {
    clearInterval(this.timer);
    await Promise.all(this.members.map((member) => member.kill()));
    for (const member of this.members) {
      member.read();
      fs.closeSync(member.file);
    }
  }
}

module.exports = { Group };
