'use strict';
// MQTT over WebSocket, with and without TLS: mosquitto, RabbitMQ, and servers
// that answer as none should.
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const http = require('node:http');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { file } = require('../tls/certificates');
const mosquitto = require('../support/mosquitto');
const rabbitmq = require('../support/rabbitmq');
const { upgrade } = require('./support/transports');
const { called, event } = require('./support/wait');

const { EWEBSOCKET, ETLS } = mqtt.errors;
const ROOT = file('root.pem');
const TLS = { certificate: file('server.pem'), key: file('server.key') };
const CONNACK = Buffer.from([0x20, 2, 0, 0]);

let broker;
const clients = [];
const servers = [];

before(async () => {
  // mosquitto does not start without a listener that is no WebSocket.
  broker = await mosquitto.start({ listeners: [
    {}, { websockets: true }, { websockets: true, tls: TLS },
    { websockets: true, tls: { certificate: file('unknown-root.pem'),
      key: file('unknown-root.key') } },
  ] });
});

after(async () => {
  servers.forEach(stop);
  clients.forEach((client) => client.disconnect());
  await broker.stop();
});

function make(asynchronous, options) {
  const client = new mqtt(null, null, null, true, 60000, asynchronous,
    { reconnectPeriod: 0, timeout: 30000, ...options });
  clients.push(client);
  return client;
}

async function exchange(client, payload) {
  const received = event(client, 'received');
  await called((done) => client.subscribe(1, 'web/a', done));
  await called((done) => client.publish(1, false, 'web/a', payload, done));
  const [, , message] = await received;
  assert.ok(message.equals(Buffer.from(payload)));
}

async function accept(url, options) {
  const client = make(true, options);
  const [result, error] = await called((done) =>
    assert.equal(client.connect(url, null, done), 0));
  assert.equal(result, 'OK', error && error.message);
  await exchange(client, 'hello');
  // mosquitto takes its time for what comes over WebSocket.
  await exchange(client, crypto.randomBytes(20000));
  const disconnected = event(client, 'disconnected');
  assert.equal(client.disconnect(), 0);
  assert.equal((await disconnected)[0], 'OK');

  const blocking = make(false, options);
  assert.equal(blocking.connect(url), 0);
  assert.equal(blocking.subscribe(1, 'web/b'), 0);
  assert.equal(blocking.publish(1, false, 'web/b', 'hello'), 0);
  assert.equal(blocking.disconnect(), 0);
}

for (const protocolVersion of [3, 4, 5]) {
  test(`ws: against mosquitto, version ${protocolVersion}`, () =>
    accept(`ws://127.0.0.1:${broker.ports[1]}/mqtt`, { protocolVersion }));
}

test('wss: against mosquitto', () =>
  accept(`wss://localhost:${broker.ports[2]}/mqtt`, { tls: { ca: ROOT } }));

test('wss: verifies as mqtts: does', async () => {
  const url = `wss://127.0.0.1:${broker.ports[3]}/mqtt`;
  const client = make(true, { tls: { ca: ROOT } });
  const [, error] = await called((done) => client.connect(url, null, done));
  assert.equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.equal(error.errno, ETLS);
  assert.equal(make(false).connect(url), ETLS);
  assert.equal(make(false, { tls: { rejectUnauthorized: false } })
    .connect(url), 0);
  assert.equal(make(false, { tls: { ca: ROOT } }).connect(url), ETLS);
});

test('RabbitMQ\'s Web-MQTT over ws:', { skip: !rabbitmq.isInstalled() },
  async () => {
    const server = await rabbitmq.start();
    try {
      await accept(`ws://127.0.0.1:${server.webPort}/ws`);
    } finally {
      await server.stop();
    }
  });

// --- Servers made by hand ---

test('CONNACK may come with the answer to the upgrade', async () => {
  const server = await serve((socket) => {
    socket.cork();
    socket.upgrade();
    socket.write(frame(2, CONNACK));
    socket.uncork();
  });
  const client = make(true);
  const [result] = await called((done) =>
    client.connect(server.url, null, done));
  assert.equal(result, 'OK');
  client.disconnect();
  stop(server);
});

function frame(opcode, payload, first = 0x80) {
  assert.ok(payload.length < 126);
  return Buffer.concat([Buffer.from([first | opcode, payload.length]), payload]);
}

// `answer(socket, request)` has the connection after the upgrade request;
// `upgrade` answers it as it should.
async function serve(answer) {
  const server = http.createServer((request, response) => {
    response.writeHead(404).end();
  });
  servers.push(server);
  server.requests = [];
  server.on('upgrade', (request, socket) => {
    server.requests.push(request);
    socket.on('error', () => {});
    socket.upgrade = (accepted) => upgrade(request, socket, accepted);
    answer(socket, request);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.url = `ws://127.0.0.1:${server.address().port}`;
  return server;
}

function stop(server) {
  server.closeAllConnections();
  server.close();
}

test('the request has the path, the query and the headers', async () => {
  const server = await serve((socket) => {
    socket.upgrade();
    socket.write(frame(2, CONNACK));
  });
  const client = make(true, { headers: { Authorization: 'Bearer x' } });
  const [result] = await called((done) =>
    client.connect(`${server.url}/a/b?c=d`, null, done));
  assert.equal(result, 'OK');
  const { url, headers } = server.requests[0];
  assert.equal(url, '/a/b?c=d');
  assert.equal(headers.authorization, 'Bearer x');
  assert.equal(headers.host, server.url.slice(5));
  assert.equal(headers['sec-websocket-protocol'], 'mqtt');
  assert.equal(headers['sec-websocket-extensions'], undefined);
  client.disconnect();
  stop(server);
});

test('credentials are asked for before every attempt', async () => {
  const server = await serve((socket) => socket.end(
    'HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n'));
  let asked = 0;
  const client = make(true, { reconnectPeriod: 5, credentials: async () => {
    asked += 1;
    return { url: `${server.url}/${asked}`, headers: { 'X-Token': `${asked}` } };
  } });
  client.connect(server.url, null);
  while (server.requests.length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  client.disconnect();
  assert.deepEqual(server.requests.slice(0, 3).map(({ url, headers }) =>
    [url, headers['x-token']]), [['/1', '1'], ['/2', '2'], ['/3', '3']]);
  stop(server);
});

const REFUSALS = {
  'a 401': [(socket) => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'),
    /answered 401 Unauthorized/],
  'a redirection': [(socket) => socket.end(
    'HTTP/1.1 302 Found\r\nLocation: http://else.test/\r\n\r\n'),
  /else.test\/, which is not followed/],
  'a false Sec-WebSocket-Accept': [(socket) => socket.upgrade('AAAA'),
    /Accept is missing or wrong/],
  'an end during the upgrade': [(socket) => socket.end(),
    /during the WebSocket upgrade: perhaps it does not speak WebSocket on this port/],
  'a megabyte of headers': [(socket) => socket.write(
    `HTTP/1.1 101 x\r\nA: ${'b'.repeat(1000000)}\r\n\r\n`), /too large/],
  'a text frame': [(socket) => {
    socket.upgrade();
    socket.write(frame(1, CONNACK));
  }, /text frame/],
  'a masked frame': [(socket) => {
    socket.upgrade();
    socket.write(Buffer.from([0x82, 0x84, 0, 0, 0, 0, 0x20, 2, 0, 0]));
  }, /protocol/],
  'a frame without bounds': [(socket) => {
    socket.upgrade();
    socket.write(Buffer.from([0x82, 127, 127, 255, 255, 255, 255, 255, 255,
      255, 0]));
  }, /too large/],
  'a Close with a reason': [(socket) => {
    socket.upgrade();
    socket.write(frame(8, Buffer.from('\x03\xf0no guests', 'latin1')));
  }, /code 1008: no guests/],
};

for (const [name, [answer, pattern]] of Object.entries(REFUSALS)) {
  test(`63 ${name} ends the attempt with EWEBSOCKET`, async () => {
    const server = await serve(answer);
    const client = make(true);
    const [result, error] = await called((done) =>
      client.connect(server.url, null, done));
    assert.notEqual(result, 'OK');
    assert.match(error.message, pattern);
    assert.equal(error.errno, EWEBSOCKET);
    assert.equal(error.code, 'MIDGE_EWEBSOCKET');
    client.disconnect();
    stop(server);
  });
}

test('63 after a hostile server the next connection works', async () => {
  const answers = Object.values(REFUSALS).map(([answer]) => answer);
  const server = await serve((socket) => {
    const answer = answers.shift();
    if (answer) {
      answer(socket);
      return;
    }
    socket.upgrade();
    socket.write(frame(2, CONNACK));
  });
  const client = make(true, { reconnectPeriod: 5 });
  const connected = event(client, 'connected');
  client.connect(server.url, null);
  await connected;
  client.disconnect();
  stop(server);
});

test('MQTT in fragments, with pings between the bytes', async () => {
  let pongs = 0;
  const server = await serve((socket) => {
    socket.upgrade();
    socket.on('data', (bytes) => {
      if (bytes.includes(Buffer.from([0x8a, 0x86]))) pongs += 1;
    });
    for (const [i, byte] of CONNACK.entries()) {
      const first = i === CONNACK.length - 1 ? 0x80 : 0;
      socket.write(frame(i === 0 ? 2 : 0, Buffer.from([byte]), first));
      socket.write(frame(9, Buffer.from('there?')));
    }
  });
  const client = make(true);
  const [result] = await called((done) =>
    client.connect(server.url, null, done));
  assert.equal(result, 'OK');
  while (pongs === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  client.disconnect();
  stop(server);
});

test('disconnect ends with a Close of the WebSocket', async () => {
  let last;
  const ended = new Promise((resolve) => {
    serve((socket) => {
      socket.upgrade();
      socket.write(frame(2, CONNACK));
      socket.on('data', (bytes) => { last = bytes; });
      socket.on('end', () => resolve());
    }).then(async (server) => {
      const client = make(true);
      await called((done) => client.connect(server.url, null, done));
      client.disconnect();
      await ended;
      stop(server);
    });
  });
  await ended;
  // Masked, so that the code cannot be read as it is.
  const close = last.subarray(-8);
  assert.equal(close[0], 0x88);
  assert.equal(close[1], 0x82);
  assert.equal((close[6] ^ close[2]) << 8 | (close[7] ^ close[3]), 1000);
});
