'use strict';
// A connection changes hands between two threads for as long as the program's ways
// change: single messages, bursts, floods, silence, long callbacks, pauses. Each message
// to a real broker comes back once, in order, and each request ends once.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mosquitto = require('../support/mosquitto');
const { file } = require('../tls/certificates');
const { run } = require('./support/program');

// `make soak WHICH=hands` has an hour, and a seed of its own.
const SECONDS = Number(process.env.MIDGE_TEST_SECONDS || 4);
const SEED = Number(process.env.MIDGE_TEST_SEED || 7);
const LIMIT_MS = SECONDS * 1000 + 240000;

const PROGRAM = `
  let state = ${SEED};
  const dice = (sides) => {
    state = (state * 1103515245 + 12345) % 0x80000000;
    return Math.floor(state / 65536) % sides;
  };
  const end = Date.now() + ${SECONDS * 1000};
  const busy = (ms) => { for (const until = Date.now() + ms; Date.now() < until;); };
  let rounds = 0;
  let open = 0;

  // What to say when all that was said has come back: how much, and what first.
  function drive(client, qos, topic, say) {
    let said = 0;
    let heard = 0;
    let ended = 0;
    const go = () => {
      const many = dice(60) === 0 ? 600 : [1, 1, 1, 1, 1, 1, 1, 2, 9, 40][dice(10)];
      for (let i = 0; i < many; i += 1) {
        say(String(said), (error) => {
          if (error) throw error;
          ended += 1;
        });
        said += 1;
      }
    };
    const next = () => {
      rounds += 1;
      if (Date.now() > end) {
        const finish = () => {
          if (ended !== said) return setTimeout(finish, 10);
          open -= 1;
          if (open > 0) return undefined;
          console.log('ok', rounds);
          return process.exit();
        };
        finish();
        return;
      }
      const what = dice(400);
      if (what === 0) setTimeout(go, dice(200));
      else if (what === 1) { go(); busy(dice(150)); } else if (what < 10) setImmediate(go);
      else if (what < 40) Promise.resolve().then(go);
      else if (what < 60) process.nextTick(go);
      else if (what === 60 && client.pause) {
        client.pause();
        go();
        setTimeout(() => client.resume(), dice(120));
      } else go();
    };
    open += 1;
    return {
      go,
      hear(text) {
        if (Number(text) !== heard) throw new Error(topic + ': ' + text + ' in place of ' + heard);
        heard += 1;
        if (heard === said) next();
      },
    };
  }

  function viaConnect(url, at) {
    const topic = 'connect/' + url + at;
    const client = mqtt.connect(url, { rejectUnauthorized: false });
    const qos = at % 3;
    const driven = drive(client, qos, topic,
      (text, callback) => client.publish(topic, text, { qos }, callback));
    client.on('message', (name, payload) => driven.hear(payload.toString()));
    client.on('close', () => { throw new Error('closed'); });
    client.on('connect', () => client.subscribe(topic, { qos }, () => driven.go()));
  }

  function viaClass(at) {
    const topic = 'class/' + at;
    const client = new mqtt(null, null, null, true, 60000, true);
    const qos = at % 3;
    const driven = drive(client, qos, topic,
      (text, callback) => client.publish(qos, false, topic, text, (mid, error) => callback(error)));
    client.on('received', (mid, name, payload) => driven.hear(payload.toString()));
    client.on('disconnected', () => { throw new Error('closed'); });
    client.connect('127.0.0.1', port, () => client.subscribe(qos, topic, () => driven.go()));
  }

  const [, tls, ws] = JSON.parse(process.env.PORTS);
  for (let at = 0; at < 3; at += 1) {
    viaConnect('mqtt://127.0.0.1:' + port, at);
    viaConnect('mqtts://127.0.0.1:' + tls, at);
    viaConnect('ws://127.0.0.1:' + ws, at);
    viaClass(at);
  }`;

test('nothing is lost, doubled or overtaken while connections change hands', async (t) => {
  const certificate = { certificate: file('server.pem'), key: file('server.key') };
  const broker = await mosquitto.start({
    listeners: [{}, { tls: certificate }, { websockets: true }] });
  const env = { PORTS: JSON.stringify(broker.ports) };
  const { code, out, err } = await run(PROGRAM, { port: broker.port, env, limit: LIMIT_MS });
  await broker.stop();
  assert.deepEqual([code, err], [0, '']);
  assert.match(out, /^ok \d+$/);
  t.diagnostic(`${out} in ${SECONDS} s`);
});
