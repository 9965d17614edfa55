'use strict';
// What the addon shows to the process and takes from it: its OpenSSL is its
// own, and never meets Node's.
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const ADDON = process.env.MIDGE_ADDON ||
  path.join(__dirname, '..', '..', 'build', 'addon', 'midge.node');

function symbols(option) {
  return execFileSync('nm', ['-D', option, ADDON], { encoding: 'utf8' })
    .split('\n').map((line) => line.trim().split(' ').pop().split('@')[0])
    .filter(Boolean);
}

test('the addon shows Node-API\'s two functions alone', () => {
  const shown = symbols('--defined-only').filter((name) =>
    !/^(__[a-z]*san_|_init$|_fini$)/.test(name));
  assert.deepEqual(shown.sort(), ['napi_register_module_v1',
    'node_api_module_get_api_version_v1']);
});

test('the addon takes no OpenSSL from anybody', () => {
  const taken = symbols('--undefined-only').filter((name) =>
    /^(SSL|TLS|BIO|EVP|X509|PEM|ERR|RAND|CRYPTO|OPENSSL|ASN1|BN|EC|RSA)_/
      .test(name));
  assert.deepEqual(taken, []);
});
