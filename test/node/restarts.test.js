'use strict';
// mosquitto is stopped and started again under load, both ways at once:
// nothing is lost, QoS 2 comes once, the order of each topic is kept, and every
// callback is called once. MIDGE_TEST_MESSAGES (each way) and
// MIDGE_TEST_RESTARTS say how much of it.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { called, delay } = require('./support/wait');

const MESSAGES = Number(process.env.MIDGE_TEST_MESSAGES || 100000);
const RESTARTS = Number(process.env.MIDGE_TEST_RESTARTS || 20);
const WINDOW = 2000; // unfinished at a time
const PATIENCE_MS = 120000; // without any progress

// One topic of one direction.
class Stream {
  constructor(topic, qos, count) {
    Object.assign(this, { topic, qos, count });
    this.sent = 0;
    this.done = 0;
    this.calls = new Uint8Array(count);
    this.next = 0; // the lowest number that was not received
    this.repeated = 0;
    this.faults = [];
  }

  publish(client) {
    const number = this.sent;
    this.sent += 1;
    const code = client.publish(this.qos, false, this.topic, `${number}`,
      (mid, error) => {
        this.calls[number] += 1;
        this.done += 1;
        if (error) this.fault(`${number} failed: ${error.message}`);
      });
    if (code !== 0) this.fault(`${number} refused: ${code}`);
  }

  receive(number) {
    if (number === this.next) {
      this.next += 1;
    } else if (number < this.next) {
      this.repeated += 1;
      if (this.qos === 2) this.fault(`${number} again, not ${this.next}`);
    } else {
      this.fault(`${number} instead of ${this.next}`);
      this.next = number + 1;
    }
  }

  fault(text) {
    if (this.faults.length < 5) this.faults.push(text);
  }

  get progress() {
    return this.done + this.next;
  }

  get isFinished() {
    return this.done >= this.count && this.next >= this.count;
  }
}

class Side {
  constructor(name, other) {
    this.client = new mqtt(`restarts-${name}-${process.pid}`, null, null,
      false, 10000, true, { reconnectPeriod: 50 });
    this.streams = [1, 2].map((qos) =>
      new Stream(`restarts/${name}/${qos}`, qos, MESSAGES / 2));
    this.filter = `restarts/${other}/#`;
    this.connections = 0;
    this.client.on('connected', () => { this.connections += 1; });
  }

  async begin(port, streams) {
    const byTopic = new Map(streams.map((stream) => [stream.topic, stream]));
    this.client.on('received', (mid, topic, message) =>
      byTopic.get(topic).receive(Number(message)));
    await called((done) => this.client.connect('127.0.0.1', port, done));
    await called((done) => this.client.subscribe(2, this.filter, done));
  }

  // Keeps the window full, up to this part of all messages.
  pump(part) {
    for (const stream of this.streams) {
      while (stream.sent < stream.count * part &&
          stream.sent - stream.done < WINDOW) stream.publish(this.client);
    }
  }
}

test(`${RESTARTS} restarts of mosquitto under load, ${MESSAGES} messages ` +
  'each way: none lost, QoS 2 never doubled, order kept, one callback each',
async (t) => {
  // mosquitto keeps the order only while its window is not full, and with no
  // window (0) it sends QoS 2 again after a restart.
  const broker = await mosquitto.start({ persistence: true,
    settings: { max_inflight_messages: 60000 } });
  const sides = [new Side('a', 'b'), new Side('b', 'a')];
  t.after(async () => {
    sides.forEach(({ client }) => client.disconnect());
    await broker.stop();
  });
  const streams = sides.flatMap((side) => side.streams);
  await sides[0].begin(broker.port, sides[1].streams);
  await sides[1].begin(broker.port, sides[0].streams);

  const progress = () =>
    streams.reduce((sum, stream) => sum + stream.progress, 0);
  const all = 2 * 2 * MESSAGES;
  let restarts = 0;
  let restarting = null;
  let seen = 0;
  let seenAt = Date.now();
  while (!streams.every((stream) => stream.isFinished)) {
    // A restart has messages left to meet, however fast they are.
    sides.forEach((side) => side.pump((restarts + 2) / (RESTARTS + 2)));
    await delay(1);
    const now = progress();
    // Each broker is met by both.
    const areThere = sides.every((side) => side.connections > restarts);
    if (restarting === null && restarts < RESTARTS && areThere &&
        now >= all * (restarts + 1) / (RESTARTS + 2)) {
      restarts += 1;
      restarting = broker.restart().then(() => { restarting = null; });
    }
    if (now !== seen) [seen, seenAt] = [now, Date.now()];
    if (Date.now() - seenAt > PATIENCE_MS) break;
  }
  await restarting;
  // The last restart may find nothing left to do.
  while (!sides.every((side) => side.connections > RESTARTS) &&
      Date.now() - seenAt < PATIENCE_MS) await delay(10);
  await delay(300); // for what should not come

  for (const stream of streams) {
    const { topic, qos, count, done, next, repeated, faults, calls } = stream;
    t.diagnostic(`${topic}: ${done} done, ${next} received, ${
      repeated} repeated`);
    assert.deepEqual(faults, [], topic);
    assert.deepEqual([done, next], [count, count], topic);
    assert.ok(calls.every((times) => times === 1), 'every callback once');
    if (qos === 2) assert.equal(repeated, 0, topic);
  }
  assert.equal(restarts, RESTARTS);
  sides.forEach((side) => {
    t.diagnostic(`${side.connections} connections`);
    assert.ok(side.connections > RESTARTS);
  });
});
