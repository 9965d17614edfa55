'use strict';
// Why a call returned a code: client.last_error names the fix.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { file, text } = require('../tls/certificates');
const { run } = require('./support/program');
const { listen } = require('./support/server');
const { called, event } = require('./support/wait');

let folder;
let server;

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-last-error-'));
  server = await listen();
});

after(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

function make(options, args = ['id', null, null, true, 0]) {
  return new mqtt(...args, true, { reconnectPeriod: 0, ...options });
}

function written(name, bytes) {
  const place = path.join(folder, name);
  fs.writeFileSync(place, bytes);
  return place;
}

function refused(client, status, words) {
  assert.ok(status < 0, `${words} was taken`);
  const error = client.last_error;
  assert.ok(error instanceof Error);
  assert.equal(error.errno, status);
  assert.match(error.code, /^MIDGE_E/);
  assert.match(error.message, words);
}

test('none before the first call, nor after one that was taken', async () => {
  const client = make();
  assert.equal(client.last_error, null);
  refused(client, client.publish(0, false, 't', 'm'), /call connect first/);
  assert.equal(client.connect('127.0.0.1', server.port), 0);
  assert.equal(client.last_error, null);
  for (const call of [() => client.publish(0, false, 't', 'm'),
    () => client.subscribe(0, 't'), () => client.unsubscribe('t'),
    () => client.clear_willmsg(), () => client.disconnect()]) {
    refused(client, client.publish(3, false, 't', 'm'), /qos is 0, 1 or 2/);
    assert.equal(call(), 0);
    assert.equal(client.last_error, null);
  }
});

const addresses = {
  'mqtt://a:100%@h': /a % .*%25/,
  'mqtt://a:top#1@h': /%23/,
  'mqtt://h:port': /a port is a number from 1 to 65535/,
  'http://h': /unknown scheme "http"/,
  'mqtt://': /a URL has a host/,
  'a b': /"a b" is no host/,
  '': /is no host/,
  'mqtt://[::1': /\]/,
  'unix:': /unix:\/path/,
};
for (const [host, words] of Object.entries(addresses)) {
  test(`connect to "${host}" says what is wrong`, () => {
    const client = make();
    refused(client, client.connect(host, 1883), words);
  });
}

test('connect says which argument is wrong', async () => {
  let client = make();
  refused(client, client.connect('127.0.0.1', 70000), /a port is/);
  client = make({}, ['', null, null, false, 0]);
  refused(client, client.connect('127.0.0.1', 1883), /client_id is empty/);
  client = make({}, ['id', null, 'secret', true, 0]);
  refused(client, client.connect('127.0.0.1', 1883), /password/);
  client = make({ servers: ['mqtt://b', 'nonsense://c'] });
  refused(client, client.connect('127.0.0.1', 1883), /nonsense/);
  client = make();
  assert.equal(client.connect('127.0.0.1', server.port), 0);
  refused(client, client.connect('127.0.0.1', server.port),
    /call disconnect first/);
  refused(client, client.tls_insecure_set(true), /before connect/);
  client.disconnect();
});

test('requests say what is wrong', async () => {
  const client = make({ protocolVersion: 5, maxQueueMessages: 1,
    reconnectPeriod: 1000 });
  assert.equal(client.connect('127.0.0.1', 1), 0);
  refused(client, client.publish(0, false, 'a/#', 'm'), /no \+ or #/);
  refused(client, client.publish(0, false, '\ud800', 'm'), /UTF-8/);
  refused(client, client.publish(0, false, 't', 'm', null, null,
    { messageExpiryInterval: -1 }), /properties/);
  refused(client, client.subscribe(0, 'a#'), /topic filter/);
  refused(client, client.subscribe(0, 'a', null, null, { rh: 3 }), /rh/);
  refused(client, client.unsubscribe([]), /topic filter/);
  refused(client, client.set_willmsg('a/+', 'm', 0, false), /will/);
  refused(client, client.disconnect(null, { reasonCode: 256 }), /reason code/);
  assert.equal(client.publish(1, false, 't', 'm'), 0);
  refused(client, client.publish(1, false, 't', 'm'), /maxQueueMessages/);
  client.disconnect();
});

test('a will that is too large is refused when it is set', () => {
  const client = make();
  refused(client, client.set_willmsg('t', Buffer.alloc(65536), 0, false),
    /65,535|payload/);
  assert.equal(client.set_willmsg('t', Buffer.alloc(65535), 0, false), 0);
});

test('tls_set names the file and what it is', () => {
  const client = make();
  const certificate = new crypto.X509Certificate(text('client.pem'));
  const key = crypto.createPrivateKey(text('client.key'));
  const der = written('client.der', certificate.raw);
  const keyDer = written('key.der', key.export({ type: 'pkcs8', format: 'der' }));
  const ssh = written('id_rsa',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE=\n' +
    '-----END OPENSSH PRIVATE KEY-----\n');
  const root = file('root.pem');
  const cases = [
    [[path.join(folder, 'none.pem'), null, null, null], /none\.pem.*No such file/],
    [[der, null, null, null], /the CA ".*client\.der" is DER/],
    [[root, null, der, keyDer], /the certificate ".*client\.der" is DER/],
    [[root, null, file('client.pem'), keyDer], /the key ".*key\.der" is DER/],
    [[root, null, file('client.pem'), ssh], /id_rsa" is an OpenSSH key/],
    [[root, null, file('client.pem'), file('server.key')],
      /the key ".*server\.key" does not belong/],
    [[root, null, file('client.key'), file('client.key')],
      /client\.key" holds no certificate/],
    [[null, null, null, null], /neither ca_file nor ca_path/],
  ];
  for (const [args, words] of cases) {
    refused(client, client.tls_set(...args), words);
  }
  assert.equal(client.tls_set(root, null, null, null), 0);
  assert.equal(client.last_error, null);
  refused(client, client.tls_opts_set('1', 'tlsv9', null), /tlsv1\.3/);
  refused(client, client.tls_psk_set('xyz', 'me', null), /hex/);
});

test('authenticate: a reason that is none', async () => {
  const client = make({ protocolVersion: 5 });
  await called((done) => client.connect('127.0.0.1', server.port, done));
  refused(client, client.authenticate(5), /0x18 .* 0x19, in MQTT 5/);
  client.disconnect();
});

test('what a blocking call returns is behind last_error too', () => {
  const client = new mqtt('id', null, null, true, 0, false,
    { reconnectPeriod: 0 });
  assert.equal(client.connect('127.0.0.1', 1), mqtt.errors.EERRNO);
  const { code, errno, message } = client.last_error;
  assert.deepEqual([code, errno], ['ECONNREFUSED', mqtt.errors.EERRNO]);
  assert.match(message, /127\.0\.0\.1:1: connection refused/);
  refused(client, client.disconnect(), /call connect first/);
});

test('a refused WebSocket or proxy has its statusCode', async () => {
  const refusing = http.createServer((request, response) => {
    response.writeHead(403).end();
  });
  refusing.on('connect', (request, socket) => {
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
  });
  await new Promise((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  const { port } = refusing.address();
  const client = make();
  const [, error] = await called((done) =>
    client.connect(`ws://127.0.0.1:${port}/mqtt`, done));
  assert.equal(error.statusCode, 403);
  const proxied = make({ proxy: `http://127.0.0.1:${port}` });
  const [, other] = await called((done) =>
    proxied.connect('127.0.0.1', 1, done));
  assert.equal(other.statusCode, 407);
  refusing.close();
});

test('a lost connection has neither statusCode nor reasonCode', async () => {
  const client = make();
  await called((done) => client.connect('127.0.0.1', server.port, done));
  const gone = event(client, 'disconnected');
  server.cut();
  const [, error] = await gone;
  assert.equal(error.code, 'MIDGE_ELOST');
  assert.equal('statusCode' in error, false);
  assert.equal('reasonCode' in error, false);
});

// In a process that may have few of them, of which all are taken but a few more each time.
const starved = `
  const fs = require('node:fs');
  const taken = [];
  try {
    for (;;) taken.push(fs.openSync('/dev/null'));
  } catch {
    // None is left.
  }
  const client = new mqtt(null, null, null, true, 0, true);
  const texts = new Set();
  const isRefused = () => client.connect('127.0.0.1', port, (result) => {
    if (result !== 'OK') return;
    console.log([...texts].join());
    client.disconnect();
  }) === mqtt.errors.EERRNO;
  while (isRefused()) {
    texts.add(client.last_error.message);
    fs.closeSync(taken.pop());
  }
  taken.forEach((file) => fs.closeSync(file));`;

test('no file descriptor is left to begin with: it is named, and a later call works', async () => {
  const { code, out, err } = await run(`
    const { spawn } = require('node:child_process');
    const text = 'const mqtt = require(' + JSON.stringify(LIB) + '), port = ' + port + ';' +
      ${JSON.stringify(starved)};
    spawn('sh', ['-c', 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, text],
      { stdio: 'inherit' }).on('exit', (status) => { process.exitCode = status; });`,
    { port: server.port });
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^midge's own thread cannot start: no file descriptor .* ulimit -u\)$/);
});
