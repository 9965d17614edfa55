'use strict';
// Methods that are given anything at all throw nothing of ours: what is wrong comes to
// the callback, with a code, and the client goes on.
const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');
const mqtt = require('../../lib');
const { called } = require('../node/support/wait');
const { listen } = require('./support/broker');

const refusing = () => { throw Object.assign(new Error('refused'), { code: 'MINE' }); };

const ODD = {
  'a symbol': () => Symbol('s'),
  'a bigint': () => 5n,
  NaN: () => NaN,
  '-0': () => -0,
  'a negative number': () => -5,
  'a number': () => 42,
  true: () => true,
  'no text': () => '',
  'a null character': () => 'a\0b',
  'half a character': () => 'a\ud800',
  'an object': () => ({}),
  'an object without a prototype': () => Object.create(null),
  'what is frozen': () => Object.freeze({ a: 1 }),
  'no list': () => [],
  'a list of a symbol': () => [Symbol('s')],
  'a list of null': () => [null],
  bytes: () => Buffer.from('x'),
  memory: () => new ArrayBuffer(2),
  'a map': () => new Map([[1, 2]]),
  'a promise': () => Promise.resolve(1),
  'a proxy that refuses': () => new Proxy({}, { get: refusing }),
  'what cannot be text': () => ({ toString: refusing }),
  null: () => null,
  undefined: () => undefined,
};

const CALLS = {
  'the topic of publish': (client, odd, done) => client.publish(odd, 'm', done),
  'the message of publish': (client, odd, done) => client.publish('t', odd, { qos: 1 }, done),
  'the options of publish': (client, odd, done) => client.publish('t', 'm', odd, done),
  'qos of publish': (client, odd, done) => client.publish('t', 'm', { qos: odd }, done),
  'retain of publish': (client, odd, done) => client.publish('t', 'm', { retain: odd }, done),
  'properties of publish': (client, odd, done) =>
    client.publish('t', 'm', { properties: odd }, done),
  'correlationData of publish': (client, odd, done) =>
    client.publish('t', 'm', { properties: { correlationData: odd } }, done),
  'userProperties of publish': (client, odd, done) =>
    client.publish('t', 'm', { properties: { userProperties: odd } }, done),
  'cbStorePut of publish': (client, odd, done) =>
    client.publish('t', 'm', { qos: 1, cbStorePut: odd }, done),
  'ttl of publish': (client, odd, done) => client.publish('t', 'm', { ttl: odd }, done),
  'signal of publish': (client, odd, done) => client.publish('t', 'm', { signal: odd }, done),
  'topics of subscribe': (client, odd, done) => client.subscribe(odd, done),
  'one topic of subscribe': (client, odd, done) => client.subscribe(['ok', odd], done),
  'an object of subscribe': (client, odd, done) => client.subscribe({ t: odd }, done),
  'the options of subscribe': (client, odd, done) => client.subscribe('t', odd, done),
  'qos of subscribe': (client, odd, done) => client.subscribe('t', { qos: odd }, done),
  'rh of subscribe': (client, odd, done) => client.subscribe('t', { rh: odd }, done),
  'properties of subscribe': (client, odd, done) =>
    client.subscribe('t', { properties: odd }, done),
  'onMessage of subscribe': (client, odd, done) => client.subscribe('t', {}, done, odd),
  'topics of unsubscribe': (client, odd, done) => client.unsubscribe(odd, done),
  'one topic of unsubscribe': (client, odd, done) => client.unsubscribe(['ok', odd], done),
  'the options of unsubscribe': (client, odd, done) => client.unsubscribe('t', odd, done),
  removeOutgoingMessage: (client, odd, done) => {
    client.removeOutgoingMessage(odd);
    done();
  },
};

let broker;
let clients;

before(async () => {
  broker = await listen();
  clients = await Promise.all([4, 5].map((protocolVersion) =>
    mqtt.connectAsync(broker.url, { protocolVersion })));
});

after(async () => {
  for (const client of clients) client.end(true);
  await broker.close();
});

for (const [what, call] of Object.entries(CALLS)) {
  test(`${what} may be anything`, async () => {
    for (const client of clients) {
      for (const [kind, make] of Object.entries(ODD)) {
        const outcome = called((done) => {
          try {
            call(client, make(), done);
          } catch (error) {
            done(error);
          }
        });
        const [error] = await outcome;
        assert.ok(!error || typeof error.code === 'string', `${kind}: ${error?.stack}`);
        client.unsubscribe('t');
        assert.ok(client.connected, kind);
      }
    }
  });
}

test('the end comes, whatever it is given', async () => {
  for (const make of Object.values(ODD)) {
    for (const given of [[make()], [false, make()], [false, { properties: make() }],
      [false, { reasonCode: make() }], [false, { signal: make() }]]) {
      const client = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
      const [error] = await called((done) => {
        try {
          client.end(...given, done);
        } catch (thrown) {
          client.end(true, () => done(thrown));
        }
      });
      assert.ok(!error || /^(MINE|ERR_INVALID_ARG_TYPE)$/.test(error.code), error?.stack);
      assert.equal(client.connected, false);
    }
  }
});
