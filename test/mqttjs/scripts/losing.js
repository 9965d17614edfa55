'use strict';
// Connections that are lost, and what goes on after them.
const lost = (drop) => ({
  run: async (t) => {
    await t.connected();
    drop(t.broker.current);
    await t.until('connect', 2);
  },
});

// What the server was told by CONNECT, each time.
const told = (t, ...names) => t.add('told', t.broker.of('connect').map((packet) =>
  names.map((name) => packet[name])));

// An option that is changed while there is a connection counts from the next one on.
const changed = (first, next, ...names) => ({
  run: async (t) => {
    const client = await t.connected(first);
    Object.assign(client.options, next);
    t.broker.current.end();
    await t.until('connect', 2);
    t.broker.current.end();
    await t.until('connect', 3);
    told(t, ...names);
  },
});

// Packets that nobody has asked for are shown as well.
function shown(protocolVersion, options, properties) {
  return {
    run: async (t) => {
      const client = await t.connected({ protocolVersion });
      await client.subscribeAsync('a/+', { ...options, properties });
      for (const event of ['packetsend', 'packetreceive']) {
        client.on(event, ({ cmd, messageId, ...packet }) => {
          if (/^(ping|sub)/.test(cmd)) t.add(event, cmd, packet);
        });
      }
      t.broker.current.end();
      await t.until('connect', 2);
      await t.broker.saw('subscribe', 2);
      await t.until('packetreceive', 1);
      client.sendPing();
      await t.until('packetreceive', 2);
    },
  };
}

module.exports = {
  'a subscription that is made again is shown, and a ping': shown(4, { qos: 1 }),
  'the same in MQTT 5':
    shown(5, { qos: 2, nl: true, rap: true, rh: 1 }, { subscriptionIdentifier: 5 }),

  'another clientId': changed({}, { clientId: 'other' }, 'clientId'),
  'no clientId': changed({}, { clientId: '' }, 'clientId', 'clean'),
  'another keepalive': changed({ keepalive: 30 }, { keepalive: 45 }, 'keepalive'),
  'no keepalive any more': changed({ keepalive: 30 }, { keepalive: 0 }, 'keepalive'),
  'clean from now on': changed({ clean: false }, { clean: true }, 'clean', 'clientId'),
  'not clean any more': changed({}, { clean: false }, 'clean', 'clientId'),

  'another client has the subscriptions made again': {
    run: async (t) => {
      const client = await t.connected({ clean: false });
      client.subscribe('a', { qos: 1 }, t.note('subscribed'));
      await t.until('subscribed');
      client.options.clientId = 'other';
      t.broker.current.end();
      await t.until('connect', 2);
      await t.broker.saw('subscribe', 2);
      t.add('sent', t.broker.of('subscribe').flatMap(({ subscriptions }) => subscriptions));
      told(t, 'clientId', 'clean');
    },
  },

  'the server closes': lost((connection) => connection.end()),
  'the server resets': lost((connection) => connection.reset()),

  'fields while it reconnects': {
    run: async (t) => {
      const client = await t.connected();
      const fields = (name) => t.add(name, client.connected, client.reconnecting,
        client.disconnecting, Boolean(client.disconnected));
      client.on('close', () => fields('at close'));
      client.on('offline', () => fields('at offline'));
      client.on('reconnect', () => fields('at reconnect'));
      client.on('connect', () => fields('at connect'));
      t.broker.current.end();
      await t.until('connect', 2);
    },
  },

  'offline is told though another attempt was asked for in error': {
    run: async (t) => {
      const { port } = t.broker;
      await t.broker.close();
      const client = t.connect({ reconnectPeriod: 60000 }, `mqtt://127.0.0.1:${port}`);
      client.once('error', () => client.reconnect());
      await t.until('close', 2);
      t.hide(port);
      t.hide(port);
    },
  },
  'reconnect after a refusal, and nobody is there': {
    rules: { connect: () => ({ cmd: 'connack', returnCode: 5, reasonCode: 135 }) },
    run: async (t) => {
      const client = t.connect({ reconnectPeriod: 60000 });
      await t.until('close');
      const { port } = t.broker;
      await t.broker.close();
      client.reconnect();
      await t.until('close', 2);
      t.hide(port);
    },
  },
  'offline is told once': {
    rules: {
      connect: (_, connection) => (connection.number === 2 || connection.number === 3
        ? connection.end() : { cmd: 'connack', returnCode: 0 }),
    },
    run: async (t) => {
      await t.connected();
      t.broker.current.end();
      await t.until('connect', 2);
    },
  },

  'it does not reconnect when that is off': {
    run: async (t) => {
      const client = await t.connected({ reconnectPeriod: 0 });
      t.broker.current.end();
      await t.until('close');
      await t.quiet();
      t.add('fields', client.connected, client.reconnecting, client.disconnecting);
      client.reconnect();
      await t.until('connect', 2);
    },
  },

  'subscriptions are made again': {
    run: async (t) => {
      const client = await t.connected();
      client.subscribe({ a: { qos: 1 }, b: { qos: 0 } }, t.note('subscribed'));
      await t.until('subscribed');
      t.broker.current.end();
      await t.until('connect', 2);
      await t.broker.saw('subscribe', 2);
      await t.quiet();
      t.add('sent', t.broker.of('subscribe').flatMap(({ subscriptions }) => subscriptions));
    },
  },

  'subscriptions are not made again when that is off': {
    run: async (t) => {
      const client = await t.connected({ resubscribe: false });
      client.subscribe('a', t.note('subscribed'));
      await t.until('subscribed');
      t.broker.current.end();
      await t.until('connect', 2);
      await t.quiet();
      t.add('sent', t.broker.of('subscribe').length);
    },
  },

  'a subscription without SUBACK is not made again when that is off': {
    rules: { subscribe: (packet, connection) => connection.end() },
    run: async (t) => {
      const client = await t.connected({ resubscribe: false });
      client.subscribe('a', t.note('subscribed'));
      await t.until('connect', 2);
      await t.quiet();
      t.add('sent', t.broker.of('subscribe').length);
    },
  },

  'what was granted beside what was refused is made again': {
    rules: {
      subscribe: ({ messageId, subscriptions }) => ({
        cmd: 'suback', messageId,
        granted: subscriptions.map(({ topic }) => (topic === 'bad' ? 128 : 1)),
      }),
    },
    run: async (t) => {
      const client = await t.connected();
      client.subscribe(['good', 'bad'], { qos: 1 }, t.note('subscribed'));
      await t.until('subscribed');
      t.broker.current.end();
      await t.until('connect', 2);
      await t.quiet(300);
      t.add('sent', ...t.broker.of('subscribe').slice(1).map(({ subscriptions }) => subscriptions));
    },
  },

  'reconnect after a refusal': {
    rules: { connect: (_, { number }) => ({ cmd: 'connack', returnCode: number === 1 ? 4 : 0 }) },
    run: async (t) => {
      const client = t.connect();
      await t.until('close');
      client.publish('a', 'm', { qos: 1 }, () => {});
      client.reconnect();
      await t.until('connect');
    },
  },

  'a session that is there has its subscriptions': {
    rules: {
      connect: (_, { number }) => ({ cmd: 'connack', returnCode: 0, sessionPresent: number > 1 }),
    },
    run: async (t) => {
      const client = await t.connected({ clean: false });
      client.subscribe('a', { qos: 1 }, t.note('subscribed'));
      await t.until('subscribed');
      t.broker.current.end();
      await t.until('connect', 2);
      await t.quiet();
      t.add('sent', t.broker.of('subscribe').length);
    },
  },

  'unsubscribed is not made again': {
    run: async (t) => {
      const client = await t.connected();
      client.subscribe(['a', 'b'], t.note('subscribed'));
      await t.until('subscribed');
      client.unsubscribe('a', t.note('unsubscribed'));
      await t.until('unsubscribed');
      t.broker.current.end();
      await t.until('connect', 2);
      await t.broker.saw('subscribe', 2);
      t.add('sent', t.broker.of('subscribe').map(({ subscriptions }) => subscriptions));
    },
  },

  'properties of subscriptions are kept': {
    run: async (t) => {
      const client = await t.connected({ protocolVersion: 5 });
      const options = { qos: 1, nl: true, properties: { subscriptionIdentifier: 9 } };
      client.subscribe('a', options, t.note('subscribed'));
      await t.until('subscribed');
      t.broker.current.end();
      await t.until('connect', 2);
      await t.broker.saw('subscribe', 2);
      t.add('sent', t.broker.of('subscribe')
        .map(({ subscriptions, properties }) => [subscriptions, { ...properties }]));
    },
  },

  'QoS 1 and 2 in flight are sent again': {
    rules: {
      publish: (packet, connection) =>
        (connection.number === 1 ? undefined : connection.broker.answers.publish(packet)),
    },
    run: async (t) => {
      const client = await t.connected();
      client.publish('a', '1', { qos: 1 }, t.note('published 1'));
      client.publish('a', '2', { qos: 2 }, t.note('published 2'));
      await t.broker.saw('publish', 2);
      t.broker.current.end();
      await t.until('published 2');
      t.add('sent', t.broker.of('publish').map(({ payload, dup }) => [String(payload), dup]));
    },
  },

  'PUBREL is sent again': {
    rules: {
      pubrel: (packet, connection) =>
        (connection.number === 1 ? undefined : connection.broker.answers.pubrel(packet)),
      connect: (_, { number }) => ({ cmd: 'connack', returnCode: 0, sessionPresent: number > 1 }),
    },
    run: async (t) => {
      const client = await t.connected({ clean: false });
      client.publish('a', '2', { qos: 2 }, t.note('published'));
      await t.broker.saw('pubrel');
      t.broker.current.end();
      await t.until('published');
      t.add('sent', t.broker.seen.map(({ cmd }) => cmd));
    },
  },

  'published while it is offline': {
    run: async (t) => {
      const client = await t.connected();
      client.once('close', () => {
        client.publish('a', '0', t.note('published 0'));
        client.publish('a', '1', { qos: 1 }, t.note('published 1'));
        client.subscribe('s', t.note('subscribed'));
      });
      t.broker.current.end();
      await t.until('published 1');
      await t.until('subscribed');
    },
  },

  'a QoS 0 published while it is offline is refused when that is asked for': {
    run: async (t) => {
      const client = await t.connected({ queueQoSZero: false });
      client.once('close', () => client.publish('a', '0', t.note('published')));
      t.broker.current.end();
      await t.until('connect', 2);
    },
  },

  'the keep-alive is not answered': {
    rules: { pingreq: () => undefined },
    run: async (t) => {
      await t.connected({ keepalive: 1, reconnectPeriod: 0 });
      await t.until('close');
    },
  },

  'the keep-alive is not answered, and another attempt follows': {
    rules: { pingreq: () => undefined },
    run: async (t) => {
      const client = await t.connected({ keepalive: 1 });
      await t.until('close');
      client.end(true);
    },
  },
  'reconnect while it is connected': {
    run: async (t) => {
      const client = await t.connected();
      client.reconnect();
      await t.until('connect', 2);
      t.add('connected', client.connected);
    },
  },

  'the server says goodbye in MQTT 5': {
    run: async (t) => {
      await t.connected({ protocolVersion: 5 });
      t.broker.current.send(
        { cmd: 'disconnect', reasonCode: 139, properties: { reasonString: 'restart' } });
      t.broker.current.end();
      await t.until('connect', 2);
    },
  },

  'the server sends what is no packet': {
    run: async (t) => {
      await t.connected({ reconnectPeriod: 50 });
      t.broker.current.sendBytes(0xf0, 0x00, 0xff, 0xff);
      await t.until('error');
      await Promise.race([t.until('connect', 2), t.quiet(3000)]);
    },
  },
};
