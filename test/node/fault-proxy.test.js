'use strict';
// The network that other tests put between midge and a server.
const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { test } = require('node:test');
const faultProxy = require('../support/fault-proxy');
const { until } = require('./support/wait');

// A server, a proxy before it, and both ends of one connection through them.
async function lineOf(t, weather) {
  const server = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await faultProxy.start(server.address().port, { weather: () => weather });
  const client = endOf(net.connect(
    { port: proxy.port, host: '127.0.0.1', allowHalfOpen: true }));
  const other = endOf((await once(server, 'connection'))[0]);
  t.after(async () => {
    client.socket.destroy();
    other.socket.destroy();
    await proxy.stop();
    server.close();
  });
  return { client, server: other, proxy };
}

// What a socket has seen.
function endOf(socket) {
  const end = { socket, text: '', pieces: [], isEnded: false, error: null };
  socket.setNoDelay(true);
  socket.on('data', (bytes) => {
    end.pieces.push(bytes.length);
    end.text += bytes;
  });
  socket.on('end', () => { end.isEnded = true; });
  socket.on('error', (error) => { end.error = error; });
  return end;
}

test('in fair weather all bytes pass, and both ends', async (t) => {
  const { client, server, proxy } = await lineOf(t, {});
  client.socket.end('over');
  await until(() => server.isEnded);
  assert.equal(server.text, 'over');
  server.socket.end('and out');
  await until(() => client.isEnded);
  assert.equal(client.text, 'and out');
  assert.equal(proxy.connections[0].up.passed, 4);
  assert.equal(proxy.connections[0].down.passed, 7);
});

test('bytes one by one, in order, and more than a socket holds', async (t) => {
  const { client, server } = await lineOf(t, { up: { chunk: 1 }, down: {} });
  const large = 'x'.repeat(4 << 20);
  server.socket.end(large);
  client.socket.end('0123456789'.repeat(20));
  await until(() => server.isEnded && client.isEnded);
  assert.equal(server.text, '0123456789'.repeat(20));
  assert.equal(client.text.length, large.length);
  assert.ok(server.pieces.length > 1, `${server.pieces}`);
});

for (const then of ['half', 'close', 'reset']) {
  for (const at of [0, 1, 5]) {
    test(`${then} after ${at} bytes`, async (t) => {
      const { client, server, proxy } = await lineOf(t, { up: { at, then } });
      client.socket.write('0123456789');
      await until(() => proxy.connections[0].up.passed === at);
      if (then === 'reset') {
        // Some systems hide a reset behind bytes that were read before it.
        await until(() => client.error && (server.error || server.isEnded));
        assert.equal(client.error.code, 'ECONNRESET');
        assert.ok('01234'.startsWith(server.text));
        return;
      }
      await until(() => server.isEnded);
      assert.equal(server.text, '0123456789'.slice(0, at));
      if (then === 'close') return void await until(() => client.isEnded || client.error);
      server.socket.write('still there');
      await until(() => client.text === 'still there');
      assert.equal(client.isEnded, false);
    });
  }
}

test('silence takes all and tells nobody', async (t) => {
  const { client, server, proxy } = await lineOf(t, { down: { at: 2, then: 'silence' } });
  server.socket.write('0123');
  await until(() => client.text === '01');
  client.socket.write('anybody?');
  client.socket.end();
  await until(() => proxy.connections[0].client.readableEnded);
  assert.equal(server.text, '');
  assert.equal(server.isEnded, false);
  assert.equal(client.text, '01');
});

test('what was stalled passes when it is released', async (t) => {
  const { client, server, proxy } = await lineOf(t, { up: { at: 3, then: 'stall' } });
  client.socket.write('0123456789');
  server.socket.write('the other way goes on');
  await until(() => server.text === '012' && client.text !== '');
  await until(() => proxy.connections[0].up.waitingBytes === 7);
  proxy.connections[0].up.release();
  await until(() => server.text === '0123456789');
});

test('a delay and a rate take their time', async (t) => {
  const { client, server } = await lineOf(t,
    { up: { delay: 80 }, down: { rate: 1000 } });
  const begun = Date.now();
  client.socket.write('late');
  await until(() => server.text === 'late');
  assert.ok(Date.now() - begun >= 79, 'delayed');
  const again = Date.now();
  server.socket.write('x'.repeat(100));
  await until(() => client.text.length === 100);
  assert.ok(Date.now() - again >= 90, 'throttled');
});

test('a server that is not there is a connection that breaks', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  const proxy = await faultProxy.start(port);
  t.after(() => proxy.stop());
  const client = endOf(net.connect(proxy.port, '127.0.0.1'));
  await until(() => client.socket.destroyed);
});
