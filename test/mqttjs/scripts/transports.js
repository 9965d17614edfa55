'use strict';
// Ways to the broker.
const { constants } = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { Duplex } = require('node:stream');
const WebSocket = require('ws');
const { pair } = require('../../node/support/pair');
const { text } = require('../../tls/certificates');

const CA = text('root.pem');

const reached = (transport, options, more) => ({
  transport,
  ...more,
  run: async (t) => {
    const client = await t.connected(options);
    client.publish('a', 'm', { qos: 1 }, t.note('published'));
    await t.until('published');
    client.end(t.note('ended'));
    await t.until('ended');
  },
});

// What its stream tells and shows.
const openedSocket = (transport, options) => ({
  transport,
  run: async (t) => {
    const client = t.connect(options);
    const { stream } = client;
    for (const event of ['connect', 'secureConnect']) {
      stream.on(event, () => t.add(`stream ${event}`, client.connected));
    }
    t.add('connecting', stream.connecting, stream.remoteAddress);
    await t.until('connect');
    const look = ({ remoteAddress, remoteFamily, remotePort, encrypted, authorized, connecting }) =>
      t.add('shown', remoteAddress, remoteFamily, remotePort === t.broker.port, encrypted,
        authorized, connecting);
    look(stream);
    client.end(t.note('ended'));
    await t.until('ended');
    t.add('left', stream.remoteAddress, stream.destroyed);
  },
});

// What was asked for when the connection was made.
const asked = (transport, options, look, url = (t) => t.url) => ({
  transport,
  run: async (t) => {
    await t.connected(options, url(t));
    t.add('asked', look(t.broker.requests[0]));
  },
});

// A client whose bytes a stream of the program's own carries.
const carried = (streamBuilder, run, more) => ({
  ...more,
  run: async (t) => {
    const client = t.keep(new t.mqtt.MqttClient((self) => streamBuilder(t, self),
      { reconnectPeriod: 20, clientId: 'script' }));
    await run(t, client);
  },
});

const toBroker = (t) => net.connect(t.broker.port, '127.0.0.1');

const inProcess = (t) => {
  const [ours, theirs] = pair();
  t.broker.accept(theirs);
  return ours;
};

const talk = async (t, client) => {
  await t.until('connect');
  client.subscribe('a', { qos: 1 }, t.note('subscribed'));
  await t.until('subscribed');
  for (const qos of [0, 1, 2]) {
    client.publish('a', `q${qos}`, { qos }, t.note('published'));
    await t.until('published', qos + 1);
  }
  t.broker.current.send({ cmd: 'publish', topic: 'a', payload: 'x', qos: 1, messageId: 7 });
  await t.broker.saw('puback');
  client.end(t.note('ended'));
  await t.until('ended');
  t.add('seen', t.broker.seen.map(({ cmd }) => cmd));
};

// What is done to its stream, and it connects again.
const broken = (streamBuilder, how) => carried(streamBuilder, async (t, client) => {
  await t.until('connect');
  how(client.stream, t.broker.current.socket);
  await t.until('connect', 2);
  t.add('fields', client.connected, client.reconnecting, client.stream.destroyed);
});

// Before another attempt can begin, though its beginning may come in the same turn.
const endAtSecondClose = (t, client) => new Promise((resolve) => {
  client.on('close', () => {
    if (t.log.count('close') !== 2) return;
    client.end(true);
    resolve(t.until('end'));
  });
});

const coded = Object.assign(new Error('cut'), { code: 'ECUT' });

const refused = (options, more) => ({
  transport: 'mqtts',
  ...more,
  run: async (t) => {
    t.connect({ reconnectPeriod: 0, ...options });
    await t.until('close');
    const codes = t.log.entries.map(([name, error]) => [name, error?.code]);
    t.log.entries.splice(0, Infinity, ...codes);
  },
});

module.exports = {
  'TLS': reached('mqtts', { ca: CA }),
  'TLS, and nothing is verified': reached('mqtts', { rejectUnauthorized: false }),
  'a list of authorities': reached('mqtts', { ca: [Buffer.from(CA)] }),
  'TLS, and whatever else it has is empty': reached('mqtts', {
    ca: CA, cert: '', key: '', passphrase: '', crl: [], servername: '', secureContext: undefined,
    requestOCSP: false, enableTrace: false, session: null, ecdhCurve: 'auto',
    secureOptions: 0,
  }),
  'TLS without authorities, and nothing is verified':
    reached('mqtts', { ca: '', rejectUnauthorized: false }),
  'the lowest and the highest version':
    reached('mqtts', { ca: CA, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' }),
  'the versions that secureProtocol names': {
    transport: 'mqtts',
    run: async (t) => {
      for (const secureProtocol of ['TLSv1_2_method', 'TLS_client_method', 'SSLv23_method']) {
        await t.connected({ ca: CA, secureProtocol });
        t.add('version', t.broker.connections.at(-1).socket.getProtocol());
      }
    },
  },
  'what secureOptions takes away': {
    transport: 'mqtts',
    run: async (t) => {
      const { SSL_OP_ALL, SSL_OP_NO_TLSv1_2, SSL_OP_NO_TLSv1_3 } = constants;
      for (const [at, secureOptions] of [SSL_OP_NO_TLSv1_2, SSL_OP_NO_TLSv1_3,
        SSL_OP_ALL | SSL_OP_NO_TLSv1_3, 0, null].entries()) {
        t.connect({ ca: CA, secureOptions });
        await t.until('connect', at + 1);
        t.add('version', t.broker.connections.at(-1).socket.getProtocol());
      }
    },
  },
  'a WebSocket': reached('ws'),
  'a WebSocket in TLS': reached('wss', { ca: CA }),
  'a WebSocket in TLS, by its own options': reached('wss', { wsOptions: { ca: CA } }),
  'what wsOptions say goes before what options say': reached('wss', {
    ca: text('other.pem'), rejectUnauthorized: true, wsOptions: { ca: CA, host: 'nowhere' },
  }),
  'an agent of Node.js': reached('wss',
    { wsOptions: { agent: new https.Agent({ ca: CA, keepAlive: true }) } }),
  'what an agent says goes before what wsOptions say': reached('wss', { wsOptions: {
    rejectUnauthorized: true, agent: new https.Agent({ rejectUnauthorized: false }),
  } }),
  'the agent of another protocol': reached('ws', { wsOptions: { agent: http.globalAgent } }),
  'an agent that verifies a server': refused({
    rejectUnauthorized: false, wsOptions: { agent: new https.Agent({ rejectUnauthorized: true }) },
  }, { transport: 'wss' }),
  'what wsOptions say without a WebSocket is not heard': refused(
    { wsOptions: { rejectUnauthorized: false, ca: CA } }),
  'a Unix socket': reached('unix'),

  'a certificate and a key make it TLS': {
    transport: 'mqtts',
    tls: { requestCert: true, ca: CA },
    run: async (t) => {
      const client = await t.connected(
        { ca: CA, cert: text('client.pem'), key: text('client.key') },
        t.url.replace('mqtts', 'mqtt'));
      t.add('protocol', client.options.protocol,
        t.broker.connections[0].socket.getPeerCertificate().subject.CN);
    },
  },

  'an encrypted key': reached('mqtts', {
    ca: CA, cert: text('client.pem'), key: text('client-encrypted.key'), passphrase: 'secret',
  }, { tls: { requestCert: true, ca: CA } }),

  'PKCS#12': reached('mqtts', { ca: CA, pfx: text('client.p12'), passphrase: 'secret' },
    { tls: { requestCert: true, ca: CA } }),

  'an unknown authority': refused({}),
  'a certificate of another name': refused({ ca: CA }, {
    tls: { key: text('wrong-host.key'), cert: text('wrong-host.pem') },
  }),
  'an expired certificate': refused({ ca: CA }, {
    tls: { key: text('expired.key'), cert: text('expired.pem') },
  }),

  'the server name': asked('mqtts', { ca: CA }, ({ servername }) => servername,
    (t) => t.url.replace('127.0.0.1', 'localhost')),
  'a server name of one\'s own': asked('mqtts',
    { rejectUnauthorized: false, servername: 'other.example' }, ({ servername }) => servername),
  'ALPN': {
    transport: 'mqtts',
    tls: { ALPNProtocols: ['mqtt'] },
    run: async (t) => {
      await t.connected({ ca: CA, ALPNProtocols: ['other', 'mqtt'] });
      t.add('asked', t.broker.requests[0].alpn);
    },
  },

  'the sub-protocol': asked('ws', {}, ({ headers }) => headers['sec-websocket-protocol']),
  'the sub-protocol of MQTT 3.1': asked('ws', { protocolVersion: 3, protocolId: 'MQIsdp' },
    ({ headers }) => headers['sec-websocket-protocol']),
  'another sub-protocol in wsOptions, where ws has no such option':
    asked('ws', { wsOptions: { protocol: 'other' } },
      ({ headers }) => headers['sec-websocket-protocol']),
  'path and query': asked('ws', {}, ({ url }) => url, (t) => `${t.url}/mqtt?token=a%20b`),
  'a path in the options': asked('ws', { path: '/other' }, ({ url }) => url),
  'no path': asked('ws', {}, ({ url }) => url),
  'headers': asked('ws', { wsOptions: { headers: { 'X-Token': 'secret' }, origin: 'http://o' } },
    ({ headers }) => [headers['x-token'], headers.origin]),
  'user and password for HTTP': asked('ws', { wsOptions: { auth: 'u:p' } },
    ({ headers }) => headers.authorization),

  'a URL that is made at each attempt': {
    transport: 'ws',
    run: async (t) => {
      let count = 0;
      await t.connected({
        transformWsUrl: (url, options, client) => {
          count += 1;
          t.add('transform', url === `${t.url}/`, options.clientId, typeof client.publish);
          return `${url}signed?count=${count}`;
        },
      });
      t.broker.current.socket.destroy();
      await t.until('connect', 2);
      t.add('asked', t.broker.requests.map(({ url }) => url));
    },
  },

  'who we are is made with the URL': {
    transport: 'ws',
    run: async (t) => {
      let count = 0;
      await t.connected({
        transformWsUrl: (url, options) => {
          count += 1;
          options.clientId = `client ${count}`;
          options.username = `user ${count}`;
          options.password = `word ${count}`;
          return url;
        },
      });
      t.broker.current.socket.destroy();
      await t.until('connect', 2);
      t.add('told', t.broker.of('connect').map(({ clientId, username, password }) =>
        [clientId, username, password]));
    },
  },

  'a WebSocket that is refused': {
    transport: 'mqtt',
    run: async (t) => {
      t.connect({ reconnectPeriod: 0 }, t.url.replace('mqtt', 'ws'));
      t.broker.until(({ connections }) => connections.length > 0)
        .then(() => t.broker.connections[0].socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'));
      await t.until('close');
    },
  },

  'a stream of the program\'s own': carried(toBroker, talk),
  'a stream in this process': carried(inProcess, talk),
  'the builder is given the client': carried((t, client) => {
    t.add('built', client.constructor.name, client.options.clientId, client.connected);
    return toBroker(t);
  }, async (t, client) => {
    t.add('stream', client.stream instanceof net.Socket);
    await t.until('connect');
  }),
  'the broker ends a stream': broken(inProcess, (ours, theirs) => theirs.end()),
  'the broker destroys a stream': broken(inProcess, (ours, theirs) => theirs.destroy()),
  'the program destroys its stream': broken(toBroker, (ours) => ours.destroy()),
  'the program ends its stream': broken(toBroker, (ours) => ours.end()),
  'the program destroys its stream with an error': broken(toBroker, (ours) => ours.destroy(coded)),
  'a stream that cannot connect': carried(() => net.connect(1, '127.0.0.1'), async (t, client) => {
    await endAtSecondClose(t, client);
  }),
  'a stream that fails at once': carried(
    () => new Duplex({ read() {}, write: (chunk, encoding, done) => done(coded) }),
    async (t, client) => {
      await endAtSecondClose(t, client);
    }),
  'a client of its own stream connects by hand': {
    run: async (t) => {
      const client = t.keep(new t.mqtt.MqttClient(() => {
        t.add('built');
        return toBroker(t);
      }, { manualConnect: true, clientId: 'script' }));
      await t.quiet();
      client.connect();
      await t.until('connect');
    },
  },
  'a WebSocket of the program\'s own': {
    transport: 'ws',
    run: async (t) => {
      await t.connected({
        transformWsUrl: (url) => `${url}?a=b`,
        createWebsocket: (url, protocols, options) => {
          t.add('created', url.replace(/\d+/g, ''), protocols, options.clientId);
          return new WebSocket(url, protocols);
        },
      });
      t.broker.current.socket.destroy();
      await t.until('connect', 2);
      t.add('asked', t.broker.requests.map(({ url }) => url));
    },
  },
  'a socket of the library is ended': {
    run: async (t) => {
      const client = await t.connected();
      t.add('stream', typeof client.stream.on, client.stream.destroyed);
      client.stream.on('close', () => t.add('stream closed'));
      client.stream.end();
      await t.until('connect', 2);
    },
  },
  'a socket of the library says that it is connected, and to what': openedSocket('mqtt', {}),
  'a socket of the library says that TLS is there': openedSocket('mqtts', { ca: CA }),
  'a socket of the library is destroyed': {
    run: async (t) => {
      const client = await t.connected();
      client.stream.on('error', (error) => t.add('stream error', error));
      client.stream.destroy(coded);
      await t.until('connect', 2);
    },
  },
};
