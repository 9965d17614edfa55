'use strict';
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const STATEMENTS = path.join(__dirname, '../../tools/statements');
// Not written out, or the table would count this file as their test.
const ONE = ['MQTT5', '1.1.1-1'].join('-');
const TWO = ['MQTT311', '2.2.2-2'].join('-');

function inProject(files, body) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-statements-'));
  const write = (name, text) => {
    fs.mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), text);
  };
  const run = (...flags) => spawnSync(process.execPath, [STATEMENTS, root, ...flags],
    { encoding: 'utf8' });
  const table = () => fs.readFileSync(path.join(root, 'docs/statements.md'), 'utf8');
  write('test/conformance/statements.txt',
    '# ids\n[MQTT5 binds]\n1.1.1-1\n\n[MQTT311 observable]\n2.2.2-2\n');
  write('docs/empty', '');
  for (const [name, text] of Object.entries(files)) write(name, text);
  try {
    body({ write, run, table });
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

test('fails when no test names a statement', () => {
  inProject({ 'test/a.md': `# A\n${ONE}\n` }, ({ run }) => {
    const done = run();
    assert.strictEqual(done.status, 1);
    assert.match(done.stdout, new RegExp(`^${TWO}: no test names it$`, 'm'));
    assert.match(done.stdout, /1 of 2 have a test/);
  });
});

test('fails when the table is not the one it would write', () => {
  inProject({ 'test/a.md': `# A\n${ONE} ${TWO}\n` }, ({ write, run }) => {
    assert.strictEqual(run('--check').status, 1);
    assert.strictEqual(run().status, 0);
    assert.strictEqual(run('--check').status, 0);
    write('test/a.md', `# B\n${ONE} ${TWO}\n`);
    assert.match(run('--check').stdout, /is stale/);
  });
});

test('names the test of transcripts, C and JavaScript', () => {
  const c = `/* ${ONE}: said of the next. */\nstatic void of_comment(void **state) {\n` +
    `  /* ${TWO} */\n}\n\nstatic const row rows[] = {\n  {"${TWO}"},\n};\n\n` +
    'static void of_table(void **state) {\n}\n';
  const js = `test('of title ${ONE}', () => {\n  f(); // ${TWO}\n});\n` +
    `// ${ONE}\ntest('of next', f);\n`;
  inProject({ 'test/a.md': `# Of heading\n\n${ONE}\n`, 'test/b.c': c, 'test/d.js': js },
    ({ run, table }) => {
      assert.strictEqual(run().status, 0);
      const rows = table().split('\n').filter((line) => /^\| \d/.test(line));
      for (const name of ['Of heading', 'of_comment', `of title ${ONE}`, 'of next']) {
        assert.ok(rows[0].includes(name), `${name} in ${rows[0]}`);
      }
      for (const name of ['of_comment', 'of_table', 'of title']) {
        assert.ok(rows[1].includes(name), `${name} in ${rows[1]}`);
      }
    });
});
