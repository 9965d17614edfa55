'use strict';
// midge store: what a session holds on disk, from the outside, whoever has it
// open.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const mqtt = require('../../lib');

const MIDGE = process.env.MIDGE_CLI ||
  path.join(__dirname, '..', '..', 'build', 'cli', 'midge');
// Nobody listens there: what is published is stored, and waits.
const NOWHERE = 'mqtt+unix:///nowhere/midge.sock';

function place(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-cli-store-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return path.join(folder, 'store');
}

function midge(...words) {
  const { status, stdout, stderr } =
    spawnSync(MIDGE, ['store', ...words], { encoding: 'utf8', timeout: 60000 });
  return { code: status, out: stdout, err: stderr };
}

const lines = (text) => text.split('\n').slice(0, -1);

// A client that has stored these publishes, and has the store open.
async function keeper(t, store, publishes) {
  const client = mqtt.connect(NOWHERE, { clientId: 'keeper', clean: false,
    protocolVersion: 5, properties: { sessionExpiryInterval: 3600 }, store: { path: store } });
  client.on('error', () => {}); // nobody listens there
  await Promise.all(publishes.map(([qos, topic, message, properties]) =>
    new Promise((resolve) => {
      client.publish(topic, message, { qos, properties, cbStorePut: resolve });
    })));
  const close = () => client.endAsync(true);
  t.after(close);
  return close;
}

const PUBLISHES = [
  [1, 'house/lamp', 'on', { contentType: 'text/plain' }],
  [2, 'house/\x1bdoor', Buffer.from([0xff, 0])],
  [1, 'house/lamp', 'off'],
];

test('messages are listed, counted and exported while a client has them', async (t) => {
  const store = place(t);
  await keeper(t, store, PUBLISHES);
  const list = midge('list', store);
  assert.equal(list.code, 0, list.err);
  assert.deepEqual(lines(list.out), [
    '1 waiting qos 1 2 bytes house/lamp',
    '2 waiting qos 2 2 bytes house/?door',
    '3 waiting qos 1 3 bytes house/lamp',
  ]);
  assert.deepEqual(lines(midge('export', store).out).map((line) => JSON.parse(line)), [
    { key: '1', state: 'waiting', topic: 'house/lamp', qos: 1, retain: 0, payloadlen: 2,
      properties: { 'content-type': 'text/plain' }, payload: 'on' },
    { key: '2', state: 'waiting', topic: 'house/\x1bdoor', qos: 2, retain: 0, payloadlen: 2,
      'payload-hex': 'ff00' },
    { key: '3', state: 'waiting', topic: 'house/lamp', qos: 1, retain: 0, payloadlen: 3,
      payload: 'off' },
  ]);
  const json = lines(midge('list', '--json', store).out).map((line) => JSON.parse(line));
  assert.deepEqual(json.map(({ key }) => key), ['1', '2', '3']);
  assert.equal(json[0].payload, undefined);
  const count = midge('count', store, '--json');
  assert.equal(JSON.parse(count.out).waiting.messages, 3);
  assert.match(midge('count', store).out, /^waiting {3}3 messages, \d+ bytes$/m);
});

test('a check tells who has it, and an open store gives nothing away', async (t) => {
  const store = place(t);
  const close = await keeper(t, store, PUBLISHES);
  const open = midge('check', store);
  assert.equal(open.code, 0, open.err);
  assert.match(open.out, new RegExp(`^lock .* in process ${process.pid}$`, 'm'));
  assert.match(open.out, /^every checksum is right$/m);
  const refused = midge('discard', store, '2');
  assert.equal(refused.code, 3);
  assert.match(refused.err, /is open already, in process/);

  await close();
  const report = JSON.parse(midge('check', '--json', store).out);
  assert.equal(report.locked, false);
  assert.ok(report.freeBytes > 0 && report.fileBytes >= report.usedBytes);
  assert.equal(midge('discard', store, '2').code, 0);
  assert.deepEqual(lines(midge('list', store).out).map((line) => line[0]), ['1', '3']);
  const again = midge('discard', store, '2');
  assert.equal(again.code, 1);
  assert.match(again.err, /no message with this key/);
});

test('damage is found, and what is damaged can be thrown away', async (t) => {
  const store = place(t);
  const close = await keeper(t, store, [[1, 'a', 'to-be-damaged'], [1, 'b', 'whole']]);
  await close();
  const file = path.join(store, 'data.mdb');
  const bytes = fs.readFileSync(file);
  for (let at = bytes.indexOf('to-be-damaged'); at >= 0;
    at = bytes.indexOf('to-be-damaged', at + 1)) bytes[at] ^= 1;
  fs.writeFileSync(file, bytes);
  const check = midge('check', store);
  assert.equal(check.code, 2);
  assert.match(check.out, /^damaged {3}1 messages/m);
  assert.match(check.out, /^damaged {3}1 of them yet to be set aside$/m);
  assert.equal(JSON.parse(midge('check', store, '--json').out).damaged.messages, 1);
  assert.match(midge('list', store).out, /^1 damaged \d+ bytes$/m);
  assert.equal(midge('discard', store, '1').code, 0);
  assert.equal(midge('check', store).code, 0);
});

test('what is no store is named, and nothing is made there', (t) => {
  const store = place(t);
  for (const action of ['list', 'count', 'export', 'check']) {
    const { code, err } = midge(action, store);
    assert.equal(code, 1);
    assert.match(err, /there is no store in ".*store"/);
  }
  assert.equal(midge('discard', store, '1').code, 1);
  assert.equal(fs.existsSync(store), false);
});

test('wrong words are told what would be right', () => {
  const cases = [
    [[], /list, count, export, check or discard/],
    [['lust', 'x'], /list, count, export, check or discard/],
    [['list'], /the path of the store is missing/],
    [['list', 'a', 'b'], /one word too many/],
    [['discard', 'a'], /the key is missing/],
    [['discard', 'a', 'b'], /KEY is the number/],
    [['discard', 'a', '-1'], /the only option is --json/],
    [['discard', 'a', '99999999999999999999'], /KEY is the number/],
    [['export', 'a', '--json'], /--json, of list, count and check/],
  ];
  for (const [words, sentence] of cases) {
    const { code, err } = midge(...words);
    assert.equal(code, 1);
    assert.match(err, sentence);
  }
});

test('help fits on a screen', () => {
  const { code, out } = midge('--help');
  assert.equal(code, 0);
  assert.ok(lines(out).length <= 24);
  assert.ok(lines(out).every((line) => line.length <= 80));
  assert.equal(midge('list', '--help').out, out);
});
