'use strict';
// Publishing, and what becomes of it.
const acked = (qos, options) => ({
  run: async (t) => {
    const client = await t.connected();
    client.publish('a/b', 'message', { qos, ...options }, t.note('published'));
    await t.until('published');
  },
});

module.exports = {
  'publishes at QoS 0': acked(0),
  'publishes at QoS 1': acked(1),
  'publishes at QoS 2': acked(2),
  'publishes retained': acked(1, { retain: true }),
  'publishes with dup': acked(1, { dup: true }),

  'publishes a Buffer': {
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', Buffer.from('bytes'), { qos: 1 }, t.note('published'));
      await t.until('published');
      const { payload } = t.broker.of('publish')[0];
      t.add('sent', payload);
    },
  },

  'publishes nothing': {
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', '', { qos: 1 }, t.note('published'));
      await t.until('published');
      t.add('sent', t.broker.of('publish')[0].payload);
    },
  },

  'publish returns the client, in every order of arguments': {
    run: async (t) => {
      const client = await t.connected();
      t.add('chained', client.publish('a', '1') === client,
        client.publish('a', '2', t.note('callback')) === client,
        client.publish('a', '3', {}, t.note('options')) === client,
        client.publish('a', '4', undefined, t.note('undefined')) === client,
        client.publish('a', '5', null, t.note('null')) === client);
      await t.until('null');
      await t.broker.saw('publish', 5);
      t.add('sent', t.broker.of('publish').map(({ payload }) => String(payload)));
    },
  },

  'publishAsync': {
    run: async (t) => {
      const client = await t.connected();
      await t.outcome('qos 0', client.publishAsync('a', 'm'));
      await t.outcome('qos 1', client.publishAsync('a', 'm', { qos: 1 }));
      await t.outcome('qos 2', client.publishAsync('a', 'm', { qos: 2 }));
    },
  },

  'the message id is known at once': {
    run: async (t) => {
      const client = await t.connected();
      const before = client.getLastMessageId();
      client.publish('a', 'm', { qos: 1 }, (error, packet) => {
        t.add('published', error, packet.messageId === id);
      });
      const id = client.getLastMessageId();
      t.add('changed', id !== before, Number.isInteger(id));
      client.publish('a', 'm');
      t.add('kept', client.getLastMessageId() === id);
      await t.until('published');
    },
  },

  'messages keep their order': {
    run: async (t) => {
      const client = await t.connected();
      for (let i = 0; i < 6; i += 1) {
        const name = i % 3 === 0 ? 'published' : `published ${i}`;
        client.publish('a', String(i), { qos: i % 3 }, (error) => {
          t.add(name, error);
          t.add('one');
        });
      }
      await t.until('one', 6);
      t.log.entries.splice(0, Infinity,
        ...t.log.entries.filter(([name]) => name.startsWith('published ')));
      t.add('sent', t.broker.of('publish').map(({ payload }) => String(payload)));
    },
  },

  'published before it is connected': {
    run: async (t) => {
      const client = t.connect();
      client.publish('a', '0', t.note('published 0'));
      client.publish('a', '1', { qos: 1 }, t.note('published 1'));
      client.publish('a', '2', { qos: 2 }, t.note('published 2'));
      await t.until('published 2');
      t.add('sent', t.broker.of('publish').map(({ payload }) => String(payload)));
    },
  },

  'QoS 0 is not queued when that is asked for': {
    run: async (t) => {
      const client = t.connect({ queueQoSZero: false });
      client.publish('a', '0', t.note('published'));
      client.publish('a', '1', { qos: 1 }, t.note('published 1'));
      await t.until('published 1');
    },
  },

  'stored, then published': {
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', '0', { qos: 0, cbStorePut: t.note('stored 0') }, t.note('published 0'));
      client.publish('a', '1', { qos: 1, cbStorePut: t.note('stored 1') }, t.note('published 1'));
      await t.until('published 1');
    },
  },

  'after the end': {
    run: async (t) => {
      const client = await t.connected();
      client.end();
      client.publish('a', 'm', { qos: 1 }, t.note('published'));
      await t.until('end');
      client.publish('a', 'm', t.note('published late'));
      await t.until('published late');
    },
  },

  'after the end, without a callback': {
    run: async (t) => {
      const client = await t.connected();
      client.end();
      client.publish('a', 'm');
      await t.until('end');
      await t.quiet();
    },
  },

  'a message is removed': {
    rules: { publish: () => undefined },
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', 'm', { qos: 1 }, t.note('published'));
      await t.broker.saw('publish');
      const result = client.removeOutgoingMessage(client.getLastMessageId());
      t.add('removed', result === client);
      await t.quiet();
    },
  },

  'a message that there is not is removed': {
    run: async (t) => {
      const client = await t.connected();
      t.add('removed', client.removeOutgoingMessage(4711) === client);
    },
  },

  'a message removed before it was sent': {
    run: async (t) => {
      const client = t.connect();
      client.publish('a', 'one', { qos: 1 }, t.note('published one'));
      client.removeOutgoingMessage(client.getLastMessageId());
      client.publish('a', 'two', { qos: 1 }, t.note('published two'));
      await t.until('published two');
      t.add('sent', t.broker.of('publish').map(({ payload }) => String(payload)));
    },
  },

  'a publish in a callback': {
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', 'one', { qos: 1 }, () => {
        t.add('one');
        client.publish('a', 'two', { qos: 2 }, () => {
          t.add('two');
          client.publish('a', 'three', t.note('three'));
        });
      });
      await t.until('three');
    },
  },

  'refused in MQTT 5': {
    rules: {
      publish: ({ messageId, qos }) => ({
        cmd: qos === 1 ? 'puback' : 'pubrec', messageId, reasonCode: 135,
        properties: { reasonString: 'not you' },
      }),
    },
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      client.publish('a', 'm', { qos: 1 }, t.note('published 1'));
      await t.until('published 1');
      client.publish('a', 'm', { qos: 2 }, t.note('published 2'));
      await t.until('published 2');
    },
  },

  'no subscribers in MQTT 5': {
    rules: { publish: ({ messageId }) => ({ cmd: 'puback', messageId, reasonCode: 16 }) },
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      client.publish('a', 'm', { qos: 1 }, t.note('published'));
      await t.until('published');
    },
  },

  'an expiry of 0': {
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      client.publish('a', 'm', { qos: 1, properties: { messageExpiryInterval: 0 } },
        t.note('published'));
      await t.until('published');
    },
  },

  'properties of MQTT 5': {
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      const properties = {
        payloadFormatIndicator: true, messageExpiryInterval: 60, responseTopic: 'r',
        correlationData: Buffer.from('c'), contentType: 'text',
        userProperties: { a: 'b', c: ['d', 'e'] },
      };
      client.publish('a', 'm', { qos: 1, properties }, t.note('published'));
      client.publish('a', 'm', { qos: 2, properties }, t.note('published 2'));
      await t.until('published 2');
      t.add('sent', t.broker.of('publish')[0].properties);
    },
  },

  'a wrong acknowledgement of 3.1.1 is nobody\'s': {
    run: async (t) => {
      const client = await t.connected();
      t.broker.current.send({ cmd: 'puback', messageId: 999 });
      client.publish('a', 'm', { qos: 1 }, t.note('published'));
      await t.until('published');
    },
  },
};
