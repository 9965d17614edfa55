'use strict';
// A store of the program's own: messages are written down before they are sent,
// and what the last run could not deliver is sent first by the next one.
//
//   node examples/js/own-store.js [url]
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Readable } = require('node:stream');
const mqtt = require('midge');

// JSON makes objects of Buffers.
function read(text) {
  return JSON.parse(text, (name, value) => (value?.type === 'Buffer' ? Buffer.from(value) : value));
}

// One file for each message; npm has others (mqtt-jsonl-store, mqtt-level-store).
class FileStore {
  constructor(folder) {
    this.folder = folder;
    fs.mkdirSync(folder, { recursive: true });
  }

  #file({ messageId }) {
    return path.join(this.folder, `${messageId}.json`);
  }

  put(packet, callback) {
    fs.writeFile(this.#file(packet), JSON.stringify(packet), callback);
    return this;
  }

  get(packet, callback) {
    fs.readFile(this.#file(packet), (error, text) => callback(error, text && read(text)));
    return this;
  }

  del(packet, callback) {
    fs.unlink(this.#file(packet), callback);
    return this;
  }

  // The oldest first.
  createStream() {
    const files = fs.readdirSync(this.folder).map((name) => path.join(this.folder, name));
    const age = (file) => fs.statSync(file, { bigint: true }).mtimeNs;
    return Readable.from(files.map((file) => [age(file), read(fs.readFileSync(file))])
      .sort(([a], [b]) => Number(a - b)).map(([, packet]) => packet));
  }

  close(callback) {
    callback();
  }
}

const url = process.argv[2] || 'mqtt://127.0.0.1:1883';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'own-store-'));

// Nobody is there, and the program ends.
const offline = mqtt.connect('mqtt://127.0.0.1:1', { outgoingStore: new FileStore(folder) });
offline.publish('example/store', Buffer.from('written down'), { qos: 1, cbStorePut: again });

function again() {
  offline.end(true, () => {
    console.log('stored', fs.readdirSync(folder).length);
    const online = mqtt.connect(url, { outgoingStore: new FileStore(folder) });
    online.on('packetreceive', ({ cmd }) => {
      if (cmd !== 'puback') return;
      online.end(() => {
        console.log('sent, left', fs.readdirSync(folder).length);
        fs.rmdirSync(folder);
      });
    });
  });
}
