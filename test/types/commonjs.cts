// Types as a CommonJS program meets them. It is compiled, not run.
import mqtt = require('midge');
import * as all from 'midge';
import { mqtt as named } from 'midge';

const client = new mqtt('id', null, null, true, 60000, true, {
  protocolVersion: 5,
  properties: { sessionExpiryInterval: 60, userProperties: { a: ['1', '2'] } },
  tls: { ca: '/etc/ssl/ca.pem', minVersion: 'TLSv1.3', alpn: ['mqtt'] },
  credentials: async ({ attempt, lastError }) => ({
    username: `${attempt}`, password: lastError?.message,
  }),
});

const code: number = client.connect('localhost', '1883', (result, error) => {
  const text: string = result;
  const number: number | undefined = error?.errno;
  return [text, number];
});
client.connect('wss://localhost/mqtt', (result) => result.length);
client.subscribe(1, 'a/#', (mid, granted) => mid + (granted ?? 0));
client.subscribe(1, ['a', 'b'], (mid, granted, error, ack) =>
  [mid, granted?.length, error?.granted, ack?.reasonCode[0]]);
client.unsubscribe('a', (mid, error) => [mid, error?.reasonCode]);
client.publish(2, false, 't', Buffer.from('m'), (mid) => mid,
  (mid, topic, message, qos, retain, properties) =>
    [mid, topic, message.length, qos, retain, properties?.correlationData],
  { contentType: 'text/plain' });
client.on('received', (mid, topic, message) => [mid, topic, message.length]);
client.publish(0, false, 't', 'm', null, (mid, topic, message, qos, retain, properties, key) =>
  client.acknowledge(key ?? mid));
client.on('connected', (result, connack) => [result, connack.sessionPresent]);
client.on('authenticate', (reason, properties) =>
  client.authenticate(reason, properties));
client.set_willmsg('t', 'm', 1, false, { willDelayInterval: 5 });
client.tls_set(null, '/etc/ssl/certs', null, null);
client.tls_opts_set('1', 'tlsv1.2', null);
client.disconnect((result) => result.length, { reasonCode: 4 });
client.ref().unref();

const einval: -3 = mqtt.errors.EINVAL;
const text: string = mqtt.strerror(code);
const { midge, libuv, lmdb, openssl, zlib }: mqtt.Versions = mqtt.versions;
const versions: string[] = [midge, libuv, lmdb, openssl, zlib];
const same: typeof mqtt = mqtt.mqtt;
const options: mqtt.MqttOptions = { keepalive: 10 };

const either: string | string[] = Math.random() < 0.5 ? 'a' : ['a', 'b'];
client.subscribe(1, either, (mid, granted) => [mid, granted],
  null, { rh: 1, ttl: 1000, signal: AbortSignal.timeout(1) });
client.unsubscribe(either, null, { timeout: 1000, userProperties: { a: 'b' } });
client.publish(1, false, 't', new DataView(new ArrayBuffer(1)), null, null,
  { ttl: 1000, timeout: 2000, messageExpiryInterval: 1 });
client.publish(1, false, 't', new ArrayBuffer(1));
client.disconnect(null, { force: true });
const why: string | undefined = client.last_error?.code;
const status: number | undefined = client.last_error?.statusCode;

const other: mqtt = new named('id', 'user', new Uint8Array(3), true, 0, true, {
  subscribeBatchSize: 8, maxBreaks: 0, strictText: true, holdTimeout: 0,
  offlineTimeout: 0, closeTimeout: 100, servers: ['mqtt://a', 'mqtt://b'],
  store: { path: '/tmp/store', durability: 'disk', force: false, qos0: true }, sessionLost: 'drop',
});
other.on('stored', (mid) => mid + 1);
other.on('failed', (mid, error) => [mid + 1, error.code]);
other.on('connected', (result, { renewed, dropped }) => renewed + dropped);
other.on('restored', ({ messages, damaged }) => messages + damaged);
other.on('store', (error) => error?.message);
const ebreaks: number = all.errors.EBREAKS;
type Callbacks = [mqtt.ConnectCallback, mqtt.DisconnectCallback,
  mqtt.ReceiveCallback, mqtt.PublishCallback, mqtt.SubscribeCallback,
  mqtt.UnsubscribeCallback<number>, mqtt.ReceivedProperties, mqtt.Ack];

// @ts-expect-error a QoS is a number
client.publish('1', false, 't', 'm');
// @ts-expect-error there is no such event
client.on('message', () => undefined);
// @ts-expect-error options are spelt as they are
const wrong: mqtt.MqttOptions = { keepAlive: 10 };

export { einval, text, same, options, wrong, why, status, other, ebreaks };
export type { Callbacks };
