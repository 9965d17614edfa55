'use strict';
// Clients end to end: programs and workers that leave at any point, and thousands of
// clients that leave nothing behind. MIDGE_TEST_LIVES and MIDGE_TEST_CLIENTS say how
// many; a seed is played with `node test/mqttjs/support/wander.js URL SEED [worker]`.
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { after, before, describe, test } = require('node:test');
const { listen, answers } = require('./support/broker');

const SEEDS = Number(process.env.MIDGE_TEST_LIVES || 10);
const CLIENTS = Number(process.env.MIDGE_TEST_CLIENTS || 500);
const TOGETHER = 2;
const LIMIT_MS = 60000;
const MANY_MS = 600000;
const HEAP_MAX = 2e6; // that many clients leave behind: caches, and no client
const MEMORY_MAX = 100e6;

let broker;

before(async () => {
  broker = await listen({
    publish(packet, connection) {
      connection.send({ cmd: 'publish', topic: 'a', payload: 'heard' });
      return answers.publish(packet);
    },
  });
  // It remembers all that it has seen, and here that is not wanted.
  broker.forgetting = setInterval(() => {
    broker.seen.length = 0;
    broker.connections = broker.connections.filter(({ isClosed }) => !isClosed);
  }, 50);
});

after(async () => {
  clearInterval(broker.forgetting);
  await broker.close();
});

// What the program prints; that it ends well is a test of its own.
function printed(args, limit) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--unhandled-rejections=strict', ...args],
      { timeout: limit, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
        if (error || stderr) reject(error ?? new Error(stderr));
        else resolve(stdout);
      });
  });
}

const support = (name) => path.join(__dirname, 'support', name);

describe('programs that leave at any point', { concurrency: TOGETHER }, () => {
  for (const where of ['process', 'worker']) {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      test(`${where}, seed ${seed}`, async () => {
        assert.equal(await printed([support('wander.js'), broker.url, String(seed), where],
          LIMIT_MS), '');
      });
    }
  }
});

test(`${CLIENTS} clients leave nothing behind`, async () => {
  const { before: first, after: last } = JSON.parse(await printed(
    ['--expose-gc', support('many.js'), broker.url, String(CLIENTS)], MANY_MS));
  assert.equal(last.files, first.files);
  assert.equal(last.resources, first.resources);
  assert.ok(last.heap < first.heap + HEAP_MAX, JSON.stringify([first, last]));
  assert.ok(last.rss < first.rss + MEMORY_MAX, JSON.stringify([first, last]));
});
