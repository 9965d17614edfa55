'use strict';
// A dialogue with mosquitto whose first connection is cut after each of its
// bytes, in either direction and every way there is: nothing is lost, QoS 2 comes
// once, and every callback is called once.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const faultProxy = require('../support/fault-proxy');
const mosquitto = require('../support/mosquitto');
const { called, event, until } = require('./support/wait');

const HOWS = ['half', 'close', 'reset', 'silence'];
// MIDGE_TEST_CUTS: so many bytes from one cut to the next.
const STEP = Number(process.env.MIDGE_TEST_CUTS || 1);
const AT_ONCE = 48;
const QOS = [0, 1, 2];

// What comes to one side: how often each payload did.
class Heard {
  constructor() {
    this.counts = new Map();
  }

  add(payload) {
    const key = String(payload);
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  has(payload) {
    return this.counts.has(payload);
  }

  check(what) {
    const [zero, one, two] = ['0', '1', '2'].map((key) => this.counts.get(key) ?? 0);
    assert.ok(zero <= 1, `${what}: QoS 0 came ${zero} times`);
    assert.ok(one >= 1, `${what}: QoS 1 was lost`);
    assert.equal(two, 1, `${what}: QoS 2 came ${two} times`);
  }
}

// Both interfaces, as little of them as this needs.
function openClass(port, name, heard) {
  const client = new mqtt(name, null, null, false, 1000, true, {
    protocolVersion: 5, properties: { sessionExpiryInterval: 3600 }, reconnectPeriod: 20,
    connectTimeout: 3000,
  });
  client.on('received', (mid, topic, message) => heard.add(message));
  client.connect('127.0.0.1', port);
  return {
    subscribe: (topic, done) => client.subscribe(2, topic, (mid, granted, error) => done(error)),
    publish: (topic, text, qos, done) =>
      client.publish(qos, false, topic, text, (mid, error) => done(error)),
    async end() {
      client.disconnect();
      await event(client, 'disconnected');
    },
  };
}

function openConnect(port, name, heard) {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    clientId: name, clean: false, keepalive: 1, reconnectPeriod: 20, connectTimeout: 3000,
  });
  client.on('error', () => {}).on('message', (topic, message) => heard.add(message));
  // As in MQTT.js a connection that ends takes what is unanswered with it.
  const subscribe = (topic, done) => client.subscribe(topic, { qos: 2 }, (error) => {
    if (error?.message === 'Connection closed') subscribe(topic, done);
    else done(error);
  });
  return {
    subscribe,
    publish: (topic, text, qos, done) => client.publish(topic, text, { qos }, done),
    end: () => called((back) => client.end(back)),
  };
}

const APIS = { class: openClass, connect: openConnect };

// A callback of one dialogue: called once, without an error.
function expecting(failures, what, start) {
  let calls = 0;
  return called((back) => start((error) => {
    calls += 1;
    if (error) failures.push(`${what}: ${error.message}`);
    if (calls > 1) failures.push(`${what}: called ${calls} times`);
    back();
  }));
}

// The other side of all dialogues, which nobody cuts.
async function openPeer(port) {
  const client = new mqtt('', null, null, true, 60000, true, { protocolVersion: 5 });
  const heard = new Map();
  client.on('received', (mid, topic, message) => heard.get(topic.split('/')[0]).add(message));
  client.connect('127.0.0.1', port);
  client.subscribe(2, '+/out');
  await event(client, 'subscribed');
  return {
    of(name) {
      heard.set(name, new Heard());
      return heard.get(name);
    },
    publish: (topic, text, qos) => called((back) => client.publish(qos, false, topic, text, back)),
    end: () => client.disconnect(),
  };
}

// Returns how many bytes went either way.
async function talk(api, broker, peer, name, weather) {
  const proxy = await faultProxy.start(broker.port,
    { weather: (number) => (number === 0 ? weather : {}) });
  const [there, here] = [peer.of(name), new Heard()];
  const failures = [];
  const client = APIS[api](proxy.port, name, here);
  const send = (text, qos) => expecting(failures, `publish ${text}`,
    (done) => client.publish(`${name}/out`, text, qos, done));
  const subscribed = expecting(failures, 'subscribe',
    (done) => client.subscribe(`${name}/in`, done));
  await Promise.all([subscribed, ...QOS.map((qos) => send(`${qos}`, qos))]);
  await Promise.all(QOS.map((qos) => peer.publish(`${name}/in`, `${qos}`, qos)));
  // What comes behind the last shows that all before it has come.
  await Promise.all([send('last', 2), peer.publish(`${name}/in`, 'last', 2)]);
  await until(() => here.has('last') && there.has('last'), `${name}: the last has come`);
  here.check(`${name}, received`);
  there.check(`${name}, published`);
  await client.end();
  assert.deepEqual(failures, [], name);
  const { up, down } = proxy.connections[0];
  await proxy.stop();
  return { up: up.passed, down: down.passed };
}

async function inParallel(tasks) {
  const worker = async () => {
    for (let task = tasks.pop(); task; task = tasks.pop()) await task();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

for (const api of Object.keys(APIS)) {
  test(`cut after every byte: ${api}`, { timeout: 280000 }, async (t) => {
    const broker = await mosquitto.start();
    t.after(() => broker.stop());
    const peer = await openPeer(broker.port);
    const sizes = await talk(api, broker, peer, 'fair', {});
    await talk(api, broker, peer, 'slow', { up: { chunk: 1, delay: 3 }, down: { chunk: 1 } });
    const tasks = [];
    for (const way of ['up', 'down']) {
      for (const then of HOWS) {
        for (let at = 0; at < sizes[way]; at += STEP) {
          tasks.push(() => talk(api, broker, peer, `${then}-${way}-${at}`,
            { [way]: { at, then } }));
        }
      }
    }
    t.diagnostic(`${tasks.length} cuts of ${JSON.stringify(sizes)} bytes`);
    await inParallel(tasks);
    peer.end();
  });
}
