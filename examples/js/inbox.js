'use strict';
// Messages that wait on disk until the program is done with them: what was not
// acknowledged in one life comes again in the next, by the same key.
//
//   node examples/js/inbox.js [url]
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const mqtt = require('midge');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'midge-inbox-'));

function worker(url) {
  return mqtt.connectAsync(url, {
    clientId: 'example-worker',
    clean: false,
    manualAcks: true,
    store: { path: path.join(folder, 'session'), inbox: true },
  });
}

// The next messages, as they come.
function take(client, count) {
  return new Promise((resolve) => {
    const packets = [];
    client.on('message', (topic, payload, packet) => {
      packets.push(packet);
      if (packets.length === count) resolve(packets);
    });
  });
}

async function main(url = 'mqtt://127.0.0.1:1883') {
  const first = await worker(url);
  const coming = take(first, 2);
  await first.subscribeAsync('example/work', { qos: 2 });
  await first.publishAsync('example/work', 'one', { qos: 2 });
  await first.publishAsync('example/work', 'two', { qos: 2 });
  const [one, two] = await coming;
  console.log('first life', `${one.payload}`, `${two.payload}`);
  one.ack();
  await first.endAsync(true); // 'two' is not done

  const second = await worker(url);
  const [again] = await take(second, 1);
  console.log('second life', `${again.payload}`, again.deliveryKey === two.deliveryKey);
  again.ack();
  await second.unsubscribeAsync('example/work');
  await second.endAsync();
  fs.rmSync(folder, { recursive: true });
}

main(process.argv[2]);
