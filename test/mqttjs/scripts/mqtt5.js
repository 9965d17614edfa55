'use strict';
// What is new in MQTT 5.
const aliases = {
  connect: () => ({ cmd: 'connack', reasonCode: 0, properties: { topicAliasMaximum: 5 } }),
};

module.exports = {
  'user properties that are numbers stand for their text': {
    run: async (t) => {
      const userProperties = { number: 1.5, truth: false, big: 10n, list: ['a', 2], text: 'x' };
      const properties = { userProperties };
      const client = await t.connected({
        protocolVersion: 5, properties, will: { topic: 'w', payload: 'gone', properties },
      });
      client.publish('a', 'm', { qos: 1, properties }, (error) => t.add('published', error));
      client.subscribe('s', { qos: 1, properties }, (error) => t.add('subscribed', error));
      await t.until('published');
      await t.until('subscribed');
      client.unsubscribe('s', { properties }, (error) => t.add('unsubscribed', error));
      await t.until('unsubscribed');
      t.add('told', t.broker.of('connect')[0].properties.userProperties);
    },
  },

  'properties of CONNACK are seen': {
    rules: {
      connect: () => ({
        cmd: 'connack', reasonCode: 0,
        properties: {
          serverKeepAlive: 30, maximumPacketSize: 5000, assignedClientIdentifier: 'given',
          userProperties: { a: 'b' },
        },
      }),
    },
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5, clientId: '' });
      t.add('properties', { ...client.serverProperties }, client.keepalive,
        client.options.keepalive, client.options.clientId);
    },
  },

  'properties of CONNECT are sent': {
    run: async (t) => {
      await t.connected({
        protocolVersion: 5,
        properties: {
          sessionExpiryInterval: 60, receiveMaximum: 20, maximumPacketSize: 10000,
          topicAliasMaximum: 3, requestResponseInformation: true,
          requestProblemInformation: true, userProperties: { a: 'b' },
        },
        will: {
          topic: 'w', payload: 'p', qos: 1, retain: false,
          properties: { willDelayInterval: 5, contentType: 'c', messageExpiryInterval: 4 },
        },
      });
      const { properties, will } = t.broker.of('connect')[0];
      t.add('sent', { ...properties }, will);
    },
  },

  'more messages of QoS 1 than receiveMaximum': {
    run: async (t) => {
      await t.connected({ protocolVersion: 5, properties: { receiveMaximum: 2 } });
      for (let messageId = 1; messageId <= 10; messageId += 1) {
        t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId });
      }
      await t.broker.saw('puback', 10);
      await t.until('message', 10);
      await t.quiet();
      t.add('connections', t.broker.connections.length);
    },
  },

  'a session that is not clean asks for nothing by itself': {
    run: async (t) => {
      await t.connected({ protocolVersion: 5, clean: false });
      const { properties, clean } = t.broker.of('connect')[0];
      t.add('sent', { ...properties }, clean);
    },
  },

  'aliases are assigned, the one used least recently first': {
    rules: {
      connect: () => ({ cmd: 'connack', reasonCode: 0, properties: { topicAliasMaximum: 3 } }),
    },
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5, autoAssignTopicAlias: true });
      for (const topic of 'abacadcebddacabeecb') {
        await client.publishAsync(`topic/${topic}`, 'm', { qos: 1 });
      }
      t.add('sent', t.broker.of('publish').map(({ topic, properties }) =>
        [topic, properties?.topicAlias]));
    },
  },

  'aliases that the program has given are used': {
    rules: aliases,
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5, autoUseTopicAlias: true });
      const options = { qos: 1, properties: { topicAlias: 2 } };
      await client.publishAsync('topic/a', 'm', options);
      for (const topic of ['a', 'b', 'a', 'b']) {
        await client.publishAsync(`topic/${topic}`, 'm', { qos: 1 });
      }
      await client.publishAsync('topic/b', 'm', options);
      for (const topic of ['b', 'a']) await client.publishAsync(`topic/${topic}`, 'm', { qos: 1 });
      t.add('sent', t.broker.of('publish').map(({ topic, properties }) =>
        [topic, properties?.topicAlias]));
    },
  },

  'an exchange of authentication': {
    rules: {
      connect: () => ({
        cmd: 'auth', reasonCode: 24,
        properties: { authenticationMethod: 'm', authenticationData: Buffer.from('challenge') },
      }),
      auth: (packet, connection) => {
        connection.broker.answer = packet;
        connection.send({
          cmd: 'connack', reasonCode: 0, sessionPresent: false,
          properties: { authenticationMethod: 'm' },
        });
      },
    },
    run: async (t) => {
      const client = t.connect({
        protocolVersion: 5, manualConnect: true,
        properties: { authenticationMethod: 'm', authenticationData: Buffer.from('begin') },
      });
      client.handleAuth = (packet, callback) => {
        t.add('auth', packet);
        callback(null, {
          cmd: 'auth', reasonCode: 24,
          properties: { authenticationMethod: 'm', authenticationData: Buffer.from('answer') },
        });
      };
      client.connect();
      await t.until('connect');
      t.add('answer', t.broker.answer.reasonCode, { ...t.broker.answer.properties });
    },
  },

  'a publish with an alias of its own': {
    rules: aliases,
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      client.publish('long', '1', { properties: { topicAlias: 1 } }, t.note('first'));
      await t.until('first');
      client.publish('', '2', { properties: { topicAlias: 1 } }, t.note('second'));
      await t.until('second');
      await t.broker.saw('publish', 2);
      t.add('sent', t.broker.of('publish')
        .map(({ topic, properties }) => [topic, { ...properties }]));
    },
  },

  'an alias out of range': {
    rules: aliases,
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      client.publish('long', '1', { properties: { topicAlias: 6 } }, t.note('published'));
      await t.until('published');
    },
  },

  'an alias that the server may not use': {
    run: async (t) => {
      await t.connected(
        { protocolVersion: 5, properties: { topicAliasMaximum: 2 }, reconnectPeriod: 0 });
      t.broker.current.send(
        { cmd: 'publish', topic: 'a', payload: 'm', qos: 0, properties: { topicAlias: 3 } });
      await t.until('error');
      await t.quiet();
    },
  },

  'an alias that the server has not registered': {
    run: async (t) => {
      await t.connected(
        { protocolVersion: 5, properties: { topicAliasMaximum: 2 }, reconnectPeriod: 0 });
      t.broker.current.send(
        { cmd: 'publish', topic: '', payload: 'm', qos: 0, properties: { topicAlias: 1 } });
      await t.until('error');
      await t.quiet();
    },
  },

  'AUTH without a method': {
    rules: { connect: () => ({ cmd: 'auth', reasonCode: 24 }) },
    run: async (t) => {
      t.connect({ protocolVersion: 5, reconnectPeriod: 0 });
      await t.until('error');
      await t.quiet();
    },
  },

  'a wrong reason of customHandleAcks': {
    run: async (t) => {
      await t.connected({
        protocolVersion: 5, customHandleAcks: (topic, message, packet, done) => done(99),
      });
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 1 });
      await t.until('error');
    },
  },

  'a packet that is larger than we take': {
    run: async (t) => {
      await t.connected(
        { protocolVersion: 5, properties: { maximumPacketSize: 30 }, reconnectPeriod: 0 });
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: Buffer.alloc(50), qos: 0 });
      await t.until('close');
    },
  },

  'the server says that we were taken over': {
    run: async (t) => {
      await t.connected({ protocolVersion: 5, reconnectPeriod: 20 });
      t.broker.current.send({ cmd: 'disconnect', reasonCode: 142 });
      t.broker.current.end();
      await t.until('connect', 2);
    },
  },

  'the server says goodbye well': {
    run: async (t) => {
      await t.connected({ protocolVersion: 5 });
      t.broker.current.send({ cmd: 'disconnect', reasonCode: 0 });
      t.broker.current.end();
      await t.until('connect', 2);
    },
  },
};
