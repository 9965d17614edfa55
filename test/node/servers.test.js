'use strict';
// TLS of others: OpenSSL's s_server, GnuTLS's gnutls-serv, stunnel in front of
// mosquitto; and what the environment may not change.
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
const { run } = require('./support/program');
const { called, delay, event } = require('./support/wait');

const { ETIMEOUT, ETLS } = mqtt.errors;
const ROOT = file('root.pem');
const PSK = '00112233445566778899aabbccddeeff';
const CONNACK = Buffer.from([0x20, 2, 0, 0]);

let broker;
let folder;
const children = [];
const clients = [];

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-servers-'));
  broker = await mosquitto.start({ listeners: [{}, { tls: {
    certificate: file('server.pem'), key: file('server.key') } }] });
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  children.forEach((child) => child.kill('SIGKILL'));
  await broker.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

// Programs that listen at the port; what they are given to say is CONNACK.
async function start(command, ...args) {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args],
    { stdio: ['pipe', 'pipe', 'ignore'], env: foreignEnvironment() });
  children.push(child);
  child.said = '';
  child.stdout.on('data', (data) => { child.said += data.toString('latin1'); });
  child.stdin.on('error', () => {});
  return child;
}

async function listening(child, port) {
  const end = Date.now() + 60000;
  while (!await accepts(port)) {
    assert.ok(Date.now() < end && child.exitCode === null, 'it did not start');
    await delay(20);
  }
}

async function sServer(...args) {
  const port = await mosquitto.freePort();
  const child = await start('openssl', 's_server', '-accept',
    `127.0.0.1:${port}`, '-quiet', ...args);
  await listening(child, port);
  return { port, child };
}

function make(asynchronous, options) {
  const client = new mqtt('tester', null, null, true, 60000, asynchronous,
    { reconnectPeriod: 0, timeout: 30000, ...options });
  clients.push(client);
  return client;
}

async function connect(port, options, child) {
  const client = make(true, options);
  const answered = called((done) => client.connect('127.0.0.1', port, done));
  if (child) {
    const end = Date.now() + 30000;
    while (!child.said.includes('MQTT') && Date.now() < end) await delay(5);
    child.stdin.write(CONNACK);
  }
  const [result, error] = await answered;
  client.disconnect();
  return { result, error };
}

const CERTIFICATE = ['-cert', file('server.pem'), '-key', file('server.key')];

for (const version of ['-tls1_2', '-tls1_3']) {
  test(`openssl s_server ${version}`, async () => {
    const { port, child } = await sServer(...CERTIFICATE, version);
    const { result, error } = await connect(port, { tls: { ca: ROOT } }, child);
    assert.equal(result, 'OK', error && error.message);
  });

  test(`openssl s_server ${version} with a pre-shared key`, async () => {
    const { port, child } = await sServer('-nocert', '-psk', PSK,
      '-psk_identity', 'kitchen', version);
    const { result, error } = await connect(port,
      { tls: { psk: PSK, pskIdentity: 'kitchen' } }, child);
    assert.equal(result, 'OK', error && error.message);
  });
}

test('TLS-26 openssl s_server with TLS 1.1 alone is refused', async () => {
  const { port } = await sServer(...CERTIFICATE, '-tls1_1', '-cipher',
    'DEFAULT@SECLEVEL=0');
  const { error } = await connect(port, { tls: { ca: ROOT } });
  assert.equal(error.errno, ETLS);
  assert.match(error.message, /version/);
});

test('TLS-26 and accepted by who asks for it', async () => {
  const { port, child } = await sServer(...CERTIFICATE, '-tls1_1', '-cipher',
    'DEFAULT@SECLEVEL=0');
  const { result, error } = await connect(port,
    { tls: { ca: ROOT, minVersion: 'TLSv1.1' } }, child);
  assert.equal(result, 'OK', error && error.message);
});

async function gnutls(priority, ...args) {
  const port = await mosquitto.freePort();
  const child = await start('gnutls-serv', '--echo', '-p', `${port}`,
    '--priority', priority, ...args);
  await listening(child, port);
  return { port, child };
}

// It does not speak MQTT, but it tells of the handshake.
async function handshaken({ port, child }, options, version) {
  const { error } = await connect(port, { connectTimeout: 3000, ...options });
  assert.equal(error.errno, ETIMEOUT, error.message);
  assert.match(child.said, new RegExp(`Description: \\(TLS${version}-`));
}

const X509 = ['--x509certfile', file('server.pem'), '--x509keyfile',
  file('server.key')];

test('gnutls-serv with TLS 1.3 alone', async () => {
  const server = await gnutls('NORMAL:-VERS-ALL:+VERS-TLS1.3', ...X509);
  await handshaken(server, { tls: { ca: ROOT } }, '1.3');
  const { error } = await connect(server.port,
    { tls: { ca: ROOT, maxVersion: 'TLSv1.2' } });
  assert.equal(error.errno, ETLS);
});

test('gnutls-serv with TLS 1.2 alone', async () => {
  const server = await gnutls('NORMAL:-VERS-ALL:+VERS-TLS1.2', ...X509);
  await handshaken(server, { tls: { ca: ROOT } }, '1.2');
});

test('gnutls-serv with a pre-shared key', async () => {
  const keys = path.join(folder, 'psk');
  fs.writeFileSync(keys, `kitchen:${PSK}\n`);
  for (const version of ['1.2', '1.3']) {
    const server = await gnutls(
      `NORMAL:-VERS-ALL:+VERS-TLS${version}:-KX-ALL:+ECDHE-PSK:+DHE-PSK:+PSK`,
      '--pskpasswd', keys);
    await handshaken(server,
      { tls: { psk: PSK, pskIdentity: 'kitchen' } }, version);
    const { error } = await connect(server.port,
      { tls: { psk: `ff${PSK.slice(2)}`, pskIdentity: 'kitchen' } });
    assert.equal(error.errno, ETLS);
  }
});

test('stunnel in front of mosquitto', async () => {
  const port = await mosquitto.freePort();
  const configuration = path.join(folder, 'stunnel.conf');
  fs.writeFileSync(configuration, ['foreground = yes', 'pid =',
    '[mqtt]', `accept = 127.0.0.1:${port}`,
    `connect = 127.0.0.1:${broker.ports[0]}`,
    `cert = ${file('chained.chain.pem')}`, `key = ${file('chained.key')}`,
    ''].join('\n'));
  await listening(await start('stunnel4', configuration), port);
  const client = make(true, { tls: { ca: ROOT } });
  const [result, error] = await called((done) =>
    client.connect('127.0.0.1', port, done));
  assert.equal(result, 'OK', error && error.message);
  const received = event(client, 'received');
  await called((done) => client.subscribe(1, 'servers/a', done));
  const payload = Buffer.alloc(500000, 'x');
  client.publish(1, false, 'servers/a', payload);
  assert.ok((await received)[2].equals(payload));
  client.disconnect();
});

// Neither OpenSSL's configuration nor SSLKEYLOGFILE: what is verified, and who
// may listen, depends on what the program says alone.
test('the environment changes nothing', async () => {
  const configuration = path.join(folder, 'openssl.cnf');
  const log = path.join(folder, 'keys.log');
  fs.writeFileSync(configuration, `openssl_conf = it
[it]
ssl_conf = ssl
[ssl]
system_default = default
[default]
VerifyMode = None
MinProtocol = TLSv1
MaxProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
`);
  const environment = { OPENSSL_CONF: configuration, SSLKEYLOGFILE: log };
  const program = `Object.assign(process.env, ${JSON.stringify(environment)});
    const client = new mqtt(null, null, null, true, 60000, false,
      { reconnectPeriod: 0, tls: { ca: ${JSON.stringify(ROOT)} } });
    console.log(client.connect('127.0.0.1', port), client.disconnect());
    const other = new mqtt(null, null, null, true, 60000, false,
      { reconnectPeriod: 0, tls: { ca: ${JSON.stringify(file('other.pem'))} } });
    console.log(other.connect('127.0.0.1', port));`;
  const { code, out } = await run(program, { port: broker.ports[1] });
  assert.equal(code, 0);
  assert.equal(out, `0 0\n${ETLS}`);
  assert.equal(fs.existsSync(log), false);
});

const ENDINGS = {
  'process.exit': 'process.exit(7)',
  'an uncaught exception': 'setTimeout(() => { throw new Error("no"); })',
  'the end of a worker': 'require("node:worker_threads")',
};
for (const [name, ending] of Object.entries(ENDINGS)) {
  test(`${name} with TLS traffic in flight`, async () => {
    const traffic = `const client = new mqtt(null, null, null, true, 60000, true,
        { tls: { ca: ${JSON.stringify(ROOT)} } });
      client.connect('127.0.0.1', port);
      client.subscribe(0, 'servers/traffic');
      const flood = () => {
        for (let i = 0; i < 200; i += 1) {
          client.publish(0, false, 'servers/traffic', Buffer.alloc(2000));
        }
        setImmediate(flood);
      };
      client.on('connected', flood);`;
    const isWorker = name.includes('worker');
    const program = isWorker
      ? `const { Worker } = require('node:worker_threads');
        const code = 'const mqtt = require(' + JSON.stringify(LIB) + ');' +
          'const port = ' + port + ';' + ${JSON.stringify(traffic)};
        const worker = new Worker(code, { eval: true });
        setTimeout(() => worker.terminate().then(() => process.exit(7)), 1000);`
      : `${traffic} setTimeout(() => { ${ending}; }, 1000);`;
    const { code, signal } = await run(program, { port: broker.ports[1] });
    assert.equal(signal, null);
    assert.equal(code, name === 'an uncaught exception' ? 1 : 7);
  });
}
