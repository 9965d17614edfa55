'use strict';
// What no server may say, through mqtt.connect: every transcript of the session's own
// tests, some of which are servers that break the rules, and floods of answers that
// nobody asked for. Nothing throws out of the library, and the next connection works.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, test } = require('node:test');
const mqtt = require('../../lib');
const { play } = require('./support/transcripts');

const FOLDER = path.join(__dirname, '..', '..', 'build', 'test');
const TOGETHER = 16;
const FLOOD = 100000; // packets

// The programs of test/conformance write down what they play.
function recorded(program) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-record-'));
  const file = path.join(folder, 'record');
  try {
    execFileSync(path.join(FOLDER, program),
      { env: { ...process.env, MIDGE_TEST_RECORD: file }, stdio: 'ignore' });
    return fs.readFileSync(file, 'utf8').split('transcript\n').filter(Boolean)
      .map((text) => text.trimEnd().split('\n'));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function playAll(transcripts) {
  let next = 0;
  const player = async () => {
    while (next < transcripts.length) {
      next += 1;
      await play(mqtt, transcripts[next - 1]);
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, player));
}

describe('servers of the session\'s own tests', () => {
  const programs = fs.readdirSync(FOLDER)
    .filter((file) => /^conformance_\w+$/.test(file)).sort();
  assert.ok(programs.length >= 10, `${programs}`);
  for (const program of programs) {
    test(program.replace('conformance_', ''), () => playAll(recorded(program)));
  }
});

describe('floods', () => {
  const floods = {
    PINGRESP: 'd000', PUBACK: '40020009', PUBREC: '50020009', PUBREL: '62020009',
    PUBCOMP: '70020009', SUBACK: '9003000900', 'PUBLISH of QoS 2': '3405000161000a',
  };
  for (const [name, packet] of Object.entries(floods)) {
    test(name, () => play(mqtt, ['option version=3.1.1 client_id="a"', 'connected', '> CONNECT',
      '<x 20020000', `<x ${packet.repeat(FLOOD)}`]));
  }
});
