'use strict';
// Handlers of subscriptions: each is given what its own filters bring, once.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const mqtt = require('../../lib');
const { run } = require('../node/support/program');
const { called, until } = require('../node/support/wait');
const { connect, open, serve, start } = require('./support/clients');

// What the handler `name` is given, with its name.
function writer(log, name) {
  return (topic, payload, packet) => {
    assert.equal(packet.topic, topic);
    log.push(`${name}: ${topic} ${payload}`);
  };
}

const FILTERS = {
  all: '#',
  plus: 'a/+',
  list: ['a/b', 'c/#'],
  shared: '$share/g/a/b',
  system: '$SYS/broker/version',
};

for (const protocolVersion of [5, 4]) {
  test(`MQTT ${protocolVersion}: overlapping filters each have a message once`, async () => {
    const { url } = await start();
    const client = await connect(url, { protocolVersion });
    const log = [];
    for (const [name, filters] of Object.entries(FILTERS)) {
      const granted = await client.subscribeAsync(filters, { qos: 1 }, writer(log, name));
      assert.equal(granted.length, [filters].flat().length);
    }
    await until(() => log.some((line) => line.startsWith('system: $SYS/broker/version')));
    await client.publishAsync('a/b', '1', { qos: 1 });
    await client.publishAsync('c', '2', { qos: 1 });
    await client.publishAsync('a/b/c', '3', { qos: 1 });
    await client.publishAsync('last', '4', { qos: 1 });
    await until(() => log.includes('all: last 4'));
    const others = log.filter((line) => !line.includes('$SYS'));
    assert.deepEqual(others.sort(), [
      'all: a/b 1', 'all: a/b/c 3', 'all: c 2', 'all: last 4',
      'list: a/b 1', 'list: c 2', 'plus: a/b 1', 'shared: a/b 1',
    ]);
    assert.ok(!log.some((line) => /^(all|plus): \$SYS/.test(line)), 'a wildcard leaves out $SYS');
  });
}

for (const protocolVersion of [5, 4]) {
  test(`MQTT ${protocolVersion}: a prefix that brokers have for sharing is none of the topic`,
    async () => {
      const broker = await serve();
      const client = await connect(broker.url, { protocolVersion });
      const log = [];
      for (const filter of ['$queue/q/+', '$exclusive/e', '$share:group:s/#', '$queued/q']) {
        await client.subscribeAsync(filter, {}, writer(log, filter));
      }
      const names = broker.of('subscribe').map(({ properties }) =>
        properties?.subscriptionIdentifier);
      ['q/1', 'e', 's/a/b', 'q'].forEach((topic, at) => {
        const properties = protocolVersion === 5 && { subscriptionIdentifier: names[at] };
        broker.current.send({ cmd: 'publish', topic, payload: 'm', properties });
      });
      await client.publishAsync('fence', '', { qos: 1 });
      assert.deepEqual(log,
        ['$queue/q/+: q/1 m', '$exclusive/e: e m', '$share:group:s/#: s/a/b m']);
    });
}

test('handlers of one filter share a subscription, and \'message\' is told too', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const log = [];
  await client.subscribeAsync('a', {}, writer(log, 'one'));
  await client.subscribeAsync('a', {}, writer(log, 'two'));
  assert.equal(broker.of('subscribe').length, 1);
  client.on('message', (topic, payload) => log.push(`message: ${topic} ${payload}`));
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'x' });
  broker.current.send({ cmd: 'publish', topic: 'b', payload: 'y' });
  await until(() => log.length === 4);
  assert.deepEqual(log, ['one: a x', 'two: a x', 'message: a x', 'message: b y']);
});

test('a handler that comes later has what comes later', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const log = [];
  await client.subscribeAsync('a', {}, writer(log, 'first'));
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'x' });
  await until(() => log.length === 1);
  await client.subscribeAsync('#', {}, writer(log, 'second'));
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'y' });
  await until(() => log.length === 3);
  assert.deepEqual(log, ['first: a x', 'first: a y', 'second: a y']);
});

test('handlers are called in the order in which they were given', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const log = [];
  const filters = ['#', 'a/b', 'a/+', 'a/b/#', 'c', '$share/g/a/b'];
  for (const filter of filters) await client.subscribeAsync(filter, {}, writer(log, filter));
  broker.current.send({ cmd: 'publish', topic: 'a/b', payload: 'x' });
  await until(() => log.length === 5);
  assert.deepEqual(log, filters.filter((filter) => filter !== 'c').map((one) => `${one}: a/b x`));
});

test('unsubscribing takes the handlers away', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const log = [];
  await client.subscribeAsync(['a', 'b'], {}, writer(log, 'both'));
  await client.unsubscribeAsync('a');
  for (const topic of ['a', 'b']) broker.current.send({ cmd: 'publish', topic, payload: 'x' });
  await until(() => log.length > 0);
  assert.deepEqual(log, ['both: b x']);
});

test('a refused subscription has no handler', async () => {
  const broker = await serve({
    subscribe: ({ messageId }) => ({ cmd: 'suback', messageId, granted: [0, 0x80] }),
  });
  const client = await connect(broker.url);
  const log = [];
  await assert.rejects(client.subscribeAsync(['a', 'b'], {}, writer(log, 'both')));
  for (const topic of ['b', 'a']) broker.current.send({ cmd: 'publish', topic, payload: 'x' });
  await until(() => log.length > 0);
  assert.deepEqual(log, ['both: a x']);
});

test('the names of subscriptions count once the server gives them', async () => {
  const broker = await serve();
  const client = await connect(broker.url, { protocolVersion: 5 });
  const log = [];
  await client.subscribeAsync('a/#', {}, writer(log, 'hash'));
  await client.subscribeAsync('a/+', {}, writer(log, 'plus'));
  await client.subscribeAsync('a/b');
  const [hash, plus] = broker.of('subscribe')
    .map(({ properties }) => properties?.subscriptionIdentifier);
  assert.ok(hash > 0 && plus > 0 && hash !== plus);
  assert.equal(broker.of('subscribe')[2].properties, undefined);
  const send = (payload, ...identifiers) => broker.current.send({
    cmd: 'publish', topic: 'a/b', payload,
    properties: identifiers.length > 0 ? { subscriptionIdentifier: identifiers } : {},
  });
  send('unnamed'); // who matches has it
  send('1', hash);
  send('2', plus);
  send('3', hash, plus);
  send('4'); // for the one without a handler
  send('5', 7); // the program's own
  send('6', hash);
  await until(() => log.includes('hash: a/b 6'));
  assert.deepEqual(log, ['hash: a/b unnamed', 'plus: a/b unnamed', 'hash: a/b 1', 'plus: a/b 2',
    'hash: a/b 3', 'plus: a/b 3', 'hash: a/b 6']);
});

test('a filter that was subscribed to before is named when it gets a handler', async () => {
  const broker = await serve();
  const client = await connect(broker.url, { protocolVersion: 5 });
  await client.subscribeAsync('a', { qos: 1 });
  await client.subscribeAsync('a', { qos: 1 }, () => {});
  await client.subscribeAsync('a', { qos: 1 }, () => {});
  assert.deepEqual(broker.of('subscribe').map(({ properties }) =>
    properties?.subscriptionIdentifier > 0), [false, true]);
});

test('an identifier of the program\'s own names its filters', async () => {
  const broker = await serve();
  const client = await connect(broker.url, { protocolVersion: 5 });
  const log = [];
  const named = (subscriptionIdentifier) => ({ properties: { subscriptionIdentifier } });
  await client.subscribeAsync('#', named(1), writer(log, 'one'));
  await client.subscribeAsync('a', named(2), writer(log, 'two'));
  assert.deepEqual(broker.of('subscribe').map(({ properties }) =>
    properties.subscriptionIdentifier), [1, 2]);
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'x', ...named(2) });
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'y', ...named(1) });
  await until(() => log.length === 2);
  assert.deepEqual(log, ['two: a x', 'one: a y']);
});

test('a server without subscription identifiers is asked without', async () => {
  const broker = await serve({
    connect: () => ({ cmd: 'connack', reasonCode: 0,
      properties: { subscriptionIdentifiersAvailable: false } }),
  });
  const client = mqtt.connect(broker.url, { protocolVersion: 5 });
  open.push(client);
  const log = [];
  // Before anybody knows what the server has, and after.
  const [error, granted] = await called((done) =>
    client.subscribe('a/#', { qos: 1 }, done, writer(log, 'hash')));
  assert.equal(error, null);
  assert.deepEqual(granted.map(({ topic, qos }) => [topic, qos]), [['a/#', 1]]);
  await client.subscribeAsync('a/b', {}, writer(log, 'b'));
  assert.deepEqual(broker.of('subscribe').map(({ properties }) => properties),
    [undefined, undefined]);
  broker.current.send({ cmd: 'publish', topic: 'a/b', payload: 'x' });
  await until(() => log.length === 2);
  assert.deepEqual(log, ['hash: a/b x', 'b: a/b x']);
});

test('names of a session that outlived the program mean what the topic says', async () => {
  const broker = await serve();
  const client = await connect(broker.url, { protocolVersion: 5 });
  const log = [];
  await client.subscribeAsync('a', {}, writer(log, 'now'));
  const [{ properties: { subscriptionIdentifier: ours } }] = broker.of('subscribe');
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'then',
    properties: { subscriptionIdentifier: ours - 1 } });
  broker.current.send({ cmd: 'publish', topic: 'a', payload: 'now',
    properties: { subscriptionIdentifier: ours } });
  await until(() => log.length === 2);
  assert.deepEqual(log, ['now: a then', 'now: a now']);
});

test('handlers outlive a lost connection', async () => {
  const { broker, url } = await start();
  const client = await connect(url, { protocolVersion: 5 });
  const log = [];
  await client.subscribeAsync('a', { qos: 1 }, writer(log, 'a'));
  const again = called((done) => client.once('connect', done));
  await broker.restart();
  await again;
  await client.publishAsync('a', 'x', { qos: 1 });
  await until(() => log.length > 0);
  assert.deepEqual(log, ['a: a x']);
});

test('what a handler throws reaches uncaughtException, and the others go on', async () => {
  const broker = await serve({ subscribe: (packet, connection) => {
    connection.send(broker.answers.subscribe(packet));
    if (broker.of('subscribe').length === 2) {
      connection.send({ cmd: 'publish', topic: 'a/b', payload: 'x' });
    }
  } });
  const { out, err, code } = await run(`
    const client = mqtt.connect('mqtt://127.0.0.1:${broker.port}');
    process.on('uncaughtException', ({ message }) => console.log('uncaught', message));
    client.subscribe('a/b', {}, () => {}, () => { throw new Error('of the handler'); });
    client.subscribe('a/+', {}, () => {}, (topic) => {
      console.log('second', topic, client.connected);
      client.end();
    });`);
  assert.deepEqual({ code, err }, { code: 0, err: '' });
  assert.equal(out, 'uncaught of the handler\nsecond a/b true');
});

test('a subscription that cannot be asked for has no handler', async () => {
  const { url } = await start();
  const client = await connect(url, { protocolVersion: 5 });
  const log = [];
  const wrong = { properties: { userProperties: 5 } };
  await assert.rejects(client.subscribeAsync('a', wrong, writer(log, 'wrong')),
    { code: 'ERR_INVALID_ARG_TYPE' });
  await client.subscribeAsync('a', {}, writer(log, 'right'));
  await client.publishAsync('a', 'm', { qos: 1 });
  await until(() => log.length > 0);
  assert.deepEqual(log, ['right: a m']);
});

test('a handler in the place of another is told, though UNSUBSCRIBE was not answered', async () => {
  for (const resubscribe of [true, false]) {
    const broker = await serve({
      connect: (packet, { number }) =>
        ({ cmd: 'connack', returnCode: 0, sessionPresent: number > 1 }),
      unsubscribe: () => undefined,
    });
    const client = await connect(broker.url, { resubscribe, clean: false, clientId: 'kept' });
    const log = [];
    await client.subscribeAsync('a', { qos: 1 }, writer(log, 'first'));
    const ended = client.unsubscribeAsync('a');
    await client.subscribeAsync('a', { qos: 1 }, writer(log, 'second'));
    const again = called((done) => client.once('connect', done));
    broker.current.end();
    await Promise.all([again, ended]);
    broker.current.send({ cmd: 'publish', topic: 'a', payload: 'm', qos: 1, messageId: 7 });
    await broker.saw('puback');
    assert.deepEqual(log, ['second: a m']);
    assert.equal(broker.of('unsubscribe').length, 1);
  }
});

test('what is no function is no handler', async () => {
  const broker = await serve();
  const client = await connect(broker.url);
  const [error] = await called((done) => client.subscribe('a', {}, done, 'handler'));
  assert.equal(error.code, 'ERR_INVALID_ARG_TYPE');
  assert.match(error.message, /onMessage/);
  assert.equal(broker.of('subscribe').length, 0);
});
