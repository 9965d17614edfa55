'use strict';
// A handler for each subscription: no switch over topics. Where filters overlap
// each handler is called once.
//
//   node examples/js/handlers.js [url]
const { connectAsync } = require('midge');

async function main(url = 'mqtt://127.0.0.1:1883') {
  const client = await connectAsync(url, { protocolVersion: 5 });
  const log = [];
  const lights = new Promise((resolve) => {
    client.subscribeAsync('example/+/light', { qos: 1 }, (topic, payload) => {
      log.push(`light: ${topic} ${payload}`);
      resolve();
    });
  });
  const last = new Promise((resolve) => {
    client.subscribeAsync('example/#', { qos: 1 }, (topic, payload) => {
      log.push(`all: ${topic} ${payload}`);
      if (topic.endsWith('door')) resolve();
    });
  });
  await client.publishAsync('example/kitchen/light', 'on', { qos: 1, timeout: 5000 });
  await client.publishAsync('example/kitchen/door', 'open', { qos: 1, timeout: 5000 });
  await Promise.all([lights, last]);
  for (const line of log.sort()) console.log(line);
  await client.endAsync();
}

main(process.argv[2]);
