'use strict';
// Through SOCKS5 (microsocks) and HTTP CONNECT (tinyproxy), on every
// transport; and Unix sockets.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { file } = require('../tls/certificates');
const { foreignEnvironment } = require('../support/environment');
const mosquitto = require('../support/mosquitto');
const { called, delay, event } = require('./support/wait');

const { EPROXY, ETLS } = mqtt.errors;
const ROOT = file('root.pem');
const TLS = { certificate: file('server.pem'), key: file('server.key') };

let broker;
let folder;
const clients = [];
const children = [];
const proxies = {};

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

async function run(command, args, port) {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args],
    { stdio: 'ignore', env: foreignEnvironment() });
  children.push(child);
  const end = Date.now() + 60000;
  while (!await accepts(port)) {
    assert.ok(Date.now() < end && child.exitCode === null,
      `${command} did not start`);
    await delay(20);
  }
}

async function startSocks(...login) {
  const port = await mosquitto.freePort();
  await run('microsocks', ['-i', '127.0.0.1', '-p', `${port}`, ...login], port);
  return port;
}

async function startHttp(...lines) {
  const port = await mosquitto.freePort();
  const name = path.join(folder, `tinyproxy-${port}.conf`);
  fs.writeFileSync(name, [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 600',
    'MaxClients 50', 'LogLevel Critical', `LogFile "${name}.log"`,
    ...lines, ''].join('\n'));
  await run('tinyproxy', ['-d', '-c', name], port);
  return port;
}

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-proxy-'));
  broker = await mosquitto.start({ listeners: [{}, { tls: TLS },
    { websockets: true }, { websockets: true, tls: TLS }] });
  const socks = await startSocks();
  const socksLogin = await startSocks('-u', 'me', '-P', 'se:cret');
  const connect = await startHttp('Allow 127.0.0.1');
  const connectLogin = await startHttp('Allow 127.0.0.1',
    'BasicAuth me secret');
  Object.assign(proxies, {
    'socks5': `socks5://127.0.0.1:${socks}`,
    'socks5 with a password': `socks5://me:se%3Acret@127.0.0.1:${socksLogin}`,
    'http': `http://127.0.0.1:${connect}`,
    'http with a password': `http://me:secret@127.0.0.1:${connectLogin}`,
    'socks5 with a wrong password': `socks5://me:no@127.0.0.1:${socksLogin}`,
    'socks5 without its password': `socks5://127.0.0.1:${socksLogin}`,
    'http with a wrong password': `http://me:no@127.0.0.1:${connectLogin}`,
    'http without its password': `http://127.0.0.1:${connectLogin}`,
  });
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  for (const child of children) child.kill('SIGTERM');
  await broker.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

function make(asynchronous, options) {
  const client = new mqtt(null, null, null, true, 60000, asynchronous,
    { reconnectPeriod: 0, timeout: 30000, ...options });
  clients.push(client);
  return client;
}

async function exchange(client) {
  const received = event(client, 'received');
  await called((done) => client.subscribe(1, 'proxy/a', done));
  const payload = Buffer.alloc(20000, 'x');
  await called((done) => client.publish(1, false, 'proxy/a', payload, done));
  assert.ok((await received)[2].equals(payload));
}

// Of the addresses of a name, microsocks tries the first alone, which may be
// one where the broker does not listen.
const hostThrough = (name) => (name.startsWith('socks5') ? '127.0.0.1' : 'localhost');

const WORKING = ['socks5', 'socks5 with a password', 'http',
  'http with a password'];
for (const name of WORKING) {
  for (const [i, scheme] of ['mqtt', 'mqtts', 'ws', 'wss'].entries()) {
    test(`${scheme}: through ${name}`, async () => {
      const options = { proxy: proxies[name],
        tls: scheme.endsWith('s') && scheme !== 'ws' ? { ca: ROOT } : undefined };
      const url = `${scheme}://${hostThrough(name)}:${broker.ports[i]}`;
      const client = make(true, options);
      const [result, error] = await called((done) =>
        assert.equal(client.connect(url, null, done), 0));
      assert.equal(result, 'OK', error && error.message);
      await exchange(client);
      client.disconnect();
      assert.equal(make(false, options).connect(url), 0);
    });
  }
}

const REFUSED = {
  'socks5 with a wrong password': /refused the user name and password/,
  'socks5 without its password': /wants a user name and password/,
  'http with a wrong password': /answered 401|answered 407/,
  'http without its password': /answered 401|answered 407/,
};
for (const [name, pattern] of Object.entries(REFUSED)) {
  test(`${name} is EPROXY`, async () => {
    const options = { proxy: proxies[name] };
    const client = make(true, options);
    const [, error] = await called((done) =>
      client.connect('127.0.0.1', broker.port, done));
    assert.equal(error.errno, EPROXY, error.message);
    assert.equal(error.code, 'MIDGE_EPROXY');
    assert.match(error.message, pattern);
    client.disconnect();
    assert.equal(make(false, options).connect('127.0.0.1', broker.port),
      EPROXY);
  });
}

test('a port where nobody listens is told by the proxy', async () => {
  const port = await mosquitto.freePort();
  for (const name of ['socks5', 'http']) {
    const client = make(true, { proxy: proxies[name] });
    const [, error] = await called((done) =>
      client.connect('127.0.0.1', port, done));
    assert.equal(error.errno, EPROXY, error.message);
    client.disconnect();
  }
});

test('what is no proxy is EPROXY', async () => {
  const client = make(true, { proxy: `socks5://127.0.0.1:${broker.port}` });
  const [, error] = await called((done) =>
    client.connect('127.0.0.1', broker.port, done));
  assert.equal(error.errno, EPROXY);
  client.disconnect();
});

test('through a proxy the name of the server is verified', async () => {
  const client = make(true, { proxy: proxies.socks5,
    tls: { ca: ROOT, verifyHost: 'else.test' } });
  const [, error] = await called((done) =>
    client.connect(`mqtts://127.0.0.1:${broker.ports[1]}`, null, done));
  assert.equal(error.errno, ETLS);
  assert.equal(error.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  client.disconnect();
});

test('unix: reaches a socket of the file system', async (t) => {
  const name = path.join(folder, 'broker.sock');
  const bridge = net.createServer((socket) => {
    const link = net.connect(broker.port, '127.0.0.1');
    socket.pipe(link).pipe(socket);
    for (const end of [socket, link]) end.on('error', () => {});
  });
  t.after(() => bridge.close());
  await new Promise((resolve) => bridge.listen(name, resolve));
  const client = make(true);
  const [result, error] = await called((done) =>
    client.connect(`unix:${name}`, null, done));
  assert.equal(result, 'OK', error && error.message);
  await exchange(client);
  client.disconnect();
});
