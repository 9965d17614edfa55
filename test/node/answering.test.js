'use strict';
// Who answers a message sends the answer on its own thread, if the other one sleeps:
// which of both does it changes at any moment, and nobody can tell.
const assert = require('node:assert/strict');
const net = require('node:net');
const { after, before, test } = require('node:test');
const { Worker } = require('node:worker_threads');
const mqttPacket = require('mqtt-packet');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');
const { listenEcho } = require('./support/echo');
const { run } = require('./support/program');
const { listen } = require('./support/server');
const { called, event, until } = require('./support/wait');

const LIB = require.resolve('../../lib');
const KEEP_ALIVE_MS = 3000; // of less a real broker, which counts in seconds, bears no lateness
const SILENT_MS = 4000; // what it bears of that
const BLOCKED_MS = 10000;
const TRIPS = 200;
const ROUNDS = Number(process.env.MIDGE_TEST_ROUNDS || 6);

let echo;

before(async () => {
  echo = await listenEcho();
});

after(() => echo.stop());

// A server before `port`, which passes all on and counts what the clients ask of it.
async function counting(port) {
  const seen = [];
  const relay = net.createServer((client) => {
    const server = net.connect(port, '127.0.0.1');
    const parser = mqttPacket.parser();
    parser.on('packet', ({ cmd, topic }) => seen.push(topic || cmd));
    client.on('data', (bytes) => parser.parse(bytes));
    client.pipe(server).pipe(client);
    client.on('error', () => server.destroy());
    server.on('error', () => client.destroy());
  });
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return { relay, seen, port: relay.address().port };
}

// It has the connection in its hands just before it is blocked, which takes as long
// as it says: a real broker ends what is silent for longer than its keep-alive and a half.
test('a thread that has just sent an answer is blocked for 10 s, and the broker is pinged ' +
  'meanwhile, and keeps the connection', async () => {
  const broker = await mosquitto.start();
  const { relay, seen, port } = await counting(broker.port);
  const { code, out, err } = await run(`
    const client = new mqtt(null, null, null, true, ${KEEP_ALIVE_MS}, true);
    const heard = [];
    let drops = 0;
    let ended = 0;
    const say = (qos, topic, text) => client.publish(qos, false, topic, text, (mid, error) => {
      ended += error ? 1000000 : 1;
    });
    client.on('disconnected', (result) => { if (result !== 'OK') drops += 1; });
    client.on('received', (mid, topic, message) => {
      heard.push(Number(message));
      if (heard.length > ${2 * TRIPS}) return;
      say(heard.length % 2, 'answered', String(heard.length));
      if (heard.length !== ${TRIPS}) return;
      say(1, 'before', '');
      const end = Date.now() + ${BLOCKED_MS};
      while (Date.now() < end);
      say(1, 'behind', '');
    });
    client.connect('127.0.0.1', port, () => {
      client.subscribe(1, 'answered', () => say(0, 'answered', '0'));
    });
    setInterval(() => {
      if (heard.length <= ${2 * TRIPS} || ended < ${2 * TRIPS + 3}) return;
      console.log(drops, ended, heard.every((number, at) => number === at));
      client.disconnect();
      process.exit();
    }, 10);`, { port });
  assert.deepEqual([code, out, err], [0, `0 ${2 * TRIPS + 3} true`, '']);
  const pings = seen.slice(seen.indexOf('before'), seen.indexOf('behind'))
    .filter((what) => what === 'pingreq').length;
  assert.ok(pings >= BLOCKED_MS / SILENT_MS, `the broker was pinged ${pings} times`);
  relay.close();
  await broker.stop();
});

function answerer(port, options) {
  const client = new mqtt(null, null, null, true, 60000, true, options);
  after(() => client.disconnect());
  return called((done) => client.connect('127.0.0.1', port, done)).then(() => client);
}

test('answers leave in their order and end once each, few or many of them', async () => {
  const client = await answerer(echo.port);
  const ends = [];
  let said = 0;
  let heard = 0;
  const say = () => {
    const number = said;
    said += 1;
    client.publish(number % 2, false, 'order', String(number),
      (mid, error) => { ends[number] = (ends[number] || 0) + (error ? 1000 : 1); });
  };
  client.on('received', (mid, topic, message) => {
    assert.equal(Number(message), heard);
    heard += 1;
    if (heard < said || said > 20 * TRIPS) return;
    for (let many = said % 7 === 6 ? 20 : 1 + (said % 3); many > 0; many -= 1) say();
  });
  say();
  await until(() => heard > 20 * TRIPS && heard === said, 'all came back');
  await until(() => ends.filter(Boolean).length === said, 'all have ended');
  assert.ok(ends.every((count) => count === 1));
});

test('an answer that has no room in the queue is told so at once', async () => {
  const server = await listen({ publish: false });
  const client = await answerer(server.port, { maxQueueMessages: 3 });
  const codes = [];
  client.on('received', () => codes.push(client.publish(1, false, 'full', 'x')));
  for (let round = 1; round <= 5; round += 1) {
    server.send({ cmd: 'publish', topic: 'ask', payload: 'x', qos: 0 });
    await until(() => codes.length === round);
  }
  const { EQUEUE } = mqtt.errors;
  assert.deepEqual(codes, [0, 0, 0, EQUEUE, EQUEUE]);
  await until(() => server.got('publish').length === 3);
  await server.stop();
});

// Of a program that answers without end, and does `text` at some answer.
const answering = (text) => `
  const client = new mqtt(null, null, null, true, 60000, true);
  let trips = 0;
  const answer = () => client.publish(trips % 2, false, 'end', String(trips), () => {});
  client.on('received', () => {
    trips += 1;
    answer();
    ${text}
  });
  client.connect('127.0.0.1', port, answer);`;

test('process.exit right behind an answer', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { code, signal, err } = await run(
      answering(`if (trips === ${1 + 7 * round}) process.exit(7);`), { port: echo.port });
    assert.deepEqual([code, signal, err], [7, null, '']);
  }
});

test('workers that answer are terminated, or end behind an answer', async () => {
  const start = (text) => {
    const worker = new Worker(`
      const mqtt = require(${JSON.stringify(LIB)});
      const port = ${echo.port};
      const { parentPort } = require('node:worker_threads');
      ${answering(text)}`, { eval: true });
    after(() => worker.terminate());
    return worker;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const one = start(`if (trips === ${1 + 3 * round}) parentPort.postMessage('now');`);
    const other = start(`if (trips === ${1 + 5 * round}) process.exit(5);`);
    await event(one, 'message');
    assert.equal(await one.terminate(), 1);
    await until(() => other.threadId === -1, 'the other has ended');
  }
});
