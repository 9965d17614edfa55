'use strict';
// What `cmake --install` lays out, as somebody else's program finds it: put
// below DESTDIR, and moved elsewhere before it is used.
const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const mosquitto = require('../support/mosquitto');

const ROOT = path.join(__dirname, '../..');
const BUILD = process.env.MIDGE_BUILD || path.join(ROOT, 'build');
const EXAMPLES = path.join(ROOT, 'examples/c');
const HEADERS = ['client', 'event', 'packet', 'session', 'store', 'types']
  .map((name) => `${name}.h`);
const STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror'];
const LIMIT_MS = 120000;

const COMPLETIONS = ['share/bash-completion/completions', 'share/zsh/site-functions',
  'share/fish/vendor_completions.d'];
const PAGES = fs.readdirSync(path.join(BUILD, 'cli/man1'));

let folder;
let prefix;
let broker;

const installed = (...names) => path.join(prefix, ...names);
const made = (name) => path.join(folder, name);

function run(command, words, env = {}) {
  const done = spawnSync(command, words,
    { cwd: folder, encoding: 'utf8', timeout: LIMIT_MS, env: { ...process.env, ...env } });
  if (done.error) throw done.error;
  assert.equal(done.status, 0, `${command} ${words.join(' ')}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

function filesOf(place) {
  return fs.readdirSync(place, { withFileTypes: true }).flatMap((entry) => {
    const below = path.join(place, entry.name);
    return entry.isDirectory() ? filesOf(below) : [below];
  });
}

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-install-'));
  prefix = made('moved');
  run('cmake', ['--install', BUILD, '--prefix', '/opt/midge'], { DESTDIR: made('stage') });
  fs.renameSync(made('stage/opt/midge'), prefix);
  broker = await mosquitto.start();
  run('mosquitto_pub', ['-p', String(broker.port), '-r', '-t', 'house/light', '-m', 'on']);
});

after(async () => {
  await broker.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

test('it is all there, and nothing knows where it was built', () => {
  const files = filesOf(prefix);
  const names = files.map((file) => path.relative(prefix, file)).sort();
  assert.deepEqual(names.filter((name) => !/^lib\/cmake\//.test(name)), [
    'bin/midge',
    ...HEADERS.map((name) => `include/midge/${name}`),
    'lib/libmidge.a', 'lib/libmidge.so', 'lib/libmidge.so.0', 'lib/libmidge.so.0.1.0',
    'lib/pkgconfig/midge.pc',
    ...['midge', '_midge', 'midge.fish'].map((name, i) => `${COMPLETIONS[i]}/${name}`),
    ...PAGES.map((name) => `share/man/man1/${name}`),
  ].sort());
  for (const file of files) {
    for (const place of [ROOT, '/opt/midge']) {
      assert.equal(fs.readFileSync(file).includes(place), false, `${file} names ${place}`);
    }
  }
});

test('the shared library shows what the list has and the headers declare', () => {
  const listed = fs.readFileSync(path.join(__dirname, 'exports.txt'), 'utf8').trim().split('\n');
  const shown = run('nm', ['-D', '--defined-only', installed('lib/libmidge.so.0')])
    .trim().split('\n').map((line) => line.split(' ')[2]).filter((name) => name !== 'MIDGE_0.1');
  assert.deepEqual(shown.map((name) => name.replace(/@@MIDGE_0\.1$/, '')).sort(), listed,
    'test/install/exports.txt is to be what the library shows: it is a promise to programs');
  const declared = HEADERS.flatMap((name) => {
    const text = fs.readFileSync(installed('include/midge', name), 'utf8');
    return [...text.matchAll(/^MIDGE_API\b[^(]*?\b(midge_\w+)\(/gm)].map(([, one]) => one);
  });
  assert.deepEqual(declared.sort(), listed);
  assert.match(run('readelf', ['-d', installed('lib/libmidge.so')]),
    /soname: \[libmidge\.so\.0\]/);
});

test('the static library takes no name but midge\'s, and is for any compiler', () => {
  const library = installed('lib/libmidge.a');
  const names = [...run('nm', ['-g', '--defined-only', library]).matchAll(/^\w+ [A-Z] (\S+)$/gm)]
    .map(([, name]) => name);
  assert.ok(names.length > 100);
  assert.deepEqual(names.filter((name) => !name.startsWith('midge_')), []);
  assert.doesNotMatch(run('readelf', ['-S', '--wide', library]), /\.gnu\.lto_/);
});

for (const [compiler, standard, ending] of [['gcc', 'c11', 'c'], ['g++', 'c++17', 'cc']]) {
  test(`each header compiles alone as ${standard}`, () => {
    for (const header of HEADERS) {
      const file = made(`${header}.${ending}`);
      fs.writeFileSync(file, `#include <midge/${header}>
int size(void);
int size(void) { return (int)MIDGE_TEXT("four").size; }\n`);
      run(compiler, [`-std=${standard}`, ...STRICT, '-fsyntax-only',
        `-I${installed('include')}`, file]);
    }
  });
}

// Starts a program, and ends it when it has shown the message.
async function prints(command, words, expected, env = {}) {
  const child = spawn(command, words, { env: { ...process.env, ...env } });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  let said = '';
  const closed = new Promise((resolve) => { child.on('close', resolve); });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      said += data;
      if (said.includes('house/light on\n')) child.kill('SIGKILL');
    });
  }
  await closed;
  clearTimeout(timer);
  assert.equal(said, expected);
}

// Of midge/client.h, and of midge/session.h.
async function works(subscribe, turn, env) {
  await prints(subscribe, [`mqtt://127.0.0.1:${broker.port}`, 'house/#'],
    'connected\nsubscribe: success\nhouse/light on\n', env);
  await prints(turn, ['127.0.0.1', String(broker.port), 'house/#'], 'house/light on\n', env);
}

const NEEDS_MIDGE = /NEEDED.*\[libmidge\.so\.0\]/;
const needed = (file) => run('readelf', ['-d', file]);

function pkgConfig(...words) {
  const env = { PKG_CONFIG_PATH: installed('lib/pkgconfig') };
  return run('pkg-config', [...words, '--cflags', '--libs', 'midge'], env).trim().split(/\s+/);
}

function compile(name, flags) {
  const program = made(`${name}-${flags.includes('-static')}`);
  run('gcc', [...STRICT, '-o', program, path.join(EXAMPLES, `${name}.c`), ...flags]);
  return program;
}

test('a program of midge/session.h alone takes libc alone', async () => {
  const turn = made('alone');
  run('gcc', [...STRICT, '-o', turn, path.join(EXAMPLES, 'turn.c'), `-I${installed('include')}`,
    installed('lib/libmidge.a')]);
  await prints(turn, ['127.0.0.1', String(broker.port), 'house/#'], 'house/light on\n');
});

test('pkg-config: the examples with the shared library', async () => {
  const [subscribe, turn] = ['subscribe', 'turn'].map((name) => compile(name, pkgConfig()));
  assert.match(needed(subscribe), NEEDS_MIDGE);
  await works(subscribe, turn, { LD_LIBRARY_PATH: installed('lib') });
});

test('pkg-config --static: the examples without a shared library at all', async () => {
  const flags = [...pkgConfig('--static'), '-static'];
  const [subscribe, turn] = ['subscribe', 'turn'].map((name) => compile(name, flags));
  assert.doesNotMatch(needed(subscribe), /NEEDED/);
  await works(subscribe, turn);
});

test('a program with a loop of its own answers what it is asked', async () => {
  const answer = compile('answer', pkgConfig());
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const child = spawn(answer, [url, 'question', 'answer'],
    { env: { ...process.env, LD_LIBRARY_PATH: installed('lib') } });
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const client = mqtt.connect(url);
  try {
    await client.subscribeAsync('answer');
    const answers = client.messages('answer');
    // Until it has subscribed nobody hears what it is asked.
    const asking = setInterval(() => client.publish('question', 'first'), 50);
    for await (const { payload } of answers) {
      assert.equal(payload.toString(), 'first');
      break;
    }
    clearInterval(asking);
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
    await client.endAsync();
  }
});

for (const [library, isShared] of [['midge::midge', true], ['midge::midge-static', false]]) {
  test(`find_package: the examples with ${library}`, async () => {
    const build = made(`build-${isShared}`);
    run('cmake', ['-S', EXAMPLES, '-B', build, `-DCMAKE_PREFIX_PATH=${prefix}`,
      `-DMIDGE_LIBRARY=${library}`]);
    run('cmake', ['--build', build]);
    const subscribe = path.join(build, 'example_subscribe');
    assert.equal(NEEDS_MIDGE.test(needed(subscribe)), isShared);
    await works(subscribe, path.join(build, 'example_turn'));
  });
}

test('find_package asks for a version, and is refused a later one', () => {
  const project = made('later');
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'CMakeLists.txt'),
    'cmake_minimum_required(VERSION 3.18)\nproject(later C)\nfind_package(midge 0.2 REQUIRED)\n');
  const done = spawnSync('cmake', ['-S', project, '-B', made('build-later'),
    `-DCMAKE_PREFIX_PATH=${prefix}`], { encoding: 'utf8', timeout: LIMIT_MS });
  assert.notEqual(done.status, 0);
  assert.match(done.stderr, /version: 0\.1\.0/);
});

test('the command finds its library beside it', async () => {
  await prints(installed('bin/midge'),
    ['sub', '-p', String(broker.port), '-t', 'house/#', '-C', '1', '-v'], 'house/light on\n');
});
