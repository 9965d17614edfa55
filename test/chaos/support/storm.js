'use strict';
// Two senders and those who receive, all behind a proxy that does what networks
// do, and a mosquitto; the faults that are named happen one after the other.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const mqtt = require('../../../lib');
const faultProxy = require('../../support/fault-proxy');
const mosquitto = require('../../support/mosquitto');
const { delay, event } = require('../../node/support/wait');
const { Group } = require('./group');
const { Ledger, settled } = require('./ledger');
const { Sender } = require('./sender');
const { Witness } = require('./witness');

const SECONDS = Number(process.env.MIDGE_TEST_CHAOS_S || 5);
const SETTLING_MS = 900000;
const PAUSE_MS = 700; // between two faults, on average
const AWAY_MS = 500; // of a broker that is stopped, at most
const OPTIONS = { protocolVersion: 5, properties: { sessionExpiryInterval: 3600 },
  reconnectPeriod: 100, reconnectPeriodMax: 500, maxBreaks: 0 };

const below = (end) => crypto.randomInt(end);
const oneOf = (choices) => choices[below(choices.length)];

// Of one direction of a connection.
const WEATHERS = [
  () => ({}),
  () => ({}),
  () => ({ delay: below(200) }),
  () => ({ chunk: 1 + below(7) }),
  () => ({ rate: 2000 + below(20000) }),
  () => ({ at: below(20000), then: oneOf(['stall', 'silence', 'half', 'close', 'reset']) }),
];

async function listen(port, ledger, folder) {
  ledger.addReceiver('receiver');
  const client = new mqtt('receiver', null, null, false, 2000, true,
    { ...OPTIONS, store: { path: path.join(folder, 'receiver') } });
  client.on('received', (mid, topic, message) => ledger.received('receiver', `${message}`));
  client.connect('127.0.0.1', port);
  client.subscribe(2, 'chaos/#');
  await event(client, 'subscribed');
  return client;
}

class Storm {
  // `members`: how many processes share a subscription.
  constructor(broker, members) {
    Object.assign(this, { broker, members, ledger: new Ledger(), isBad: false, counts: {} });
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-chaos-'));
  }

  async begin() {
    const { ledger, broker, folder, members } = this;
    const witness = new Witness(ledger);
    const weather = (number) => {
      queueMicrotask(() => witness.watch(this.proxy.connections[number]));
      return this.isBad ? { up: oneOf(WEATHERS)(), down: oneOf(WEATHERS)() } : {};
    };
    this.proxy = await faultProxy.start(broker.port, { weather });
    const urls = [`mqtt://127.0.0.1:${this.proxy.port}`];
    this.client = await listen(this.proxy.port, ledger, folder);
    if (members > 0) {
      this.group = new Group('group', members, ledger,
        { filter: '$share/group/chaos/#', folder, version: 5, urls });
      await this.group.subscribed();
    }
    this.senders = ['class', 'connect'].map((api) =>
      new Sender(api, ledger, [1, 2], { urls, folder, ...OPTIONS }));
  }

  async restart(signal) {
    await this.broker.pause(signal);
    this.ledger.died(signal);
    await delay(below(AWAY_MS));
    await this.broker.start();
  }

  async disturb(names) {
    const faults = {
      reset: () => this.proxy.break('reset'),
      close: () => this.proxy.break('close'),
      silence: () => this.proxy.break('silence'),
      stopped: () => this.restart('SIGTERM'),
      killed: () => this.restart('SIGKILL'),
      process: () => this.group.restart(below(this.members)),
    };
    const name = oneOf(names);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    await faults[name]();
  }

  async rage(names) {
    const end = Date.now() + SECONDS * 1000;
    this.isBad = true;
    while (Date.now() < end) {
      await delay(below(2 * PAUSE_MS));
      await this.disturb(names);
    }
    this.isBad = false;
    for (const sender of this.senders) sender.pause();
    this.proxy.break('reset');
    await settled(this.ledger);
  }

  async end() {
    this.client?.disconnect(() => {}, { force: true });
    await Promise.all((this.senders ?? []).map((sender) => sender.end()));
    await this.group?.stop();
    await this.proxy?.stop();
    await this.broker.stop();
    fs.rmSync(this.folder, { recursive: true });
  }
}

function storm(title, { members = 0, persistence = true, faults }) {
  test(`${title}, ${SECONDS} s`, { timeout: SECONDS * 1000 + SETTLING_MS }, async (t) => {
    // With fewer in flight than there are, mosquitto itself lets new ones overtake.
    const broker = await mosquitto.start({ persistence,
      settings: { max_inflight_messages: 60000 } });
    const chaos = new Storm(broker, members);
    t.after(() => chaos.end());
    await chaos.begin();
    await chaos.rage(faults);
    const wrong = chaos.ledger.judge();
    t.diagnostic(JSON.stringify({ ...chaos.counts, ...chaos.ledger.counts }));
    assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} faults`);
    assert.ok(chaos.ledger.counts.acknowledged > 0);
  });
}

module.exports = { storm };
