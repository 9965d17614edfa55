'use strict';
// Subscribing and unsubscribing.
const subscribed = (topic, options, connect) => ({
  run: async (t) => {
    const client = await t.connected(connect);
    client.subscribe(topic, options, t.note('subscribed'));
    await t.until('subscribed');
    const [sent] = t.broker.of('subscribe');
    if (sent !== undefined) t.add('sent', sent.subscriptions);
  },
});

module.exports = {
  'subscribes to a topic': subscribed('a/+', undefined),
  'subscribes at QoS 2': subscribed('a', { qos: 2 }),
  'subscribes to a list': subscribed(['a', 'b/#'], { qos: 1 }),
  'subscribes to an object': subscribed({ a: { qos: 0 }, b: { qos: 1 } }, undefined),
  'subscribes in MQTT 5': subscribed('a', { qos: 1 }, { protocolVersion: 5 }),
  'subscribes with options of MQTT 5':
    subscribed('a', { qos: 1, nl: true, rap: true, rh: 2 }, { protocolVersion: 5 }),
  'subscribes to an object in MQTT 5':
    subscribed({ a: { qos: 1, nl: true }, b: { qos: 0 } }, undefined, { protocolVersion: 5 }),
  'subscribes with options of MQTT 5 before it': subscribed('a', { nl: true, rap: true, rh: 2 }),
  'subscribes to an object with options of MQTT 5 before it':
    subscribed({ a: { qos: 1, nl: true, properties: { subscriptionIdentifier: 7 } },
      b: { qos: 0, rap: true, rh: 2 } }, undefined),
  'subscribes with properties': {
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      const properties = { subscriptionIdentifier: 7, userProperties: { a: 'b' } };
      client.subscribe('a', { qos: 1, properties }, t.note('subscribed'));
      await t.until('subscribed');
      t.add('sent', t.broker.of('subscribe')[0].properties);
    },
  },
  'an invalid filter': subscribed('a/#/b', undefined),
  'an invalid filter of a list': subscribed(['ok', 'a+'], undefined),
  'an empty list': subscribed([], undefined),
  'an empty filter': subscribed('', undefined),

  'subscribe in every order of arguments': {
    run: async (t) => {
      const client = await t.connected();
      t.add('chained', client.subscribe('a') === client,
        client.subscribe('b', t.note('callback')) === client,
        client.subscribe('c', { qos: 1 }) === client,
        client.subscribe('d', { qos: 1 }, t.note('both')) === client,
        client.subscribe('e', null, t.note('null')) === client);
      await t.until('null');
      t.add('sent', t.broker.of('subscribe').map(({ subscriptions }) => subscriptions));
    },
  },

  'subscribeAsync': {
    run: async (t) => {
      const client = await t.connected();
      await t.outcome('one', client.subscribeAsync('a', { qos: 1 }));
      await t.outcome('two', client.subscribeAsync(['b', 'c']));
      await t.outcome('bad', client.subscribeAsync('#/a'));
      await t.outcome('unsubscribed', client.unsubscribeAsync('a'));
    },
  },

  'again at the same QoS sends nothing': {
    run: async (t) => {
      const client = await t.connected();
      client.subscribe('a', { qos: 1 }, t.note('first'));
      await t.until('first');
      client.subscribe('a', { qos: 1 }, t.note('second'));
      await t.until('second');
      client.subscribe('a', { qos: 0 }, t.note('lower'));
      await t.until('lower');
      client.subscribe(['a', 'b'], { qos: 1 }, t.note('partly'));
      await t.until('partly');
      client.subscribe('a', { qos: 2 }, t.note('higher'));
      await t.until('higher');
      t.add('sent', t.broker.of('subscribe').map(({ subscriptions }) => subscriptions));
    },
  },

  'again before it was granted': {
    run: async (t) => {
      const client = await t.connected();
      client.subscribe('a', { qos: 1 }, t.note('first'));
      client.subscribe('a', { qos: 1 }, t.note('second'));
      await t.until('first');
      await t.until('second');
      t.add('sent', t.broker.of('subscribe').length);
    },
  },

  'again after unsubscribing': {
    run: async (t) => {
      const client = await t.connected();
      client.subscribe('a', t.note('first'));
      await t.until('first');
      client.unsubscribe('a', t.note('unsubscribed'));
      await t.until('unsubscribed');
      client.subscribe('a', t.note('second'));
      await t.until('second');
      t.add('sent', t.broker.of('subscribe').length);
    },
  },

  'a lower QoS is granted': {
    rules: { subscribe: ({ messageId }) => ({ cmd: 'suback', messageId, granted: [0] }) },
    run: async (t) => {
      const client = await t.connected();
      client.subscribe('a', { qos: 2 }, t.note('subscribed'));
      await t.until('subscribed');
    },
  },

  'refused': {
    rules: { subscribe: ({ messageId }) => ({ cmd: 'suback', messageId, granted: [128] }) },
    run: async (t) => {
      const client = await t.connected();
      client.subscribe('a', { qos: 1 }, t.note('subscribed'));
      await t.until('subscribed');
      client.subscribe('a', { qos: 1 }, t.note('again'));
      await t.until('again');
      t.add('sent', t.broker.of('subscribe').length);
    },
  },

  'refused in MQTT 5': {
    rules: {
      subscribe: ({ messageId }) =>
        ({ cmd: 'suback', messageId, granted: [135], properties: { reasonString: 'no' } }),
    },
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      client.subscribe('a', { qos: 1 }, t.note('subscribed'));
      await t.until('subscribed');
    },
  },

  'partly refused': {
    rules: { subscribe: ({ messageId }) => ({ cmd: 'suback', messageId, granted: [1, 128] }) },
    run: async (t) => {
      const client = await t.connected();
      client.subscribe(['a', 'b'], { qos: 1 }, t.note('subscribed'));
      await t.until('subscribed');
    },
  },

  'unsubscribes': {
    run: async (t) => {
      const client = await t.connected();
      client.unsubscribe('a', t.note('one'));
      await t.until('one');
      client.unsubscribe(['b', 'c'], t.note('list'));
      await t.until('list');
      client.unsubscribe('d', {}, t.note('options'));
      await t.until('options');
      t.add('chained', client.unsubscribe('e') === client);
      await t.broker.saw('unsubscribe', 4);
      t.add('sent', t.broker.of('unsubscribe').map(({ unsubscriptions }) => unsubscriptions));
    },
  },

  'unsubscribes in MQTT 5': {
    rules: { unsubscribe: ({ messageId }) => ({ cmd: 'unsuback', messageId, granted: [17] }) },
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      client.unsubscribe('a', { properties: { userProperties: { a: 'b' } } },
        t.note('unsubscribed'));
      await t.until('unsubscribed');
      t.add('sent', t.broker.of('unsubscribe')[0].properties);
    },
  },

  'unsubscribing is refused in MQTT 5': {
    rules: { unsubscribe: ({ messageId }) => ({ cmd: 'unsuback', messageId, granted: [135] }) },
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      client.unsubscribe('a', t.note('unsubscribed'));
      await t.until('unsubscribed');
    },
  },

  'an invalid filter to unsubscribe from': {
    run: async (t) => {
      const client = await t.connected();
      client.unsubscribe('a/#/b', t.note('unsubscribed'));
      await t.until('unsubscribed');
    },
  },

  'after the end': {
    run: async (t) => {
      const client = await t.connected();
      client.end();
      client.subscribe('a', t.note('subscribed'));
      client.unsubscribe('a', t.note('unsubscribed'));
      await t.until('end');
      await t.until('unsubscribed');
    },
  },

  'subscribed before it is connected': {
    run: async (t) => {
      const client = t.connect();
      client.subscribe('a', { qos: 1 }, t.note('subscribed'));
      await t.until('subscribed');
      t.add('sent', t.broker.seen.map(({ cmd }) => cmd));
    },
  },

  'unsubscribed before it is connected': {
    run: async (t) => {
      const client = t.connect();
      client.unsubscribe('b', t.note('unsubscribed'));
      await t.until('unsubscribed');
      t.add('sent', t.broker.seen.map(({ cmd }) => cmd));
    },
  },

  'the connection is closed before SUBACK': {
    rules: {
      subscribe: (packet, connection) => (connection.number === 1 ? connection.end()
        : connection.broker.answers.subscribe(packet)),
    },
    run: async (t) => {
      const client = await t.connected();
      client.subscribe('a', { qos: 1 }, t.note('subscribed'));
      await t.until('connect', 2);
      await t.broker.saw('subscribe', 2);
      await t.quiet();
      t.add('sent', t.broker.of('subscribe').map(({ subscriptions }) => subscriptions));
    },
  },

  'batches': {
    run: async (t) => {
      const client = await t.connected({ subscribeBatchSize: 2 });
      client.subscribe(['a', 'b', 'c', 'd', 'e'], { qos: 1 }, t.note('subscribed'));
      await t.until('subscribed');
      t.add('sent', t.broker.of('subscribe')
        .map(({ subscriptions }) => subscriptions.map(({ topic }) => topic)));
    },
  },
};
