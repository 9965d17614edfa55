'use strict';
// The declarations say what the code takes, each name with a comment that an editor shows.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');
const mqtt = require('../..');
const optionTable = require('../../lib/options');
const security = require('../../lib/security');

const LIB = path.join(__dirname, '..', '..', 'lib');

const program = ts.createProgram([path.join(LIB, 'index.d.ts')], { types: ['node'] });
const checker = program.getTypeChecker();

function declared(name, file) {
  let found;
  const look = (node) => {
    if (node.name?.text === name && (ts.isClassDeclaration(node) ||
        ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))) found = node;
    ts.forEachChild(node, look);
  };
  look(program.getSourceFile(path.join(LIB, file)));
  assert.ok(found, `${file} has no ${name}`);
  return found;
}

function membersOf(name, file) {
  return checker.getTypeAtLocation(declared(name, file)).getProperties();
}

function namesOf(name, file) {
  return membersOf(name, file).map((member) => member.name).filter((one) => !one.startsWith('__@'));
}

// What Node's emitter has is explained there.
function isOurs(member) {
  return member.declarations.some((one) => one.getSourceFile().fileName.startsWith(LIB)) &&
    !/^(on|once|off|emit|(prepend|add|remove)\w*Listener)$/.test(member.name);
}

const EXPLAINED = {
  'index.d.ts': ['mqtt', 'MqttOptions', 'TlsOptions', 'StoreOptions', 'Credentials', 'Will',
    'PublishOptions', 'SubscribeOptions', 'UnsubscribeOptions', 'DisconnectOptions', 'Restored',
    'Connack', 'Ack', 'MqttError', 'MqttEvents'],
  'codes.d.ts': ['Errors'],
  'mqtt5.d.ts': ['PublishProperties', 'WillProperties', 'ConnectProperties', 'ConnackProperties',
    'ReceivedProperties', 'SubscribeProperties', 'DisconnectProperties', 'AuthProperties'],
  'mqttjs/types.d.ts': ['MqttClient', 'IClientOptions', 'IClientPublishOptions',
    'IClientSubscribeOptions', 'IClientUnsubscribeProperties', 'MqttClientEventCallbacks',
    'IWebSocketOptions', 'IStore'],
  'mqttjs/wire.d.ts': ['IConnectProperties', 'IWillProperties'],
  'mqttjs/beyond.d.ts': ['IDurableStoreOptions', 'IMessagesOptions', 'ClientStats',
    'IConnectAsyncOptions'],
};

for (const [file, names] of Object.entries(EXPLAINED)) {
  for (const name of names) {
    test(`each member of ${name} is explained`, () => {
      const members = membersOf(name, file).filter(isOurs);
      assert.ok(members.length > 0);
      assert.deepEqual(members.filter((member) =>
        member.getDocumentationComment(checker).length === 0 && member.getJsDocTags().length === 0)
        .map((member) => member.name), []);
    });
  }
}

const SECONDS = ['keepalive', 'sessionExpiryInterval', 'messageExpiryInterval',
  'willDelayInterval', 'serverKeepAlive'];
const MILLISECONDS = /[a-z]Timeout$|Period(Max)?$|^(timeout|ttl|roundTrip)$/;

// One is a method, one means nothing.
const NO_TIMES = ['onKeepaliveTimeout', 'browserBufferTimeout'];

test('what is a time says in what', () => {
  for (const [file, names] of Object.entries(EXPLAINED)) {
    const members = names.flatMap((name) => membersOf(name, file)).filter(isOurs);
    for (const member of members) {
      const text = ts.displayPartsToString(member.getDocumentationComment(checker));
      if (SECONDS.includes(member.name)) assert.match(text, /second/i, member.name);
      const tags = member.getJsDocTags().map(({ name }) => name);
      if (tags.includes('deprecated') || NO_TIMES.includes(member.name)) continue;
      if (MILLISECONDS.test(member.name)) assert.match(text, /\bms\b|millisecond/i, member.name);
    }
  }
});

test('the options of the class are those that it takes', () => {
  const taken = [...new Set(optionTable.names)];
  assert.deepEqual(namesOf('MqttOptions', 'index.d.ts').sort(), taken.sort());
  assert.deepEqual(namesOf('TlsOptions', 'index.d.ts').sort(), [...security.names].sort());
});

test('the errors of the class are those that it returns', () => {
  assert.deepEqual(namesOf('Errors', 'codes.d.ts').sort(), Object.keys(mqtt.errors).sort());
});

// Of a client and what it inherits, up to Node's emitter.
function membersOfPrototype({ prototype }) {
  const names = new Set();
  for (let at = prototype; at.constructor.name !== 'EventEmitter'; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  }
  names.delete('constructor');
  return [...names];
}

test('the members of a client are those that it has', () => {
  const typed = namesOf('MqttClient', 'mqttjs/types.d.ts');
  const client = mqtt.connect('mqtt://127.0.0.1', { manualConnect: true });
  assert.deepEqual(membersOfPrototype(mqtt.MqttClient).filter((name) => !typed.includes(name)), []);
  assert.deepEqual(typed.filter((name) => !(name in client)), []);
  client.end(true);
  const ofClass = namesOf('mqtt', 'index.d.ts');
  const one = new mqtt('', null, null, true, 0, true);
  assert.deepEqual(membersOfPrototype(mqtt).filter((name) => !ofClass.includes(name)), []);
  assert.deepEqual(ofClass.filter((name) => !(name in one)), []);
});

test('each option is on the page of the class, or of mqtt.connect', () => {
  const page = (name) => fs.readFileSync(path.join(LIB, '..', 'docs', name), 'utf8');
  const ofConnect = page('migrating-from-mqttjs.md') + page('mqtt-connect.md');
  const missing = (names, text) => names.filter((name) => !text.includes(`\`${name}\``));
  assert.deepEqual(missing(namesOf('MqttOptions', 'index.d.ts'), page('api.md')), []);
  assert.deepEqual(missing(namesOf('IMidgeClientOptions', 'mqttjs/beyond.d.ts'), ofConnect), []);
});
