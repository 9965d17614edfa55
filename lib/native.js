'use strict';
// The addon, wherever it was built. MIDGE_ADDON names another one (a build
// with sanitizers, say).
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const places = [
  process.env.MIDGE_ADDON,
  path.join(root, 'build', 'addon', 'midge.node'),
].filter(Boolean);

const place = places.find((file) => fs.existsSync(file));
if (place === undefined) {
  const error = new Error(`midge's addon was not built: ${places.join(', ')} ` +
    'not found. Build it with `npm rebuild midge` (in a checkout: `make ' +
    'build`); it needs a C compiler, CMake, libuv, OpenSSL, LMDB and zlib.');
  error.code = 'MIDGE_EADDON';
  throw error;
}

module.exports = require(place);
