'use strict';
// What may be given as bytes, and that it is the bytes of the call.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { listen } = require('./support/server');
const { called } = require('./support/wait');

async function connected(t, change = () => {}) {
  const server = await listen();
  const client = new mqtt('bytes', null, null, true, 60000, true);
  t.after(() => {
    client.disconnect();
    return server.stop();
  });
  change(client);
  await called((done) => client.connect('127.0.0.1', server.port, done));
  return { client, server };
}

test('a view is sent as far as it goes', async (t) => {
  const { client, server } = await connected(t);
  const memory = Buffer.from('0123456789abcdef');
  const { buffer, byteOffset } = memory;
  const views = [
    new DataView(buffer, byteOffset + 4, 4),
    new Int8Array(buffer, byteOffset + 8, 4),
    new Uint8ClampedArray(buffer, byteOffset + 12, 2),
    memory.subarray(0, 8),
  ];
  for (const view of views) {
    await called((done) => client.publish(1, false, 't', view, done));
  }
  assert.deepEqual(server.got('publish').map(({ payload }) => String(payload)),
    ['4567', '89ab', 'cd', '01234567']);
});

test('a will is that of the call, whatever becomes of its buffer', async (t) => {
  const will = Buffer.from('gone');
  const { server } = await connected(t, (client) => {
    assert.equal(client.set_willmsg('w', will, 0, false), 0);
    will.fill('x');
  });
  assert.equal(String(server.got('connect')[0].will.payload), 'gone');
});

test('a payload is that of the call, whatever becomes of its buffer', async (t) => {
  const { client, server } = await connected(t);
  const payload = Buffer.from('now');
  await called((done) => {
    client.publish(1, false, 't', payload, done);
    payload.fill('x');
  });
  assert.equal(String(server.got('publish')[0].payload), 'now');
});

// The first one of a turn goes another way than those behind it.
async function publishTwice(client, payload) {
  await Promise.all([1, 2].map(() =>
    called((done) => client.publish(0, false, 't', payload, done))));
}

test('a view whose memory has gone is an empty message', async (t) => {
  const { client, server } = await connected(t);
  const gone = new Uint8Array(8);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  const memory = new ArrayBuffer(8, { maxByteLength: 16 });
  const outside = new Uint8Array(memory, 4, 4);
  memory.resize?.(2);
  await publishTwice(client, gone);
  if (memory.resize) await publishTwice(client, outside);
  await called((done) => client.publish(1, false, 'end', '', done));
  const sizes = server.got('publish').map(({ payload }) => payload.length);
  assert.deepEqual(sizes, Array(memory.resize ? 5 : 3).fill(0));
});

test('a payload is as long as it is, whatever its class says', async (t) => {
  class Boaster extends Uint8Array {
    get length() {
      return 3000;
    }
  }
  const { client, server } = await connected(t);
  await publishTwice(client, Buffer.alloc(3000, 'secret'));
  await publishTwice(client, new Boaster(Buffer.from('four')));
  await called((done) => client.publish(1, false, 'end', '', done));
  assert.deepEqual(server.got('publish').slice(2).map(({ payload }) => String(payload)),
    ['four', 'four', '']);
});
