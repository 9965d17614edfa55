'use strict';
// homie-device: a device of the Homie convention, with a copy of MQTT.js 2 of its own;
// its will says that it is lost.
const { once } = require('node:events');
const mqtt = require('mqtt');
const HomieDevice = require('homie-device');

function device(port, name) {
  const made = new HomieDevice({
    name, device_id: name, mqtt: { host: '127.0.0.1', port, base_topic: 'will/' },
  });
  const node = made.node('light', 'Light', 'light');
  node.advertise('level').setDatatype('integer')
    .settable((range, value) => node.setProperty('level').setRetained().send(value));
  made.setup(true);
  return made;
}

async function main({ port, url, step, restart, until }) {
  const lamp = device(port, 'lamp');
  await once(lamp, 'connect');
  const panel = await mqtt.connectAsync(url, { reconnectPeriod: 50 });
  const heard = new Map();
  panel.on('message', (topic, payload) => heard.set(topic, String(payload)));
  await panel.subscribeAsync('will/lamp/#');
  step('subscribed');
  const sets = (level) => until(() => {
    panel.publish('will/lamp/light/level/set', level, { qos: 1 });
    return heard.get('will/lamp/light/level') === level;
  });
  await sets('41');
  await until(() => heard.get('will/lamp/$state') === 'ready');
  if (heard.get('will/lamp/light/level/$settable') !== 'true') throw new Error('not settable');
  step('heard');

  const again = once(lamp, 'connect');
  await restart();
  await again;
  await sets('42');
  step('again');

  lamp.end();
  await until(() => heard.get('will/lamp/$state') === 'disconnected');
  await panel.endAsync();
  step('ended');
}

async function will({ port, step }) {
  await once(device(port, 'homie-device'), 'connect');
  step('waits');
}

module.exports = { main, will };
