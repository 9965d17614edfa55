'use strict';
// Who keeps messages of QoS 1, where, and what that withstands.

const { chooseClients } = require('../clients');

// MQTT.js has no more packet identifiers than 65,535 for what waits; Paho C, with a
// file for each message, takes minutes to deliver more than this.
const IDENTIFIERS = 65000;
const FILES = 10000;

// `store`: in the words of the client's program; `withstands`: once it was told
// that a message is stored. `recovers`: with how many messages it is filled and
// opened again, if that is measured.
function stores(count) {
  return [
    { client: 'midge', title: 'midge', withstands: 'nothing' },
    { client: 'midge', title: 'midge, os', store: 'os', withstands: 'kill -9', recovers: count },
    { client: 'midge', title: 'midge, disk', store: 'disk', withstands: 'power cut' },
    { client: 'midge.connect', title: 'midge.connect', withstands: 'nothing' },
    { client: 'midge.connect', title: 'midge.connect, os', store: 'os', withstands: 'kill -9' },
    { client: 'midge.connect', title: 'midge.connect, disk', store: 'disk',
      withstands: 'power cut' },
    { client: 'MQTT.js', title: 'MQTT.js', withstands: 'nothing' },
    { client: 'MQTT.js', title: 'MQTT.js, mqtt-level-store', store: 'level',
      withstands: 'kill -9', recovers: Math.min(count, IDENTIFIERS) },
    { client: 'MQTT.js', title: 'MQTT.js, mqtt-jsonl-store', store: 'jsonl',
      withstands: 'nothing at once', recovers: Math.min(count, IDENTIFIERS) },
    { client: 'Paho C', title: 'Paho C', withstands: 'nothing' },
    { client: 'Paho C', title: 'Paho C, files', store: 'file', withstands: 'kill -9',
      recovers: Math.min(count, FILES) },
  ];
}

// As measure.js takes them; each is compared with `base`, the same without a store.
function chooseStores(build, count) {
  const all = stores(count);
  const names = [...new Set(all.map(({ client }) => client))];
  const there = new Map(chooseClients(build, names).map((client) => [client.name, client]));
  return all.filter(({ client }) => there.has(client)).map(({ client, title, ...rest }) =>
    ({ ...there.get(client), name: title, base: client, ...rest }));
}

module.exports = { chooseStores };
