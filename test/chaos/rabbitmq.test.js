'use strict';
// A cluster of three RabbitMQs of which one is stopped or killed at a time, with
// quorum queues: two senders and a receiver go on with the others (`servers`). In between
// they say that they have no memory, and read nothing that is published until they have.
// The ledger finds nothing. MIDGE_TEST_CHAOS_S says for how long.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const mqtt = require('../../lib');
const rabbitmq = require('../support/rabbitmq');
const { delay, event, until } = require('../node/support/wait');
const { Ledger, settled } = require('./support/ledger');
const { Sender } = require('./support/sender');

const SECONDS = Number(process.env.MIDGE_TEST_CHAOS_S || 60);
const NODES = 3;
const MOST_MS = 900000; // beside those
const UP_MS = 2000; // that all nodes are up, between two that are not
const SILENT_MS = 7000; // longer than clients wait for an answer to PINGREQ
const FAULTS = ['SIGTERM', 'memory', 'SIGKILL', 'memory']; // each node has each in time
const SETTINGS = process.env.MIDGE_TEST_RABBITMQ || 'mqtt.durable_queue_type = quorum';
const OPTIONS = { protocolVersion: 4, reconnectPeriod: 200, reconnectPeriodMax: 1000,
  maxBreaks: 0 };

async function listen(urls, ledger, folder) {
  // A node that is stopped gives back what the receiver had not acknowledged, when
  // another one has already sent it what is newer.
  ledger.addReceiver('receiver', { isOrdered: false });
  const client = new mqtt('receiver', null, null, false, 4000, true,
    { ...OPTIONS, servers: urls.slice(1), store: { path: path.join(folder, 'receiver') } });
  client.on('received', (mid, topic, message) => ledger.received('receiver', `${message}`));
  client.connect(urls[0]);
  client.subscribe(1, 'chaos/#');
  await event(client, 'subscribed');
  return client;
}

async function restart(node, signal) {
  await node.halt(signal);
  await delay(UP_MS);
  await node.launch();
}

async function silence({ counts }) {
  let last;
  let since;
  await until(() => {
    if (counts.acknowledged !== last) since = Date.now();
    last = counts.acknowledged;
    return Date.now() - since > SILENT_MS;
  }, 'nothing is acknowledged any more');
}

async function exhaust(cluster, ledger) {
  const allow = (share) => Promise.all(cluster.nodes.map((node) =>
    cluster.control(node, 'set_vm_memory_high_watermark', share)));
  await allow('0.000001');
  await silence(ledger);
  await allow('0.4');
}

async function rage(cluster, ledger, counts) {
  const end = Date.now() + SECONDS * 1000;
  for (let i = 0; Date.now() < end; i += 1) {
    const node = cluster.nodes[i % NODES];
    const fault = FAULTS[i % FAULTS.length];
    counts[fault] += 1;
    if (fault === 'memory') await exhaust(cluster, ledger);
    else await restart(node, fault);
    await delay(UP_MS);
  }
}

test(`a cluster of RabbitMQ whose nodes stop, ${SECONDS} s`,
  { timeout: SECONDS * 1000 + MOST_MS, skip: !rabbitmq.isInstalled() }, async (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-chaos-'));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const cluster = await rabbitmq.startCluster(NODES, SETTINGS);
    t.after(() => cluster.stop());
    const urls = cluster.nodes.map(({ port }) => `mqtt://127.0.0.1:${port}`);
    const ledger = new Ledger();
    const counts = { SIGTERM: 0, SIGKILL: 0, memory: 0 };
    const client = await listen(urls, ledger, folder);
    t.after(() => client.disconnect(() => {}, { force: true }));
    const senders = ['class', 'connect'].map((api, i) => {
      const ofOwn = [...urls.slice(i + 1), ...urls.slice(0, i + 1)];
      return new Sender(api, ledger, [1], { urls: ofOwn, folder, ...OPTIONS });
    });
    t.after(() => Promise.all(senders.map((sender) => sender.end())));
    await rage(cluster, ledger, counts);
    for (const sender of senders) sender.pause();
    await settled(ledger);
    const wrong = ledger.judge();
    t.diagnostic(JSON.stringify({ ...counts, ...ledger.counts }));
    assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} faults`);
    assert.ok(ledger.counts.acknowledged > 0);
  });
