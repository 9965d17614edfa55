'use strict';
// What the addon is told in a string leaves no copy in memory that it has given
// back.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { file } = require('../tls/certificates');
const { run } = require('./support/program');

// How often a text stands in the memory of malloc, in a program.
const search = `
  const fs = require('node:fs');
  const window = Buffer.alloc(1 << 20);
  function copies(needle) {
    const heap = fs.readFileSync('/proc/self/maps', 'utf8').split('\\n')
      .find((line) => line.endsWith('[heap]'));
    const [start, end] = heap.split(' ')[0].split('-')
      .map((text) => parseInt(text, 16));
    const memory = fs.openSync('/proc/self/mem', 'r');
    let found = 0;
    for (let at = start; at < end; at += window.length - needle.length) {
      const size = fs.readSync(memory, window, 0,
        Math.min(window.length, end - at), at);
      const part = window.subarray(0, size);
      let place = part.indexOf(needle);
      for (; place >= 0; place = part.indexOf(needle, place + 1)) found += 1;
    }
    window.fill(0);
    fs.closeSync(memory);
    return found;
  }
  // Long, so that memory that was given back is not soon used for something else,
  // and malloc writes into its first bytes.
  const secret = require('node:crypto').randomBytes(1500).toString('hex');
  const needle = Buffer.from(secret.slice(1000, 1100));`;

// Under a sanitizer memory is elsewhere, and given back later.
const skip = process.env.LD_PRELOAD !== undefined;

test('a passphrase of tls_set leaves no copy', { skip }, async () => {
  const { code, out, err } = await run(`${search}
    const client = new mqtt('id', null, null, true, 0, true);
    const before = copies(needle);
    for (let i = 0; i < 10; i += 1) {
      if (client.tls_set(${JSON.stringify(file('root.pem'))}, null, null, null,
        secret) !== 0) throw client.last_error;
    }
    // A copy of Node's own, of making the secret, may have gone meanwhile.
    console.log(Math.max(0, copies(needle) - before));`);
  assert.deepEqual([code, out, err], [0, '0', '']);
});
