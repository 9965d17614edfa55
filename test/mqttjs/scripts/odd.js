'use strict';
// What programs give that is not quite as it should be.

// What reaches the broker of these options.
const told = (options, ...names) => ({
  run: async (t) => {
    await t.connected(options);
    const packet = t.broker.of('connect')[0];
    t.add('told', ...names.map((name) => packet[name] ?? 'none'));
  },
});

const published = (message, options, topic = 'a') => ({
  run: async (t) => {
    const client = await t.connected();
    client.publish(topic, message, options, t.note('published'));
    await t.until('published');
    await t.broker.saw('publish');
    t.add('sent', t.broker.of('publish').map((packet) =>
      [packet.topic, packet.payload, packet.qos, packet.retain]));
  },
});

// What client.options shows, of where it connects to.
const shown = (...args) => ({
  run: async (t) => {
    const client = t.mqtt.connect(...args);
    t.drop(client);
    const { protocol, port, username, password, path, unixSocket } = client.options;
    t.add('shown', protocol, unixSocket ? null : port, username ?? null, password ?? null,
      path ?? null);
  },
});

module.exports = {
  'an empty user and password': told({ username: '', password: '' }, 'username', 'password'),
  'undefined for user and password':
    told({ username: undefined, password: undefined }, 'username', 'password'),
  'null for user and password': told({ username: null, password: null }, 'username', 'password'),
  'a user without a password': told({ username: 'ann' }, 'username', 'password'),
  'times as text': told({ connectTimeout: '5000', reconnectPeriod: '20' }, 'clean'),
  'times that are not whole': told({ connectTimeout: 5000.5, reconnectPeriod: 20.5 }, 'clean'),
  'the port as text': {
    run: async (t) => {
      t.keep(t.mqtt.connect({ host: '127.0.0.1', port: String(t.broker.port) }));
      await t.until('connect');
    },
  },
  'clean as a number': told({ clean: 1 }, 'clean'),
  'clean as 0': told({ clean: 0 }, 'clean'),
  'null for clean': told({ clean: null }, 'clean'),
  'a keep-alive of 0': told({ keepalive: 0 }, 'keepalive'),
  'false for the keep-alive': told({ keepalive: false }, 'keepalive'),
  'a keep-alive that is no number': told({ keepalive: NaN }, 'keepalive'),
  'null for the will': told({ will: null }, 'clean'),
  'a will without a payload': told({ will: { topic: 'w' } }, 'will'),
  'a will whose qos and retain are text':
    told({ will: { topic: 'w', payload: 'gone', qos: '1', retain: 'yes' } }, 'will'),
  'properties before MQTT 5': told({
    properties: {
      sessionExpiryInterval: 5, requestResponseInformation: true, userProperties: { a: 'b' },
      authenticationMethod: 'none', receiveMaximum: 0, unknown: 1,
    },
  }, 'properties'),
  'properties that are undefined': told({
    protocolVersion: 5, properties: { sessionExpiryInterval: undefined, receiveMaximum: 5 },
  }, 'clean'),
  'a client id as a number in the URL': {
    run: async (t) => {
      await t.connected({ clientId: undefined }, `${t.url}?clientId=5`);
      t.add('told', t.broker.of('connect')[0].clientId);
    },
  },
  'an object of url.parse': {
    run: async (t) => {
      const { parse } = require('node:url');
      const { protocol, hostname, port, auth } = parse(t.url.replace('//', '//u:p@'));
      t.keep(t.mqtt.connect({ protocol, hostname, port, auth, slashes: true }));
      await t.until('connect');
      t.add('told', t.broker.of('connect')[0].username);
    },
  },
  'an upper-case scheme': {
    run: async (t) => {
      await t.connected({}, t.url.replace('mqtt', 'MQTT'));
    },
  },
  'a URL without slashes': {
    run: async (t) => {
      await t.connected({}, t.url.replace('//', ''));
    },
  },
  'a URL without a port': shown('mqtt://127.0.0.1'),
  'a host without a port': shown({ host: '127.0.0.1', protocol: 'mqtts' }),
  'a WebSocket without a port': shown('wss://127.0.0.1/mqtt'),
  'a Unix socket with a user': shown('mqtt+unix://ann:secret@/tmp/none'),
  'localhost without a host': {
    run: async (t) => {
      t.keep(t.mqtt.connect({ port: t.broker.port }));
      await t.until('connect');
    },
  },
  'an empty object of options': {
    run: async (t) => {
      const client = t.mqtt.connect({ manualConnect: true });
      t.add('to', client.options.protocol, client.options.clean);
    },
  },

  'retain as a number': published('m', { qos: 1, retain: 1 }),
  'qos that is undefined': published('m', { qos: undefined, retain: undefined }),
  'qos that is null': published('m', { qos: null }),
  'qos that is text': published('m', { qos: '1' }),
  'a topic of bytes': published('m', { qos: 1 }, Buffer.from('t')),
  'a Uint8Array': published(new Uint8Array([65, 66]), { qos: 1 }),
  'text that is not ASCII': published('grüße 🙂', { qos: 1 }),

  'null for the callback': {
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', '1', { qos: 1 }, null);
      client.subscribe('a', { qos: 1 }, undefined);
      client.unsubscribe('a', {}, null);
      client.publish('a', '2', { qos: 1 }, t.note('published'));
      await t.until('published');
      client.end(null, undefined, t.note('ended'));
      await t.until('ended');
    },
  },
  'an object of topics with numbers': {
    run: async (t) => {
      const client = await t.connected();
      client.subscribe({ a: 1 }, t.note('subscribed'));
      await t.until('subscribed');
    },
  },
  'subscribed again in any case': {
    run: async (t) => {
      const client = await t.connected();
      await client.subscribeAsync('a', { qos: 1 });
      client.subscribe({ a: { qos: 1 }, resubscribe: true }, t.note('subscribed'));
      await t.until('subscribed');
      t.add('sent', t.broker.of('subscribe').length);
    },
  },
  'a topic twice in a list': {
    run: async (t) => {
      const client = await t.connected();
      client.subscribe(['a', 'a'], t.note('subscribed'));
      await t.until('subscribed');
      t.add('sent', t.broker.of('subscribe').map(({ subscriptions }) => subscriptions));
    },
  },
  'publishing to a filter': {
    run: async (t) => {
      const client = await t.connected();
      client.publish('a/+', 'm', { qos: 1 }, t.note('published'));
      await t.until('published');
    },
  },
  'a listener that is removed': {
    run: async (t) => {
      const client = await t.connected();
      const listener = t.note('heard');
      client.on('message', listener);
      client.removeListener('message', listener);
      t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 0 });
      await t.until('message');
      t.add('listeners', client.listenerCount('message'), client.listenerCount('error'));
    },
  },
  'a subscription after the session was resumed by hand': {
    run: async (t) => {
      const client = await t.connected();
      await client.subscribeAsync('a', { qos: 1 });
      await client.endAsync();
      client.reconnect();
      await t.until('connect', 2);
      await t.broker.saw('subscribe', 2);
      t.add('sent', t.broker.of('subscribe').map(({ subscriptions }) => subscriptions));
    },
  },
};
