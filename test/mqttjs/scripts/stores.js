'use strict';
// Stores of the program's own.
const { Readable } = require('node:stream');

// In memory; it answers later, and writes down what it was asked.
class LateStore {
  packets = new Map();

  constructor(t, faults = {}) {
    this.t = t;
    this.faults = faults;
  }

  #answer(method, packet, callback, value) {
    this.t.add('store', method, packet?.cmd ?? typeof packet?.messageId, packet?.topic);
    setTimeout(() => callback(this.faults[method] ?? null, value), 2);
    return this;
  }

  put(packet, callback) {
    this.packets.set(packet.messageId, packet);
    return this.#answer('put', packet, callback, packet);
  }

  get(packet, callback) {
    return this.#answer('get', packet, callback, this.packets.get(packet.messageId));
  }

  del(packet, callback) {
    const found = this.packets.get(packet.messageId);
    this.packets.delete(packet.messageId);
    return this.#answer('del', packet, callback, found);
  }

  createStream() {
    return Readable.from([...this.packets.values()]);
  }

  close(callback) {
    this.t.add('store', 'close');
    setTimeout(() => callback(this.faults.close), 2);
  }
}

const fault = new Error('disk full');

// Published when it is connected, so that nothing is read from the store.
const publishing = (qos, faults) => ({
  run: async (t) => {
    const client = await t.connected({ outgoingStore: new LateStore(t, faults) });
    client.publish('a', 'm', { qos, cbStorePut: t.note('stored') }, t.note('published'));
    await t.until('published');
    await t.quiet(50);
    t.add('seen', t.broker.seen.map(({ cmd }) => cmd));
  },
});

const held = (messageId, payload, qos = 1) =>
  ({ cmd: 'publish', topic: 'a', payload, qos, retain: false, dup: false, messageId });

module.exports = {
  'QoS 1 is put and deleted': publishing(1),
  'QoS 2 is put and deleted': publishing(2),
  'QoS 0 is not put': publishing(0),
  'an error of del': publishing(1, { del: fault }),
  'what a store holds is sent': {
    run: async (t) => {
      const store = new LateStore(t);
      for (const packet of [held(9, 'one'), held(4, 'two'), held(7, 'three')]) {
        store.packets.set(packet.messageId, packet);
      }
      t.connect({ outgoingStore: store });
      await t.broker.saw('publish', 3);
      await t.until('store', 3);
      t.log.entries.splice(0);
      t.add('sent', t.broker.of('publish').map(({ payload, dup, qos }) => [payload, dup, qos]));
    },
  },
  'what another client could not deliver': {
    run: async (t) => {
      const store = new t.mqtt.Store({ clean: false });
      const answer = t.broker.answers.publish;
      t.broker.rules.publish = () => {};
      const first = await t.connected({ outgoingStore: store });
      first.publish('a', 'm', { qos: 1 });
      await t.broker.saw('publish');
      first.end(true);
      await t.until('end');
      t.broker.rules.publish = answer;
      t.connect({ outgoingStore: store });
      await t.broker.saw('publish', 2);
      t.log.entries.splice(0);
      t.add('sent', t.broker.of('publish').map(({ payload }) => payload));
    },
  },
  'end closes the stores': {
    run: async (t) => {
      const client = await t.connected({
        incomingStore: new LateStore(t), outgoingStore: new LateStore(t, { close: fault }),
      });
      client.end(t.note('ended'));
      await t.until('ended');
    },
  },
  'a store by itself': {
    run: async (t) => {
      const store = new t.mqtt.Store();
      store.put(held(1, 'one'), t.note('put'));
      store.get({ messageId: 1 }, t.note('got'));
      store.get({ messageId: 2 }, t.note('got none'));
      store.put(held(1, 'two'), t.note('put'));
      for await (const packet of store.createStream()) t.add('read', packet);
      store.del({ messageId: 1 }, t.note('deleted'));
      store.del({ messageId: 1 }, t.note('deleted none'));
      store.close(t.note('closed'));
    },
  },
};
