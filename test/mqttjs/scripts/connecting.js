'use strict';
// Connecting, and failing to.
module.exports = {
  'connects and tells the CONNACK': { run: async (t) => { await t.connected(); } },

  'fields while connecting and connected': {
    run: async (t) => {
      const client = t.connect();
      const fields = () => t.add('fields', client.connected, client.reconnecting,
        client.disconnecting, Boolean(client.disconnected));
      fields();
      await t.until('connect');
      fields();
    },
  },

  'fields when it has ended': {
    run: async (t) => {
      const client = await t.connected();
      client.end();
      t.add('fields', client.connected, client.reconnecting, client.disconnecting);
      await t.until('end');
      t.add('fields', client.connected, client.reconnecting, client.disconnecting,
        Boolean(client.disconnected));
    },
  },

  'what the broker is told by default': {
    run: async (t) => {
      await t.connected({ clientId: undefined });
      const { clientId, ...packet } = t.broker.of('connect')[0];
      delete packet.length;
      t.add('packet', packet, /^mqttjs_[0-9a-f]{8}$/.test(clientId));
    },
  },

  'user, password and will reach the broker': {
    run: async (t) => {
      await t.connected({
        username: 'ann', password: Buffer.from('secret'), clean: false, keepalive: 7,
        will: { topic: 'gone', payload: 'bye', qos: 1, retain: true },
      });
      t.add('packet', t.broker.of('connect')[0]);
    },
  },

  'MQTT 3.1': {
    run: async (t) => {
      await t.connected({ protocolVersion: 3, protocolId: 'MQIsdp' });
      t.add('packet', t.broker.of('connect')[0]);
    },
  },

  'an empty client id of the URL is kept': {
    run: async (t) => {
      await t.connected({ clientId: undefined }, `${t.url}?clientId=`);
      t.add('id', t.broker.of('connect')[0].clientId);
    },
  },

  'client id and user of the URL': {
    run: async (t) => {
      await t.connected({ clientId: undefined },
        `mqtt://bob:sec%20ret@127.0.0.1:${t.broker.port}?clientId=mine`);
      const { clientId, username, password } = t.broker.of('connect')[0];
      t.add('sent', clientId, username, password);
    },
  },

  'options win over the URL': {
    run: async (t) => {
      await t.connected({ clientId: 'theirs', username: 'eve', password: 'p' },
        `mqtt://bob:secret@127.0.0.1:${t.broker.port}?clientId=mine`);
      const { clientId, username, password } = t.broker.of('connect')[0];
      t.add('sent', clientId, username, password);
    },
  },

  'options alone': {
    run: async (t) => {
      const client = t.keep(t.mqtt.connect({ host: '127.0.0.1', port: t.broker.port }));
      await t.until('connect');
      t.add('options', client.options.host, client.options.protocol,
        client.options.port === t.broker.port);
    },
  },

  'options with hostname and protocol with a colon': {
    run: async (t) => {
      const client = t.keep(t.mqtt.connect(
        { hostname: '127.0.0.1', port: t.broker.port, protocol: 'mqtt:' }));
      await t.until('connect');
      t.add('options', client.options.protocol, client.options.hostname);
    },
  },

  'null for options': {
    run: async (t) => {
      t.keep(t.mqtt.connect(t.url, null));
      await t.until('connect');
    },
  },

  'auth as user and password': {
    run: async (t) => {
      await t.connected({ auth: 'ann:sec:ret' });
      const { username, password } = t.broker.of('connect')[0];
      t.add('sent', username, password);
    },
  },

  'options of the URL are seen': {
    run: async (t) => {
      const client = await t.connected({}, `mqtt://u:p@127.0.0.1:${t.broker.port}/path?a=b`);
      const { host, hostname, port, protocol, username, password, path, query } = client.options;
      t.add('options', host === `127.0.0.1:${t.broker.port}` || host, hostname,
        port === t.broker.port, protocol, username, password, path, { ...query });
    },
  },

  'what cannot be is thrown': {
    run: async (t) => {
      const attempt = (...args) => {
        try {
          t.drop(t.mqtt.connect(...args));
          t.add('made');
        } catch (error) {
          t.add('thrown', error);
        }
      };
      attempt('127.0.0.1');
      attempt('foo://127.0.0.1');
      attempt('127.0.0.1:1883');
      attempt({ host: '127.0.0.1', cert: 'c', key: 'k' });
      attempt({ host: '127.0.0.1', cert: 'c', key: 'k', protocol: 'foo' });
      attempt('mqtt://127.0.0.1', { clean: false });
      attempt('mqtt://127.0.0.1', { clean: false, clientId: '' });
    },
  },

  'nobody listens at the port': {
    run: async (t) => {
      const { port } = t.broker;
      await t.broker.close();
      t.connect({ reconnectPeriod: 10 }, `mqtt://127.0.0.1:${port}`);
      await t.until('reconnect', 2);
      t.log.entries.splice(7);
      t.hide(port);
    },
  },

  'nobody listens, and it does not try again': {
    run: async (t) => {
      const { port } = t.broker;
      await t.broker.close();
      const client = t.connect({ reconnectPeriod: 0 }, `mqtt://127.0.0.1:${port}`);
      await t.until('close');
      await t.quiet();
      t.add('fields', client.connected, client.reconnecting, client.disconnecting,
        Boolean(client.disconnected));
      t.hide(port);
    },
  },

  'a refused connection': {
    rules: { connect: () => ({ cmd: 'connack', returnCode: 5 }) },
    run: async (t) => {
      const client = t.connect();
      await t.until('error');
      await t.quiet();
      t.add('fields', client.connected, client.reconnecting, client.disconnecting);
      t.add('attempts', t.broker.connections.length);
    },
  },

  'a refused connection that the server closes': {
    rules: {
      connect: (_, connection) => {
        connection.send({ cmd: 'connack', returnCode: 4 });
        connection.end();
      },
    },
    run: async (t) => {
      t.connect();
      await t.until('close');
      await t.quiet();
      t.add('attempts', t.broker.connections.length);
    },
  },

  'a refused connection is tried again when asked for': {
    rules: {
      connect: (_, { number }) => ({ cmd: 'connack', returnCode: number < 3 ? 3 : 0 }),
    },
    run: async (t) => {
      t.connect({ reconnectOnConnackError: true });
      await t.until('connect');
    },
  },

  'a refused connection of MQTT 5': {
    rules: {
      connect: () => ({
        cmd: 'connack', reasonCode: 135, properties: { reasonString: 'go away' },
      }),
    },
    run: async (t) => {
      const client = t.connect({ protocolVersion: 5 });
      client.once('error', () => t.add('properties', client.serverProperties));
      await t.until('close');
      t.add('properties', client.serverProperties);
    },
  },

  'no CONNACK in time': {
    rules: { connect: () => undefined },
    run: async (t) => {
      t.connect({ connectTimeout: 100, reconnectPeriod: 0 });
      await t.until('close');
    },
  },

  'the server closes before CONNACK': {
    rules: { connect: (_, connection) => connection.end() },
    run: async (t) => {
      t.connect({ reconnectPeriod: 0 });
      await t.until('close');
      await t.quiet();
    },
  },

  'it connects by hand': {
    run: async (t) => {
      const client = t.connect({ manualConnect: true });
      client.publish('early', 'm', { qos: 1 }, t.note('published'));
      await t.quiet();
      t.add('connections', t.broker.connections.length);
      t.add('chained', client.connect() === client);
      await t.until('published');
    },
  },

  'servers are tried in turn': {
    run: async (t) => {
      t.keep(t.mqtt.connect({
        servers: [{ host: '127.0.0.1', port: 1 }, { host: '127.0.0.1', port: t.broker.port }],
        reconnectPeriod: 10, clientId: 'script',
      }));
      await t.until('connect');
    },
  },

  'options show the server whose turn it is': {
    run: async (t) => {
      const { port } = t.broker;
      const client = t.keep(t.mqtt.connect({
        servers: [
          { host: '127.0.0.1', port: 1, protocol: 'mqtt' }, { host: 'localhost', port },
        ],
        protocol: 'tcp', host: 'elsewhere', reconnectPeriod: 10, clientId: 'script',
      }));
      const note = (when) => {
        const { host, hostname, protocol, defaultProtocol, port: shown } = client.options;
        t.add(when, { host, hostname, protocol, defaultProtocol, isOurs: shown === port });
      };
      note('made');
      client.on('close', () => note('closed'));
      await t.until('connect');
      note('connected');
    },
  },

  'a protocol that there is none of, in options': {
    run: async (t) => {
      const place = { host: '127.0.0.1', port: t.broker.port, clientId: 'script' };
      const client = t.keep(t.mqtt.connect({ ...place, protocol: 'foo' }));
      await t.until('connect');
      t.add('protocol', client.options.protocol);
    },
  },

  'another name of the scheme': {
    run: async (t) => {
      const client = await t.connected({}, t.url.replace('mqtt:', 'tcp:'));
      t.add('protocol', client.options.protocol);
    },
  },

  'all properties of CONNACK': {
    rules: {
      connect: () => ({
        cmd: 'connack', reasonCode: 0,
        properties: {
          sessionExpiryInterval: 9, receiveMaximum: 8, maximumQoS: 1, retainAvailable: true,
          maximumPacketSize: 5000, assignedClientIdentifier: 'given', topicAliasMaximum: 3,
          reasonString: 'welcome', userProperties: { a: ['b', 'c'], d: 'e' },
          wildcardSubscriptionAvailable: true, subscriptionIdentifiersAvailable: true,
          sharedSubscriptionAvailable: true, serverKeepAlive: 30, responseInformation: 'here',
          serverReference: 'there',
        },
      }),
    },
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5, clientId: '' });
      t.add('properties', client.serverProperties);
      client.end();
      await t.until('end');
      t.add('afterwards', client.serverProperties, client.keepalive);
    },
  },

  'all properties of a will': {
    run: async (t) => {
      await t.connected({
        protocolVersion: 5,
        will: {
          topic: 'w', payload: Buffer.from('p'), qos: 2, retain: true,
          properties: {
            willDelayInterval: 3, payloadFormatIndicator: true, messageExpiryInterval: 9,
            contentType: 't', responseTopic: 'r', correlationData: Buffer.from('c'),
            userProperties: { a: ['1', '2'], b: '3' },
          },
        },
      });
      t.add('will', t.broker.of('connect')[0].will);
    },
  },

  'connectAsync resolves': {
    run: async (t) => {
      const client = await t.mqtt.connectAsync(t.url, { clientId: 'a' });
      t.add('connected', client.connected);
      t.keep(client);
    },
  },

  'connectAsync rejects': {
    run: async (t) => {
      const { port } = t.broker;
      await t.broker.close();
      await t.outcome('connect', t.mqtt.connectAsync(`mqtt://127.0.0.1:${port}`)
        .then(() => 'client', ({ code }) => {
          throw Object.assign(new Error('x'), { code });
        }));
    },
  },

  'connectAsync of a client that is ended resolves': {
    transport: 'ws',
    run: async (t) => {
      await t.outcome('connect', t.mqtt.connectAsync(t.url, {
        reconnectPeriod: 0,
        transformWsUrl: (url, options, client) => {
          setImmediate(() => client.end());
          return url;
        },
      }).then(({ connected }) => connected));
    },
  },

  'connectAsync without retries rejects on close': {
    rules: { connect: (_, connection) => connection.end() },
    run: async (t) => {
      await t.outcome('connect', t.mqtt.connectAsync(t.url, {}, false));
    },
  },
};
