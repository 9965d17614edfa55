'use strict';
// What is measured: one work is one kind of run, and makes one row or more.

const WINDOWS = [1, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];
const OPEN_WINDOWS = [1, 10, 100, 1000];
// Of the transports that are not swept so closely, and of a quick run.
const FEWER_WINDOWS = [10, 100, 500, 1000, 2000, 5000, 10000];
const FEW_WINDOWS = [100, 1000];
const ONE_WINDOW = [100];
const WINDOW_BYTES_MAX = 64 * 1024 * 1024;

const SMALL = 64;
const LARGE = 16 * 1024;
const KIB = 1024;

// Halves: the first warms up, the second is measured.
const CONNECTIONS = 5000;
// Of QoS 1 fewer than there are packet identifiers: aws-crt refuses more, and
// MQTT.js does not send them.
const QUEUED = [200000, 30000];
const LOOPED = 100000;
// Messages under way when a client shows how many it can send and have back.
const LOAD_WINDOW = 1000;
// One wait for a core is 4 ms, some hundred messages that are late: in less time,
// or in fewer runs, the percentiles say how many of those there happened to be.
const LOAD_SECONDS = 1;
const LOAD_RUNS = 3;
// In less, p99.9 is what compiling the last functions costs.
const ECHO_SECONDS = 1;
// What a server keeps unacknowledged that is not asked for more.
const SERVER_WINDOW = 100;

const rate = (run) => run.rate;
const megabytes = (run) => run.rate * LARGE / 1e6;
const messages = { unit: 'messages/s', better: 'more', value: rate };

function publish(scheme, qos) {
  return { id: `publish-${qos}`, scheme, work: 'publish', qos, size: SMALL, windows: WINDOWS,
    rows: [{ label: `publish, QoS ${qos}`, ...messages }] };
}

// As mosquitto and others allow: more than they take would be dropped by some.
function publishByDefault(scheme) {
  return { id: 'publish-2-default', scheme, work: 'publish', qos: 2, size: SMALL,
    windows: WINDOWS, byDefault: true,
    rows: [{ label: 'publish, QoS 2, default options', ...messages }] };
}

function publishInLoop(scheme, qos) {
  return { id: `loop-${qos}`, scheme, work: 'publish', qos, size: SMALL, style: 'loop',
    count: LOOPED, byDefault: true,
    rows: [{ label: `plain loop of publishes, QoS ${qos}`, ...messages }] };
}

function receive(scheme, qos) {
  return { id: `receive-${qos}`, scheme, work: 'receive', qos, size: SMALL,
    windows: qos > 0 ? WINDOWS : undefined,
    rows: [{ label: `receive, QoS ${qos}`, ...messages }] };
}

function receiveFromServer(scheme) {
  return { id: 'receive-1-100', scheme, work: 'receive', qos: 1, size: SMALL,
    window: SERVER_WINDOW,
    rows: [{ label: `receive, QoS 1, ${SERVER_WINDOW} in flight`, ...messages }] };
}

function large(scheme, work) {
  return { id: `${work}-16k`, scheme, work, qos: 0, size: LARGE,
    windows: work === 'publish' ? WINDOWS.filter((window) => window * LARGE <= WINDOW_BYTES_MAX)
      : undefined,
    rows: [{ label: `${work}, QoS 0, 16 KiB`, unit: 'MB/s', better: 'more', value: megabytes }] };
}

function reconnect(scheme) {
  return { id: 'reconnect', scheme, work: 'reconnect', qos: 0, size: SMALL,
    rows: [{ label: 'reconnect, one after the other', unit: 'connections/s', better: 'more',
      value: rate }] };
}

function echo(scheme, isPinned) {
  const where = isPinned ? 'one core' : 'cores free';
  const row = (part) => ({ label: `echo, ${where}, ${part}`, unit: 'µs', better: 'less',
    value: (run) => run.latency[part] });
  return { id: isPinned ? 'echo-pinned' : 'echo', scheme, work: 'echo', qos: 0, size: SMALL,
    isPinned, seconds: ECHO_SECONDS, rows: ['p50', 'p99', 'p99.9'].map(row) };
}

// At a pace that is half of what a client can do at most: its own peak, or that
// of MQTT.js for all.
function load(scheme, of) {
  const whose = of === undefined ? 'its own' : `${of}'s`;
  const row = (part) => ({ label: `latency at half of ${whose} peak rate, ${part}`, unit: 'µs',
    better: 'less', value: (run) => run.latency[part] });
  return { id: of === undefined ? 'load-own' : 'load', scheme, work: 'load', qos: 0, size: SMALL,
    window: LOAD_WINDOW, of, seconds: LOAD_SECONDS, runs: LOAD_RUNS,
    rows: ['p50', 'p99', 'p99.9'].map(row) };
}

function open(scheme) {
  return { id: 'open', scheme, work: 'open', qos: 0, size: SMALL, count: CONNECTIONS,
    windows: OPEN_WINDOWS,
    rows: [
      { label: 'connections opened in one process', unit: 'connections/s', better: 'more',
        value: rate },
      { label: 'memory of an idle connection', unit: 'KiB', better: 'less',
        value: (run) => run.memory / KIB },
    ] };
}

function offline(scheme, qos) {
  return { id: `offline-${qos}`, scheme, work: 'offline', qos, size: SMALL, count: QUEUED[qos],
    rows: [{ label: `memory of a queued message, QoS ${qos}`, unit: 'bytes',
      better: 'less', value: (run) => run.memory }] };
}

const LEVELS = [0, 1, 2];

function everythingOn(scheme) {
  return [
    ...LEVELS.map((qos) => publish(scheme, qos)),
    publishByDefault(scheme),
    ...LEVELS.map((qos) => publishInLoop(scheme, qos)),
    ...LEVELS.map((qos) => receive(scheme, qos)),
    receiveFromServer(scheme),
    large(scheme, 'publish'),
    large(scheme, 'receive'),
    echo(scheme, true),
    echo(scheme, false),
    load(scheme, 'MQTT.js'),
    load(scheme),
    open(scheme),
    reconnect(scheme),
    ...LEVELS.slice(0, 2).map((qos) => offline(scheme, qos)),
  ];
}

// Of the other transports, what they change.
const ELSEWHERE = /^(publish|receive)-[012]$|^(reconnect|echo)$/;
const QUICK = /^(publish|receive)-[012]$|^(publish-2-default|publish-16k|echo.*|open|offline-1)$/;
// Of a short run: what has a target.
const SHORT = {
  mqtt: new RegExp('^(publish|receive)-[012]$|^(publish-2-default|loop-0|receive-1-100|'
    + 'publish-16k|echo.*|load.*|open|offline-.)$'),
  mqtts: /^(publish|receive)-[012]$|^reconnect$/,
  ws: /^(publish|receive)-[012]$/,
  wss: /^(publish|receive)-0$/,
};
const SHORT_WINDOWS = [20, 100, 1000, 10000];

function windowsOf({ windows, scheme }, { isQuick, isShort }) {
  if (windows === undefined) return undefined;
  const isPlain = scheme === 'mqtt';
  if (isQuick || (isShort && !isPlain)) return windows === WINDOWS ? FEW_WINDOWS : ONE_WINDOW;
  if (isShort) return windows.filter((window) => SHORT_WINDOWS.includes(window));
  return windows === WINDOWS && !isPlain ? FEWER_WINDOWS : windows;
}

// `only`: the beginnings of identifiers, or none for all.
function chooseWorks({ schemes, only, isQuick, isShort }) {
  const works = [];
  const isUsual = ({ id, scheme }) => (isShort ? SHORT[scheme].test(id)
    : (scheme === 'mqtt' || ELSEWHERE.test(id)) && (!isQuick || QUICK.test(id)));
  for (const scheme of schemes) {
    for (const work of everythingOn(scheme)) {
      const isWanted = only ? only.some((id) => work.id.startsWith(id)) : isUsual(work);
      if (!isWanted) continue;
      work.windows = windowsOf(work, { isQuick, isShort });
      works.push(work);
    }
  }
  return works;
}

module.exports = { chooseWorks };
