// The same with promises, MQTT 5 and a handler that acknowledges when it is
// done: the next message comes after that.
//
//   node examples/js/drop-in-async.mjs [url]
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync } from 'midge';

const client = await connectAsync(process.argv[2] ?? 'mqtt://127.0.0.1:1883', {
  protocolVersion: 5,
  clean: true,
  will: { topic: 'example/gone', payload: 'the example vanished', qos: 1 },
});

let handled = 0;
client.handleMessage = async (packet, done) => {
  await delay(10); // a database, say
  handled += 1;
  console.log(packet.topic, packet.payload.toString(), packet.properties.contentType);
  done(); // PUBACK leaves now
  if (handled === 3) client.emit('handled');
};

const granted = await client.subscribeAsync('example/#', { qos: 1 });
console.log('granted', granted[0].qos);
const all = once(client, 'handled');
for (const message of ['one', 'two', 'three']) {
  await client.publishAsync('example/numbers', message,
    { qos: 1, properties: { contentType: 'text/plain' } });
}
await all;
await client.endAsync();
