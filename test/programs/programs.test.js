'use strict';
// Programs written for MQTT.js, as they are published, with midge in its place:
// each does what it does in life, and fails when midge is broken on purpose.
// MIDGE_TEST_PROGRAMS=all tries every fault, and every broker.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, test } = require('node:test');
const { promisify } = require('node:util');
const execFile = promisify(require('node:child_process').execFile);
const mqtt = require('mqtt');
const { delay } = require('../node/support/wait');
const brokers = require('./support/brokers');
const { Run } = require('./support/run');

const isAll = process.env.MIDGE_TEST_PROGRAMS === 'all';
const TOGETHER = 2;
const LIMIT_MS = 120000;
const QUIET_MS = 3000; // in which a program that works would go on

const programs = fs.readdirSync(path.join(__dirname, 'programs')).map((file) =>
  path.basename(file, '.js'));

// How far a program gets when that is broken, and how far it does not get.
const faults = {
  publish: ['subscribed', 'heard'],
  message: ['subscribed', 'heard'],
  subscribe: ['begun', 'heard'],
  reconnect: ['heard', 'again'],
  tls: ['again', 'tls'],
  end: ['heard', 'ended'],
};
const others = {
  moleculer: { publish: ['begun', 'heard'] }, // its nodes greet each other
  'homie-device': { tls: null }, // it has none
  'aws-iot-device-sdk': { tls: null }, // it makes its connections itself
};

async function withBroker(name, work) {
  const broker = await brokers.start(name);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-program-'));
  const runs = [];
  try {
    await work((program, options) => {
      runs.push(new Run(program, broker, { folder, ...options }));
      return runs.at(-1);
    }, broker);
  } finally {
    for (const run of runs) await run.stop();
    await broker.stop();
    fs.rmSync(folder, { recursive: true });
  }
}

const wills = ['gone', 'lost'];

// What MQTT.js itself hears of a program's will.
async function witness({ ports: [port] }, filter) {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  const heard = new Promise((resolve) => {
    client.on('message', (topic, payload) => wills.includes(String(payload)) && resolve(topic));
  });
  await client.subscribeAsync(filter, { qos: 1 });
  return { heard, close: () => client.endAsync(true) };
}

function works(program, broker) {
  test(`${program} with ${broker}`, () => withBroker(broker, async (start) => {
    const run = start(program);
    assert.ok(await run.reached('ended', LIMIT_MS), `${run.steps}\n${run.err}`);
    assert.deepEqual(await run.ended, { code: 0, signal: null }, run.err);
    assert.equal(run.err, '');
  }));

  test(`${program}: its will with ${broker}`, () =>
    withBroker(broker, async (start, { ports }) => {
      const listener = await witness({ ports }, `will/${program}/#`);
      const run = start(program, { part: 'will' });
      assert.ok(await run.reached('waits', LIMIT_MS), run.err);
      await run.stop();
      assert.ok((await listener.heard).startsWith(`will/${program}`));
      await listener.close();
    }));
}

function fails(program, fault, [before, after]) {
  test(`${program} fails without ${fault}`, () => withBroker('mosquitto', async (start) => {
    const run = start(program, { broken: fault });
    assert.ok(await run.reached(before, LIMIT_MS), `${run.steps}\n${run.err}`);
    await delay(QUIET_MS);
    assert.ok(!run.steps.includes(after), `${run.steps}`);
  }));
}

async function failsWithoutWill(program) {
  await withBroker('mosquitto', async (start, { ports }) => {
    const listener = await witness({ ports }, `will/${program}/#`);
    const run = start(program, { part: 'will', broken: 'will' });
    assert.ok(await run.reached('waits', LIMIT_MS), run.err);
    await run.stop();
    const first = await Promise.race([listener.heard, delay(QUIET_MS)]);
    assert.equal(first, undefined);
    await listener.close();
  });
}

test('modules that import MQTT.js have midge', async () => {
  const { stdout } = await execFile(process.execPath,
    ['--require', './support/alias.js', '--input-type=module', '--eval',
      `import mqtt, { connect } from 'mqtt';
      import * as all from 'mqtt';
      import { createRequire } from 'node:module';
      const required = createRequire(import.meta.url)('mqtt');
      console.log([mqtt.connect, all.connect, required.connect].every((one) => one === connect),
        mqtt === (await import('../../lib/index.mjs')).default);`],
    { cwd: __dirname });
  assert.equal(stdout, 'true true\n');
});

describe('programs', { concurrency: TOGETHER }, () => {
  for (const program of programs) {
    for (const broker of isAll ? brokers.names : ['mosquitto']) works(program, broker);
    for (const [fault, steps] of Object.entries({ ...faults, ...others[program] })) {
      if (steps && (isAll || fault === 'publish')) fails(program, fault, steps);
    }
    if (isAll) test(`${program} fails without a will`, () => failsWithoutWill(program));
  }
});
