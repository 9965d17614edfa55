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

test('versions tells midge and what its addon is linked with', () => {
  assert.deepEqual(Object.keys(mqtt.versions), ['midge', 'libuv', 'lmdb', 'openssl', 'zlib']);
  for (const [name, version] of Object.entries(mqtt.versions)) {
    assert.match(version, /^\d+\.\d+\.\d+/, name);
  }
  assert.equal(mqtt.versions.midge, require('midge/package.json').version);
  assert.ok(Object.isFrozen(mqtt.versions));
});

test("import from 'midge' gives the same class", async () => {
  const module = await import('midge');
  assert.equal(module.default, mqtt);
  assert.equal(module.mqtt, mqtt);
  assert.equal(module.errors, mqtt.errors);
  assert.equal(module.strerror, mqtt.strerror);
  assert.equal(module.versions, mqtt.versions);
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
  assert.match(String(stderr), /Build it: node \S+\/tools\/build-addon\.js/);
  assert.match(String(stderr), /MIDGE_EADDON/);
});

test('the manual lists every error with its number, and every test of the ' +
  'specification', () => {
  const fs = require('node:fs');
  const path = require('node:path');
  const read = (...names) =>
    fs.readFileSync(path.join(__dirname, '..', '..', ...names), 'utf8');
  const manual = read('docs', 'api.md');
  const rows = [...manual.matchAll(/^\| `(E\w+)` \| (-\d+) \|/gm)]
    .map(([, name, number]) => [name, Number(number)]);
  assert.deepEqual(Object.fromEntries(rows), { ...mqtt.errors });
  const { names } = require('../../lib/options');
  for (const name of names) {
    assert.ok(manual.includes(`\`${name}\``), `option ${name}`);
  }
  const titles = [...manual.matchAll(/\| `(spec: .*)` \|$/gm)]
    .map(([, title]) => title);
  const source = read('test', 'node', 'specification.test.js')
    .replaceAll(/['"`] \+\s+['"`]/g, '').replaceAll('$' + '{method}', '*')
    .replaceAll('$' + '{qos}', '*');
  const written = [...source.matchAll(/test\(\s*(['"`])(spec: .*?)\1,/gs)]
    .map(([, , title]) => title);
  const pattern = (title) => new RegExp(`^${title
    .replaceAll(/[.?+^$()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*')}$`);
  for (const title of titles) {
    assert.ok(written.some((one) => pattern(one).test(title)), title);
  }
  for (const one of written) {
    assert.ok(titles.some((title) => pattern(one).test(title)), one);
  }
});

test('every type of the class can be imported from the module, and every error ' +
  'is one', () => {
  const fs = require('node:fs');
  const path = require('node:path');
  const read = (name) =>
    fs.readFileSync(path.join(__dirname, '..', '..', 'lib', name), 'utf8');
  const ofClass = read('index.d.ts');
  const ofModule = read('index.d.mts');
  const own = /^ {2}export (?:interface|type|import) (\w+)\b(?! = mqttjs)/gm;
  const names = [...ofClass.matchAll(own)].map(([, name]) => name);
  assert.ok(names.length > 30);
  assert.deepEqual([...ofModule.matchAll(/^export type (\w+)/gm)]
    .map(([, name]) => name).sort(), names.sort());
  const errors = [...read('codes.d.ts').matchAll(/readonly (E\w+): (-\d+);/g)]
    .map(([, name, number]) => [name, Number(number)]);
  assert.deepEqual(Object.fromEntries(errors), { ...mqtt.errors });
});
