'use strict';
// Whom a client trusts that names no authority: the environment's, the system's
// and Node's own.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const { file } = require('../tls/certificates');
const mosquitto = require('../support/mosquitto');
const { run } = require('./support/program');

let broker;

before(async () => {
  const names = ['server', 'unknown-root'];
  broker = await mosquitto.start({ listeners: names.map((name) =>
    ({ tls: { certificate: file(`${name}.pem`), key: file(`${name}.key`) } })) });
});

after(() => broker.stop());

const CONNECT = `
  const client = mqtt.connect(\`mqtts://127.0.0.1:\${port}\`, { reconnectPeriod: 0 });
  client.on('connect', () => { console.log('connected'); client.end(); });
  client.on('error', ({ message }) => { console.log(message); client.end(); });`;

// What the system itself has is out of the way, and all that the test does not say.
function connect(port, env, text = '') {
  const nobody = { SSL_CERT_FILE: '/nowhere', SSL_CERT_DIR: '/nowhere', NODE_EXTRA_CA_CERTS: '' };
  return run(`${text}${CONNECT}`, { port, env: { ...nobody, ...env } });
}

async function accepted(port, env) {
  const { out, err } = await connect(port, env);
  assert.deepEqual({ out, err }, { out: 'connected', err: '' });
}

async function refused(port, env) {
  const { out, err } = await connect(port, env);
  assert.match(out, /certificate/);
  return err;
}

test('SSL_CERT_FILE names authorities, and SSL_CERT_DIR', async () => {
  const [port] = broker.ports;
  await refused(port, {});
  await accepted(port, { SSL_CERT_FILE: file('root.pem') });
  await accepted(port, { SSL_CERT_DIR: file('hashed') });
});

test('NODE_EXTRA_CA_CERTS names authorities beside others', async () => {
  const [ofRoot, ofOther] = broker.ports;
  const env = { NODE_EXTRA_CA_CERTS: file('root.pem'), SSL_CERT_FILE: file('other.pem') };
  await accepted(ofRoot, env);
  await accepted(ofOther, env);
  await refused(ofOther, { NODE_EXTRA_CA_CERTS: file('root.pem') });
});

test('NODE_EXTRA_CA_CERTS that cannot be read is a warning, and nobody is trusted', async () => {
  const [port] = broker.ports;
  for (const name of ['none.pem', 'garbage.pem', 'root-and-half.pem']) {
    const err = await refused(port, { NODE_EXTRA_CA_CERTS: file(name) });
    assert.match(err, /midge ignores the certificates of NODE_EXTRA_CA_CERTS/, name);
  }
});

// Says whether the system has any, and prints whose the addon is told to trust.
function spied(hasSystemTrust) {
  return `
    const native = require(LIB + '/native.js');
    const { trust } = native;
    const nodes = require('node:tls').rootCertificates.join('\\n');
    native.hasSystemTrust = () => ${hasSystemTrust};
    native.trust = (pem) => {
      const status = trust(pem);
      console.log(pem === nodes ? 'Node' : 'others', status);
      return status;
    };`;
}

test('where the system has no authorities, those of Node are trusted', async () => {
  const [port] = broker.ports;
  const [first] = (await connect(port, {}, spied(false))).out.split('\n');
  assert.equal(first, 'Node 0');
  const extra = await connect(port, { NODE_EXTRA_CA_CERTS: file('root.pem') }, spied(false));
  assert.deepEqual(extra.out.split('\n'), ['Node 0', 'others 0', 'connected']);
  const { out } = await connect(port, { SSL_CERT_FILE: file('root.pem') }, spied(true));
  assert.equal(out, 'connected');
});

test('a client without TLS reads no authorities, and a second one with it none again', async () => {
  const [port] = broker.ports;
  const env = { NODE_EXTRA_CA_CERTS: file('root.pem') };
  const { out } = await connect(port, env, `${spied(true)}
    mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 0 }).on('error', () => {});
    console.log('without');
    const other = mqtt.connect(\`mqtts://127.0.0.1:\${port}\`);
    other.on('connect', () => other.end());`);
  assert.deepEqual(out.split('\n'), ['without', 'others 0', 'connected']);
});
