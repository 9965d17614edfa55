'use strict';
// The addon: the one that MIDGE_ADDON names (a build with sanitizers, say), else
// one that was built here, else the one that the package brings.
const fs = require('node:fs');
const path = require('node:path');

const ROOT = typeof __dirname === 'string' ? path.join(__dirname, '..') : '.';
const BUILT = path.join(ROOT, 'build', 'addon', 'midge.node');
const PLATFORM = `${process.platform}-${process.arch}`;

function unusable(why, cause) {
  const error = new Error(`midge's addon cannot be loaded: ${why}`, cause && { cause });
  error.code = 'MIDGE_EADDON';
  return error;
}

// The paths are literal, so that bundlers see them.
function prebuilt() {
  switch (PLATFORM) {
    case 'linux-x64': return require('../prebuilds/linux-x64/midge.node');
    case 'linux-arm64': return require('../prebuilds/linux-arm64/midge.node');
    default: return undefined;
  }
}

const isBundled = typeof __filename !== 'string' || path.basename(__filename) !== 'native.js';

function explain(error) {
  if (isBundled) {
    return unusable('a bundler has put midge into another file, away from its addon. ' +
      'Mark it as external (esbuild: --external:midge), and install it beside the bundle.', error);
  }
  if (error !== undefined && error.code !== 'MODULE_NOT_FOUND') {
    return unusable(`${error.message}. The package's addon is for glibc 2.28 or later; ` +
      `elsewhere, build one: node ${path.join(ROOT, 'tools', 'build-addon.js')}`, error);
  }
  return unusable(`there is none for ${PLATFORM}. Build it: ` +
    `node ${path.join(ROOT, 'tools', 'build-addon.js')} (in a checkout: make build)`);
}

function loaded() {
  const named = process.env.MIDGE_ADDON;
  if (named) return require(named);
  if (!isBundled && fs.existsSync(BUILT)) return require(BUILT);
  let addon;
  try {
    addon = prebuilt();
  } catch (error) {
    throw explain(error);
  }
  // Some bundlers make a path of it.
  if (addon === undefined || typeof addon.take !== 'function') throw explain();
  return addon;
}

// What else loads this file in the same process may be given the same addon.
module.exports = loaded().claim();
