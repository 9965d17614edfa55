'use strict';
// The package as a stranger gets it: installed in an empty project.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const {
  ROOT, RUNTIMES, attempt, carried, installedProject, run, startBroker, tarball,
} = require('./support/package');

const MODULES = path.join(ROOT, 'node_modules');
const [NODE_18] = RUNTIMES['Node.js 18'];

let project;
let broker;
let servers;
let contents;

function write(name, text) {
  fs.writeFileSync(path.join(project, name), text);
}

function runFile(name, text) {
  write(name, text);
  return run(process.execPath, [name], project, servers).out;
}

// Publishes to itself, and prints what came back.
const ROUND_TRIP = `
  const client = new mqtt('', null, null, true, 60000, true);
  client.on('received', (mid, topic, message) => {
    console.log(topic, String(message));
    client.disconnect();
  });
  client.connect('127.0.0.1', JSON.parse(process.env.MIDGE_TEST_SERVERS).tcp, () => {
    client.subscribe(1, 'package/' + process.pid, () => {
      client.publish(1, false, 'package/' + process.pid, 'arrived');
    });
  });
`;

before(async () => {
  project = installedProject('package');
  ({ broker, servers } = await startBroker());
  contents = execFileSync('tar', ['--list', '--file', tarball()], { encoding: 'utf8' })
    .trim().split('\n').map((name) => name.replace(/^package\//, ''));
});

after(() => broker.stop());

test('the tarball has what builds and runs, and no tests', () => {
  for (const name of ['lib/index.js', 'lib/index.mjs', 'lib/index.d.ts', 'CMakeLists.txt',
    'addon/CMakeLists.txt', 'src/CMakeLists.txt', 'include/midge/client.h', 'LICENSE',
    'README.md', 'tools/build-addon.js', 'bin/midge.js', 'cli/CMakeLists.txt', 'docs/api.md',
    'prebuilds/linux-x64/midge.node',
    'prebuilds/linux-arm64/midge.node', 'prebuilds/contents.json']) {
    assert.ok(contents.includes(name), `${name} is missing`);
  }
  const strangers = contents.filter((name) => !/^bench\/[\w-]+\.(md|svg)$/.test(name) &&
    /^(test|bench|fuzz|site|build|node_modules)\//.test(name));
  assert.deepStrictEqual(strangers, []);
});

test('what README.md and the documentation link to comes with it', () => {
  const pages = contents.filter((name) => /^(README|docs\/[\w-]+)\.md$/.test(name));
  assert.ok(pages.length > 5);
  for (const page of pages) {
    const text = fs.readFileSync(path.join(project, 'node_modules/midge', page), 'utf8');
    for (const [, target] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      // Who reads how it was made has a clone.
      if (/^[a-z]+:|^\.\.\/(test|fuzz|bench)\//.test(target)) continue;
      const place = path.posix.join(path.posix.dirname(page), target).replace(/\/$/, '');
      assert.ok(contents.some((name) => name === place || name.startsWith(`${place}/`)),
        `${page} links to ${target}`);
    }
  }
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
  write('d.mts', `import { mqtt } from 'midge';${body}`);
  write('e.cts', `import mqtt = require('midge');${body}`);
  run(process.execPath, [path.join(MODULES, 'typescript/bin/tsc'), '--noEmit', '--strict',
    '--module', 'nodenext', '--target', 'es2022', '--types', 'node',
    '--typeRoots', path.join(MODULES, '@types'), 'd.mts', 'e.cts'], project);
});

for (const lib of ['es2022', 'esnext,dom']) {
  test(`TypeScript needs no types of Node.js: ${lib}`, () => {
    write('f.mts', `
      import mqtt, { type MqttClient, connect } from 'midge';
      const client: MqttClient = connect('mqtt://127.0.0.1', { password: 'secret' });
      client.on('message', (topic, payload) => {
        const [text, size]: [string, number] = [payload.toString('utf8'), payload.length];
        return [topic, text, size, client.listenerCount('message')];
      });
      // @ts-expect-error: a topic is a text
      client.publish(5);
      const other = new mqtt('', null, null, true, 60000, true);
      other.on('received', (mid, topic, message) => [mid, topic, message.toString()]);
      other.removeAllListeners();
      // @ts-expect-error: a QoS is a number
      other.publish('1', false, 'topic', 'payload');
    `);
    const { status, out } = attempt(process.execPath, [path.join(MODULES, 'typescript/bin/tsc'),
      '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', lib,
      '--pretty', 'false', 'f.mts'], project);
    assert.deepEqual([status, out], [0, '']);
  });
}

test('esbuild leaves it outside, and the bundle works', () => {
  write('g.js', `const mqtt = require('midge');${ROUND_TRIP}`);
  run(carried('@esbuild/linux-x64/bin/esbuild'), ['g.js', '--bundle', '--platform=node',
    '--external:midge', '--outfile=out/g.js'], project);
  const { out } = run(process.execPath, ['out/g.js'], project, servers);
  assert.match(out, /^package\/\d+ arrived\n$/);
});

for (const loader of ['file', 'empty']) {
  test(`a bundle that esbuild put it into says how to keep it outside: ${loader}`, () => {
    write('h.js', "require('midge');");
    run(carried('@esbuild/linux-x64/bin/esbuild'), ['h.js', '--bundle', '--platform=node',
      `--loader:.node=${loader}`, '--outfile=out/h.js'], project);
    const { status, err } = attempt(process.execPath, ['out/h.js'], project);
    assert.equal(status, 1);
    assert.match(err, /MIDGE_EADDON/);
    assert.match(err, /a bundler has put midge into another file.*--external:midge/);
  });
}

test('built by hand it says where, and that one is taken', () => {
  const place = path.join(project, 'node_modules/midge');
  const { out } = run(process.execPath, [path.join(place, 'tools/build-addon.js')], project,
    { NODE_PATH: MODULES });
  const addon = path.join(place, 'build/addon/midge.node');
  assert.equal(out, `midge: built ${addon}\n`);
  assert.equal(runFile('i.js', `require('midge');
    console.log(Object.keys(require.cache).filter((one) => one.endsWith('.node')).join());`),
  `${addon}\n`);
});

test('where nothing compiles, building says what is missing', () => {
  const place = path.join(project, 'node_modules/midge');
  const { status, err } = attempt(process.execPath, [path.join(place, 'tools/build-addon.js')],
    project, { NODE_PATH: MODULES, PATH: '/nowhere' });
  assert.equal(status, 1);
  assert.match(err, /midge: cannot run cmake/);
  assert.match(err, /apt-get install .*gcc libc6-dev make cmake pkg-config libuv1-dev/);
});
