'use strict';
// The package as a stranger gets it: packed, installed in an empty project.
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const mosquitto = require('../support/mosquitto');

const ROOT = path.join(__dirname, '../..');
const MODULES = path.join(ROOT, 'node_modules');
const NPM_FLAGS = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

let folder;
let project;
let broker;
let contents;

function run(command, args, cwd = project) {
  const env = { ...process.env, MIDGE_TEST_PORT: String(broker.port) };
  delete env.MIDGE_ADDON;
  // A parent's test runner would have its child speak to it.
  delete env.NODE_TEST_CONTEXT;
  const done = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 600000 });
  assert.strictEqual(done.status, 0, `${command} ${args.join(' ')}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

function runFile(name, text) {
  fs.writeFileSync(path.join(project, name), text);
  return run(process.execPath, [name]);
}

// Publishes to itself, and prints what came back.
const ROUND_TRIP = `
  const client = new mqtt('', null, null, true, 60000, true);
  client.on('received', (mid, topic, message) => {
    console.log(topic, String(message));
    client.disconnect();
  });
  client.connect('127.0.0.1', process.env.MIDGE_TEST_PORT, () => {
    client.subscribe(1, 'package/' + process.pid, () => {
      client.publish(1, false, 'package/' + process.pid, 'arrived');
    });
  });
`;

before(async () => {
  broker = await mosquitto.start();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-package-'));
  project = path.join(folder, 'project');
  fs.mkdirSync(project);
  const packed = run('npm', ['pack', '--json', '--pack-destination', folder], ROOT);
  const [{ filename, files }] = JSON.parse(packed.slice(packed.indexOf('[')));
  contents = files.map((file) => file.path);
  fs.writeFileSync(path.join(project, 'package.json'), '{ "private": true }\n');
  run('npm', ['install', ...NPM_FLAGS, path.join(folder, filename)]);
  // Where npm runs no install scripts of strangers, this is what README.md says.
  const addon = path.join(project, 'node_modules/midge/build/addon/midge.node');
  if (!fs.existsSync(addon)) run('npm', ['rebuild', 'midge', '--loglevel=error']);
  assert.ok(fs.existsSync(addon), 'the addon was not built');
});

after(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  await broker.stop();
});

test('the tarball has what builds and runs, and no tests', () => {
  for (const name of ['lib/index.js', 'lib/index.mjs', 'lib/index.d.ts', 'CMakeLists.txt',
    'addon/CMakeLists.txt', 'src/CMakeLists.txt', 'include/midge/client.h', 'LICENSE',
    'README.md', 'tools/build-addon.js', 'docs/api.md']) {
    assert.ok(contents.includes(name), `${name} is missing`);
  }
  const strangers = contents.filter((name) => /^(test|bench|fuzz|build|node_modules)\//.test(name));
  assert.deepStrictEqual(strangers, []);
});

test('nothing but the headers of Node-API comes with it', () => {
  const names = fs.readdirSync(path.join(project, 'node_modules'));
  assert.deepStrictEqual(names.filter((name) => !name.startsWith('.')).sort(),
    ['midge', 'node-api-headers']);
});

test('require gives a client that works', () => {
  const output = runFile('a.js', `const mqtt = require('midge');${ROUND_TRIP}`);
  assert.match(output, /^package\/\d+ arrived\n$/);
});

test('import gives the same class', () => {
  const output = runFile('b.mjs', `
    import { createRequire } from 'node:module';
    import { mqtt } from 'midge';
    import standard from 'midge';
    const required = createRequire(import.meta.url)('midge');
    console.log(mqtt === standard, mqtt === required, mqtt === required.mqtt);
    ${ROUND_TRIP}`);
  assert.match(output, /^true true true\npackage\/\d+ arrived\n$/);
});

test('a worker thread has clients of its own', () => {
  const output = runFile('c.js', `
    const { Worker, isMainThread } = require('node:worker_threads');
    const mqtt = require('midge');
    if (isMainThread) new Worker(__filename).on('exit', (code) => console.log('exit', code));
    else {${ROUND_TRIP}}`);
  assert.match(output, /^package\/\d+ arrived\nexit 0\n$/);
});

test('TypeScript finds its types, from CommonJS and ES modules', () => {
  const body = `
    const client = new mqtt('', null, null, true, 60000, true);
    const code: number = client.publish(1, false, 'topic', Buffer.from('payload'));
    client.on('received', (mid: number, topic: string, message: Buffer) => {});
    // @ts-expect-error: a QoS is a number
    client.publish('1', false, 'topic', 'payload');
    export { code };
  `;
  fs.writeFileSync(path.join(project, 'd.mts'), `import { mqtt } from 'midge';${body}`);
  fs.writeFileSync(path.join(project, 'e.cts'), `import mqtt = require('midge');${body}`);
  run(process.execPath, [path.join(MODULES, 'typescript/bin/tsc'), '--noEmit', '--strict',
    '--module', 'nodenext', '--target', 'es2022', '--types', 'node',
    '--typeRoots', path.join(MODULES, '@types'), 'd.mts', 'e.cts']);
});
