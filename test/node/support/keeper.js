'use strict';
// A program that is killed: publishes numbers of QoS 1 and 2 from a session in a
// store, and writes down in a file which ones it was told are stored.
//
//   node keeper.js API PORT STORE FILE FIRST COUNT
//
// API is "class" or "connect". COUNT numbers are published from FIRST on; then
// it waits for all of them, and those of former lives, and ends.
const fs = require('node:fs');
const mqtt = require('../../../lib');

const [api, port, path, file, first, count] = process.argv.slice(2);
const log = fs.openSync(file, 'a');
const WINDOW = 100; // unfinished at a time

let next = Number(first);
const end = next + Number(count);
let unfinished = 0; // of this life
let waiting = 0; // of former ones

const options = {
  store: { path }, protocolVersion: 5, properties: { sessionExpiryInterval: 3600 },
};

function stored(number) {
  fs.writeSync(log, `${number}\n`);
}

// Every life has to find the store sound.
function checkStore({ damaged, stale }) {
  if (damaged > 0 || stale) throw new Error(`${damaged} damaged${stale ? ', and stale' : ''}`);
}

function published(error) {
  if (error) throw error;
  unfinished -= 1;
  go();
}

function byClass() {
  const client = new mqtt('keeper', null, null, false, 60000, true, options);
  const numbers = new Map();
  client.on('stored', (mid) => stored(numbers.get(mid)));
  client.on('restored', (what) => {
    checkStore(what);
    waiting += what.messages;
  });
  client.on('published', (mid) => {
    if (numbers.has(mid)) return;
    waiting -= 1;
    go();
  });
  client.connect('127.0.0.1', port);
  return {
    publish(number, qos) {
      const status = client.publish(qos, false, `q${qos}`, `${number}`,
        (mid, error) => published(error));
      if (status !== 0) throw client.last_error;
      numbers.set(client.mid, number);
    },
    end: () => client.disconnect(),
  };
}

function byConnect() {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`,
    { ...options, clientId: 'keeper', clean: false, onRestored: checkStore });
  client.on('error', (error) => { throw error; });
  return {
    publish(number, qos) {
      client.publish(`q${qos}`, `${number}`, { qos, cbStorePut: () => stored(number) },
        published);
    },
    end: () => client.end(),
  };
}

const keeper = api === 'class' ? byClass() : byConnect();

function go() {
  while (unfinished < WINDOW && next < end) {
    unfinished += 1;
    keeper.publish(next, 1 + next % 2);
    next += 1;
  }
  if (unfinished === 0 && next === end && waiting === 0) keeper.end();
}

go();
