// A program written for MQTT.js. It is compiled against MQTT.js's types and,
// unchanged, against midge's.
import mqtt, { connect, connectAsync, MqttClient } from 'mqtt';
import * as all from 'mqtt';
import { connect as connectTo } from 'net';
import type {
  AckHandler, ClientSubscribeCallback, CloseCallback, DoneCallback, IClientOptions,
  IClientPublishOptions, IClientReconnectOptions, IClientSubscribeOptions, IConnackPacket,
  IDisconnectPacket, IPublishPacket, ISubscriptionGrant, ISubscriptionMap, IStore, MqttProtocol,
  OnMessageCallback, Packet, PacketCallback,
} from 'mqtt';

const handler: AckHandler = (topic, message, packet, done) => {
  done(message.length > 0 && topic !== packet.topic ? 0 : 128);
};

const options: IClientOptions = {
  clientId: 'program', clean: false, keepalive: 30, reconnectPeriod: 500, connectTimeout: 1000,
  username: 'user', password: Buffer.from('secret'), protocolVersion: 5, protocolId: 'MQTT',
  will: {
    topic: 'gone', payload: Buffer.from('bye'), qos: 1, retain: true,
    properties: { willDelayInterval: 5 },
  },
  properties: { sessionExpiryInterval: 60, userProperties: { a: 'b' } },
  customHandleAcks: handler, resubscribe: true, queueQoSZero: false,
  servers: [{ host: 'a', port: 1883 }], rejectUnauthorized: false, ca: Buffer.from('pem'),
  ALPNProtocols: ['mqtt'], wsOptions: { headers: { a: 'b' } },
  transformWsUrl: (url, given, client) => `${url}${given.clientId}${client.connected}`,
  messageIdProvider: new all.UniqueMessageIdProvider(),
};

const built = new MqttClient((client) => connectTo(client.options.port ?? 1883), {
  reconnectPeriod: 10, createWebsocket: (url, protocols, given) => [url, protocols[0], given.path],
});
built.stream.on('error', (error) => error.message);
built.stream.end();
built.stream.destroy(new Error('enough'));

const protocol: MqttProtocol = 'mqtt+unix';
const client: MqttClient = mqtt.connect('mqtt://localhost', { ...options, protocol });
const other: all.MqttClient = connect(options);

client.on('connect', (connack: IConnackPacket) => connack.sessionPresent);
client.on('message', (topic, payload, packet) => [topic.length, payload.length, packet.qos]);
client.once('error', (error) => error.message);
client.on('disconnect', (packet: IDisconnectPacket) => packet.reasonCode);
client.on('close', () => {}).on('offline', () => {}).on('reconnect', () => {}).on('end', () => {});
client.on('packetsend', (packet: Packet) => packet.cmd);
client.off('message', () => {});
client.removeAllListeners('message');

const subscribed: ClientSubscribeCallback = (error, granted) => [error?.message, granted?.[0].qos];
const single: IClientSubscribeOptions = { qos: 1, nl: true };
const map: ISubscriptionMap = { a: { qos: 0 }, b: { qos: 1 } };
client.subscribe('a', subscribed).subscribe(['a', 'b'], single, subscribed).subscribe(map);
client.unsubscribe('a', (error?: Error, packet?: Packet) => [error, packet?.messageId]);

const publishing: IClientPublishOptions = {
  qos: 1, retain: true, cbStorePut: () => {}, properties: { responseTopic: 'r' },
};
const published: PacketCallback = (error, packet) => [error, packet?.cmd];
client.publish('a', 'b').publish('a', Buffer.from('b'), published);
client.publish('a', 'b', publishing, published);

client.handleMessage = (packet: IPublishPacket, callback: DoneCallback) => {
  callback(packet.topic === '' ? new Error('no') : undefined);
};
client.handleAuth = (packet, callback) => callback(undefined, packet);

const store: IStore = new all.Store({ clean: false });
const again: IClientReconnectOptions = {};
const closed: CloseCallback = () => {};
client.reconnect(again).end(true, { reasonCode: 4 }, closed);
client.end().end(closed).end(false, closed).end({ reasonCode: 0 }, closed);
client.removeOutgoingMessage(client.getLastMessageId());
client.queue = client.queue.filter(({ packet }) => packet.cmd !== 'publish');
client.outgoing = {};

export async function main(listener: OnMessageCallback): Promise<ISubscriptionGrant[]> {
  const one = await connectAsync('mqtt://localhost', options, false);
  one.on('message', listener);
  const packet: Packet | undefined = await one.publishAsync('a', 'b', { qos: 2 });
  const granted = await one.subscribeAsync({ a: { qos: 1 } });
  await one.unsubscribeAsync(['a']);
  await one.endAsync(true);
  return packet === undefined ? [] : granted;
}

const texts: string = all.ReasonCodes[135];
const refusal = new all.ErrorWithReasonCode('text', 135);
const code: number = refusal.code;
const valid: [boolean, string | null] = [all.validateTopic('a'), all.validateTopics(['a'])];
const version = MqttClient.VERSION;
const id: string = MqttClient.defaultId();
const seconds: number = client.keepalive;
const most: number | undefined = client.serverProperties?.maximumPacketSize;
const fields: boolean[] =
  [other.connected, other.reconnecting, other.disconnecting, other.disconnected];
export { store, texts, code, valid, version, id, seconds, most, fields };
