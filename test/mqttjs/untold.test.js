'use strict';
// Publishes without a callback: little is kept of them, and whoever looks sees all.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { setFlagsFromString } = require('node:v8');
const { runInNewContext } = require('node:vm');
const mqtt = require('../../lib');
const { Untold } = require('../../lib/mqttjs/untold');
const { event, until } = require('../node/support/wait');
const { open, serve } = require('./support/clients');

function connectByHand(broker, options) {
  const client = mqtt.connect(broker.url, { manualConnect: true, ...options });
  client.on('error', () => {});
  open.push(client);
  return client;
}

// The same numbers each time.
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % sides;
  };
}

test('what they have in common is known as long as one waits, in any order', () => {
  const roll = dice(5);
  const untold = new Untold();
  const waiting = new Map();
  let mid = 0;
  for (let step = 0; step < 20000; step += 1) {
    if (roll(2) === 0 || waiting.size === 0) {
      mid += 1 + roll(3);
      const message = { topic: `t${step % 400 < 200 ? 0 : roll(3)}`, qos: roll(2), retain: false };
      untold.add(mid, message.topic, message.qos, message.retain);
      waiting.set(mid, message);
    } else {
      const mids = [...waiting.keys()];
      const which = mids[roll(4) === 0 ? roll(mids.length) : 0];
      const { topic, qos, retain } = untold.make(which, 'm');
      assert.deepEqual({ topic, qos, retain }, waiting.get(which));
      assert.equal(untold.settle(which), qos);
      waiting.delete(which);
    }
  }
});

test('what waits is in outgoing and queue, and is seen to leave', async () => {
  const broker = await serve();
  const client = connectByHand(broker);
  client.publish('a', 'first');
  client.publish('a', Buffer.from('second'), { retain: true });
  client.publish('b', 'third', { qos: 1 });
  const id = client.getLastMessageId();
  client.publish('b', 'fourth', { qos: 2 });
  assert.deepEqual(client.queue.map(({ packet: { topic, payload, retain } }) =>
    [topic, String(payload), retain]), [['a', 'first', false], ['a', 'second', true]]);
  assert.deepEqual(Object.keys(client.outgoing), [String(id), String(id + 1)]);
  assert.equal(client.outgoing[id].cmd, 'publish');
  const left = [];
  client.on('packetsend', ({ cmd, topic, payload, qos, messageId }) => {
    if (cmd === 'publish') left.push([topic, String(payload), qos, messageId]);
  });
  const answered = [];
  client.on('packetreceive', ({ cmd, messageId }) => answered.push([cmd, messageId]));
  client.connect();
  await until(() => answered.some(([cmd]) => cmd === 'pubcomp'));
  assert.deepEqual(left, [
    ['a', 'first', 0, 0], ['a', 'second', 0, 0], ['b', 'third', 1, id], ['b', 'fourth', 2, id + 1],
  ]);
  assert.deepEqual(answered.filter(([cmd]) => cmd !== 'connack'),
    [['puback', id], ['pubrec', id + 1], ['pubcomp', id + 1]]);
  assert.deepEqual(client.outgoing, {});
});

test('the end waits for them, and one that is refused or removed harms nothing', async () => {
  const broker = await serve({
    publish: ({ messageId, topic }) => ({ cmd: 'puback', messageId,
      reasonCode: topic === 'refused' ? 0x87 : 0 }),
  });
  const client = connectByHand(broker, { protocolVersion: 5 });
  client.publish('refused', 'm', { qos: 1 });
  client.publish('removed', 'm', { qos: 1 });
  client.removeOutgoingMessage(client.getLastMessageId());
  client.publish('sent', 'm', { qos: 1 });
  const emptied = event(client, 'outgoingEmpty');
  client.connect();
  await event(client, 'connect');
  await client.endAsync();
  await emptied;
  assert.deepEqual(broker.of('publish').map(({ topic }) => topic), ['refused', 'sent']);
});

test('cbStorePut is called for one too', async () => {
  const client = connectByHand(await serve());
  await new Promise((resolve) => {
    client.publish('a', 'm', { qos: 1, cbStorePut: resolve });
  });
});

for (const qos of [0, 1]) {
  test(`QoS ${qos}: of one that waits little more than its payload is kept`, async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const client = connectByHand(await serve());
    const payload = Buffer.alloc(64);
    const COUNT = 60000; // what else the process keeps meanwhile is little beside it
    client.publish('some/topic', payload, { qos });
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 1; i < COUNT; i += 1) client.publish('some/topic', payload, { qos });
    collect();
    const each = (process.memoryUsage().heapUsed - before) / COUNT;
    assert.ok(each < 24, `${each} bytes`);
  });
}
