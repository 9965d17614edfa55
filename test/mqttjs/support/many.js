'use strict';
// Makes and ends clients of mqtt.connect, some at a time, and prints what is left of
// them: node --expose-gc many.js URL COUNT
const fs = require('node:fs');
const { setTimeout: delay } = require('node:timers/promises');
const mqtt = require('../../../lib');

const [, , url, count] = process.argv;
const AT_ONCE = 50;

async function one(number) {
  const client = await mqtt.connectAsync(url, { protocolVersion: number % 2 === 0 ? 4 : 5 });
  client.on('message', () => {});
  await client.subscribeAsync('a', { qos: 1 });
  await client.publishAsync('a', 'm', { qos: number % 3 });
  await client.endAsync(number % 5 === 0);
}

async function make(all) {
  let next = 0;
  const maker = async () => {
    while (next < all) {
      next += 1;
      await one(next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, maker));
}

// What is given back late is given time.
async function left() {
  for (let i = 0; i < 10; i += 1) {
    global.gc();
    await delay(20);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    heap: heapUsed, external, rss,
    files: fs.readdirSync('/proc/self/fd').length,
    resources: process.getActiveResourcesInfo().length,
  };
}

async function main() {
  await make(Number(count) / 5);
  const before = await left();
  await make(Number(count));
  console.log(JSON.stringify({ before, after: await left() }));
}

main();
