'use strict';
// Options that Node.js has for its sockets, with TLS and without: each is honoured,
// says nothing, or is refused in words that name the way.
const assert = require('node:assert/strict');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { called } = require('../node/support/wait');
const { text } = require('../tls/certificates');
const { listen } = require('./support/broker');

const REFUSED = [
  [{ secureOptions: 'SSL_OP_ALL' }, /secureOptions.*number.*'SSL_OP_ALL'/],
  [{ secureOptions: 0.5 }, /secureOptions.*SSL_OP_/],
  [{ secureOptions: 2 ** 32 }, /secureOptions.*SSL_OP_/],
  [{ enableTrace: true }, /enableTrace.*keyLogFile/],
];

for (const [options, words] of REFUSED) {
  test(`${Object.entries(options)} cannot be honoured: ${words.source}`, () => {
    for (const url of ['mqtts://127.0.0.1', 'wss://127.0.0.1']) {
      assert.throws(() => mqtt.connect(url, { manualConnect: true, ...options }), words);
    }
  });
}

async function outcome(url, options) {
  const client = mqtt.connect(url, { reconnectPeriod: 0, ...options });
  const [error] = await called((done) =>
    client.once('connect', () => done()).once('error', done));
  await client.endAsync(true);
  return error?.code ?? 'connected';
}

// --- A family of addresses ---

const CA = text('root.pem');

test('a family leaves the other one out, where there is TLS', async () => {
  const broker = await listen({}, { transport: 'mqtts' });
  const url = broker.url.replace('127.0.0.1', 'localhost');
  assert.equal(await outcome(url, { ca: CA, family: 4 }), 'connected');
  assert.notEqual(await outcome(url, { ca: CA, family: 6 }), 'connected');
  assert.equal(await outcome(url, { ca: CA, family: 0 }), 'connected');
  // An address is not looked up.
  assert.equal(await outcome(broker.url, { ca: CA, family: 6 }), 'connected');
  await broker.close();
});

test('a family and an address of wsOptions are those of a WebSocket', async () => {
  const broker = await listen({}, { transport: 'ws' });
  const url = broker.url.replace('127.0.0.1', 'localhost');
  assert.notEqual(await outcome(url, { wsOptions: { family: 6 } }), 'connected');
  assert.equal(await outcome(url, { family: 6 }), 'connected');
  const from = called((done) => broker.server.once('connection', done));
  assert.equal(await outcome(url, { wsOptions: { localAddress: '127.0.0.7' } }), 'connected');
  assert.equal((await from)[0].remoteAddress, '127.0.0.7');
  await broker.close();
});

// --- Agents ---

// As those of npm are, whose proxy is looked at.
class HttpsProxyAgent extends http.Agent {
  constructor(proxy, more) {
    super();
    Object.assign(this, { proxy, ...more });
  }
}
class SocksProxyAgent extends HttpsProxyAgent {}
class HttpProxyAgent extends HttpsProxyAgent {}

async function proxy(answer) {
  const asked = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      asked.push(bytes);
      answer(socket, bytes);
    });
  });
  await called((done) => server.listen(0, '127.0.0.1', done));
  return { asked, server, port: server.address().port };
}

function tunnel(socket, bytes) {
  const [, port] = /^CONNECT [^ ]*:(\d+) /.exec(bytes);
  const other = net.connect(Number(port), '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    socket.pipe(other).pipe(socket);
  });
  other.on('error', () => {});
}

test('the proxy of an agent is the way', async () => {
  const broker = await listen({}, { transport: 'wss' });
  const { asked, server, port } = await proxy(tunnel);
  const agents = [
    new HttpsProxyAgent(new URL(`http://me:a%3Ab@127.0.0.1:${port}`), { proxyHeaders: {} }),
    new HttpsProxyAgent({ host: '127.0.0.1', port, auth: 'me:a:b', protocol: 'http:' }),
  ];
  for (const agent of agents) {
    assert.equal(await outcome(broker.url, { ca: CA, wsOptions: { agent } }), 'connected');
  }
  const who = Buffer.from('me:a:b').toString('base64');
  assert.equal(asked.length, agents.length);
  for (const bytes of asked) {
    assert.match(String(bytes), new RegExp(`^CONNECT 127.0.0.1:${broker.port} .*${who}\r`, 's'));
  }
  server.close();
  await broker.close();
});

test('the proxy of an agent may be one of SOCKS 5', async () => {
  const { asked, server, port } = await proxy((socket) => socket.destroy());
  const agent = new SocksProxyAgent(
    { host: '127.0.0.1', port, type: 5, userId: 'a', password: '@' });
  assert.equal(await outcome('ws://localhost', { wsOptions: { agent } }), 'MIDGE_EPROXY');
  assert.equal(asked[0][0], 5);
  server.close();
});

const URL_OF_PROXY = new URL('http://localhost:8080');

// What it is, and what the error says of it.
const AGENTS = [
  [{}, /no agent/],
  [5, /no agent/],
  [new HttpProxyAgent(URL_OF_PROXY), /no agent/],
  [new HttpsProxyAgent(null), /no agent/],
  [new HttpsProxyAgent(new URL('https://localhost')), /by TLS/],
  [new HttpsProxyAgent({ host: 'a' }, { secureProxy: true }), /by TLS/],
  [new HttpsProxyAgent(URL_OF_PROXY, { proxyHeaders: { a: 'b' } }), /told headers/],
  [new HttpsProxyAgent(URL_OF_PROXY, { proxyHeaders: () => ({}) }), /told headers/],
  [new SocksProxyAgent({ host: 'a', port: 1, type: 4 }), /SOCKS 4/],
  [Object.assign(new http.Agent(), { createConnection: () => {} }), /no agent/],
  [Object.assign(new http.Agent(), { options: { proxyEnv: {} } }), /no agent/],
];

AGENTS.forEach(([agent, words], at) => {
  test(`an agent that cannot be honoured is refused: ${words.source}, ${at}`, () => {
    const connect = () => mqtt.connect('wss://localhost',
      { manualConnect: true, wsOptions: { agent } });
    assert.throws(connect, (error) => words.test(error.message) &&
      /wsOptions\.agent.*createWebsocket/.test(error.message));
  });
});

test('an agent that makes connections of its own kind is refused in them too', () => {
  const wsOptions = { agent: new https.Agent({ lookup: () => {} }) };
  assert.throws(() => mqtt.connect('wss://localhost', { manualConnect: true, wsOptions }),
    /"lookup" cannot be honoured/);
});

test('whoever makes the WebSocket sees to its agent', async () => {
  const seen = [];
  const createWebsocket = (url, protocols, options) => {
    seen.push(options.wsOptions.agent);
    throw new Error('no more');
  };
  await outcome('ws://localhost', { createWebsocket, wsOptions: { agent: 'mine' } });
  assert.deepEqual(seen, ['mine']);
});
