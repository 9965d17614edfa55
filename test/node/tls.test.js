'use strict';
// TLS against a real mosquitto, in both modes: what tls_set, tls_insecure_set,
// tls_opts_set, tls_psk_set and options.tls promise.
const assert = require('node:assert/strict');
const { constants } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { after, before, test } = require('node:test');
const nodeTls = require('node:tls');
const mqtt = require('../../lib');
const { file, text } = require('../tls/certificates');
const mosquitto = require('../support/mosquitto');
const { called, event } = require('./support/wait');

const { EINVAL, ETLS, ETIMEOUT } = mqtt.errors;
const ROOT = file('root.pem');
const PSK = '00112233445566778899aabbccddeeff';

function server(certificate, tls = {}) {
  const stem = certificate.split('.')[0];
  return { tls: { certificate: file(`${certificate}.pem`),
    key: file(`${stem}.key`), ...tls } };
}

// Each listener of the broker by a name.
const LISTENERS = {
  good: server('server'),
  chained: server('chained.chain'),
  expired: server('expired'),
  unknown: server('unknown-root'),
  self: server('self-signed'),
  wrongHost: server('wrong-host'),
  revoked: server('revoked'),
  mutual: server('server', { ca: ROOT, crl: file('root.crl'),
    requireCertificate: true }),
  only13: server('server', { version: 'tlsv1.3' }),
  aes256: server('server', { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' }),
  psk: { psk: { keys: { kitchen: PSK } } },
  plain: {},
};

let broker;
const clients = [];

before(async () => {
  broker = await mosquitto.start({ listeners: Object.values(LISTENERS) });
});

after(async () => {
  clients.forEach((client) => client.disconnect());
  await broker.stop();
});

function port(listener) {
  return broker.ports[Object.keys(LISTENERS).indexOf(listener)];
}

function make(asynchronous, options) {
  const client = new mqtt(null, null, null, true, 60000, asynchronous,
    { reconnectPeriod: 0, timeout: 30000, ...options });
  clients.push(client);
  return client;
}

async function exchange(client, isAsynchronous) {
  const received = event(client, 'received');
  if (isAsynchronous) {
    await called((done) => client.subscribe(1, 'tls/a', done));
    await called((done) => client.publish(2, false, 'tls/a', 'hello', done));
  } else {
    assert.equal(client.subscribe(1, 'tls/a'), 0);
    assert.equal(client.publish(2, false, 'tls/a', 'hello'), 0);
  }
  const [, , message] = await received;
  assert.equal(message.toString(), 'hello');
}

// Connects in the one mode and in the other; `prepare` sets the client up.
async function accept(listener, prepare, { host = '127.0.0.1', options } = {}) {
  for (const isAsynchronous of [false, true]) {
    const client = make(isAsynchronous, options);
    prepare(client);
    if (isAsynchronous) {
      const [result, error] = await called((done) =>
        assert.equal(client.connect(host, port(listener), done), 0));
      assert.equal(result, 'OK', error && error.message);
    } else {
      assert.equal(client.connect(host, port(listener)), 0);
    }
    await exchange(client, isAsynchronous);
    assert.equal(client.disconnect(), 0);
  }
}

async function refuse(listener, prepare, code, pattern, settings = {}) {
  const { host = '127.0.0.1', options } = settings;
  for (const isAsynchronous of [false, true]) {
    const client = make(isAsynchronous, options);
    prepare(client);
    const outcome = called((done) => {
      const status = client.connect(host, port(listener), done);
      assert.equal(status, isAsynchronous ? 0 : ETLS);
    });
    if (!isAsynchronous) continue;
    const [result, error] = await outcome;
    assert.notEqual(result, 'OK');
    assert.equal(error.code, code, error.message);
    assert.equal(error.errno, ETLS);
    assert.match(error.message, pattern);
    client.disconnect();
  }
}

function trusting(client) {
  assert.equal(client.tls_set(ROOT, null, null, null), 0);
}

test('tls_set with a file of authorities', () => accept('good', trusting));

test('tls_set with a folder of authorities', () => accept('good', (client) => {
  assert.equal(client.tls_set(null, file('hashed'), null, null), 0);
}));

test('tls_set with PEM in memory, as Buffer and as string', async () => {
  await accept('good', (client) => {
    assert.equal(client.tls_set(text('root.pem'), null, null, null), 0);
  });
  await accept('good', (client) => {
    assert.equal(client.tls_set(`${text('root.pem')}`, null, null, null), 0);
  });
});

test('an intermediate authority', () => accept('chained', trusting));

test('tls_set with a client certificate', () => accept('mutual', (client) => {
  assert.equal(client.tls_set(ROOT, null, file('client.pem'),
    file('client.key')), 0);
}));

test('tls_set with an encrypted key, and in memory', async () => {
  await accept('mutual', (client) => {
    assert.equal(client.tls_set(ROOT, null, file('client.pem'),
      file('client-encrypted.key'), 'secret'), 0);
  });
  await accept('mutual', (client) => {
    assert.equal(client.tls_set(text('root.pem'), null, text('client.pem'),
      text('client-encrypted.key'), 'secret'), 0);
  });
});

test('options.tls with PKCS#12', () => accept('mutual', () => {}, {
  options: { tls: { ca: ROOT, pfx: text('client.p12'), passphrase: 'secret' } },
}));

test('tls_set checks what it is given at once', () => {
  const client = make(true);
  const { tls_set: set } = client;
  const call = (...values) => set.call(client, ...values);
  assert.equal(call(null, null, null, null), EINVAL);
  assert.equal(call(file('absent.pem'), null, null, null), ETLS);
  assert.equal(call(file('empty.pem'), null, null, null), ETLS);
  assert.equal(call(file('broken.pem'), null, null, null), ETLS);
  assert.equal(call(null, file('empty-path'), null, null), ETLS);
  assert.equal(call(ROOT, null, file('client.pem'), null), EINVAL);
  assert.equal(call(ROOT, null, file('client.pem'), file('server.key')), ETLS);
  assert.equal(call(ROOT, null, file('client.pem'),
    file('client-encrypted.key')), ETLS);
  assert.equal(call(ROOT, null, file('client.pem'),
    file('client-encrypted.key'), 'wrong'), ETLS);
  assert.equal(call(ROOT, null, null, null), 0);
});

test('TLS-29 a refused client certificate is a TLS error at once', async () => {
  const with_ = (name) => (client) => {
    assert.equal(client.tls_set(ROOT, null, file(`${name}.pem`),
      file(`${name}.key`)), 0);
  };
  await refuse('mutual', trusting, 'MIDGE_ETLS', /wants a client certificate/);
  await refuse('mutual', with_('client-expired'), 'MIDGE_ETLS', /expired/);
  await refuse('mutual', with_('client-revoked'), 'MIDGE_ETLS', /revoked/);
  await refuse('mutual', with_('client-foreign'), 'MIDGE_ETLS',
    /does not trust/);
});

test('what cannot be in options.tls is told with what can', () => {
  const make = (tls) => () => new mqtt('', null, null, true, 0, true, { tls });
  assert.throws(make({ psk: 'zz', pskIdentity: 'a' }),
    { code: 'MIDGE_EINVAL', message: /^options\.tls\.psk is bytes, or text of pairs of hex/ });
  assert.throws(make({ minVersion: 'TLSv9' }),
    { code: 'MIDGE_EINVAL', message: /^options\.tls\.minVersion is .*TLSv1\.3, and not "TLSv9"/ });
});

test('bad certificates of a server are refused', async () => {
  await refuse('expired', trusting, 'CERT_HAS_EXPIRED',
    /"CN = expired" \(depth 0\) is refused: certificate has expired on Feb/);
  await refuse('unknown', trusting, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /unable/);
  await refuse('self', trusting, 'DEPTH_ZERO_SELF_SIGNED_CERT',
    /self-signed certificate: an authority of your own is to be named \(ca\)/);
  await refuse('wrongHost', trusting, 'ERR_TLS_CERT_ALTNAME_INVALID',
    /it names other.example.test/);
});

test('mqtts: without authorities trusts the system\'s alone', () =>
  refuse('good', () => {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /unable/,
    { host: 'mqtts://127.0.0.1' }));

test('mqtts: with tls_set', () =>
  accept('good', trusting, { host: 'mqtts://localhost' }));

test('revocation lists', async () => {
  await accept('revoked', trusting);
  await refuse('revoked', () => {}, 'CERT_REVOKED', /revoked/,
    { options: { tls: { ca: ROOT, crl: text('root.crl') } } });
  await accept('good', () => {},
    { options: { tls: { ca: ROOT, crl: text('root.crl') } } });
  await refuse('good', () => {}, 'CRL_HAS_EXPIRED', /expired/,
    { options: { tls: { ca: ROOT, crl: text('root-expired.crl') } } });
});

test('tls_insecure_set(true) skips the name alone', async () => {
  const insecure = (client) => {
    trusting(client);
    assert.equal(client.tls_insecure_set(true), 0);
  };
  await accept('wrongHost', insecure);
  await refuse('unknown', insecure, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /unable/);
  await refuse('expired', insecure, 'CERT_HAS_EXPIRED', /expired/);
  await refuse('wrongHost', (client) => {
    insecure(client);
    assert.equal(client.tls_insecure_set(false), 0);
  }, 'ERR_TLS_CERT_ALTNAME_INVALID', /names/);
});

test('SSL_VERIFY_NONE verifies nothing, for this client alone', async () => {
  const none = (client) => {
    trusting(client);
    assert.equal(client.tls_opts_set('SSL_VERIFY_NONE', null, null), 0);
  };
  await accept('unknown', none);
  await accept('expired', none);
  await accept('wrongHost', none);
  await accept('unknown', () => {},
    { options: { tls: { rejectUnauthorized: false } } });
  await refuse('unknown', trusting, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', /unable/);
});

test('tls_opts_set: each version', async () => {
  const from = (version) => (client) => {
    trusting(client);
    assert.equal(client.tls_opts_set('SSL_VERIFY_PEER', version, null), 0);
  };
  for (const version of ['tlsv1', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3', null]) {
    await accept('good', from(version));
    await accept('only13', from(version));
  }
  await refuse('only13', () => {}, 'MIDGE_ETLS', /version/,
    { options: { tls: { ca: ROOT, maxVersion: 'TLSv1.2' } } });
  const client = make(true);
  assert.equal(client.tls_opts_set('SSL_VERIFY_PEER', 'sslv3', null), EINVAL);
  assert.equal(client.tls_opts_set('SSL_VERIFY_MAYBE', null, null), EINVAL);
});

test('tls_opts_set: ciphers', async () => {
  const with_ = (ciphers) => (client) => {
    trusting(client);
    assert.equal(client.tls_opts_set(1, 'tlsv1.2', ciphers), 0);
  };
  const options = { tls: { ca: ROOT, maxVersion: 'TLSv1.2',
    ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } };
  await accept('aes256', with_('ECDHE-ECDSA-AES256-GCM-SHA384'));
  await accept('good', with_('TLS_AES_128_GCM_SHA256'));
  await refuse('aes256', () => {}, 'MIDGE_ETLS', /handshake failure/,
    { options });
  const client = make(true);
  assert.equal(client.tls_opts_set('SSL_VERIFY_PEER', null, 'NONSENSE'), ETLS);
});

test('tls: secureOptions', async () => {
  const { SSL_OP_NO_TLSv1_3 } = constants;
  const options = { ca: ROOT, secureOptions: SSL_OP_NO_TLSv1_3 };
  await accept('good', () => {}, { options });
  await refuse('only13', () => {}, 'MIDGE_ETLS', /version/, { options });
  for (const secureOptions of ['4', 4n, true]) {
    assert.throws(() => make(true, { secureOptions }), { code: 'ERR_INVALID_ARG_TYPE' });
  }
});

test('tls_psk_set', async () => {
  const psk = (key, identity, ciphers) => (client) => {
    assert.equal(client.tls_psk_set(key, identity, ciphers), 0);
  };
  await accept('psk', psk(PSK, 'kitchen', null));
  await accept('psk', psk(PSK.toUpperCase(), 'kitchen', 'PSK-AES128-GCM-SHA256'));
  await accept('psk', () => {},
    { options: { tls: { psk: PSK, pskIdentity: 'kitchen' } } });
  await accept('psk', () => {}, { options: {
    tls: { psk: PSK, pskIdentity: 'kitchen', maxVersion: 'TLSv1.2' } } });
  await refuse('psk', psk(`ff${PSK.slice(2)}`, 'kitchen', null), 'MIDGE_ETLS',
    /pre-shared key is wrong/);
  await refuse('psk', psk(PSK, 'cellar', null), 'MIDGE_ETLS', /alert/);
  await refuse('good', psk(PSK, 'kitchen', null), 'MIDGE_ETLS',
    /does not know the pre-shared key/);
  const client = make(true);
  assert.equal(client.tls_psk_set('abc', 'kitchen', null), EINVAL);
  assert.equal(client.tls_psk_set('zz', 'kitchen', null), EINVAL);
  assert.equal(client.tls_psk_set(PSK, 'kitchen', 'NONSENSE'), ETLS);
  assert.equal(client.tls_psk_set(PSK, 'kitchen', null), 0);
  assert.equal(client.tls_set(ROOT, null, null, null), EINVAL);
});

test('tls_* between connect and disconnect is EINVAL', async () => {
  const client = make(true);
  trusting(client);
  await called((done) => client.connect('127.0.0.1', port('good'), done));
  assert.equal(client.tls_set(ROOT, null, null, null), EINVAL);
  assert.equal(client.tls_insecure_set(true), EINVAL);
  assert.equal(client.tls_opts_set('SSL_VERIFY_NONE', null, null), EINVAL);
  assert.equal(client.tls_psk_set(PSK, 'kitchen', null), EINVAL);
});

test('servername and verifyHost', async () => {
  await accept('good', () => {}, { options: {
    tls: { ca: ROOT, servername: 'front.example.test' } } });
  await accept('wrongHost', () => {}, { options: {
    tls: { ca: ROOT, verifyHost: 'other.example.test' } } });
  await refuse('good', () => {}, 'ERR_TLS_CERT_ALTNAME_INVALID', /names/,
    { options: { tls: { ca: ROOT, verifyHost: 'else.example.test' } } });
});

test('TLS-34 TLS on a plain port, and the other way round', async () => {
  await refuse('plain', trusting, 'MIDGE_ETLS', /perhaps it does not speak TLS/);
  const client = make(true);
  const start = Date.now();
  const [result] = await called((done) =>
    client.connect('127.0.0.1', port('good'), done));
  assert.notEqual(result, 'OK');
  assert.ok(Date.now() - start < 20000);
});

test('TLS-34 an HTTP server on the TLS port', async (t) => {
  const http = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => http.close());
  const client = make(true);
  trusting(client);
  const [, error] = await called((done) =>
    client.connect('127.0.0.1', http.address().port, done));
  assert.match(error.message, /plain HTTP/);
  assert.equal(error.errno, ETLS);
  client.disconnect();
});

test('TLS-33 a server that is mute in the handshake is a timeout', async (t) => {
  const sockets = [];
  const mute = net.createServer((socket) => sockets.push(socket));
  await new Promise((resolve) => mute.listen(0, '127.0.0.1', resolve));
  t.after(() => mute.close());
  const client = make(false, { timeout: 1000, connectTimeout: 1000 });
  trusting(client);
  assert.equal(client.connect('127.0.0.1', mute.address().port), ETIMEOUT);
  sockets.forEach((socket) => socket.destroy());
});

// A proxy of bytes that can drop the connection without a goodbye.
async function cutter(target) {
  const links = new Set();
  const proxy = net.createServer((socket) => {
    const link = net.connect(target, '127.0.0.1');
    socket.pipe(link).pipe(socket);
    for (const end of [socket, link]) {
      links.add(end);
      end.on('error', () => {}).on('close', () => links.delete(end));
    }
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    port: proxy.address().port,
    cut: () => links.forEach((link) => link.resetAndDestroy()),
    stop: () => proxy.close(),
  };
}

test('TLS-33 a reset is healed by a new connection', async (t) => {
  const link = await cutter(port('good'));
  t.after(() => link.stop());
  const client = make(true, { reconnectPeriod: 10 });
  trusting(client);
  await called((done) => client.connect('127.0.0.1', link.port, done));
  for (let i = 0; i < 5; i += 1) {
    const again = event(client, 'connected');
    link.cut();
    await again;
  }
  await exchange(client, true);
  client.disconnect();
});

test('TLS-31 reconnecting resumes the session', async (t) => {
  const sessions = [];
  const options = { key: text('server.key'), cert: text('server.pem') };
  const connack = Buffer.from([0x20, 2, 0, 0]);
  const secure = nodeTls.createServer(options, (socket) => {
    sessions.push(socket.isSessionReused());
    socket.on('error', () => {});
    socket.write(connack);
    if (sessions.length < 4) setTimeout(() => socket.destroy(), 200);
  });
  await new Promise((resolve) => secure.listen(0, '127.0.0.1', resolve));
  t.after(() => secure.close());
  const client = make(true, { reconnectPeriod: 10 });
  trusting(client);
  client.connect('127.0.0.1', secure.address().port);
  while (sessions.length < 4) await event(client, 'connected');
  // Node's server gives two tickets with a full handshake and none with a
  // resumed one; each is used once.
  assert.deepEqual(sessions, [false, true, true, false]);
  client.disconnect();
});

test('ALPN', async (t) => {
  const options = { key: text('server.key'), cert: text('server.pem'),
    ALPNProtocols: ['x-amzn-mqtt-ca'] };
  const chosen = [];
  const secure = nodeTls.createServer(options, (socket) => {
    chosen.push(socket.alpnProtocol);
    socket.on('error', () => {});
    socket.write(Buffer.from([0x20, 2, 0, 0]));
  });
  await new Promise((resolve) => secure.listen(0, '127.0.0.1', resolve));
  t.after(() => secure.close());
  const client = make(true, { tls: { ca: ROOT, alpn: ['x-amzn-mqtt-ca'] } });
  const [result] = await called((done) =>
    client.connect('127.0.0.1', secure.address().port, done));
  assert.equal(result, 'OK');
  assert.deepEqual(chosen, ['x-amzn-mqtt-ca']);
  client.disconnect();
});

test('the key log file is written when it is named', async () => {
  const log = path.join(path.dirname(ROOT), 'keys.log');
  const client = make(true, { tls: { ca: ROOT, keyLogFile: log } });
  await called((done) => client.connect('127.0.0.1', port('good'), done));
  client.disconnect();
  assert.match(fs.readFileSync(log, 'utf8'), /^CLIENT_TRAFFIC_SECRET_0 /m);
});

// midge's OpenSSL and Node's own, in one process at the same time.
test('node:tls beside midge in one process', async () => {
  const options = { port: port('good'), host: '127.0.0.1',
    ca: text('root.pem'), servername: 'localhost' };
  for (let i = 0; i < 5; i += 1) {
    const client = make(true);
    trusting(client);
    const connected = called((done) =>
      client.connect('127.0.0.1', port('good'), done));
    const socket = nodeTls.connect(options);
    await event(socket, 'secureConnect');
    assert.equal(socket.authorized, true);
    assert.equal((await connected)[0], 'OK');
    await exchange(client, true);
    socket.destroy();
    client.disconnect();
  }
});
