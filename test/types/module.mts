// Types as a module meets them. It is compiled, and run by types.test.js.
import mqtt, { mqtt as named, errors, strerror, versions } from 'midge';
import type {
  Ack, Connack, Message, MqttError, MqttEvents, MqttOptions, PublishOptions,
  QoS, ReceivedProperties, RequestLimits, SubscribeCallback, SubscribeOptions,
  TlsOptions, Will,
} from 'midge';

const client: mqtt = new named('', '', '', true, 0, true);
const same: boolean = mqtt === named;
const text: string = strerror(errors.EQUEUE);
const version: string = versions.openssl;
const code: number = client.publish(0, false, 'topic', 'message');
const options: MqttOptions = { keepalive: 5,
  will: { topic: 'a', payload: Buffer.from('x'), qos: 1 } };
client.on('connected', (result, connack: Connack) => connack.sessionPresent);
client.once('disconnected', (result, error?: MqttError) => error?.code);
client.emit('received', 1, 't', Buffer.alloc(0), 0, false);

export type All = [Ack, Message, MqttEvents, PublishOptions, QoS,
  ReceivedProperties, RequestLimits, SubscribeCallback, SubscribeOptions,
  TlsOptions, Will];
export { options };

if (!same || text === '' || code !== errors.ENOCONN) process.exit(1);
