// The documents of the repository as a site: README.md is its front page. What
// they link to beside documents goes along if a browser shows it, and is plain
// text if not.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { GROUPS } from './groups.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SHOWN = /(\.(js|mjs|svg|h)|^LICENSE)$/;

const places = Object.values(GROUPS).flat();
const linked = new Set();

/** The first heading of a document, without its marks. */
function titleOf(place) {
  const text = fs.readFileSync(path.join(ROOT, `${place}.md`), 'utf8');
  return text.match(/^# (.*)$/m)[1].replaceAll('`', '');
}

function linkOf(place) {
  return place === 'README' ? '/' : `/${place}`;
}

// A relative link that is no document: where it leads in the repository.
function fileOf(href, document) {
  if (/^([a-z]+:|#|\/)/.test(href) || /\.md(#|$)/.test(href)) return undefined;
  return path.posix.join(path.posix.dirname(document), href);
}

// A link to README.md leads to the front page, which it became.
function withFrontPage(href, document) {
  const target = path.posix.join(path.posix.dirname(document), href);
  return target === 'README.md' ? '/' : href;
}

function isCopied(file) {
  return SHOWN.test(path.basename(file)) && fs.statSync(path.join(ROOT, file)).isFile();
}

// As GitHub names a heading, so that a link to it leads there in both.
function anchorOf(heading) {
  return heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-');
}

// An indented block is shown as a fenced one is, and scrolls by itself.
function withOneKindOfCode(md) {
  md.core.ruler.push('code', ({ tokens }) => {
    for (const token of tokens) {
      if (token.type === 'code_block') Object.assign(token, { type: 'fence', tag: 'code' });
    }
  });
}

function withoutDeadLinks(md) {
  md.core.ruler.push('files', ({ tokens, env }) => {
    for (const { children } of tokens.filter(({ type }) => type === 'inline')) {
      let isDropped = false;
      for (const token of children) {
        if (token.type === 'link_open') {
          const href = token.attrGet('href');
          const document = env.relativePath.replace('index', 'README');
          const file = fileOf(href, document);
          token.attrSet('href', withFrontPage(href, document));
          isDropped = file !== undefined && !isCopied(file);
          if (file !== undefined && !isDropped) {
            linked.add(file);
            token.attrSet('href', `/${file}`);
            token.attrSet('target', '_self'); // no page of the site: the browser shows it
          }
        }
        if (isDropped && /^link_(open|close)$/.test(token.type)) token.hidden = true;
        if (token.type === 'link_close') isDropped = false;
      }
    }
  });
  const plain = (rule) => (tokens, at, ...others) => (
    tokens[at].hidden ? '' : rule(tokens, at, ...others));
  const byDefault = (tokens, at, options, env, self) => self.renderToken(tokens, at, options);
  for (const name of ['link_open', 'link_close']) {
    md.renderer.rules[name] = plain(md.renderer.rules[name] ?? byDefault);
  }
}

export default defineConfig({
  title: 'midge',
  description: 'An MQTT client for Node.js with an engine in C',
  srcDir: 'pages', // a copy: see tools/site
  outDir: '../build/site',
  cacheDir: 'node_modules/.cache',
  rewrites: { 'README.md': 'index.md' },
  ignoreDeadLinks: [(url) => linked.has(url.replace(/^\//, ''))],
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    anchor: { slugify: anchorOf },
    config: (md) => [withOneKindOfCode, withoutDeadLinks].forEach((change) => change(md)),
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: Object.entries(GROUPS).map(([text, group]) => (
      { text, items: group.map((place) => ({ text: titleOf(place), link: linkOf(place) })) })),
  },
  buildEnd({ outDir, pages }) {
    const missing = pages.map((page) => page.replace(/\.md$/, ''))
      .filter((page) => !places.includes(page) && !page.startsWith('test/'));
    if (missing.length > 0) throw new Error(`not in a group: ${missing.join(', ')}`);
    for (const file of linked) {
      fs.cpSync(path.join(ROOT, file), path.join(outDir, file), { recursive: true });
    }
  },
});
