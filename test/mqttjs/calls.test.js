'use strict';
// Calls and faults in any order, from a seed: every callback is called once,
// and the end always comes. Of a session that outlasts its connection what is
// unfinished may wait for reconnect().
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { called, delay, until } = require('../node/support/wait');
const { listen } = require('./support/broker');
const { generator } = require('./support/dice');

const CLIENTS = 150;
const SEED = 3;

let broker;

before(async () => {
  broker = await listen();
});

after(() => broker.close());

const random = generator(SEED);

// What each call came to: how often its callback was called.
function steps(client, counts) {
  const count = () => {
    const at = counts.push(0) - 1;
    return () => { counts[at] += 1; };
  };
  return [
    () => client.publish('a', 'm', { qos: random(3) }, count()),
    () => client.publish('a', 'm', { qos: 1 + random(2) }, count()),
    () => client.subscribe(`t${random(3)}`, { qos: random(3) }, count()),
    () => client.unsubscribe(`t${random(3)}`, count()),
    () => client.removeOutgoingMessage(client.getLastMessageId()),
    () => client.reconnect(),
    () => broker.current?.reset(),
    () => broker.current?.end(),
    () => client.end(random(2) === 0, count()),
    () => delay(random(4)),
    () => new Promise(setImmediate),
  ];
}

test(`${CLIENTS} clients, each of which is called and cut at random`, async () => {
  for (let n = 0; n < CLIENTS; n += 1) {
    const clean = random(3) > 0;
    const client = mqtt.connect(broker.url, {
      reconnectPeriod: 1 + random(5), protocolVersion: 4 + random(2), clean, clientId: `calls ${n}`,
    });
    const counts = [];
    const made = steps(client, counts);
    for (let step = random(10); step > 0; step -= 1) await made[random(made.length)]();
    await called((done) => client.end(true, done));
    await until(() => client.disconnected, 'it has ended');
    if (clean) await until(() => !counts.includes(0), 'every callback is called');
    assert.ok(counts.every((count) => count <= 1), String(counts));
  }
});
