'use strict';
// The same scripts of calls and broker behaviour, played on MQTT.js and on
// midge: events, callbacks, their order and their arguments are the same, but
// for what stands in differences.js.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const theirs = require('mqtt');
const ours = require('../../lib');
const differences = require('./differences');
const { compare } = require('./support/compare');
const { play } = require('./support/play');

const FOLDER = path.join(__dirname, 'scripts');
const TOGETHER = 4; // scripts at a time: most of their time is waiting

const scripts = new Map();
for (const file of fs.readdirSync(FOLDER)) {
  for (const [name, script] of Object.entries(require(path.join(FOLDER, file)))) {
    scripts.set(`${path.basename(file, '.js')}: ${name}`, script);
  }
}

describe('differential', { concurrency: TOGETHER }, () => {
  for (const [name, script] of scripts) {
    test(name, async () => {
      const [their, our] = await Promise.all([play(theirs, script), play(ours, script)]);
      compare(their, our, differences[name]);
    });
  }
});

test('each difference is of a script', () => {
  for (const name of Object.keys(differences)) assert.ok(scripts.has(name), name);
});
