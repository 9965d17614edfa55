'use strict';
// The last words of a process: what was disconnected says goodbye, whichever
// way the process ends.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { run } = require('./support/program');
const { listen } = require('./support/server');
const { until } = require('./support/wait');

const ROUNDS = Number(process.env.MIDGE_TEST_ROUNDS || 15);

let server;

before(async () => {
  server = await listen();
});

after(() => server.stop());

const client = `
  const client = new mqtt(null, null, null, true, 60000, true);
  const connected = (done) => client.connect('127.0.0.1', port, done);`;

// Each with the exit code of the process.
const ways = {
  'disconnect, then process.exit': [`connected(() => {
    client.disconnect();
    process.exit(7);
  });`, 7],
  'process.exit, and disconnect in an exit handler': [`
    process.on('exit', () => client.disconnect());
    connected(() => process.exit(7));`, 7],
  'the loop runs dry, and disconnect in an exit handler': [`
    process.on('exit', () => client.disconnect());
    connected(() => client.unref());`, 0],
  'a worker ends by process.exit': [`
    const { Worker } = require('node:worker_threads');
    new Worker(\`
      const mqtt = require(\${JSON.stringify(LIB)});
      const port = \${port};
      ${client}
      connected(() => {
        client.disconnect();
        process.exit(7);
      });\`, { eval: true }).on('exit', (code) => { process.exitCode = code; });`,
  7],
  'an exception that a handler takes to end the process': [`
    process.on('exit', () => client.disconnect());
    process.on('uncaughtException', () => process.exit(7));
    connected(() => { throw new Error('mine'); });`, 7],
};

for (const [name, [text, expected]] of Object.entries(ways)) {
  test(`${name}: the server hears the goodbye`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const before_ = server.got('disconnect').length;
      const { code, signal, err } = await run(`${client} ${text}`,
        { port: server.port });
      assert.deepEqual([code, signal, err], [expected, null, '']);
      await until(() => server.got('disconnect').length === before_ + 1,
        `a goodbye in round ${round}`, 5000);
    }
  });
}

test('process.exit in an exit handler that was there first: the server hears ' +
  'every goodbye', async () => {
  const before_ = server.got('disconnect').length;
  const { code, signal, err } = await run(`
    process.prependListener('exit', () => {
      clients.forEach((client) => client.disconnect());
      process.exit(7);
    });
    const clients = Array.from({ length: 200 }, () =>
      new mqtt(null, null, null, true, 60000, true));
    let left = clients.length;
    clients.forEach((client) => client.connect('127.0.0.1', port, () => {
      left -= 1;
      if (left === 0) process.exit(3);
    }));`, { port: server.port });
  assert.deepEqual([code, signal, err], [7, null, '']);
  await until(() => server.got('disconnect').length === before_ + 200,
    'a goodbye of each', 10000);
});

// Node gives no time then; what matters is that it ends.
const crashes = {
  'an exception that nobody catches': "throw new Error('mine');",
  'a rejection that nobody handles': "Promise.reject(new Error('mine'));",
  'an exception in an exit handler': `
    process.on('exit', () => { throw new Error('mine'); });
    process.exit(3);`,
};
for (const [name, text] of Object.entries(crashes)) {
  test(`${name} ends the process, clients or not`, async () => {
    for (let round = 0; round < 3; round += 1) {
      const { code, signal, err } = await run(`${client}
        process.on('exit', () => client.disconnect());
        connected(() => { ${text} });`, { port: server.port });
      assert.equal(signal, null, err);
      assert.notEqual(code, 0);
      assert.match(err, /Error: mine/);
    }
  });
}

test('a server that does not read does not keep the process',
  async () => {
    const deaf = await listen({ connect(packet, connection) {
      connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
      connection.socket.pause();
    } });
    const { code, signal } = await run(`${client}
      connected(() => {
        for (let i = 0; i < 100; i += 1) {
          client.publish(0, false, 't', Buffer.alloc(1 << 20));
        }
        client.disconnect();
        process.exit(7);
      });`, { port: deaf.port, limit: 15000 });
    assert.deepEqual([code, signal], [7, null]);
    await deaf.stop();
  });
