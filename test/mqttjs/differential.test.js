'use strict';
// The same scripts of calls and broker behaviour, played on MQTT.js and on
// midge: events, callbacks, their order and their arguments are the same, but
// for what stands in differences.js, and so is what the broker is sent, byte by
// byte, but for what stands in wire-differences.js.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const theirs = require('mqtt');
const ours = require('../../lib');
const differences = require('./differences');
const wireDifferences = require('./wire-differences');
const { compare } = require('./support/compare');
const { play } = require('./support/play');

const FOLDER = path.join(__dirname, 'scripts');
const TOGETHER = 4; // scripts at a time: most of their time is waiting
const TRIES = 3; // a machine that is busy elsewhere makes differences of its own

const scripts = new Map();
for (const file of fs.readdirSync(FOLDER)) {
  for (const [name, script] of Object.entries(require(path.join(FOLDER, file)))) {
    scripts.set(`${path.basename(file, '.js')}: ${name}`, script);
  }
}

async function playBoth(name, script) {
  const [their, our] = await Promise.all([play(theirs, script), play(ours, script)]);
  compare(their.log, our.log, differences[name]);
  compare(their.wire, our.wire, wireDifferences[name]);
}

// A difference is one that comes each time.
async function tryBoth(name, script, tries) {
  try {
    await playBoth(name, script);
  } catch (error) {
    if (tries === 1) throw error;
    await tryBoth(name, script, tries - 1);
  }
}

describe('differential', { concurrency: TOGETHER }, () => {
  for (const [name, script] of scripts) {
    test(name, () => tryBoth(name, script, TRIES));
  }
});

test('each difference is of a script', () => {
  for (const list of [differences, wireDifferences]) {
    for (const [name, { reason }] of Object.entries(list)) {
      assert.ok(scripts.has(name) && reason, name);
    }
  }
});
