'use strict';
// Every option of mosquitto_pub, mosquitto_sub and mosquitto_rr: with the same
// words both programs send the same packets and end the same.
const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { after, before, test } = require('node:test');
const mqtt = require('mqtt-packet');
const { file } = require('../tls/certificates');
const { MIDGE, run } = require('./support/program');

const ROOT = path.join(__dirname, '../..');
let folder;
let port; // of a server that takes down what it is sent
let sockets; // the path of one on a Unix socket
let heard; // by it, of the connections of one program
let ends; // of these
const servers = [];

const ANSWERS = {
  connect: ({ protocolVersion }) => ({ cmd: 'connack', sessionPresent: false,
    ...(protocolVersion === 5 ? { reasonCode: 0 } : { returnCode: 0 }) }),
  subscribe: ({ messageId, subscriptions }) =>
    ({ cmd: 'suback', messageId, granted: subscriptions.map(({ qos }) => qos) }),
  unsubscribe: ({ messageId, unsubscriptions }) =>
    ({ cmd: 'unsuback', messageId, granted: unsubscriptions.map(() => 0) }),
  publish: ({ qos, messageId }) =>
    [undefined, { cmd: 'puback', messageId }, { cmd: 'pubrec', messageId }][qos],
  pubrel: ({ messageId }) => ({ cmd: 'pubcomp', messageId }),
};

// What counts of a packet: identifiers and lengths need not be the same, and
// mosquitto's programs are content with 20 messages at a time.
function plain({ cmd, ...packet }) {
  for (const name of ['length', 'messageId', 'reasonCode', 'bridgeMode']) delete packet[name];
  if (packet.properties && packet.properties.receiveMaximum === 20) {
    delete packet.properties.receiveMaximum;
  }
  if (Object.keys(packet.properties || {}).length === 0) delete packet.properties;
  return JSON.parse(JSON.stringify({ cmd, ...packet }, (name, value) =>
    (value && value.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value)));
}

function serve(socket) {
  const connection = { packets: [], from: socket.remoteAddress };
  heard.push(connection);
  ends.push(new Promise((resolve) => socket.on('close', resolve)));
  if (socket.getCipher) {
    Object.assign(connection, { cipher: socket.getCipher().name, tls: socket.getProtocol(),
      alpn: socket.alpnProtocol, name: (socket.getPeerCertificate().subject || {}).CN });
  }
  const parser = mqtt.parser();
  let options = {};
  socket.on('data', (data) => parser.parse(data)).on('error', () => {});
  parser.on('packet', (packet) => {
    if (packet.cmd === 'connect') {
      options = { protocolVersion: packet.protocolVersion };
      parser.settings.protocolVersion = packet.protocolVersion;
    }
    connection.packets.push(plain(packet));
    const answer = (ANSWERS[packet.cmd] || (() => {}))(packet);
    if (answer) socket.write(mqtt.generate(answer, options));
    if (packet.cmd === 'disconnect') socket.end();
  });
}

async function listen(server, ...where) {
  servers.push(server);
  await new Promise((resolve) => server.listen(...where, resolve));
  return server.address().port;
}

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-cli-wire-'));
  fs.writeFileSync(path.join(folder, 'payload'), 'of a file');
  fs.mkdirSync(path.join(folder, 'authorities'));
  fs.copyFileSync(file('root.pem'), path.join(folder, 'authorities/root.pem'));
  execFileSync('openssl', ['rehash', path.join(folder, 'authorities')]);
  port = await listen(net.createServer(serve), 0, '127.0.0.1');
  sockets = path.join(folder, 'socket');
  await listen(net.createServer(serve), sockets);
});

after(() => {
  for (const server of servers) server.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

// Both programs with the same words: how they ended, and what was heard of each.
async function same(name, words, { input, change = (heardOfIt) => heardOfIt } = {}) {
  const results = [];
  for (const which of ['midge', 'mosquitto']) {
    heard = [];
    ends = [];
    const { code, err } = await run(which, name, words, input);
    assert.ok(code !== null, `${which} did not end`);
    await Promise.all(ends);
    results.push({ code, heard: change(heard), err });
  }
  const [ours, theirs] = results;
  assert.deepEqual(ours.heard, theirs.heard, `${ours.err}${theirs.err}`);
  assert.equal(ours.code, theirs.code);
  return ours;
}

const here = (...words) => ['-h', '127.0.0.1', '-p', `${port}`, '-i', 'me', ...words];

const PUB = {
  '-m': ['-m', 'x'],
  '-q 1, --qos': ['-m', 'x', '-q', '1'],
  '-q 2': ['-m', 'x', '--qos', '2'],
  '-r, --retain': ['-m', 'x', '-r'],
  '-n, --null-message': ['-n'],
  '-f, --file': ['-f', 'FOLDER/payload'],
  '-k, --keepalive': ['-m', 'x', '-k', '30'],
  '-u, --username': ['-m', 'x', '-u', 'name'],
  '-u and -P, --pw': ['-m', 'x', '-u', 'name', '-P', 'secret'],
  '-c, --disable-clean-session': ['-m', 'x', '-c'],
  '-c with MQTT 5': ['-m', 'x', '-c', '-V', '5'],
  '-x, --session-expiry-interval': ['-m', 'x', '-V', '5', '-x', '100'],
  '-x -1': ['-m', 'x', '-V', '5', '-x', '-1'],
  '-x ∞': ['-m', 'x', '-V', '5', '-x', '∞'],
  '-V mqttv5, --protocol-version': ['-m', 'x', '-V', 'mqttv5'],
  '-V mqttv31': ['-m', 'x', '-V', 'mqttv31'],
  '--repeat': ['-m', 'x', '--repeat', '3', '-q', '1'],
  '--repeat-delay': ['-m', 'x', '--repeat', '2', '--repeat-delay', '0.01'],
  '--nodelay': ['-m', 'x', '--nodelay'],
  '--quiet': ['-m', 'x', '--quiet'],
  '--will-topic alone': ['-m', 'x', '--will-topic', 'w'],
  '--will-payload, --will-qos, --will-retain': ['-m', 'x', '--will-topic', 'w',
    '--will-payload', 'gone', '--will-qos', '1', '--will-retain'],
  '-D connect': ['-m', 'x', '-V', '5', '-D', 'connect', 'user-property', 'k', 'v',
    '-D', 'connect', 'receive-maximum', '10', '-D', 'connect', 'session-expiry-interval', '7',
    '-D', 'connect', 'maximum-packet-size', '1000', '-D', 'connect', 'topic-alias-maximum', '5',
    '-D', 'connect', 'request-problem-information', '1'],
  '-D publish, --property': ['-m', 'x', '--property', 'publish', 'user-property', 'k', 'v',
    '-D', 'publish', 'content-type', 'text/plain', '-D', 'publish', 'correlation-data', 'abc'],
  '-D will': ['-m', 'x', '-V', '5', '--will-topic', 'w', '-D', 'will', 'will-delay-interval', '9',
    '-D', 'will', 'content-type', 'text/plain'],
  '-D disconnect': ['-m', 'x', '-V', '5', '-D', 'disconnect', 'user-property', 'k', 'v'],
};

for (const [name, words] of Object.entries(PUB)) {
  test(`pub ${name}`, async () => {
    const { code, heard: [first] } = await same('pub', here('-t', 'topic',
      ...words.map((word) => word.replace('FOLDER', folder))));
    assert.equal(code, 0);
    assert.equal(first.packets.length > 2, true);
  });
}

test('pub -l, --stdin-line and -s, --stdin-file', async () => {
  for (const words of [['-l'], ['--stdin-line', '-q', '1'], ['-s'], ['--stdin-file']]) {
    const { code } = await same('pub', here('-t', 'a', ...words), { input: 'one\ntwo\n' });
    assert.equal(code, 0);
  }
});

test('pub -M', async () => {
  const { code } = await same('pub', here('-t', 'a', '-l', '-q', '1', '-M', '1'),
    { input: 'one\ntwo\nthree\n' });
  assert.equal(code, 0);
});

// Wait for messages that do not come, or end once they are subscribed.
const SUB = {
  '-E': ['-t', 'a/#'],
  'several -t, -q 1': ['-t', 'a/#', '-t', 'b/+', '-q', '1'],
  '-c': ['-t', 'a', '-c'],
  '-x with MQTT 5': ['-t', 'a', '-V', '5', '-x', '60'],
  '--retain-as-published': ['-t', 'a', '-V', '5', '--retain-as-published'],
  '-D subscribe': ['-t', 'a', '-V', '5', '-D', 'subscribe', 'subscription-identifier', '5',
    '-D', 'subscribe', 'user-property', 'k', 'v'],
  '-U, --unsubscribe': ['-t', 'a', '-U', 'b', '-V', '5',
    '-D', 'unsubscribe', 'user-property', 'k', 'v'],
  '-k, -u, -P, --will-*': ['-t', 'a', '-k', '9', '-u', 'n', '-P', 'p', '--will-topic', 'w',
    '--will-payload', 'gone', '--will-qos', '2', '--will-retain'],
};

for (const [name, words] of Object.entries(SUB)) {
  test(`sub ${name}`, async () => {
    const { code } = await same('sub', here('-E', ...words), { change: ([one]) =>
      // Whether mosquitto_sub says goodbye is a matter of luck.
      one.packets.filter(({ cmd }) => cmd !== 'disconnect') });
    assert.equal(code, 0);
  });
}

test('-I, --id-prefix ends in a number, and without -i each has its own name', async () => {
  const withoutNumber = ([{ packets }]) => packets.map((packet) =>
    (packet.clientId ? { ...packet, clientId: packet.clientId.replace(/\d+$/, 'N') } : packet));
  const words = ['-h', '127.0.0.1', '-p', `${port}`, '-t', 'a', '-m', 'x'];
  const { heard: [{ clientId }] } = await same('pub', [...words, '-I', 'pre-'],
    { change: withoutNumber });
  assert.equal(clientId, 'pre-N');
});

test('-A binds to an address', async () => {
  const { heard: [{ from }] } = await same('pub', here('-t', 'a', '-m', 'x', '-A', '127.0.0.9'));
  assert.equal(from, '127.0.0.9');
});

test('--unix', async () => {
  const { code } = await same('pub', ['--unix', sockets, '-i', 'me', '-t', 'a', '-m', 'x']);
  assert.equal(code, 0);
});

test('-L, --url has user, password, host, port and topic', async () => {
  const url = `mqtt://name:secret@127.0.0.1:${port}/a/b`;
  const { heard: [{ packets: [connect, publish] }] } =
    await same('pub', ['-L', url, '-i', 'me', '-m', 'x']);
  assert.equal(connect.username, 'name');
  assert.equal(publish.topic, 'a/b');
});

test('--proxy, with and without a password', async () => {
  for (const login of [undefined, 'me:secret']) {
    const proxy = net.createServer((socket) => new Socks(socket, login));
    const socks = await listen(proxy, 0, '127.0.0.1');
    const { code } = await same('pub', here('-t', 'a', '-m', 'x', '--proxy',
      `socks5h://${login ? `${login}@` : ''}127.0.0.1:${socks}`));
    assert.equal(code, 0);
  }
});

// One connection through SOCKS5 (RFC 1928 and 1929) to where it is asked for.
class Socks {
  constructor(socket, login) {
    this.socket = socket;
    this.login = login;
    this.step = this.greeting;
    this.onData = (data) => this.step(data);
    socket.on('data', this.onData).on('error', () => {});
  }

  greeting() {
    this.step = this.login ? this.check : this.connect;
    this.socket.write(Buffer.from([5, this.login ? 2 : 0]));
  }

  check(data) {
    const size = data[1];
    const name = data.toString('latin1', 2, 2 + size);
    const password = data.toString('latin1', 3 + size, 3 + size + data[2 + size]);
    this.step = this.connect;
    this.socket.write(Buffer.from([1, `${name}:${password}` === this.login ? 0 : 1]));
  }

  connect(data) {
    const to = net.connect(data.readUInt16BE(data.length - 2), '127.0.0.1', () => {
      this.socket.off('data', this.onData);
      this.socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      this.socket.pipe(to).pipe(this.socket);
    });
    to.on('error', () => this.socket.destroy());
  }
}

test('TLS: --cafile, --capath, --cert, --key, --ciphers, --tls-version, --tls-alpn, --insecure',
  async () => {
    const secure = (options) => listen(tls.createServer({ cert: fs.readFileSync(file('server.pem')),
      key: fs.readFileSync(file('server.key')), ca: fs.readFileSync(file('root.pem')),
      ALPNProtocols: ['mqtt'], requestCert: true, rejectUnauthorized: false, ...options }, serve)
      .on('tlsClientError', () => {}), 0, '127.0.0.1');
    const ports = [await secure({}), await secure({ cert: fs.readFileSync(file('wrong-host.pem')),
      key: fs.readFileSync(file('wrong-host.key')) })];
    const authority = ['--cafile', file('root.pem')];
    const pub = (index, ...words) => same('pub', ['-h', '127.0.0.1', '-p', `${ports[index]}`,
      '-i', 'me', '-t', 'a', '-m', 'x', ...words]);
    assert.equal((await pub(0, ...authority)).code, 0);
    assert.equal((await pub(0, '--capath', path.join(folder, 'authorities'))).code, 0);
    const known = await pub(0, ...authority, '--cert', file('client.pem'), '--key',
      file('client.key'));
    assert.ok(known.heard[0].name);
    const old = await pub(0, ...authority, '--tls-version', 'tlsv1.2', '--ciphers',
      'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384');
    assert.equal(old.code, 0);
    const offered = await pub(0, ...authority, '--tls-alpn', 'mqtt');
    assert.equal(offered.heard[0].alpn, 'mqtt');
    assert.equal((await pub(0, '--cafile', '/nowhere')).code, 1);
    assert.equal((await pub(1, ...authority, '--insecure')).code, 0);
    for (const [which, codes] of [['midge', [8]], ['mosquitto', [1, 8]]]) {
      const { code } = await run(which, 'pub', ['-h', '127.0.0.1', '-p', `${ports[1]}`, '-t', 'a',
        '-m', 'x', ...authority]);
      assert.ok(codes.includes(code), `${which}: ${code}`);
    }
  });

test('a connection that ends before it is accepted is an end with 7', async () => {
  const silent = await listen(net.createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end());
  }), 0, '127.0.0.1');
  const { code } = await same('pub', ['-h', '127.0.0.1', '-p', `${silent}`, '-t', 'a', '-n']);
  assert.equal(code, 7);
});

test('every option of mosquitto is one of ours, or is listed with the reason', () => {
  const page = fs.readFileSync(path.join(ROOT, 'docs/command-line.md'), 'utf8');
  const [differences] = /\| option \| mosquitto \|[^]*?\n\n/.exec(page);
  for (const name of ['pub', 'sub', 'rr']) {
    const theirs = spawnSync(`mosquitto_${name}`, ['--help'], { encoding: 'utf8' }).stdout;
    const ours = spawnSync(MIDGE, [name, '--help=all'], { encoding: 'utf8' }).stdout;
    const options = [...theirs.matchAll(/^ (--?[\w-]+) : /gm)].map(([, option]) => option);
    assert.ok(options.length > 40, `${options.length} options of mosquitto_${name}`);
    const known = new Set(ours.match(/(?<=^ {2}|, )--?[\w-]+/gm));
    const missing = options.filter((option) => option !== '--help' && !known.has(option) &&
      !differences.includes(`\`${option}\``));
    assert.deepEqual(missing, [], `of mosquitto_${name}`);
  }
});
