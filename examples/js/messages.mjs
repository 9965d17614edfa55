// Messages one by one, as fast as they are handled: while the loop is busy the
// server waits. Leaving the loop unsubscribes.
//
//   node examples/js/messages.mjs [url]
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync } from 'midge';

const client = await connectAsync(process.argv[2] ?? 'mqtt://127.0.0.1:1883',
  { signal: AbortSignal.timeout(10000) }); // for the connection
const messages = client.messages('example/readings/+', { qos: 1, highWaterMark: 2 });

for (const reading of ['21.5', '21.7', '21.6', 'enough']) {
  client.publish('example/readings/kitchen', reading, { qos: 1, ttl: 60000 });
}

for await (const { topic, payload } of messages) {
  await delay(10); // a database, say
  console.log(topic, payload.toString());
  if (payload.toString() === 'enough') break;
}
await client.endAsync();
