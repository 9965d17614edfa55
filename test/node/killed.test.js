'use strict';
// A process with a session in a store is killed again and again while it
// publishes: none that it was told is stored is lost, QoS 2 comes once, and
// both come in their order. MIDGE_TEST_KILLS says how often it is killed, and
// MIDGE_TEST_KILL_MESSAGES how many each life is told are stored before.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { delay, until } = require('./support/wait');

const KILLS = Number(process.env.MIDGE_TEST_KILLS || 20);
const PROGRAM = path.join(__dirname, 'support/keeper.js');
const LIFE = 1000000; // numbers of one life
// Of them it is told are stored, before it may be killed.
const ENOUGH = Number(process.env.MIDGE_TEST_KILL_MESSAGES || 300);
const KILL_MS = 60; // at most, after that

// The numbers in a file that grows, one a line.
class Numbers {
  constructor(file) {
    this.file = fs.openSync(file, 'a+');
    this.rest = '';
    this.all = [];
  }

  read() {
    const bytes = Buffer.alloc(1 << 20);
    for (;;) {
      const size = fs.readSync(this.file, bytes, 0, bytes.length, null);
      if (size === 0) return this.all;
      const lines = (this.rest + bytes.toString('latin1', 0, size)).split('\n');
      this.rest = lines.pop();
      for (const line of lines) this.all.push(Number(line));
    }
  }

  close() {
    fs.closeSync(this.file);
  }
}

// What came of each QoS, and what is wrong with it.
class Listener {
  constructor() {
    this.last = [0, 0, 0];
    this.seen = new Set();
    this.repeated = 0;
    this.faults = [];
  }

  receive(number, qos) {
    if (this.seen.has(number)) {
      this.repeated += 1;
      if (qos === 2) this.faults.push(`${number} of QoS 2 again`);
      return;
    }
    this.seen.add(number);
    if (number < this.last[qos]) this.faults.push(`${number} after ${this.last[qos]}`);
    this.last[qos] = number;
  }
}

async function listen(port, listener) {
  const client = new mqtt('', null, null, true, 60000, true);
  client.on('received', (mid, topic, message) =>
    listener.receive(Number(message), Number(topic[1])));
  client.connect('127.0.0.1', port);
  client.subscribe(2, ['q1', 'q2']);
  await once(client, 'subscribed');
  return client;
}

for (const api of ['class', 'connect']) {
  test(`killed ${KILLS} times: ${api}`, { timeout: 540000 + KILLS * 5000 }, async (t) => {
    // With fewer in flight than there are, mosquitto itself lets new ones overtake.
    const broker = await mosquitto.start({ settings: { max_inflight_messages: 60000 } });
    t.after(() => broker.stop());
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-killed-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'stored');
    const numbers = new Numbers(file);
    t.after(() => numbers.close());
    const listener = new Listener();
    const client = await listen(broker.port, listener);

    function live(first, count) {
      const child = spawn(process.execPath, [PROGRAM, api, broker.port,
        path.join(folder, 'store'), file, first, count], { stdio: 'inherit' });
      t.after(() => child.kill('SIGKILL'));
      return child;
    }

    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = numbers.read().length;
      const child = live(kill * LIFE, LIFE);
      const exit = once(child, 'exit');
      await until(() => numbers.read().length >= before + ENOUGH);
      await delay(Math.random() * KILL_MS);
      child.kill('SIGKILL');
      assert.deepEqual(await exit, [null, 'SIGKILL']);
    }

    const last = live(KILLS * LIFE, 10);
    assert.deepEqual(await once(last, 'exit'), [0, null]);
    const stored = numbers.read();
    const isThere = () => stored.every((number) => listener.seen.has(number));
    await until(isThere).catch(() => {});
    const lost = stored.filter((number) => !listener.seen.has(number));
    assert.deepEqual(lost, [], `of ${stored.length}`);
    assert.deepEqual(listener.faults, []);
    assert.ok(stored.length >= KILLS * ENOUGH);
    t.diagnostic(`${stored.length} stored, ${listener.repeated} of QoS 1 twice`);
    client.disconnect();
  });
}
