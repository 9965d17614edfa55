'use strict';
// A client of several servers that publishes before there is a connection: the
// next server is tried, only the newest value of a topic is kept, and what
// happened is told in numbers.
//
//   node examples/js/offline.js [url]
const diagnostics = require('node:diagnostics_channel');
const { once } = require('node:events');
const mqtt = require('midge');

async function main(url = 'mqtt://127.0.0.1:1883') {
  const { hostname: host, port } = new URL(url);
  diagnostics.subscribe('midge:connected', ({ connack }) => {
    console.log('connected as', connack.clientId);
  });
  const client = mqtt.connect({
    servers: [{ host, port: 1 }, { host, port: Number(port) }], // nobody is at port 1
    clientId: 'example-offline',
    reconnectPeriod: 100,
  });
  client.on('error', () => {}); // that nobody is there
  client.pause(); // no message before everything is set up

  client.subscribe('example/offline', { qos: 1 });
  const options = { qos: 1, coalesce: true };
  const outcomes = ['20.1', '20.4', '20.9'].map((reading) =>
    client.publishAsync('example/offline', reading, options).then(
      () => `${reading} sent`, ({ code }) => `${reading} ${code}`));
  for (const outcome of await Promise.all(outcomes)) console.log(outcome);

  const message = once(client, 'message');
  client.resume();
  const [topic, payload] = await message;
  console.log(topic, payload.toString());

  const { attempts, connections, causes } = client.stats();
  console.log(attempts > connections, Object.keys(causes));
  await client.endAsync();
}

main(process.argv[2]);
