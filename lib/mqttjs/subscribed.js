'use strict';
// What a client has subscribed to, which need not be asked for again.

class Subscribed {
  #levels = new Map(); // by filter, the QoS

  has({ topic, qos }) {
    return this.#levels.has(topic) && this.#levels.get(topic) >= qos;
  }

  add({ topic, qos }) {
    this.#levels.set(topic, qos);
  }

  delete(topic) {
    this.#levels.delete(topic);
  }

  // { filter: { qos } }. What is deleted there is asked for the next time.
  get table() {
    const entries = [...this.#levels].map(([topic, qos]) => [topic, { qos }]);
    return new Proxy(Object.fromEntries(entries), {
      deleteProperty: (table, topic) => {
        this.#levels.delete(topic);
        return Reflect.deleteProperty(table, topic);
      },
    });
  }

  // What is not there any more, too.
  keep(table) {
    for (const topic of this.#levels.keys()) {
      if (!Object.hasOwn(table ?? {}, topic)) this.#levels.delete(topic);
    }
  }
}

module.exports = { Subscribed };
