'use strict';
// The end, and what comes after it.
const ended = (...args) => ({
  run: async (t) => {
    const client = await t.connected();
    const callback = args.at(-1) === 'callback' ? [t.note('ended')] : [];
    const given = args.filter((arg) => arg !== 'callback');
    t.add('chained', client.end(...given, ...callback) === client);
    await t.until('end');
    await t.broker.left();
    if (callback.length > 0) await t.until('ended');
    t.add('sent', t.broker.seen.map(({ cmd }) => cmd));
  },
});

const ACCEPTED = { cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false };

// It is left before CONNACK.
const silent = (leave) => ({
  rules: { connect: () => undefined },
  run: async (t) => {
    const client = t.connect({ connectTimeout: 500 });
    await t.broker.saw('connect');
    await leave(t, client);
    await t.until('close');
    await t.quiet();
  },
});

// What it is told is answered all the same.
const whileTold = (qos) => ({
  run: async (t) => {
    const client = await t.connected();
    client.on('message', () => client.end(t.note('ended')));
    t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos, messageId: 7 });
    await t.until('ended');
    await t.broker.left();
  },
});

module.exports = {
  'ends': ended(),
  'ends with a callback': ended('callback'),
  'ends by force': ended(true),
  'ends by force, with a callback': ended(true, 'callback'),
  'ends without force, with options and a callback': ended(false, {}, 'callback'),
  'ends with options and a callback': ended({}, 'callback'),
  'ends with undefined': ended(undefined, undefined, 'callback'),
  'ends with null': ended(null, null, 'callback'),

  'ends with a reason in MQTT 5': {
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      client.end(false, { reasonCode: 4, properties: { reasonString: 'bye' } }, t.note('ended'));
      await t.until('ended');
      await t.broker.left();
      const { reasonCode, properties } = t.broker.of('disconnect')[0];
      t.add('sent', reasonCode, { ...properties });
    },
  },

  'by force while a message is told, and more have come with it': {
    run: async (t) => {
      const client = await t.connected();
      client.on('message', (topic) => {
        t.add('message', topic);
        if (topic === '2') client.end(true, t.note('ended'));
      });
      const { current } = t.broker;
      current.socket.cork();
      for (const topic of '12345') current.send({ cmd: 'publish', topic, payload: 'm' });
      current.socket.uncork();
      await t.until('ended');
      await t.broker.left();
    },
  },

  'while a message of QoS 1 is told': whileTold(1),
  'while a message of QoS 2 is told': whileTold(2),
  'while a message is told that is handled later': {
    run: async (t) => {
      const client = await t.connected();
      client.handleMessage = (packet, callback) => setTimeout(callback, 20);
      client.on('message', () => client.end(t.note('ended')));
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 7 });
      await t.until('ended');
      await t.broker.left();
    },
  },

  'endAsync': {
    run: async (t) => {
      const client = await t.connected();
      await t.outcome('ended', client.endAsync());
      await t.outcome('again', client.endAsync());
    },
  },

  'ends twice': {
    run: async (t) => {
      const client = await t.connected();
      client.end(t.note('first'));
      client.end(t.note('second'));
      await t.until('first');
      await t.until('second');
      client.end(t.note('third'));
      await t.until('third');
      await t.quiet();
    },
  },

  'the end waits for acknowledgements': {
    rules: { publish: () => undefined },
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', 'm', { qos: 1 }, t.note('published'));
      client.end(t.note('ended'));
      const { messageId } = await t.broker.saw('publish').then(() => t.broker.of('publish')[0]);
      await t.quiet();
      t.add('answered');
      t.broker.current.send({ cmd: 'puback', messageId });
      await t.until('ended');
    },
  },

  'an end by force does not wait': {
    rules: { publish: () => undefined },
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', 'm', { qos: 1 }, t.note('published'));
      await t.broker.saw('publish');
      client.end(true, t.note('ended'));
      await t.until('ended');
      await t.quiet();
    },
  },

  'ends before it was connected': {
    run: async (t) => {
      const client = t.connect();
      client.end(t.note('ended'));
      await t.until('ended');
      await t.quiet();
    },
  },

  'by force, and the server has said nothing': silent((t, client) => {
    client.end(true, t.note('ended'));
  }),
  'by force, and a promise of it, and the server has said nothing': silent((t, client) =>
    t.outcome('ended', client.endAsync(true))),
  'the server has said nothing': silent((t, client) => {
    client.end(t.note('ended'));
  }),
  'by force before it was connected': {
    run: async (t) => {
      t.connect().end(true, t.note('ended'));
      await t.until('close');
    },
  },
  'by force in an error of connecting': {
    run: async (t) => {
      const { port } = t.broker;
      await t.broker.close();
      const client = t.connect({}, `mqtt://127.0.0.1:${port}`);
      client.on('error', () => client.end(true, t.note('ended')));
      await t.until('close');
      t.hide(port);
    },
  },
  'by force while it connects again': {
    rules: { connect: ({ connection }) => (connection > 1 ? undefined : ACCEPTED) },
    run: async (t) => {
      const client = await t.connected();
      t.broker.current.socket.destroy();
      await t.broker.saw('connect', 2);
      client.end(true, t.note('ended'));
      await t.until('close', 2);
    },
  },

  'ends while it cannot connect': {
    run: async (t) => {
      const { port } = t.broker;
      await t.broker.close();
      const client = t.connect({ reconnectPeriod: 60000 }, `mqtt://127.0.0.1:${port}`);
      await t.until('close');
      client.end(t.note('ended'));
      await t.until('ended');
      await t.quiet();
      t.hide(port);
    },
  },

  'ends in the connect listener': {
    run: async (t) => {
      const client = t.connect();
      client.on('connect', () => client.end(t.note('ended')));
      await t.until('ended');
      await t.quiet();
    },
  },

  'ends in a callback of publish': {
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', 'm', { qos: 1 }, (error, packet) => {
        t.add('published', error, packet);
        client.end();
      });
      await t.until('end');
    },
  },

  'publishes and ends at once': {
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', '0', t.note('published'));
      client.publish('a', '1', { qos: 1 }, t.note('published 1'));
      client.subscribe('a', t.note('subscribed'));
      client.end(t.note('ended'));
      await t.until('ended');
      await t.broker.left();
      t.add('sent', t.broker.seen.map(({ cmd }) => cmd));
    },
  },

  'reconnects after the end': {
    run: async (t) => {
      const client = await t.connected();
      client.end();
      await t.until('end');
      t.add('chained', client.reconnect() === client);
      t.add('fields', client.disconnecting, Boolean(client.disconnected));
      await t.until('connect', 2);
      client.publish('a', 'm', { qos: 1 }, t.note('published'));
      await t.until('published');
    },
  },

  'reconnects while it is ending': {
    run: async (t) => {
      const client = await t.connected();
      client.end();
      client.reconnect();
      await t.until('connect', 2);
      await t.quiet();
    },
  },
};
