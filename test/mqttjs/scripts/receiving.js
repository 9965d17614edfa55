'use strict';
// Messages.
const received = (packet, connect) => ({
  run: async (t) => {
    await t.connected(connect);
    t.broker.current.send({ cmd: 'publish', topic: 'a/b', payload: 'message', ...packet });
    await t.until('message');
  },
});

// Of what the client sends and receives.
const shown = (options) => ({
  run: async (t) => {
    const client = await t.connected(options);
    client.on('packetsend', t.note('send'));
    client.on('packetreceive', t.note('receive'));
    t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 3 });
    await t.broker.saw('puback');
    t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 2, messageId: 4 });
    await t.broker.saw('pubcomp');
    await t.until('send', 3);
  },
});

module.exports = {
  'a message of QoS 0': received({ qos: 0 }),
  'a retained message': received({ qos: 0, retain: true }),
  'a message of QoS 1': received({ qos: 1, messageId: 10 }),
  'a message of QoS 2': received({ qos: 2, messageId: 10 }),
  'a repeated message': received({ qos: 1, messageId: 10, dup: true }),
  'an empty message': received({ qos: 0, payload: '' }),
  'a message of MQTT 5': received({
    qos: 1, messageId: 3,
    properties: {
      payloadFormatIndicator: true, messageExpiryInterval: 9, responseTopic: 'r',
      correlationData: Buffer.from('c'), contentType: 'ct', subscriptionIdentifier: 5,
      userProperties: { a: ['b', 'c'], d: 'e' },
    },
  }, { protocolVersion: 5 }),
  'a message of several subscriptions': received({
    qos: 0, properties: { subscriptionIdentifier: [5, 6] },
  }, { protocolVersion: 5 }),
  'a message of MQTT 5 without properties': received({ qos: 0 }, { protocolVersion: 5 }),

  'QoS 1 is acknowledged once it was handled': {
    run: async (t) => {
      const client = await t.connected();
      client.handleMessage = (packet, done) => {
        t.add('handled', packet);
        t.add('acknowledged', t.broker.of('puback').length);
        done();
      };
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 3 });
      await t.broker.saw('puback');
      t.add('puback', t.broker.of('puback')[0].messageId === 3);
    },
  },

  'one message at a time': {
    run: async (t) => {
      const client = await t.connected();
      const pending = [];
      client.handleMessage = (packet, done) => {
        t.add('handle', packet.payload);
        pending.push(done);
      };
      const { current } = t.broker;
      for (let i = 0; i < 4; i += 1) {
        current.send(
          { cmd: 'publish', topic: 'a', payload: String(i), qos: i % 2, messageId: i + 1 });
      }
      for (let i = 1; i <= 4; i += 1) {
        await t.until('handle', i);
        await t.broker.saw('puback', Math.floor((i - 1) / 2));
        await t.quiet(30);
        t.add('acknowledged', t.broker.of('puback').length);
        pending.shift()();
      }
      await t.broker.saw('puback', 2);
    },
  },

  'a message that is not handled is not acknowledged': {
    run: async (t) => {
      const client = await t.connected();
      client.handleMessage = (packet, done) => {
        t.add('handle', packet.payload);
        done(new Error('no'));
      };
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 3 });
      await t.until('handle');
      await t.quiet();
      t.add('acknowledged', t.broker.of('puback').length);
    },
  },

  'QoS 2 twice is one message': {
    rules: { pubrec: () => undefined },
    run: async (t) => {
      await t.connected();
      const { current } = t.broker;
      current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 2, messageId: 3 });
      await t.broker.saw('pubrec');
      current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 2, messageId: 3, dup: true });
      await t.broker.saw('pubrec', 2);
      current.send({ cmd: 'pubrel', messageId: 3 });
      await t.broker.saw('pubcomp');
      await t.until('message');
    },
  },

  'QoS 2 is told at PUBREL': {
    rules: { pubrec: () => undefined },
    run: async (t) => {
      await t.connected();
      const { current } = t.broker;
      current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 2, messageId: 3 });
      await t.broker.saw('pubrec');
      await t.quiet();
      t.add('released');
      current.send({ cmd: 'pubrel', messageId: 3 });
      await t.until('message');
      await t.broker.saw('pubcomp');
    },
  },

  'QoS 2 in the order of PUBREL, among others': {
    rules: { pubrec: () => undefined },
    run: async (t) => {
      await t.connected();
      const { current } = t.broker;
      for (const messageId of [3, 4]) {
        current.send({ cmd: 'publish', topic: 'a', payload: String(messageId), qos: 2, messageId });
      }
      await t.broker.saw('pubrec', 2);
      current.send({ cmd: 'publish', topic: 'b', payload: 'm', qos: 1, messageId: 9 });
      current.send({ cmd: 'pubrel', messageId: 4 });
      current.send({ cmd: 'publish', topic: 'c', payload: 'm', qos: 0 });
      current.send({ cmd: 'pubrel', messageId: 3 });
      await t.broker.saw('pubcomp', 2);
      t.add('order', t.broker.seen.slice(1).map(({ cmd, messageId }) => `${cmd} ${messageId}`));
      await t.until('message', 4);
    },
  },

  'QoS 2 is completed once it was handled': {
    run: async (t) => {
      const client = await t.connected();
      const pending = [];
      client.handleMessage = (packet, done) => {
        t.add('handled', packet);
        pending.push(done);
      };
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 2, messageId: 3 });
      await t.until('handled');
      await t.quiet();
      t.add('completed', t.broker.of('pubcomp').length);
      pending.shift()();
      await t.broker.saw('pubcomp');
    },
  },

  'QoS 2 that is not handled is not completed': {
    run: async (t) => {
      const client = await t.connected();
      client.handleMessage = (packet, done) => {
        t.add('handled', packet);
        done(new Error('no'));
      };
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 2, messageId: 3 });
      await t.until('handled');
      await t.quiet();
      t.add('completed', t.broker.of('pubcomp').length);
    },
  },

  'a connection lost between PUBREC and PUBREL': {
    rules: {
      pubrec: () => undefined,
      connect: (packet, connection) => ({
        cmd: 'connack', returnCode: 0, sessionPresent: connection.number > 1,
      }),
    },
    run: async (t) => {
      await t.connected({ clean: false });
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 2, messageId: 3 });
      await t.broker.saw('pubrec');
      t.broker.current.end();
      await t.until('connect', 2);
      t.broker.current.send({ cmd: 'pubrel', messageId: 3 });
      await t.broker.saw('pubcomp');
      await t.until('message');
    },
  },

  'a connection lost before PUBREC was heard': {
    rules: {
      pubrec: (packet, connection) => {
        if (connection.number > 1) return { cmd: 'pubrel', messageId: packet.messageId };
        return connection.end();
      },
      connect: (packet, connection) => ({
        cmd: 'connack', returnCode: 0, sessionPresent: connection.number > 1,
      }),
    },
    run: async (t) => {
      await t.connected({ clean: false });
      const message = { cmd: 'publish', topic: 'a', payload: 'm', qos: 2, messageId: 3, dup: true };
      t.broker.current.send(message);
      await t.until('connect', 2);
      t.broker.current.send(message);
      await t.broker.saw('pubcomp');
      await t.until('message');
    },
  },

  'QoS 2 with an alias': {
    run: async (t) => {
      const client = await t.connected(
        { protocolVersion: 5, properties: { topicAliasMaximum: 5 } });
      client.handleMessage = (packet, done) => {
        t.add('handled', packet);
        done();
      };
      const { current } = t.broker;
      const properties = { topicAlias: 2 };
      const send = (topic, qos, messageId) => current.send(
        { cmd: 'publish', topic, payload: 'm', qos, messageId, properties });
      send('one', 2, 3);
      await t.broker.saw('pubcomp');
      send('', 1, 4);
      await t.broker.saw('puback');
      await t.until('message', 2);
    },
  },

  'packets of QoS 1 and 2 are shown': shown({}),
  'packets of QoS 1 and 2 are shown, MQTT 5': shown({ protocolVersion: 5 }),

  'PUBREL of an unknown id is completed': {
    run: async (t) => {
      await t.connected();
      t.broker.current.send({ cmd: 'pubrel', messageId: 3 });
      await t.broker.saw('pubcomp');
    },
  },

  'publishing while a message is received': {
    run: async (t) => {
      const client = await t.connected();
      client.on('message', () => client.publish('echo', 'm', { qos: 2 }, t.note('published')));
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 3 });
      await t.until('published');
    },
  },

  'who listens in the turn after connect hears everything': {
    rules: {
      connect: (packet, connection) => {
        connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
        connection.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 0 });
      },
    },
    run: async (t) => {
      const client = t.mqtt.connect(t.url, { clientId: 'script' });
      await new Promise((resolve) => client.once('connect', resolve));
      t.keep(client);
      await Promise.race([t.until('message'), t.quiet(2000)]);
    },
  },

  'acknowledged by a reason of its own': {
    run: async (t) => {
      await t.connected({
        protocolVersion: 5,
        customHandleAcks: (topic, message, packet, done) => {
          t.add('custom', topic, message, packet.cmd);
          if (topic === 'error') done(new Error('mine'));
          else done(topic === 'bad' ? 135 : 0);
        },
      });
      const { current } = t.broker;
      current.send({ cmd: 'publish', topic: 'good', payload: 'm', qos: 1, messageId: 3 });
      await t.broker.saw('puback', 1);
      current.send({ cmd: 'publish', topic: 'bad', payload: 'm', qos: 1, messageId: 4 });
      await t.broker.saw('puback', 2);
      t.add('reasons', t.broker.of('puback').map(({ reasonCode }) => reasonCode));
      current.send({ cmd: 'publish', topic: 'error', payload: 'm', qos: 1, messageId: 5 });
      await t.until('error');
    },
  },

  'asked before PUBREC, and told at PUBREL': {
    rules: { pubrec: () => undefined },
    run: async (t) => {
      const client = await t.connected({
        protocolVersion: 5,
        customHandleAcks: (topic, message, packet, done) => {
          t.add('custom', topic, message, packet.qos);
          setImmediate(done, topic === 'bad' ? 151 : 0);
        },
      });
      for (const event of ['packetsend', 'packetreceive']) {
        client.on(event, ({ length, ...packet }) => t.add(event, packet));
      }
      const { current } = t.broker;
      current.send({ cmd: 'publish', topic: 'good', payload: 'm', qos: 2, messageId: 3 });
      await t.broker.saw('pubrec', 1);
      current.send({ cmd: 'publish', topic: 'bad', payload: 'm', qos: 2, messageId: 4 });
      await t.broker.saw('pubrec', 2);
      await t.quiet();
      t.add('PUBREL');
      current.send({ cmd: 'pubrel', messageId: 3 });
      await t.broker.saw('pubcomp', 1);
      t.add('reasons', t.broker.of('pubrec').map(({ reasonCode }) => reasonCode));
    },
  },

  // Only what is answered with 0 is taken; PUBREL finds nothing of the others.
  'refused at each QoS': {
    run: async (t) => {
      const client = await t.connected({
        protocolVersion: 5,
        customHandleAcks: (topic, message, packet, done) => {
          t.add('custom', topic, packet.qos);
          setImmediate(done, Number(topic));
        },
      });
      client.handleMessage = (packet, callback) => {
        t.add('handled', packet.topic, packet.qos);
        callback();
      };
      let answered = 0;
      for (const qos of [1, 2]) {
        for (const topic of ['16', '131', '151']) {
          answered += 1;
          t.broker.current.send(
            { cmd: 'publish', topic, payload: 'm', qos, messageId: answered });
          await t.broker.saw(qos === 1 ? 'puback' : 'pubrec', qos === 1 ? answered : answered - 3);
        }
      }
      await t.quiet();
      for (const cmd of ['puback', 'pubrec']) {
        t.add(cmd, t.broker.of(cmd).map(({ reasonCode }) => reasonCode));
      }
    },
  },

  'refused messages of QoS 2 are in no store': {
    run: async (t) => {
      const incomingStore = new t.mqtt.Store();
      for (const name of ['put', 'del']) {
        const plain = incomingStore[name];
        incomingStore[name] = function observed(packet, callback) {
          t.add(name, packet.messageId);
          return plain.call(this, packet, callback);
        };
      }
      await t.connected({
        protocolVersion: 5,
        incomingStore,
        customHandleAcks: (topic, message, packet, done) => done(Number(topic)),
      });
      const { current } = t.broker;
      current.send({ cmd: 'publish', topic: '135', payload: 'm', qos: 2, messageId: 1 });
      await t.broker.saw('pubrec', 1);
      current.send({ cmd: 'publish', topic: '0', payload: 'm', qos: 2, messageId: 2 });
      await t.until('message');
      await t.broker.saw('pubcomp', 1);
      await t.quiet();
    },
  },

  'a topic alias': {
    run: async (t) => {
      await t.connected({ protocolVersion: 5, properties: { topicAliasMaximum: 5 } });
      const { current } = t.broker;
      const properties = { topicAlias: 2 };
      current.send({ cmd: 'publish', topic: 'long/topic', payload: '1', qos: 0, properties });
      current.send({ cmd: 'publish', topic: '', payload: '2', qos: 0, properties });
      await t.until('message', 2);
    },
  },
};
