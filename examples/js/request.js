'use strict';
// A request and its response, in MQTT 5: who asks, and who answers.
//
//   node examples/js/request.js [url]
const { connectAsync } = require('midge');

async function main(url = 'mqtt://127.0.0.1:1883') {
  const server = await connectAsync(url, { protocolVersion: 5 });
  await server.subscribeAsync('example/sum', { qos: 1 }, (topic, payload, { properties }) => {
    const sum = JSON.parse(payload).reduce((total, number) => total + number, 0);
    const { responseTopic, correlationData } = properties;
    server.publish(responseTopic, String(sum), { qos: 1, properties: { correlationData } });
  });

  const client = await connectAsync(url, { protocolVersion: 5 });
  const sums = [[1, 2, 3], [10, 20]].map((numbers) =>
    client.request('example/sum', JSON.stringify(numbers), { qos: 1, timeout: 10000 }));
  for (const { payload } of await Promise.all(sums)) console.log(payload.toString());

  await client.endAsync();
  await server.endAsync();
}

main(process.argv[2]);
