'use strict';
// The command line beside mosquitto's programs, with the same words against the
// same broker: what they print and how they end.
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { file } = require('../tls/certificates');
const mosquitto = require('../support/mosquitto');
const { isRunning, LIMIT_MS, MIDGE, programs, run, start } = require('./support/program');

const PSK = '00112233445566778899aabbccddeeff';

let broker;
let other; // that lets nobody in
let folder;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-cli-'));
  broker = await mosquitto.start({ listeners: [
    {},
    { tls: { certificate: file('server.pem'), key: file('server.key') } },
    { psk: { keys: { kitchen: PSK } } },
    { websockets: true },
  ] });
  other = await mosquitto.start({ settings: { allow_anonymous: 'false' } });
});

after(async () => {
  await broker.stop();
  await other.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

function at(index, words) {
  return ['-h', '127.0.0.1', '-p', `${broker.ports[index]}`, ...words];
}

const here = (words) => at(0, words);

// The topics of one test, apart from those of all others.
let tests = 0;
function fresh() {
  tests += 1;
  return `cli/${tests}`;
}

// Waits until the broker has so many subscriptions more: a retained message that
// a subscriber gets says that it is subscribed.
const ready = new Set();
async function subscriber(which, topic, words) {
  if (!ready.has(topic)) {
    ready.add(topic);
    await run('mosquitto', 'pub', here(['-t', `${topic}/ready`, '-m', 'ready', '-r']));
  }
  const started = start(which, 'sub', here(['-t', `${topic}/#`, ...words]));
  const end = Date.now() + LIMIT_MS;
  while (started.result.out === '' && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.notEqual(started.result.out, '', `${which}: nothing was received`);
  return started;
}

// Two subscribers get the same messages, and print the same of them.
async function printed(words, publishes, { count, clean = (text) => text }) {
  const topic = fresh();
  const both = [];
  for (const which of Object.keys(programs)) {
    both.push(await subscriber(which, topic, [...words, '-C', `${count + 1}`]));
  }
  for (const publish of publishes) {
    const { code, err } = await run('midge', 'pub', here(publish(topic)));
    assert.equal(code, 0, err);
  }
  const [ours, theirs] = await Promise.all(both.map(({ ended }) => ended));
  assert.equal(clean(ours.out), clean(theirs.out));
  assert.equal(ours.code, theirs.code);
  return ours.out;
}

const FORMATS = [
  '%t %p', '%p|%x|%X|%l|%m|%q|%r|%t', '%10t|%-10t|%5.3t|%.2t|', '%40p|%-40p|',
  '%010l|%-10l|%10l|', '%A|%C|%D|%E|%F|%P|%R|%S|', '100%%',
  '@@ \\\\ a\\tb\\nc\\e\\a\\v\\r', '%0%|%3q',
];

for (const format of FORMATS) {
  test(`sub -F '${format}'`, () => printed(['-F', format, '-V', '5', '-q', '1'], [
    (topic) => ['-t', `${topic}/a`, '-m', 'hello world', '-q', '2', '-V', '5',
      '-D', 'publish', 'user-property', 'k', 'v', '-D', 'publish', 'user-property', 'k2', 'w',
      '-D', 'publish', 'content-type', 'text', '-D', 'publish', 'correlation-data', 'zz',
      '-D', 'publish', 'response-topic', 'r', '-D', 'publish', 'payload-format-indicator', '1',
      '-D', 'publish', 'message-expiry-interval', '600'],
    (topic) => ['-t', `${topic}/b`, '-m', 'plain'],
  ], { count: 2 }));
}

const json = (text) => text.trim().split('\n').map((line) => JSON.parse(line))
  .map(({ tst, ...rest }) => JSON.stringify([typeof tst, rest])).join('\n');

test('sub -F %j', () => printed(['-F', '%j', '-V', '5', '-q', '1'], [
  (topic) => ['-t', `${topic}/a`, '-m', 'he said "hello"\n\t', '-q', '1', '-V', '5', '-r',
    '-D', 'publish', 'user-property', 'k', 'v', '-D', 'publish', 'content-type', 'text',
    '-D', 'publish', 'correlation-data', 'zz', '-D', 'publish', 'response-topic', 'r',
    '-D', 'publish', 'message-expiry-interval', '600'],
  (topic) => ['-t', `${topic}/ü`, '-m', 'grüße 😀'],
], { count: 2, clean: json }));

test('sub -F %J writes the payload as it is', async () => {
  const topic = fresh();
  const sub = start('midge', 'sub', here(['-t', topic, '-F', '%J', '-C', '1', '-W', '30']));
  await run('midge', 'pub', here(['-t', topic, '-m', '{"a": [1, 2.50, null]}', '-r']));
  const { out } = await sub.ended;
  assert.ok(out.includes('"payload":{"a": [1, 2.50, null]}}'), out);
});

test('sub -F %J says that a payload is not JSON', async () => {
  const topic = fresh();
  await run('midge', 'pub', here(['-t', topic, '-m', '{"a": ', '-r']));
  const { err } = await run('midge', 'sub', here(['-t', topic, '-F', '%J', '-C', '1']));
  assert.match(err, /not valid JSON on topic/);
});

test('sub -F %j has what is not text in hexadecimal digits', async () => {
  const topic = fresh();
  await run('midge', 'pub', here(['-t', topic, '-s', '-r']), Buffer.from([0xff, 0, 0x61]));
  const { out } = await run('midge', 'sub', here(['-t', topic, '-F', '%j', '-C', '1']));
  assert.equal(JSON.parse(out)['payload-hex'], 'ff0061');
});

test('sub -F %I, %U and @ are times', async () => {
  const topic = fresh();
  await run('midge', 'pub', here(['-t', topic, '-m', 'x', '-r']));
  const { out } = await run('midge', 'sub',
    here(['-t', topic, '-F', '%I %U @Y @N', '-C', '1']));
  const [iso, unix, year, nanoseconds] = out.trim().split(' ');
  assert.ok(Math.abs(new Date(iso.replace(/(..)$/, ':$1')) - Date.now()) < 60000, iso);
  assert.ok(Math.abs(Number(unix) * 1000 - Date.now()) < 60000, unix);
  assert.equal(Number(year), new Date().getFullYear());
  assert.match(nanoseconds, /^\d{9}$/);
});

test('sub -v, and nothing for an empty message', async () => {
  const messages = [
    (topic) => ['-t', `${topic}/a`, '-m', 'one two'],
    (topic) => ['-t', `${topic}/a`, '-n'],
    (topic) => ['-t', `${topic}/b`, '-m', 'three', '-r'],
  ];
  await printed(['-v'], messages, { count: 3 });
  await printed([], messages, { count: 3 });
  await printed(['-v', '-N'], messages, { count: 3 });
});

// A subscriber that has its time, and more of it while that is over before `count` lines were
// printed: on a slow machine it has not connected.
async function timed(which, words, count) {
  for (let seconds = 1; ; seconds *= 2) {
    const result = await run(which, 'sub', here([...words, '-W', `${seconds}`]));
    const isDone = result.code !== 27 || result.out.split('\n').length > count;
    if (isDone || 2000 * seconds > LIMIT_MS) return result;
  }
}

// What is retained is printed at once, in as many lines as are to come.
async function retained(words, count) {
  const results = [];
  const topic = fresh();
  for (const which of Object.keys(programs)) {
    await run('midge', 'pub', here(['-t', `${topic}/a`, '-m', 'kept', '-r']));
    await run('midge', 'pub', here(['-t', `${topic}/b`, '-m', 'kept too', '-r']));
    const all = words.map((word) => word.replace('TOPIC', topic));
    results.push(await timed(which, ['-v', ...all], count));
  }
  const [ours, theirs] = results;
  const lines = ({ out }) => out.trim().split('\n').sort().join('\n');
  assert.equal(lines(ours), lines(theirs));
  assert.equal(ours.code, theirs.code);
  return ours;
}

test('sub -W ends with 27', async () => {
  const { code, out } = await retained(['-t', 'TOPIC/#'], 2);
  assert.equal(code, 27);
  assert.match(out, /kept/);
});

test('sub -R prints nothing that was retained',
  () => retained(['-t', 'TOPIC/#', '-R'], 0));
test('sub -T', () => retained(['-t', 'TOPIC/#', '-T', 'TOPIC/b'], 1));
test('sub -E ends when it is subscribed', async () => {
  assert.equal((await retained(['-t', 'TOPIC/#', '-E', '-R'], Infinity)).code, 0);
});
test('sub with several filters', () => retained(['-t', 'TOPIC/a', '-t', 'TOPIC/b'], 2));
test('sub -q, -V', () => retained(['-t', 'TOPIC/#', '-q', '2', '-V', 'mqttv31'], 2));
test('sub --retain-as-published', () => retained(['-t', 'TOPIC/#', '-V', '5',
  '--retain-as-published', '-F', '%r %p'], 2));
test('sub --random-filter', async () => {
  const topic = fresh();
  const count = 200;
  const sub = await subscriber('midge', topic, ['--random-filter', '100']);
  sub.child.kill();
  const some = start('midge', 'sub',
    here(['-t', `${topic}/#`, '--random-filter', '50', '-C', '50', '-W', '30']));
  const words = here(['-t', `${topic}/a`, '-m', 'x', '--repeat', `${count}`]);
  while (isRunning(some)) await run('midge', 'pub', words);
  assert.equal((await some.ended).code, 0);
});
test('sub -F %40x pads the whole of a payload', async () => {
  const topic = fresh();
  await run('midge', 'pub', here(['-t', topic, '-m', 'ready', '-r']));
  const { out } = await run('midge', 'sub',
    here(['-t', topic, '-C', '1', '-F', '%14x|%-14x|%014x|']));
  assert.equal(out, '    7265616479|7265616479    |00007265616479|\n');
});

test('sub --remove-retained', async () => {
  const topic = fresh();
  await run('midge', 'pub', here(['-t', topic, '-m', 'kept', '-r']));
  const first = await run('midge', 'sub',
    here(['-t', topic, '--remove-retained', '-v', '-C', '2']));
  assert.equal(first.out, `${topic} kept\n${topic} (null)\n`);
  assert.equal((await run('midge', 'sub', here(['-t', topic, '-W', '1']))).out, '');
});

test('sub --retained-only ends with what is not', async () => {
  const topic = fresh();
  await run('midge', 'pub', here(['-t', topic, '-m', 'kept', '-r']));
  const sub = start('midge', 'sub', here(['-t', topic, '--retained-only']));
  const end = Date.now() + LIMIT_MS;
  while (sub.result.out === '' && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await run('midge', 'pub', here(['-t', topic, '-m', 'new']));
  const { out, code } = await sub.ended;
  assert.equal(out, 'kept\n');
  assert.equal(code, 0);
});

// Each publishes in its own way to topics of their own, which one subscriber
// sees: the same messages, and the same end.
async function published(words, input) {
  const results = [];
  for (const which of Object.keys(programs)) {
    const topic = fresh();
    const sub = await subscriber('mosquitto', topic,
      ['-F', '%p %q %r %P %C', '-V', '5', '-q', '2']);
    const { code } = await run(which, 'pub', here(['-t', `${topic}/a`, ...words]), input);
    await run('mosquitto', 'pub', here(['-t', `${topic}/end`, '-q', '2', '-m', 'the end']));
    const end = Date.now() + LIMIT_MS;
    while (!sub.result.out.includes('the end') && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    sub.child.kill();
    results.push({ out: (await sub.ended).out, code });
  }
  assert.deepEqual(results[0], results[1]);
  return results[0];
}

test('pub -m at each QoS', async () => {
  for (const qos of ['0', '1', '2']) {
    const { code, out } = await published(['-m', 'hello', '-q', qos]);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`hello ${qos}`));
  }
});
test('pub -r, -n, -V', async () => {
  await published(['-m', 'kept', '-r']);
  await published(['-n']);
  await published(['-m', 'old', '-V', 'mqttv31']);
});
test('pub -f and -s', async () => {
  const name = path.join(folder, 'payload');
  fs.writeFileSync(name, 'a file\nof two lines');
  await published(['-f', name]);
  await published(['-s'], 'all\nof it');
  assert.equal((await published(['-s'], '')).code, 1);
});
test('pub -l', async () => {
  const { out } = await published(['-l', '-q', '1'], 'one\n\ntwo\nthree');
  assert.match(out, /one[^]*two[^]*three/);
  await published(['-l'], '');
  await published(['-l', '-q', '2'], `${'x'.repeat(100000)}\n`);
});
test('pub --repeat', async () => {
  const { out } = await published(['-m', 'again', '--repeat', '3', '-q', '1']);
  assert.equal(out.match(/again/g).length, 3);
  await published(['-m', 'again', '--repeat', '3', '--repeat-delay', '0.1']);
});
test('pub -D', () => published(['-m', 'x', '-V', '5', '-D', 'publish', 'user-property', 'k', 'v',
  '-D', 'publish', 'content-type', 'text/plain']));
test('pub -D asks for MQTT 5 by itself', () => published(['-m', 'x',
  '-D', 'publish', 'content-type', 'text/plain']));
test('pub -D and -x do not go with another version', async () => {
  for (const words of [['-D', 'publish', 'content-type', 'text'], ['-x', '10']]) {
    const { code, err } = await run('midge', 'pub',
      ['-t', 'a', '-m', 'x', '-V', 'mqttv311', ...words]);
    assert.equal(code, 1);
    assert.match(err, /MQTT 5/);
  }
});
test('pub -L', async () => {
  const topic = fresh();
  const url = `mqtt://127.0.0.1:${broker.port}/${topic}`;
  const { code } = await run('midge', 'pub', ['-L', url, '-m', 'by url', '-r']);
  assert.equal(code, 0);
  assert.equal((await run('mosquitto', 'sub', ['-L', url, '-C', '1'])).out, 'by url\n');
});

test('pub -l sends many lines, and each once', async () => {
  const topic = fresh();
  const count = 50000;
  const sub = await subscriber('midge', topic, ['-q', '1', '-C', `${count + 1}`]);
  const lines = Array.from({ length: count }, (_, i) => `${i}`);
  const { code, err } = await run('midge', 'pub', here(['-t', `${topic}/a`, '-l', '-q', '1']),
    `${lines.join('\n')}\n`);
  assert.equal(code, 0, err);
  const { out } = await sub.ended;
  assert.deepEqual(out.trim().split('\n').slice(1), lines);
});

test('rr', async () => {
  for (const which of Object.keys(programs)) {
    const topic = fresh();
    const responder = await subscriber('mosquitto', topic, ['-V', '5', '-F', '%p %R', '-C', '2']);
    const request = start(which, 'rr', here(['-t', `${topic}/ask`, '-e', `${topic}-answer`,
      '-m', 'how much', '-W', '30']));
    assert.match((await responder.ended).out, new RegExp(`how much ${topic}-answer`));
    await run('midge', 'pub', here(['-t', `${topic}-answer`, '-m', 'that much']));
    const { out, code } = await request.ended;
    assert.equal(out, 'that much\n');
    assert.equal(code, 0);
  }
  const { code } = await run('midge', 'rr', here(['-t', 'a', '-e', 'b', '-m', 'x', '-W', '1']));
  assert.equal(code, 27);
});

const tls = ['--cafile', file('root.pem')];

test('TLS, a pre-shared key, WebSocket', async () => {
  const topic = fresh();
  const pub = (index, words) => run('midge', 'pub',
    at(index, ['-t', topic, '-m', 'x', ...words]));
  assert.equal((await pub(1, tls)).code, 0);
  assert.equal((await pub(2, ['--psk', PSK, '--psk-identity', 'kitchen'])).code, 0);
  assert.equal((await pub(1, [])).code, 7);
  const refused = await pub(1, ['--tls-use-os-certs']);
  assert.equal(refused.code, 8);
  assert.match(refused.err, /authorit|issuer|certificate/);
  const { code } = await run('midge', 'pub',
    ['-L', `ws://127.0.0.1:${broker.ports[3]}/mqtt`, '-t', topic, '-m', 'x']);
  assert.equal(code, 0);
});

test('the code of a refused connection is the server\'s', async () => {
  for (const version of ['5', '311', '31']) {
    const words = ['-h', '127.0.0.1', '-p', `${other.port}`, '-t', 'a', '-m', 'x',
      '-V', `mqttv${version}`];
    const ours = await run('midge', 'pub', words);
    const theirs = await run('mosquitto', 'pub', words);
    assert.equal(ours.code, theirs.code);
    assert.notEqual(ours.code, 0);
    assert.match(ours.err, /refused|authori/i);
    assert.equal((await run('midge', 'pub', [...words, '--quiet'])).err, '');
  }
});

// What people get wrong: both refuse it, and midge says what would be right.
const WRONG = [
  ['pub', ['-t', 'a']], ['pub', ['-m', 'x']], ['pub', ['-t', 'a/#', '-m', 'x']],
  ['pub', ['-t']], ['pub', ['-z']], ['pub', ['-t', 'a', '-m', 'x', '-q', '3']],
  ['pub', ['-t', 'a', '-m', 'x', '-f', '/nowhere']], ['pub', ['-t', 'a', '-f', '/nowhere']],
  ['pub', ['-t', 'a', '-m', 'x', '-p', '70000']], ['pub', ['-t', 'a', '-m', 'x', '-c']],
  ['pub', ['-t', 'a', '-m', 'x', '-V', '4']], ['pub', ['-t', 'a', '-m', 'x', '-k', 'soon']],
  ['pub', ['-t', 'a', '-m', 'x', '-V', '5', '-D', 'publish', 'no-such', '1']],
  ['pub', ['-t', 'a', '-m', 'x', '-V', '5', '-D', 'publish', 'server-keep-alive', '1']],
  ['pub', ['-t', 'a', '-m', 'x', '--will-payload', 'x']],
  ['pub', ['-t', 'a', '-m', 'x', '--psk', 'abc', '--psk-identity', 'i']],
  ['pub', ['-t', 'a', '-m', 'x', '--psk', 'ab']],
  ['pub', ['-t', 'a', '-m', 'x', '-L', 'http://nowhere']],
  ['pub', ['-t', 'a', '-m', 'x', '-x', 'long']],
  ['sub', []], ['sub', ['-t', '#/a']], ['sub', ['-t', 'a', '-C', '0']],
  ['sub', ['-t', 'a', '-F', '%z']], ['sub', ['-t', 'a', '-F', '%']],
  ['sub', ['-t', 'a', '-W', '0']], ['sub', ['-t', 'a', '--random-filter', '101']],
  ['rr', ['-t', 'a', '-m', 'x']], ['rr', ['-t', 'a', '-e', 'b']],
];

for (const [name, words] of WRONG) {
  test(`wrong: ${name} ${words.join(' ')}`, async () => {
    const ours = await run('midge', name, words);
    const theirs = await run('mosquitto', name, words);
    assert.equal(theirs.code, 1);
    assert.equal(ours.code, 1, ours.err);
    assert.match(ours.err, /^midge/);
    assert.equal(ours.out, '');
  });
}

test('nobody there is an end with 1', async () => {
  const port = await mosquitto.freePort();
  const words = ['-h', '127.0.0.1', '-p', `${port}`, '-t', 'a'];
  assert.equal((await run('midge', 'pub', [...words, '-m', 'x'])).code, 1);
  const { code, err } = await run('midge', 'sub', words);
  assert.equal(code, 1);
  assert.match(err, /refused/);
});

test('a subscriber stays through a restart of the broker', async () => {
  const topic = fresh();
  const sub = await subscriber('midge', topic, ['-q', '1', '-v']);
  await broker.restart();
  const end = Date.now() + LIMIT_MS;
  while (!sub.result.out.includes('after') && Date.now() < end) {
    await run('midge', 'pub', here(['-t', `${topic}/a`, '-m', 'after', '-q', '1']));
  }
  sub.child.kill('SIGINT');
  const { out, code } = await sub.ended;
  assert.match(out, /after/);
  assert.equal(code, 0);
});

test('a pipe whose reader is gone ends it', async () => {
  const topic = fresh();
  await run('midge', 'pub', here(['-t', topic, '-m', 'x', '-r']));
  const { status } = spawnSync('/bin/sh', ['-c',
    '"$0" sub -h 127.0.0.1 -p "$1" -t "$2" -W 30; echo $? >"$3"',
    MIDGE, `${broker.port}`, topic, path.join(folder, 'code')],
  { stdio: ['ignore', closedPipe(), 'inherit'], timeout: LIMIT_MS });
  assert.equal(status, 0);
  assert.equal(fs.readFileSync(path.join(folder, 'code'), 'utf8'), '1\n');
});

// The writing end of a pipe that nobody reads.
function closedPipe() {
  const name = path.join(folder, 'pipe');
  spawnSync('mkfifo', [name]);
  const reader = fs.openSync(name, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const writer = fs.openSync(name, fs.constants.O_WRONLY);
  fs.closeSync(reader);
  return writer;
}

test('a server that says nothing is no end without -W', async (t) => {
  const server = net.createServer(() => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address();
  const { code } = await run('midge', 'sub',
    ['-h', '127.0.0.1', '-p', `${port}`, '-t', 'a', '-W', '1']);
  assert.equal(code, 27);
});

test('--help and --version', async () => {
  for (const words of [['--help'], ['--version'], ['pub', '--help'], ['sub', '--help'],
    ['rr', '--help']]) {
    const { status, stdout } = spawnSync(MIDGE, words, { encoding: 'utf8' });
    assert.equal(status, 0);
    assert.match(stdout, /midge/);
  }
  assert.equal(spawnSync(MIDGE, ['nonsense']).status, 1);
  assert.equal(spawnSync(MIDGE, []).status, 1);
});
