'use strict';
// README.md says which test holds each part of MQTT.js's interface: they exist.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

// [[what, [{ file, title }]]] of the rows of all tables.
function rows() {
  const text = fs.readFileSync(path.join(__dirname, 'README.md'), 'utf8');
  return [...text.matchAll(/^\| (.+?) \| (.+\.js: .+) \|$/gm)].map(([, what, tests]) =>
    [what, tests.split('; ').map((one) => {
      const [, file, title] = /^([\w/.]+): (.+)$/.exec(one);
      return { file, title };
    })]);
}

// As it begins in a string of the file, or after what that puts in.
function isIn(source, title) {
  const quoted = title.replaceAll('\'', '\\\'');
  return [`'${quoted}`, `\`${title}`, `} ${title}`, `}: ${title}`]
    .some((text) => source.includes(text));
}

test('every test that is named exists', () => {
  const all = rows();
  assert.ok(all.length > 70);
  for (const [what, tests] of all) {
    for (const { file, title } of tests) {
      const source = fs.readFileSync(path.join(__dirname, file), 'utf8');
      assert.ok(isIn(source, title), `${what}: ${file}: ${title}`);
    }
  }
});

test('every file of scripts has a row', () => {
  const files = new Set(rows().flatMap(([, tests]) => tests.map(({ file }) => file)));
  const scripts = fs.readdirSync(path.join(__dirname, 'scripts'))
    .filter((name) => name !== 'random.js').map((name) => `scripts/${name}`);
  assert.deepEqual([...files].filter((file) => file.startsWith('scripts/')).sort(),
    scripts.sort());
});
