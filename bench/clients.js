'use strict';
// Who is measured, and what each can do.

const fs = require('fs');
const path = require('path');

const JS = ['publish', 'receive', 'reconnect', 'echo', 'load', 'open', 'offline'];
const C = ['publish', 'receive', 'echo'];
const ALL = ['mqtt', 'mqtts', 'ws', 'wss'];

function script(file, ...words) {
  return [process.execPath, '--expose-gc', path.join(__dirname, file), ...words];
}

// `styles`: how it can be told of QoS 0, in the words of case.js; `skips`: what
// its library has no way to do. `needs`: a module or a file.
function allClients(build, against) {
  const program = (file) => path.join(build, 'bench', file);
  const midge = { schemes: ALL, works: JS, styles: ['each', 'burst', 'ahead'] };
  const before = against && {
    name: 'midge-before', ...midge,
    command: script('midge.js', `module=${path.resolve(against)}`),
    file: path.resolve(against, 'build', 'addon', 'midge.node'),
  };
  return [
    { name: 'midge', ...midge, command: script('midge.js') },
    ...before ? [before] : [],
    { name: 'midge.connect', ...midge, styles: ['each', 'burst'],
      command: script('rivals/mqttjs.js', `module=${path.join(__dirname, '..')}`) },
    { name: 'midge.acknowledge', schemes: ALL, works: ['receive'], styles: ['each'],
      skips: ['receive-0'], command: script('midge.js', 'answers=program'), optional: true },
    { name: 'MQTT.js', command: script('rivals/mqttjs.js'), schemes: ALL,
      works: JS, styles: ['each', 'burst'], module: 'mqtt' },
    { name: 'aws-crt', command: script('rivals/aws-crt.js'),
      schemes: ['mqtt', 'mqtts', 'ws'], works: JS, styles: ['each'], skips: ['offline-0'],
      module: 'aws-crt' },
    { name: 'libmosquitto', command: [program('bench_mosquitto')],
      schemes: ['mqtt', 'mqtts'], works: [...C, 'open', 'offline'], styles: ['burst'],
      skips: ['offline-0'], file: program('bench_mosquitto') },
    { name: 'Paho C', command: [program('bench_paho')], schemes: ['mqtt', 'mqtts'],
      works: C, styles: ['each'], file: program('bench_paho') },
    { name: 'midge C', command: [program('bench_midge')], schemes: ALL, works: C,
      styles: ['ahead'], file: program('bench_midge'), optional: true },
    { name: 'the wire', command: [program('bench_wire')], schemes: ['mqtt', 'mqtts'],
      works: ['publish', 'receive'], styles: ['burst'], file: program('bench_wire'),
      optional: true, isBound: true },
  ];
}

function isThere(client) {
  if (client.file) return fs.existsSync(client.file);
  if (!client.module) return true;
  try {
    require.resolve(client.module);
    return true;
  } catch {
    return false;
  }
}

// Those of `names`, or all that are not optional, as far as they are there.
function chooseClients(build, names, against) {
  const all = allClients(build, against);
  const unknown = (names || []).find((name) => !all.some((client) => client.name === name));
  if (unknown) throw new Error(`no client is called ${unknown}: see --help`);
  const wanted = all.filter((client) =>
    (names ? names.includes(client.name) || client.name === 'midge-before' : !client.optional));
  const missing = wanted.filter((client) => !isThere(client));
  if (missing.some((client) => client.name === 'midge-before')) {
    throw new Error(`${missing[0].file} is not built: --against needs a built checkout`);
  }
  return wanted.filter(isThere);
}

function canDo(client, work) {
  return client.schemes.includes(work.scheme) && client.works.includes(work.work) &&
    !(client.skips || []).includes(`${work.work}-${work.qos}`);
}

module.exports = { canDo, chooseClients };
