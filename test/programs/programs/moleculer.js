'use strict';
// moleculer: two nodes that talk over its MQTT transporter.
const fs = require('node:fs');
const { ServiceBroker } = require('moleculer');

function node(name, options) {
  return new ServiceBroker({
    nodeID: name,
    logger: false,
    requestTimeout: 1000,
    transporter: { type: 'MQTT', options: { reconnectPeriod: 50, ...options } },
  });
}

const where = ({ port }) => ({ host: '127.0.0.1', port });

async function pair(options, work) {
  const heard = [];
  const server = node('server', options);
  server.createService({
    name: 'sum',
    actions: { add: ({ params: { a, b } }) => a + b },
    events: { 'lamp.on': (ctx) => heard.push(ctx.params) },
  });
  const caller = node('caller', options);
  await Promise.all([server.start(), caller.start()]);
  await work(caller, heard);
  await Promise.all([server.stop(), caller.stop()]);
}

async function sums(caller) {
  try {
    return await caller.call('sum.add', { a: 2, b: 3 }) === 5;
  } catch {
    return false;
  }
}

async function main(stage) {
  const { tlsPort, ca, step, restart, until } = stage;
  await pair({ ...where(stage), qos: 1 }, async (caller, heard) => {
    step('subscribed');
    await until(() => sums(caller));
    await until(() => {
      caller.broadcast('lamp.on', 'kitchen');
      return heard.includes('kitchen');
    });
    step('heard');
    await restart();
    await until(() => sums(caller));
    step('again');
  });
  const safe = { protocol: 'mqtts', host: '127.0.0.1', port: tlsPort, ca: fs.readFileSync(ca) };
  await pair(safe, (caller) => until(() => sums(caller)));
  step('tls');
  step('ended');
}

async function will(stage) {
  const broker = node('mortal',
    { ...where(stage), will: { topic: 'will/moleculer', payload: 'gone', qos: 1 } });
  await broker.start();
  stage.step('waits');
}

module.exports = { main, will };
