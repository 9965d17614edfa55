'use strict';
// A callback that throws: node throws.cjs class|connect caught|uncaught
const mqtt = require('midge');

const { tcp } = JSON.parse(process.env.MIDGE_TEST_SERVERS);
const [which, fate] = process.argv.slice(2);

function callback() {
  throw new Error('thrown by a callback');
}

if (fate === 'caught') {
  process.on('uncaughtException', (error) => {
    console.log(`caught: ${error.message}`);
    process.exit(7);
  });
}
if (which === 'class') {
  const client = new mqtt('', null, null, true, 60000, true);
  client.connect('127.0.0.1', tcp, callback);
} else {
  mqtt.connect(`mqtt://127.0.0.1:${tcp}`).on('connect', callback);
}
