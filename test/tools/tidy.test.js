'use strict';
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const TIDY = path.join(__dirname, '../../tools/tidy');

function tidy(files) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-tidy-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(root, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    }
    const done = spawnSync(process.execPath, [TIDY, root], { encoding: 'utf8' });
    return { isTidy: done.status === 0, output: done.stdout + done.stderr };
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

function refused(files, expected) {
  const { isTidy, output } = tidy(files);
  assert.ok(!isTidy, `taken, but expected: ${expected}`);
  assert.match(output, expected);
  assert.match(output, /\b1 faults\n$/, output);
}

function statements(count, indent) {
  return `${indent}f();\n`.repeat(count);
}

const INCLUDES = {
  'a layer above': ['src/base/a.c', '"codec/b.h"', /src\/base stands below/],
  'no layer': ['src/codec/a.c', '"b.h"', /names no layer/],
  'libuv outside the reactor': ['src/engine/a.c', '<uv.h>', /belongs to src\/reactor/],
  'libuv in the addon': ['addon/a.c', '<uv.h>', /belongs to src\/reactor/],
  'OpenSSL in the reactor': ['src/reactor/a.c', '<openssl/ssl.h>', /src\/filter alone/],
  'OpenSSL in the reactor': ['src/reactor/a.c', '<openssl/ssl.h>', /src\/filter alone/],
  'Node-API outside the addon': ['src/base/a.c', '<node_api.h>', /belongs to addon/],
  'a clock in the engine': ['src/engine/a.c', '<time.h>', /no place/],
  'threads in a filter': ['src/filter/a.c', '<pthread.h>', /no place/],
  'a clock in the link': ['src/link/a.c', '<time.h>', /no place/],
  'a console in the codec': ['src/codec/a.c', '<stdio.h>', /no place/],
  'a layer in the addon': ['addon/a.c', '"engine/b.h"', /not midge's public/],
  'a layer in an example': ['examples/c/a.c', '"base/ring.h"', /not midge's public/],
  'a layer in a public header': ['include/midge/a.h', '"base/ring.h"', /not a public/],
};

for (const [what, [file, name, expected]] of Object.entries(INCLUDES)) {
  test(`refuses ${what}`, () => refused({ [file]: `#include ${name}\n` }, expected));
}

test('takes what the folder rule allows', () => {
  const { isTidy, output } = tidy({
    'src/engine/a.c': '#include <string.h>\n\n#include "codec/b.h"\n#include "midge/types.h"\n',
    'src/reactor/a.c': '#include <uv.h>\n\n#include "filter/b.h"\n#include "reactor/c.h"\n',
    'addon/a.c': '#include "b.h"\n#include "midge/client.h"\n',
    'addon/b.h': '#include <node_api.h>\n',
  });
  assert.ok(isTidy, output);
});

test('refuses a circle of files, whichever of a pair closes it', () => {
  refused({
    'src/engine/a.c': '#include "engine/a.h"\n#include "engine/b.h"\n',
    'src/engine/a.h': '',
    'src/engine/b.h': '#include "engine/c.h"\n',
    'src/engine/c.c': '#include "base/d.h"\n#include "engine/a.h"\n',
  }, /^src\/engine\/c.c:2: a circle of files: a -> b -> c -> a$/m);
  refused({ 'addon/a.h': '#include "b.h"\n', 'addon/b.h': '', 'addon/b.c': '#include "a.h"\n' },
    /addon\/b.c:1: a circle of files: a -> b -> a/);
});

test('refuses a circle of modules', () => {
  const files = (back) => ({
    'lib/index.js': "module.exports = require('./a');\n",
    'lib/a.js': "const b = require('./in/b.js');\n",
    'lib/in/b.js': back,
  });
  refused(files("const a = require('../a');\n"),
    /^lib\/in\/b.js:1: a circle of files: a -> in\/b -> a$/m);
  assert.ok(tidy(files("const path = require('node:path');\n")).isTidy);
});

test('takes layers, and a header beside its file', () => {
  const { isTidy, output } = tidy({
    'src/link/a.c': '#include "link/a.h"\n#include "link/b.h"\n#include "link/c.h"\n',
    'src/link/a.h': '#include "link/c.h"\n',
    'src/link/b.h': '#include "link/c.h"\n',
    'src/link/c.h': '#include "engine/a.h"\n',
  });
  assert.ok(isTidy, output);
});

test('refuses a C function of 71 lines, and takes one of 70', () => {
  const text = (count) => `static int g(int a)\n{\n${statements(count, '  ')}}\n`
    .replace(')\n{', ') {');
  refused({ 'src/base/a.c': text(69) }, /a.c:1: a function of 71 lines/);
  assert.ok(tidy({ 'src/base/a.c': text(68) }).isTidy);
});

test('counts a C function from the first line of its signature', () => {
  const head = 'static int a_function(int a_first_parameter, int a_second_parameter,\n' +
    '                      int a_third_parameter) {\n';
  refused({ 'src/base/a.c': `${head}${statements(68, '  ')}}\n` }, /a.c:1: a function of 71/);
});

test('does not take a table for a function', () => {
  const rows = '    1,\n'.repeat(100);
  const table = `/* clang-format off */\nstatic int t[] = {\n${rows}};\n`;
  const { isTidy, output } = tidy({ 'src/base/a.c': table });
  assert.ok(isTidy, output);
});

test('refuses a JavaScript function and a method of 71 lines', () => {
  refused({ 'lib/a.js': `function a() {\n${statements(69, '  ')}}\n` }, /of 71 lines/);
  refused({ 'lib/a.js': `class A {\n  async a(b) {\n${statements(69, '    ')}  }\n}\n` },
    /a.js:2: a function of 71 lines/);
  refused({ 'lib/a.js': `const a = (b) => {\n${statements(69, '  ')}};\n` }, /of 71 lines/);
});

test('refuses a file of 601 lines', () => {
  refused({ 'src/base/a.c': '/* a */\n'.repeat(601) }, /over 600 lines/);
});

test('refuses 81 columns in C and 101 in JavaScript', () => {
  refused({ 'lib/a.js': `// ${'x'.repeat(98)}\n` }, /over 100 columns/);
  const { output } = tidy({ 'src/base/a.c': `/* ${'x'.repeat(75)} */\n` });
  assert.match(output, /a.c:1: over 80 columns/);
});

for (const word of ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK']) {
  test(`refuses the word ${word.split('').join(' ')}`, () => {
    refused({ 'src/base/a.c': `/* ${word}: later */\n` }, /unfinished/);
    refused({ 'README.md': `${word}\n` }, /unfinished/);
  });
}

test('refuses blanks at the end of a line, tabs and a missing newline', () => {
  refused({ 'README.md': 'text \n' }, /a blank at the end/);
  refused({ 'README.md': 'text\r\n' }, /a blank at the end/);
  refused({ 'lib/a.js': 'f(\t);\n' }, /a tab/);
  refused({ 'README.md': 'text' }, /no newline/);
});

test('refuses what clang-format would change', (t) => {
  const version = spawnSync('clang-format', ['--version'], { encoding: 'utf8' }).stdout || '';
  if (!version.includes('version 14.')) return t.diagnostic('no clang-format 14 here');
  return refused({ 'src/base/a.c': 'int  a;\n' }, /should be clang-formatted/);
});

test('leaves build folders and dependencies alone', () => {
  const text = 'text \n';
  const { isTidy, output } = tidy({
    'build/a.md': text, 'build-asan/a.md': text, 'node_modules/b/a.js': text,
  });
  assert.ok(isTidy, output);
});
