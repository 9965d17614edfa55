'use strict';
// What MQTT.js exports is there, however it is imported.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const theirs = require('mqtt');
const midge = require('midge');

const NAMES = ['connect', 'connectAsync', 'MqttClient', 'Client', 'Store',
  'DefaultMessageIdProvider', 'UniqueMessageIdProvider', 'ReasonCodes', 'ErrorWithReasonCode',
  'ErrorWithSubackPacket', 'validateTopic', 'validateTopics'];

test('require has every name, and is the class', () => {
  for (const name of NAMES) assert.equal(typeof midge[name], typeof theirs[name], name);
  assert.equal(midge.Client, midge.MqttClient);
  assert.equal(midge.name, 'mqtt');
});

test('a compiled default import finds the names', () => {
  assert.equal(midge.__esModule, true);
  for (const name of NAMES) assert.equal(midge.default[name], midge[name], name);
});

test('import has every name, and the default has them too', async () => {
  const module = await import('midge');
  for (const name of NAMES) {
    assert.equal(module[name], midge[name], name);
    assert.equal(module.default[name], midge[name], name);
  }
});

test('a module imports them by name and as a whole', () => {
  const text = `import mqtt, { connect, MqttClient } from 'midge';
    import * as all from 'midge';
    if (mqtt.connect !== connect || all.connect !== connect || !(MqttClient === all.Client)) {
      process.exit(1);
    }`;
  execFileSync(process.execPath, ['--input-type=module', '-e', text],
    { cwd: path.join(__dirname, '..', '..') });
});

test('ReasonCodes are MQTT.js\'s', () => {
  assert.deepEqual({ ...midge.ReasonCodes }, { ...theirs.ReasonCodes });
});

test('errors have MQTT.js\'s shape', () => {
  const refused = new midge.ErrorWithReasonCode('text', 135);
  assert.ok(refused instanceof Error);
  assert.deepEqual([refused.message, refused.code, refused.reasonCode], ['text', 135, 135]);
  const packet = { cmd: 'suback', granted: [1, 135] };
  const unsubscribed = new midge.ErrorWithSubackPacket('text', packet);
  assert.deepEqual([unsubscribed.packet, unsubscribed.code], [packet, 135]);
});

test('topics are judged as MQTT.js judges them', () => {
  const topics = ['', 'a', 'a//b', '+', '#', 'a/#', 'a/+/b', '/+', '+/#', 'a#', 'a+', '#/a',
    'a/#/b', '/', '++', '+a', '$share/g/a', '##', 'a/b+/c'];
  for (const topic of topics) {
    assert.equal(midge.validateTopic(topic), theirs.validateTopic(topic), topic);
    assert.equal(midge.validateTopics(['ok', topic]), theirs.validateTopics(['ok', topic]), topic);
  }
  assert.equal(midge.validateTopics([]), theirs.validateTopics([]));
});

// What a program sees of a store, as plain values.
async function used(Store, options) {
  const store = new Store(options);
  const seen = [];
  const note = (name) => (error, packet) => seen.push([name, error?.message, packet]);
  seen.push(store.put({ messageId: 1, cmd: 'publish' }, note('put')) === store);
  store.put({ messageId: 2, cmd: 'pubrel' }, note('put'));
  store.put({ messageId: 1, cmd: 'pubrel' }, note('again'));
  seen.push(store.get({ messageId: 1 }, note('get')) === store);
  store.get({ messageId: 9 }, note('none'));
  seen.push(store.del({ messageId: 1 }, note('del')) === store);
  store.del({ messageId: 9 }, note('none'));
  for await (const packet of store.createStream()) seen.push(packet);
  store.close(note('close'));
  if (options?.clean === false) store.get({ messageId: 2 }, note('after'));
  return seen;
}

test('Store does what MQTT.js\'s does', async () => {
  for (const options of [undefined, {}, { clean: true }, { clean: false }]) {
    assert.deepEqual(await used(midge.Store, options), await used(theirs.Store, options));
  }
});

test('DefaultMessageIdProvider counts, and begins again behind the last', () => {
  const provider = new midge.DefaultMessageIdProvider();
  const first = provider.allocate();
  assert.equal(provider.getLastAllocated(), first);
  let id = first;
  for (let i = 0; i < 65535; i += 1) {
    const next = provider.allocate();
    assert.equal(next, id === 65535 ? 1 : id + 1);
    id = next;
  }
  assert.equal(id, first);
  assert.equal(provider.register(5), true);
});

test('UniqueMessageIdProvider gives out what is free, and null when nothing is', () => {
  const provider = new midge.UniqueMessageIdProvider();
  const ids = new Set();
  for (let i = 0; i < 65535; i += 1) ids.add(provider.allocate());
  assert.equal(ids.size, 65535);
  assert.equal(provider.allocate(), null);
  provider.deallocate(77);
  assert.equal(provider.register(77), true);
  assert.equal(provider.register(77), false);
  provider.deallocate(78);
  assert.equal(provider.allocate(), 78);
  assert.equal(provider.getLastAllocated(), 78);
  provider.clear();
  assert.equal(provider.allocate(), 1);
});
