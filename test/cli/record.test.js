'use strict';
// Recordings: what a subscription brings, written down with its timing and
// published again.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const aedes = require('../support/aedes');
const mosquitto = require('../support/mosquitto');
const { run, start, until } = require('./support/program');

let broker; // of MQTT 5
let sink; // in this process, which sees when what comes
let folder;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-cli-record-'));
  broker = await mosquitto.start();
  sink = await aedes.start();
});

after(async () => {
  await broker.stop();
  await sink.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const at = (port, words) => ['-h', '127.0.0.1', '-p', `${port}`, ...words];

let names = 0;
function fresh(text) {
  names += 1;
  const file = path.join(folder, `${names}.jsonl`);
  if (text !== undefined) fs.writeFileSync(file, text);
  return file;
}

const HEADER = { 'midge-recording': 1, began: '2026-01-31T12:00:00Z', filters: ['#'] };
const text = (...lines) => lines.map((line) => `${JSON.stringify(line)}\n`).join('');
const recording = (...messages) => fresh(text(HEADER, ...messages));

function messagesOf(file) {
  const lines = fs.readFileSync(file, 'utf8').split('\n').slice(1, -1);
  return lines.map((line) => JSON.parse(line));
}

// Subscribed once it has recorded a message of its own, which is not kept.
let recorders = 0;
async function recorder(words, file) {
  recorders += 1;
  const mark = `mark/${recorders}`;
  const recording = start('midge', 'record',
    at(broker.port, ['-t', mark, '-R', ...words, file]));
  const marked = () => fs.existsSync(file) && fs.readFileSync(file, 'utf8').includes(mark);
  await until(async () => {
    if (recording.child.exitCode !== null) throw new Error(recording.result.err);
    if (!marked()) await run('mosquitto', 'pub', at(broker.port, ['-t', mark, '-n']));
    return marked();
  }, 'subscribed');
  const messages = () => messagesOf(file).filter(({ topic }) => topic !== mark);
  return { ...recording, messages };
}

// Each message has a topic of its own: what has another QoS may overtake.
const MESSAGES = [
  { at: 0, topic: 'house/lamp', payload: 'on', qos: 1, retain: true },
  { at: 1500, topic: 'house/bytes', 'payload-base64': '/wBh', qos: 2 },
  { at: 1500, topic: 'house/one', 'payload-base64': '/w==' },
  { at: 1600, topic: 'house/two', 'payload-base64': '//8=' },
  { at: 2000, topic: 'house/empty', qos: 1 },
  { at: 3000, topic: 'häuser/grün', payload: 'a\u0000b "quoted"\n😀' },
  { at: 4000, topic: 'house/properties', payload: '{}', qos: 2, properties: {
    'payload-format-indicator': 1,
    'message-expiry-interval': 600,
    'content-type': 'application/json',
    'response-topic': 'house/answer',
    'correlation-data-base64': '/v8=',
    'user-property': [['k', 'v'], ['k', 'w'], ['', 'ü']],
  } },
  { at: 5000, topic: 'house/text', payload: 'x', properties: { 'correlation-data': 'abc' } },
];

// Without times, and in the order of topics.
const plain = (messages) => messages.map(({ at: _at, ...rest }) => rest)
  .sort((a, b) => (a.topic < b.topic ? -1 : 1));

test('what is recorded, replayed and recorded again is the same', async () => {
  let file = recording(...MESSAGES);
  for (let round = 0; round < 2; round++) {
    const next = fresh();
    const { child, messages, ended } = await recorder(['-t', 'house/+', '-t', 'häuser/#'], next);
    const { code, err } = await run('midge', 'replay',
      at(broker.port, ['--speed', '0', '-T', 'mark/#', file]));
    assert.equal(code, 0, err);
    await until(() => messages().length >= MESSAGES.length, 'all recorded');
    child.kill('SIGINT');
    assert.equal((await ended).code, 0);
    assert.deepEqual(plain(messages()), plain(MESSAGES));
    file = next;
  }
});

test('a recording has the times of receipt', async () => {
  const file = fresh();
  const { child, messages, ended } = await recorder(['-t', 'times/#'], file);
  const seen = [];
  for (const topic of ['times/a', 'times/b']) {
    const before = performance.now();
    await run('mosquitto', 'pub', at(broker.port, ['-t', topic, '-m', 'x']));
    await until(() => messages().some((message) => message.topic === topic), topic);
    seen.push({ before, after: performance.now() });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const [first, second] = messages();
  const passed = (second.at - first.at) / 1000;
  assert.ok(passed >= seen[1].before - seen[0].after, `${passed} ms is too little`);
  assert.ok(passed <= seen[1].after - seen[0].before, `${passed} ms is too much`);
  child.kill('SIGTERM');
  assert.equal((await ended).code, 0);
});

// What arrives at the sink: [topic, payload, milliseconds since `from`].
function arrivals(from) {
  const list = [];
  const listen = (packet, client) => {
    const ms = performance.now() - from;
    if (client) list.push([packet.topic, `${packet.payload}`, ms, packet.qos]);
  };
  sink.broker.on('publish', listen);
  return { list, stop: () => sink.broker.off('publish', listen) };
}

// Replays to the sink.
async function replayed(words, options = {}) {
  const { list, stop } = arrivals(performance.now());
  const result = await run('midge', 'replay', at(sink.port, ['-V', 'mqttv311', ...words]),
    options.input);
  stop();
  return { ...result, list, topics: list.map(([topic]) => topic) };
}

const steps = (ms) => ms.map((one, i) => ({ at: one * 1000 + 5e6, topic: `t/${i}`, qos: 1 }));

test('a replay keeps order and gaps', async () => {
  const due = [0, 1, 1, 150, 150.5, 300];
  const { code, list, err } = await replayed([recording(...steps(due))]);
  assert.equal(code, 0, err);
  assert.deepEqual(list.map(([topic]) => topic), due.map((_, i) => `t/${i}`));
  list.forEach(([topic, , ms], i) => {
    assert.ok(ms >= due[i], `${topic} came after ${ms} ms instead of ${due[i]}`);
  });
});

test('--speed plays faster or slower', async () => {
  const hours = [0, 3600e3, 7200e3];
  const quick = await replayed(['--speed', '72000', recording(...steps(hours))]);
  assert.equal(quick.code, 0, quick.err);
  assert.ok(quick.list[2][2] >= 100, `the last came after ${quick.list[2][2]} ms`);
  const slow = await replayed(['--speed', '0.5', recording(...steps([0, 50]))]);
  assert.ok(slow.list[1][2] >= 100, `the last came after ${slow.list[1][2]} ms`);
});

test('--speed 0 plays hours at once, each message once and in order', async () => {
  const many = steps(Array.from({ length: 12000 }, (_, i) => i * 1000));
  const file = fresh();
  const { child, messages, ended } = await recorder(['-t', 't/#'], file);
  const { code, err } = await run('midge', 'replay',
    at(broker.port, ['--speed', '0', recording(...many)]));
  assert.equal(code, 0, err);
  await until(() => fs.readFileSync(file, 'utf8').includes('"t/11999"'), 'recorded');
  child.kill('SIGINT');
  assert.equal((await ended).code, 0);
  assert.deepEqual(messages().map(({ topic }) => topic), many.map(({ topic }) => topic));
});

test('--loop plays again, after the time before the first message', async () => {
  const from = performance.now();
  const { list, stop } = arrivals(from);
  const file = recording({ at: 30000, topic: 'a' }, { at: 40000, topic: 'b' });
  const { child, ended } = start('midge', 'replay',
    at(sink.port, ['-V', '311', '--loop', file]));
  await until(() => list.length >= 6, 'three rounds');
  child.kill('SIGINT');
  assert.equal((await ended).code, 0);
  stop();
  assert.deepEqual(list.slice(0, 6).map(([topic]) => topic), ['a', 'b', 'a', 'b', 'a', 'b']);
  assert.ok(list[4][2] >= 80, `the third round began after ${list[4][2]} ms`);
});

test('what is replayed can be chosen, and renamed', async () => {
  const file = recording(...['a/x', 'a/y', 'b/x', '$c'].map((topic) =>
    ({ at: 0, topic, payload: topic, qos: 2, properties: { 'content-type': 'text/plain' } })));
  const { code, list, err } = await replayed(['-t', 'a/#', '-t', 'b/#', '-T', '+/y',
    '--topic-prefix', 'again/', '-q', '1', file]);
  assert.equal(code, 0);
  assert.deepEqual(list.map(([topic, payload, , qos]) => [topic, payload, qos]),
    [['again/a/x', 'a/x', 1], ['again/b/x', 'b/x', 1]]);
  assert.equal(err.match(/properties/g).length, 1, err);
});

test('a pipe from a recorder to a replay copies what comes', async () => {
  const recording = start('midge', 'record', at(broker.port, ['-t', 'copied/#', '-']));
  const { list, stop } = arrivals(0);
  const playing = start('midge', 'replay',
    at(sink.port, ['-V', '311', '--speed', '0', '-']), null);
  recording.child.stdout.pipe(playing.child.stdin);
  await until(async () => {
    await run('mosquitto', 'pub', at(broker.port, ['-t', 'copied/a', '-m', 'x']));
    return list.length > 1;
  }, 'copied');
  recording.child.kill('SIGINT');
  assert.equal((await recording.ended).code, 0);
  assert.equal((await playing.ended).code, 0);
  stop();
});

test('a killed recorder leaves a file that replays', async () => {
  const file = fresh();
  const { child, messages, ended } = await recorder(['-t', 'killed/#'], file);
  await run('mosquitto', 'pub', at(broker.port, ['-t', 'killed/a', '-l']), 'one\ntwo\nthree\n');
  await until(() => messages().length === 3, 'recorded');
  child.kill('SIGKILL');
  await ended;
  const { code, list, err } = await replayed(['-t', 'killed/a', file]);
  assert.equal(code, 0, err);
  assert.deepEqual(list.map(([, payload]) => payload), ['one', 'two', 'three']);
});

test('what is left of a recording that was cut off plays', async () => {
  const whole = fs.readFileSync(recording(...steps([0, 0, 0])), 'utf8');
  const second = whole.indexOf('\n', whole.indexOf('t/1')) + 1;
  for (const size of [second, second + 1, second + 20, whole.length - 2]) {
    const file = fresh(whole.slice(0, size));
    const { code, topics, err } = await replayed([file]);
    assert.deepEqual(topics, ['t/0', 't/1']);
    assert.equal(code, size === second ? 0 : 1);
    if (size !== second) assert.match(err, /\d\.jsonl, line 4 is left out: .*cut off.*delete it/);
  }
});

test('damaged lines are left out and named, the others play', async () => {
  const good = { at: 0, topic: 'good' };
  const bad = [
    { topic: 'a' }, { at: -1, topic: 'a' }, { at: 'x', topic: 'a' }, { at: 0 },
    { at: 0, topic: 'a/#' }, { at: 0, topic: 'a', qos: 3 }, { at: 0, topic: 'a', retain: 1 },
    { at: 0, topic: 'a', payload: 1 }, { at: 0, topic: 'a', 'payload-base64': '_' },
    { at: 0, topic: 'a', 'payload-base64': '/x==' },
    { at: 0, topic: 'a', 'payload-base64': '//9=' },
    { at: 0, topic: 'a', 'payload-base64': '=w==' },
    { at: 0, topic: 'a', payload: '', 'payload-base64': '' },
    { at: 0, topic: 'a', properties: [] }, { at: 0, topic: 'a', properties: { 'no-such': 1 } },
    { at: 0, topic: 'a', properties: { 'content-type': 1 } },
    { at: 0, topic: 'a', properties: { 'user-property': [['a']] } },
    { at: 0, topic: 'a', properties: { 'message-expiry-interval': -1 } },
    { at: 0, topic: 'a', properties: { 'server-keep-alive': 1 } },
  ];
  for (const line of bad) {
    const { code, topics, err } = await replayed([recording(good, line, good)]);
    assert.deepEqual(topics, ['good', 'good'], err);
    assert.equal(code, 1);
    assert.match(err, /\.jsonl, line 3 is left out: /);
  }
  const { err } = await replayed([recording(...Array(20).fill({ at: 0 }))]);
  assert.equal(err.match(/is left out/g).length, 10);
  assert.match(err, /20 lines were left out/);
});

test('what is no recording is refused before anybody is connected to', async () => {
  const port = await mosquitto.freePort();
  const refused = async (file, pattern, ...words) => {
    const { code, err } = await run('midge', 'replay', at(port, [...words, file]));
    assert.equal(code, 1);
    assert.match(err, pattern);
  };
  await refused(fresh('hello\n'), /line 1: this is no recording/);
  await refused(fresh(''), /line 1: this is no recording/);
  await refused(fresh(text({ at: 0, topic: 'a' })), /line 1: this is no recording/);
  await refused(fresh(text({ 'midge-recording': 2 })), /update midge/);
  await refused(fresh('x'.repeat(3 << 20)), /line 1/);
  await refused(path.join(folder, 'nowhere'), /nowhere: No such file/);
  await refused('-', /--loop needs a file/, '--loop');
  await refused(folder, /Is a directory/);
  await refused(recording(), /refused/);
});

test('a recording that is there is not written over, and none is left of a failure', async () => {
  const file = fresh('mine');
  const { code, err } = await run('midge', 'record', at(broker.port, ['-t', 'a', file]));
  assert.equal(code, 1);
  assert.match(err, /--overwrite/);
  assert.equal(fs.readFileSync(file, 'utf8'), 'mine');
  const nobody = fresh();
  const failed = await run('midge', 'record',
    at(await mosquitto.freePort(), ['-t', 'a', nobody]));
  assert.equal(failed.code, 1);
  assert.ok(!fs.existsSync(nobody));
  assert.equal((await run('midge', 'record', at(broker.port, ['-t', 'a']))).code, 1);
});

test('-C and -W end a recording, with 27 if there was no message', async () => {
  await run('mosquitto', 'pub', at(broker.port, ['-t', 'kept/a', '-m', 'x', '-r']));
  const record = async (...words) =>
    (await run('midge', 'record', at(broker.port, words))).code;
  const [counted, timed, nothing] = [fresh(), fresh(), fresh()];
  assert.equal(await record('-t', 'kept/#', '-C', '1', counted), 0);
  // A slow machine gets more time to connect in.
  let code = 27;
  for (let seconds = 1; code === 27 && seconds < 60; seconds *= 2) {
    code = await record('-t', 'kept/#', '-W', `${seconds}`, timed);
  }
  assert.equal(code, 0);
  assert.equal(await record('-t', 'nobody/there', '-W', '1', nothing), 27);
  assert.equal(messagesOf(counted).length, 1);
  assert.equal(messagesOf(timed).length, 1);
  assert.ok(!fs.existsSync(nothing));
});

test('a disk that is full ends a recording with an error', async () => {
  if (!fs.existsSync('/dev/full')) return;
  const { code, err } = await run('midge', 'record',
    at(broker.port, ['-t', 'a', '--overwrite', '/dev/full']));
  assert.equal(code, 1);
  assert.match(err, /No space left/);
  assert.ok(fs.existsSync('/dev/full'));
});

test('what the server refuses ends a replay with 1', async () => {
  const file = path.join(folder, 'acl');
  fs.writeFileSync(file, 'topic write allowed\n');
  const strict = await mosquitto.start({ settings: { acl_file: file } });
  const { code, err } = await run('midge', 'replay', at(strict.port,
    [recording({ at: 0, topic: 'allowed', qos: 1 }, { at: 0, topic: 'else', qos: 1 })]));
  await strict.stop();
  assert.equal(code, 1);
  assert.match(err, /publish: .*authori/i);
});
