'use strict';
// The process of a program: node --require alias.js stage.js FILE PART. It tells
// whoever started it how far it got, and must end by itself when it is done.
const { setTimeout: delay } = require('node:timers/promises');

const RETRY_MS = 50;
const [, , file, part] = process.argv;

const stage = {
  ...JSON.parse(process.env.MIDGE_PROGRAM), // url, tls, ws, ca, folder

  step(name) {
    process.send({ step: name });
  },

  // The broker, stopped and started again.
  async restart() {
    const done = new Promise((resolve) => process.once('message', resolve));
    process.send({ wish: 'restart' });
    await done;
  },

  // Try it until it comes to something: what was sent while nobody listened may
  // be lost.
  async until(attempt) {
    let result = await attempt();
    while (!result) {
      await delay(RETRY_MS);
      result = await attempt();
    }
    return result;
  },

  delay,
};

stage.step('begun');
// One that is to die stays.
require(file)[part](stage).then(() => {
  if (part === 'main') process.disconnect();
}, (error) => {
  console.error(error);
  process.exit(1);
});
