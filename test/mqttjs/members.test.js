'use strict';
// Members that MQTT.js does not document and programs look at: the same on both.
const assert = require('node:assert/strict');
const { afterEach, describe, test } = require('node:test');
const theirs = require('mqtt');
const ours = require('../../lib');
const { called } = require('../node/support/wait');
const { listen } = require('./support/broker');

const open = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (one.end) one.end(true);
    else await one.close();
  }
});

async function connected(mqtt, rules) {
  const broker = await listen(rules);
  open.push(broker);
  const client = mqtt.connect(broker.url, { reconnectPeriod: 20, clientId: 'members' });
  open.push(client);
  await called((done) => client.once('connect', done));
  return { broker, client };
}

for (const [name, mqtt] of [['MQTT.js', theirs], ['midge', ours]]) {
  describe(name, () => {
    test('outgoing is what has no outcome, by message id', async () => {
      const { broker, client } = await connected(mqtt,
        { publish: () => undefined, subscribe: () => undefined, unsubscribe: () => undefined });
      const published = () => {};
      client.publish('a', 'm', { qos: 1 }, published);
      const id = client.getLastMessageId();
      client.subscribe('t/#', () => {});
      client.unsubscribe('u', () => {});
      const plain = (at) => {
        const { volatile, cb } = client.outgoing[at];
        return [volatile, typeof cb];
      };
      assert.deepEqual(Object.keys(client.outgoing), [0, 1, 2].map((at) => String(id + at)));
      assert.equal(client.outgoing[id].cb, published);
      assert.deepEqual([plain(id), plain(id + 1), plain(id + 2)],
        [[false, 'function'], [true, 'function'], [true, 'function']]);
      await broker.saw('publish');
      broker.current.send({ cmd: 'puback', messageId: broker.of('publish')[0].messageId });
      while (client.outgoing[id] !== undefined) await new Promise(setImmediate);
      assert.equal(Object.keys(client.outgoing).length, 2);
    });

    test('messageIdToTopic has the filters of a SUBSCRIBE', async () => {
      const { client } = await connected(mqtt, { subscribe: () => undefined });
      client.subscribe(['a', 'b/#'], { qos: 1 }, () => {});
      assert.deepEqual(client.messageIdToTopic, { [client.getLastMessageId()]: ['a', 'b/#'] });
    });

    test('reschedulePing returns nothing, whatever it is given', async () => {
      const { client } = await connected(mqtt);
      assert.equal(client.reschedulePing(), undefined);
      assert.equal(client.reschedulePing(true), undefined);
      assert.equal(client.connected, true);
    });

    test('onKeepaliveTimeout gives the connection up, and another follows', async () => {
      const { broker, client } = await connected(mqtt);
      const failed = called((done) => client.once('error', done));
      const back = called((done) => client.once('connect', done));
      client.onKeepaliveTimeout();
      assert.equal((await failed)[0].message, 'Keepalive timeout');
      await back;
      assert.equal(broker.of('connect').length, 2);
    });
  });
}
