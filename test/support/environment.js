'use strict';
// The environment of programs that are not midge: without the sanitizers that
// are preloaded for midge's addon, which would judge those programs too.
const SANITIZERS = ['LD_PRELOAD', 'ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS'];

function foreignEnvironment() {
  const environment = { ...process.env };
  for (const name of SANITIZERS) delete environment[name];
  return environment;
}

module.exports = { foreignEnvironment };
