'use strict';
// Options that Node.js has for its sockets, with TLS and without: each is honoured,
// says nothing, or is refused in words that name the way.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');

const REFUSED = [
  [{ secureOptions: 'SSL_OP_ALL' }, /secureOptions.*number.*'SSL_OP_ALL'/],
  [{ secureOptions: 0.5 }, /secureOptions.*SSL_OP_/],
  [{ secureOptions: 2 ** 32 }, /secureOptions.*SSL_OP_/],
  [{ enableTrace: true }, /enableTrace.*keyLogFile/],
];

for (const [options, words] of REFUSED) {
  test(`${Object.entries(options)} cannot be honoured: ${words.source}`, () => {
    for (const url of ['mqtts://127.0.0.1', 'wss://127.0.0.1']) {
      assert.throws(() => mqtt.connect(url, { manualConnect: true, ...options }), words);
    }
  });
}
