'use strict';
// The ways to get at the class.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');

test("require('midge') is the class, and has mqtt, errors, strerror", () => {
  assert.equal(typeof mqtt, 'function');
  assert.equal(mqtt.name, 'mqtt');
  assert.equal(mqtt.mqtt, mqtt);
  assert.equal(require('midge'), mqtt);
  assert.ok(Object.isFrozen(mqtt.errors));
});

test("import from 'midge' gives the same class", async () => {
  const module = await import('midge');
  assert.equal(module.default, mqtt);
  assert.equal(module.mqtt, mqtt);
  assert.equal(module.errors, mqtt.errors);
  assert.equal(module.strerror, mqtt.strerror);
});

test('without the addon the error names the fix', async () => {
  const { spawnSync } = require('node:child_process');
  const fs = require('node:fs');
  const os = require('node:os');
  const path = require('node:path');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-none-'));
  fs.cpSync(path.dirname(require.resolve('midge')), path.join(folder, 'lib'),
    { recursive: true });
  const env = { ...process.env };
  delete env.MIDGE_ADDON;
  const { status, stderr } = spawnSync(process.execPath,
    ['-e', `require(${JSON.stringify(path.join(folder, 'lib'))})`], { env });
  fs.rmSync(folder, { recursive: true });
  assert.equal(status, 1);
  assert.match(String(stderr), /npm rebuild midge/);
  assert.match(String(stderr), /MIDGE_EADDON/);
});
