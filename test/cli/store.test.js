'use strict';
// The command line with a store: what a session holds on disk, from the outside,
// whoever has it open; and programs that are killed.
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { isRunning } = require('./support/program');

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

// --- Publishing with a store ---

function publish(store, broker, ...words) {
  const all = ['pub', '-i', 'publisher', '--store', store, '-h', '127.0.0.1', '-p',
    `${broker.port}`, ...words];
  const child = spawn(MIDGE, all, { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.on('error', () => {});
  child.told = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { child.told += text; });
  return child;
}

const storedOf = (child) => child.told.split('midge: stored').length - 1;

// Publishes lines until so many are stored, and is killed.
async function publishAndBeKilled(store, broker, round, count) {
  const child = publish(store, broker, '-t', 'kept', '-q', '2', '-l', '-d');
  const closed = once(child, 'close');
  let number = 0;
  while (storedOf(child) < count && isRunning({ child })) {
    number += 1;
    child.stdin.write(`${round} ${number}\n`);
    if (number % 20 === 0) await new Promise((resolve) => { setImmediate(resolve); });
  }
  child.kill('SIGKILL');
  await closed;
  assert.equal(child.signalCode, 'SIGKILL', child.told);
  return storedOf(child);
}

test('a publisher that is killed loses nothing, and repeats nothing of QoS 2', async (t) => {
  const store = place(t);
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const listener = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
  t.after(() => listener.endAsync(true));
  const received = [];
  let told;
  const end = new Promise((resolve) => { told = resolve; });
  listener.on('message', (topic, payload) => {
    if (topic === 'end') told();
    else received.push(`${payload}`.split(' ').map(Number));
  });
  await listener.subscribeAsync(['kept', 'end'], { qos: 2 });

  const stored = [];
  for (let round = 0; round < 3; round += 1) {
    stored.push(await publishAndBeKilled(store, broker, round, 200));
  }
  const rest = publish(store, broker);
  const [code] = await once(rest, 'close');
  assert.equal(code, 0, rest.told);
  assert.equal(JSON.parse(midge('count', store, '--json').out).waiting.messages, 0);
  await listener.publishAsync('end', '', { qos: 2 });
  await end;
  stored.forEach((count, round) => {
    const numbers = received.filter(([of]) => of === round).map(([, number]) => number);
    assert.ok(numbers.length >= count, `${numbers.length} of ${count}`);
    assert.deepEqual(numbers, numbers.map((_, at) => at + 1));
  });
});

test('what cannot be sent waits in the store, and is said to', async (t) => {
  const store = place(t);
  const broker = await mosquitto.start();
  await broker.stop();
  const first = publish(store, broker, '-t', 'kept', '-q', '1', '-m', 'later');
  assert.deepEqual(await once(first, 'close'), [1, null]);
  assert.match(first.told, /messages that wait in the store: 1\n/);
  assert.deepEqual(lines(midge('list', store).out), ['1 waiting qos 1 5 bytes kept']);
});

test('QoS 0 waits there too', async (t) => {
  const store = place(t);
  const broker = await mosquitto.start();
  t.after(() => broker.stop());
  const nowhere = ['--unix', '/nowhere/midge.sock'];
  const first = publish(store, broker, '-t', 'kept', '-q', '0', '-m', 'later', '-r', ...nowhere);
  assert.deepEqual(await once(first, 'close'), [1, null], first.told);
  assert.match(midge('list', store).out, /^\d+ waiting qos 0 retained 5 bytes kept\n$/);
  const rest = publish(store, broker);
  assert.deepEqual(await once(rest, 'close'), [0, null], rest.told);
  assert.equal(midge('list', store).out, '');
  const listener = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
  t.after(() => listener.endAsync(true));
  const received = once(listener, 'message');
  await listener.subscribeAsync('kept');
  assert.equal(`${(await received)[1]}`, 'later');
});

test('a store is refused what it cannot be', () => {
  const cases = [
    [['pub', '--store', 'x', '-t', 'a', '-m', 'b'], /--store needs a client identifier: -i/],
    [['pub', '--store-sync', '-t', 'a', '-m', 'b'], /--store-sync goes with --store/],
    [['pub', '--store', __filename, '-i', 'x', '-t', 'a', '-m', 'b'], /is to be a directory/],
    [['pub', '--store', 'x', '-i', 'x', '-t', 'a'], /a message is needed/],
    [['sub', '--store', 'x', '-t', 'a', '-q', '1'], /--store needs a client identifier: -i/],
    [['sub', '--store', 'x', '-i', 'x', '-t', 'a'], /--store of sub needs -q 1 or -q 2/],
    [['sub', '--store-sync', '-i', 'x', '-t', 'a'], /--store-sync goes with --store/],
  ];
  for (const [words, sentence] of cases) {
    const { status, stderr } = spawnSync(MIDGE, words, { encoding: 'utf8', timeout: 60000 });
    assert.equal(status, 1);
    assert.match(stderr, sentence);
  }
});

// --- Subscribing with a store ---

function subscribe(store, broker, out, ...words) {
  const all = ['sub', '-i', 'subscriber', '--store', store, '-h', '127.0.0.1', '-p',
    `${broker.port}`, '-t', 'kept/#', '-q', '2', ...words];
  const child = spawn(MIDGE, all, { stdio: ['ignore', out, 'pipe'] });
  child.told = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { child.told += text; });
  child.closed = once(child, 'close');
  return child;
}

// A broker that keeps the session of the subscriber, which is away; and somebody
// who publishes to it.
async function away(t, store) {
  const broker = await mosquitto.start({ settings: { max_queued_messages: '0' } });
  t.after(() => broker.stop());
  const { closed, told } = subscribe(store, broker, 'ignore', '-E');
  assert.deepEqual(await closed, [0, null], told);
  const publisher = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
  t.after(() => publisher.endAsync(true));
  return { broker, publisher };
}

const receivedIn = (store) => JSON.parse(midge('count', store, '--json').out).received.messages;

async function until(condition, what) {
  const end = Date.now() + 60000;
  while (!condition()) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

function pipe(t) {
  const name = path.join(path.dirname(place(t)), 'pipe');
  spawnSync('mkfifo', [name]);
  const input = fs.openSync(name, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  const file = fs.openSync(name, 'w');
  t.after(() => [input, file].forEach((end) => fs.closeSync(end)));
  return { file, text: () => read(input) };
}

// What is in it now.
function read(file) {
  const parts = [];
  for (;;) {
    const bytes = Buffer.alloc(65536);
    try {
      parts.push(bytes.subarray(0, fs.readSync(file, bytes)));
    } catch (error) {
      assert.equal(error.code, 'EAGAIN');
      return Buffer.concat(parts).toString();
    }
  }
}

test('a subscriber that is killed has lost nothing that it did not print', async (t) => {
  const store = place(t);
  const { broker, publisher } = await away(t, store);
  const count = 300;
  const line = (number) => `${number} ${'x'.repeat(1000)}`;
  const numbers = Array.from({ length: count }, (_, number) => number);
  await Promise.all(numbers.map((number) =>
    publisher.publishAsync('kept/a', line(number), { qos: 2 })));

  // The pipe takes a fifth of them; the others come into the store.
  const full = pipe(t);
  const first = subscribe(store, broker, full.file, '-v');
  await until(() => receivedIn(store) >= count - 100, 'they do not come into the store');
  first.kill('SIGKILL');
  assert.deepEqual(await first.closed, [null, 'SIGKILL'], first.told);
  const kept = receivedIn(store);
  await publisher.publishAsync('kept/a', 'end', { qos: 2 });

  const out = path.join(path.dirname(store), 'out');
  const second = subscribe(store, broker, fs.openSync(out, 'w'), '-v', '-C', `${kept + 1}`);
  const printed = lines(full.text());
  assert.deepEqual(await second.closed, [0, null], second.told);
  const rest = lines(fs.readFileSync(out, 'utf8'));
  assert.equal(receivedIn(store), 0);
  assert.equal(rest.pop(), 'kept/a end');
  // What the second one printed is the end of all; what both did is where they meet.
  const all = numbers.map((number) => `kept/a ${line(number)}`);
  assert.deepEqual(printed, all.slice(0, printed.length));
  assert.deepEqual(rest, all.slice(count - rest.length));
  assert.ok(printed.length + rest.length >= count, `${printed.length} and ${rest.length}`);
});

test('what standard output does not take is printed by the next subscriber', async (t) => {
  const store = place(t);
  const { broker, publisher } = await away(t, store);
  for (const text of ['one', 'two']) await publisher.publishAsync('kept/a', text, { qos: 1 });
  for (const where of [fs.openSync('/dev/full', 'w'), 'closed']) {
    const refused = subscribe(store, broker, where === 'closed' ? 'pipe' : where);
    if (where === 'closed') refused.stdout.destroy();
    assert.deepEqual(await refused.closed, [1, null], refused.told);
    assert.match(refused.told, /what it did not take stays in the store/);
    assert.ok(receivedIn(store) > 0);
  }
  const out = path.join(path.dirname(store), 'out');
  const next = subscribe(store, broker, fs.openSync(out, 'w'), '-C', '2');
  assert.deepEqual(await next.closed, [0, null], next.told);
  assert.equal(fs.readFileSync(out, 'utf8'), 'one\ntwo\n');
});

test('pub keeps for sub what comes meanwhile, and sub what pub has left', async (t) => {
  const store = place(t);
  const { broker, publisher } = await away(t, store);
  await publisher.publishAsync('kept/a', 'for sub', { qos: 1 });
  const pub = (...words) => publish(store, broker, '-i', 'subscriber', '-q', '1', '-t', 'kept/b',
    '-m', 'for all', ...words);
  const unsent = pub('--unix', '/nowhere/midge.sock');
  assert.deepEqual(await once(unsent, 'close'), [1, null], unsent.told);
  const sent = pub();
  assert.deepEqual(await once(sent, 'close'), [0, null], sent.told);
  const kept = receivedIn(store);
  assert.ok(kept >= 1, 'the message is lost');
  const again = pub('--unix', '/nowhere/midge.sock');
  assert.deepEqual(await once(again, 'close'), [1, null], again.told);

  const out = path.join(path.dirname(store), 'out');
  const sub = subscribe(store, broker, fs.openSync(out, 'w'), '-C', '4', '-F', '%t: %p');
  assert.deepEqual(await sub.closed, [0, null], sub.told);
  assert.deepEqual(lines(fs.readFileSync(out, 'utf8')),
    ['kept/a: for sub', 'kept/b: for all', 'kept/b: for all', 'kept/b: for all']);
});
