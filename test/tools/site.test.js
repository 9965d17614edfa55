'use strict';
// What the site would show: every document has its place in the sidebar, and what documents link
// to is there, down to the heading.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const ROOT = path.join(__dirname, '../..');
const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' })
  .split('\0').filter((file) => file !== '' && fs.existsSync(path.join(ROOT, file)));
const documents = files.filter((file) => file.endsWith('.md'));
const folders = new Set(files.flatMap((file) => (
  file.split('/').slice(0, -1).map((_, i, parts) => parts.slice(0, i + 1).join('/')))));

const textOf = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8').replace(/```[^]*?```/g, '');

// As GitHub and the site name it.
function anchorsOf(text) {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => (
    heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim().toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-')));
}

function linksOf(text) {
  return [...text.matchAll(/\]\(\s*([^()\s]+)\s*\)/g)].map((match) => match[1])
    .filter((link) => !/^[a-z]+:/.test(link));
}

test('every document beside those of the tests has one place in the sidebar', async () => {
  const { GROUPS } = await import('../../site/.vitepress/groups.mjs');
  const placed = Object.values(GROUPS).flat().map((place) => `${place}.md`);
  assert.deepEqual(placed.sort(), documents.filter((file) => !file.startsWith('test/')).sort());
});

for (const document of documents) {
  const text = textOf(document);
  const links = linksOf(text);
  if (links.length === 0) continue;
  test(`what ${document} links to is there`, () => {
    for (const link of links) {
      const [name, anchor] = link.split('#');
      const target = name === '' ? document : path.posix.join(path.posix.dirname(document), name);
      const isThere = files.includes(target) || folders.has(target.replace(/\/$/, ''));
      assert.ok(isThere, `${link}: there is no ${target}`);
      if (anchor) assert.ok(anchorsOf(textOf(target)).includes(anchor), `no heading for ${link}`);
    }
  });
}
