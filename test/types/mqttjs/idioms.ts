// What programs do with the types of MQTT.js: names of all kinds, packets of mqtt-packet, stores,
// classes of their own. It is compiled against MQTT.js's types and, unchanged, against midge's.
import * as mqtt from 'mqtt';
import {
  connect, connectAsync, ErrorWithReasonCode, MqttClient, ReasonCodes, Store,
  type BaseMqttProtocol, type ErrorWithSubackPacket, type GenericCallback, type IClientOptions,
  type IClientPublishOptions, type IClientSubscribeOptions, type IClientSubscribeProperties,
  type IClientUnsubscribeProperties, type IPublishPacket, type ISecureClientOptions,
  type ISubscriptionRequest, type IStore, type IStream, type KeepaliveManager,
  type MqttClientEventCallbacks, type MqttProtocolWithUnix, type OnCloseCallback,
  type OnConnectCallback, type OnErrorCallback, type OnPacketCallback, type Packet,
  type PendingCommand, type StorePutCallback, type StreamBuilder, type Timer, type TimerVariant,
  type VoidCallback,
} from 'mqtt';
import type { IAuthPacket, Packet as WirePacket, QoS, UserProperties } from 'mqtt-packet';
import { request, type RequestOptions } from 'http';
import { connect as connectTo } from 'net';
import { Readable } from 'readable-stream';

export type Named = [BaseMqttProtocol, ErrorWithSubackPacket, GenericCallback<number>,
  IClientSubscribeProperties, IClientUnsubscribeProperties, ISecureClientOptions,
  ISubscriptionRequest, IStream, KeepaliveManager, MqttProtocolWithUnix, OnCloseCallback,
  OnConnectCallback, OnErrorCallback, OnPacketCallback, PendingCommand, StorePutCallback,
  TimerVariant, VoidCallback];

const timer: Timer = {
  set: (wake, ms) => Number(setInterval(() => wake(), ms)), clear: (id) => clearInterval(id),
};
const upgrade: RequestOptions = { headers: { a: ['b'] }, agent: false };
export const unusual: IClientOptions = {
  authPacket: { cmd: 'auth', reasonCode: 24 }, socksProxy: 'socks5://a', socksTimeout: 3,
  timerVariant: timer, wsOptions: upgrade, username: undefined, protocol: 'wss+unix',
};
export type Requests = typeof request;

const userProperties: UserProperties = { a: ['x', 'y'], b: 'z' };
const quality: QoS = 1;
const client = connect({ host: 'x', protocolVersion: 5 } satisfies IClientOptions);
client.on('packetreceive', (packet: WirePacket) => packet.cmd);
client.on('packetsend', (packet) => { const same: WirePacket = packet; return same; });
client.publish('a', 'b', { qos: quality, properties: { userProperties } });
client.handleAuth = (packet: IAuthPacket, callback) =>
  callback(undefined, { ...packet, reasonCode: 24 });

export function look(): number {
  client.outgoingStore.createStream().on('data', () => {});
  client.incomingStore.close(() => {});
  client.outgoingStore = new Store();
  client.outgoing[1].cb(new Error('enough'));
  client.queue.forEach(({ packet, cb }) => cb(undefined, packet));
  client.listeners('message').forEach((listener) =>
    listener('a', Buffer.from('b'), {} as IPublishPacket));
  client.rawListeners('error')[0](new Error('enough'));
  client.stream.setMaxListeners(0);
  client.options.reconnectPeriod = 0;
  client.removeAllListeners('message').setMaxListeners(3).once('connect', () => {});
  return client.keepaliveManager.keepalive + client.listenerCount('message');
}

class OwnStore implements IStore {
  put(packet: Packet, callback: (error?: Error) => void): this {
    callback(packet.messageId === undefined ? new Error('no id') : undefined);
    return this;
  }
  createStream() {
    return new Readable();
  }
  del(packet: { messageId?: number }, callback: (error?: Error, packet?: Packet) => void): this {
    callback(undefined, packet as Packet);
    return this;
  }
  get(packet: Pick<Packet, 'messageId'>, callback: (error?: Error, packet?: Packet) => void) {
    callback(new Error(String(packet.messageId)));
    return this;
  }
  close(callback: (error?: Error) => void): void {
    callback();
  }
}
client.reconnect({ incomingStore: new Store(), outgoingStore: new Store({ clean: false }) });

const builder: StreamBuilder = (one, options) => connectTo(options?.port ?? one.options.port!);
export class OwnClient extends MqttClient {
  extra: number;
  constructor() {
    super(builder, { clientId: 'own', outgoingStore: new OwnStore() });
    this.extra = 1;
  }
  override handleMessage(packet: IPublishPacket, callback: (error?: Error) => void): void {
    if (packet.topic !== '') callback();
  }
}

export class Service {
  private client?: mqtt.MqttClient;
  private options: mqtt.IClientOptions & { topic?: string } = {};
  private handlers = new Map<string, mqtt.OnMessageCallback>();

  async start(): Promise<boolean> {
    const { clientId = 'x', ...rest } = this.options;
    const options: IClientOptions = { ...rest, clientId, properties: { maximumPacketSize: 1024 } };
    options.protocolVersion = 5 as const;
    this.client = await connectAsync('mqtt://x', options);
    this.client.on('message', this.onMessage).on('connect', this.onConnect.bind(this));
    const entry: IClientSubscribeOptions = { qos: 1, properties: { subscriptionIdentifier: 3 } };
    const [{ qos }] = await this.client.subscribeAsync({ a: entry });
    await this.client.publishAsync('a', 'b', { qos: 1, retain: true } as IClientPublishOptions);
    await this.client.endAsync({ reasonCode: 4, properties: { reasonString: 'bye' } });
    return qos !== 128 && !this.client.reconnecting && this.handlers.size === 0;
  }

  onMessage(topic: string, message: Buffer): void {
    this.handlers.get(topic)?.(topic, message, {} as IPublishPacket);
  }

  async onConnect(): Promise<void> {
    this.client?.publish(...(['a', 'b', { qos: 1 }, () => {}] as PublishArguments));
  }
}

type PublishArguments = Parameters<MqttClient['publish']>;
type EventName = keyof MqttClientEventCallbacks;

export function listen<E extends EventName>(one: MqttClient, name: E,
  listener: MqttClientEventCallbacks[E]): () => MqttClient {
  one.on(name, listener);
  return () => one.removeListener(name, listener);
}

export function told(error: Error | ErrorWithReasonCode): string {
  return error instanceof ErrorWithReasonCode
    ? ReasonCodes[error.code as keyof typeof ReasonCodes] : error.message;
}

export function subject(packet: Packet): string {
  switch (packet.cmd) {
    case 'publish': return packet.topic;
    case 'suback': return String(packet.granted);
    case 'connack': return String(packet.returnCode);
    default: return packet.cmd;
  }
}

const mocked: { [K in keyof MqttClient]?: MqttClient[K] } = { connected: true };
export { mocked };
