'use strict';
// What goes wrong first: each error has a row in docs/troubleshooting.md.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { once } = require('node:events');
const { after, before, test } = require('node:test');
const mqtt = require('../..');

const DOCUMENT = path.join(__dirname, '..', '..', 'docs', 'troubleshooting.md');
const rows = fs.readFileSync(DOCUMENT, 'utf8').split('\n').filter((line) => line.startsWith('|'));

let folder;
let key;
let cert;
const servers = [];

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-'));
  const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3',
    '-keyout', keyFile, '-out', certFile, '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'ignore' });
  [key, cert] = [keyFile, certFile].map((file) => fs.readFileSync(file));
});

after(() => {
  for (const server of servers) server.close();
  fs.rmSync(folder, { recursive: true });
});

async function portOf(server) {
  servers.push(server.on('tlsClientError', () => {}));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

/** A server that answers the first bytes with these. */
function answering(...bytes) {
  return portOf(net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(Buffer.from(bytes)));
  }));
}

const web = () => portOf(http.createServer((request, response) => {
  response.statusCode = 404;
  response.end();
}));
const secure = () => portOf(tls.createServer({ key, cert }));

async function errorOf(url, options) {
  const client = mqtt.connect(url, { reconnectPeriod: 0, ...options });
  const [error] = await once(client, 'error');
  await client.endAsync(true);
  return error;
}

function assertRow({ code, message }, words = '') {
  assert.ok(message.includes(words), message);
  assert.ok(rows.some((row) => {
    const first = row.split('|')[1];
    const codes = first.match(/`[^`]+`|\b\d+\b/g) ?? [];
    return codes.some((one) => one === `\`${code}\`` || one === String(code))
      && (words === '' || first.includes(words));
  }), `${code} ${words}`);
}

const situations = {
  'nobody listens': async () => ['mqtt://127.0.0.1:1'],
  'a server that is silent': async () => [`mqtt://127.0.0.1:${await portOf(net.createServer())}`,
    { connectTimeout: 200 }],
  'a web server': async () => [`mqtt://127.0.0.1:${await web()}`, {}, 'answered in HTTP'],
  'a server with TLS': async () => [
    `mqtt://127.0.0.1:${await answering(0x15, 3, 1, 0, 2, 2, 10)}`, {}, 'answered in TLS'],
  'TLS to a web server': async () => [`mqtts://127.0.0.1:${await web()}`, {}, 'plain HTTP'],
  'a certificate of nobody': async () => [`mqtts://localhost:${await secure()}`],
  'another name': async () => [`mqtts://127.0.0.1:${await secure()}`, { ca: cert }],
  'no such path': async () => [`ws://127.0.0.1:${await web()}/x`, {}, '404'],
};
for (const code of [1, 2, 3, 4, 5]) {
  situations[`CONNACK with ${code}`] = async () => [
    `mqtt://127.0.0.1:${await answering(0x20, 2, 0, code)}`];
}
for (const code of [0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x9c, 0x9d]) {
  situations[`CONNACK with 0x${code.toString(16)}`] = async () => [
    `mqtt://127.0.0.1:${await answering(0x20, 3, 0, code, 0)}`, { protocolVersion: 5 }];
}

for (const [name, make] of Object.entries(situations)) {
  test(name, async () => {
    const [url, options, words] = await make();
    assertRow(await errorOf(url, options), words);
  });
}

const mistakes = {
  'no scheme': [['localhost:1883'], 'Missing protocol'],
  'a file that is not there': [['mqtts://localhost', { ca: '/no/such/file' }], 'cannot be read'],
  'a certificate without its key': [['mqtts://localhost', { cert: 'x' }], 'go together'],
};

for (const [name, [words, text]] of Object.entries(mistakes)) {
  test(name, () => {
    assert.throws(() => mqtt.connect(...words), (error) => assertRow(error, text) ?? true);
  });
}

test('a server that sends more than the class\'s Receive Maximum', async () => {
  const message = (id) => [0x34, 6, 0, 1, 0x74, 0, id, 0];
  const port = await answering(0x20, 3, 0, 0, 0, ...message(1), ...message(2));
  const client = new mqtt('class', null, null, true, 60000, true,
    { protocolVersion: 5, reconnectPeriod: 0, properties: { receiveMaximum: 1 } });
  client.connect('127.0.0.1', port);
  const [, error] = await once(client, 'disconnected');
  assert.equal(error.code, 'MIDGE_EPROTOCOL');
  assert.match(error.message, /Receive Maximum: .*leave it out/);
  assert.match(fs.readFileSync(DOCUMENT, 'utf8'), /\*\*147, /);
});
