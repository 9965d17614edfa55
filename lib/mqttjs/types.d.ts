// What MQTT.js declares, by its names, as far as mqtt.connect honours it.
import { Buffer, BufferEncoding, Duplex, EventEmitter, Readable } from '../node';
import type {
  ClientStats, EndOptions, IConnectAsyncOptions, IMessagesOptions, IRequestLimits, IRequestOptions,
  IDurableStoreOptions, Messages, ReceivedPacket, IMidgeClientOptions,
} from './beyond';

export * from './beyond';

export type QoS = 0 | 1 | 2;
export type UserProperties = { [name: string]: string | string[] };

export type BaseMqttProtocol =
  'wss' | 'ws' | 'mqtt' | 'mqtts' | 'tcp' | 'ssl' | 'tls' | 'wx' | 'wxs' | 'ali' | 'alis';
export type MqttProtocolWithUnix = `${BaseMqttProtocol}+unix`;
export type MqttProtocol = BaseMqttProtocol | MqttProtocolWithUnix;
/** What carries the bytes of a client. */
export type IStream = Duplex & { socket?: any };
export type StreamBuilder = (client: MqttClient, opts?: IClientOptions) =>
  IStream | Promise<IStream>;
export type TimerVariant = 'auto' | 'worker' | 'native';
export interface Timer {
  set: (func: () => void, time: number) => any;
  clear: (timer: any) => void;
}
/** Of {@link MqttClient.outgoing}. */
export type PendingCommand = 'publish' | 'pubrel' | 'subscribe' | 'unsubscribe';
/** Of a connection, in ms. */
export interface KeepaliveManager {
  readonly keepalive: number;
  readonly intervalEvery: number;
}

export type DoneCallback = (error?: Error) => void;
export type GenericCallback<T> = (error?: Error, result?: T) => void;
export type VoidCallback = () => void;
export type Callback = () => void;
export type StorePutCallback = () => void;

// --- Packets ---

export interface IPacket {
  messageId?: number;
  length?: number;
}

export interface IAuthPacket extends IPacket {
  cmd: 'auth';
  reasonCode: number;
  properties?: {
    authenticationMethod?: string;
    authenticationData?: Buffer;
    reasonString?: string;
    userProperties?: UserProperties;
  };
}

export interface IWillProperties {
  willDelayInterval?: number;
  payloadFormatIndicator?: boolean;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  userProperties?: UserProperties;
}

export interface IConnectProperties {
  sessionExpiryInterval?: number;
  receiveMaximum?: number;
  maximumPacketSize?: number;
  topicAliasMaximum?: number;
  requestResponseInformation?: boolean;
  requestProblemInformation?: boolean;
  userProperties?: UserProperties;
  authenticationMethod?: string;
  authenticationData?: Buffer;
}

export interface IConnectPacket extends IPacket {
  cmd: 'connect';
  clientId: string;
  protocolVersion?: 4 | 5 | 3;
  protocolId?: 'MQTT' | 'MQIsdp';
  clean?: boolean;
  keepalive?: number;
  username?: string;
  password?: Buffer;
  will?: {
    topic: string;
    payload: Buffer | string;
    qos?: QoS;
    retain?: boolean;
    properties?: IWillProperties;
  };
  properties?: IConnectProperties;
}

export interface IPublishPacket extends IPacket {
  cmd: 'publish';
  qos: QoS;
  dup: boolean;
  retain: boolean;
  topic: string;
  payload: string | Buffer;
  properties?: {
    payloadFormatIndicator?: boolean;
    messageExpiryInterval?: number;
    topicAlias?: number;
    responseTopic?: string;
    correlationData?: Buffer;
    userProperties?: UserProperties;
    subscriptionIdentifier?: number | number[];
    contentType?: string;
  };
  /** Of a received message, with `manualAcks`; the reason is MQTT 5's, of QoS 1. */
  ack?(reasonCode?: number): void;
  deliveryKey?: string; // of one in the store's inbox: the same each time it is told
}

export interface IConnackPacket extends IPacket {
  cmd: 'connack';
  returnCode?: number;
  reasonCode?: number;
  sessionPresent: boolean;
  properties?: {
    sessionExpiryInterval?: number;
    receiveMaximum?: number;
    maximumQoS?: number;
    retainAvailable?: boolean;
    maximumPacketSize?: number;
    assignedClientIdentifier?: string;
    topicAliasMaximum?: number;
    reasonString?: string;
    userProperties?: UserProperties;
    wildcardSubscriptionAvailable?: boolean;
    subscriptionIdentifiersAvailable?: boolean;
    sharedSubscriptionAvailable?: boolean;
    serverKeepAlive?: number;
    responseInformation?: string;
    serverReference?: string;
    authenticationMethod?: string;
    authenticationData?: Buffer;
  };
}

export interface ISubscription {
  topic: string;
  qos: QoS;
  nl?: boolean;
  rap?: boolean;
  rh?: number;
}

export interface ISubscribePacket extends IPacket {
  cmd: 'subscribe';
  subscriptions: ISubscription[];
  properties?: {
    reasonString?: string;
    subscriptionIdentifier?: number;
    userProperties?: UserProperties;
  };
}

interface IAnswerProperties {
  reasonString?: string;
  userProperties?: UserProperties;
}

export interface ISubackPacket extends IPacket {
  cmd: 'suback';
  granted: number[] | Object[];
  properties?: IAnswerProperties;
}

export interface IUnsubscribePacket extends IPacket {
  cmd: 'unsubscribe';
  unsubscriptions: string[];
  properties?: { reasonString?: string; userProperties?: UserProperties };
}

export interface IUnsubackPacket extends IPacket {
  cmd: 'unsuback';
  granted: number[]; // of MQTT 5
  properties?: IAnswerProperties;
}

export interface IPubackPacket extends IPacket {
  cmd: 'puback';
  reasonCode?: number;
  properties?: IAnswerProperties;
}

export interface IPubrecPacket extends IPacket {
  cmd: 'pubrec';
  reasonCode?: number;
  properties?: IAnswerProperties;
}

export interface IPubrelPacket extends IPacket {
  cmd: 'pubrel';
  reasonCode?: number;
  properties?: IAnswerProperties;
}

export interface IPubcompPacket extends IPacket {
  cmd: 'pubcomp';
  reasonCode?: number;
  properties?: IAnswerProperties;
}

export interface IPingreqPacket extends IPacket {
  cmd: 'pingreq';
}

export interface IPingrespPacket extends IPacket {
  cmd: 'pingresp';
}

export interface IDisconnectPacket extends IPacket {
  cmd: 'disconnect';
  reasonCode?: number;
  properties?: {
    sessionExpiryInterval?: number;
    reasonString?: string;
    userProperties?: UserProperties;
    serverReference?: string;
  };
}

export type Packet = IConnectPacket | IPublishPacket | IConnackPacket | ISubscribePacket
  | ISubackPacket | IUnsubscribePacket | IUnsubackPacket | IPubackPacket | IPubcompPacket
  | IPubrelPacket | IPingreqPacket | IPingrespPacket | IDisconnectPacket | IPubrecPacket
  | IAuthPacket;

// --- Callbacks ---

export type PacketCallback = (error?: Error | ErrorWithReasonCode, packet?: Packet) => any;
export type CloseCallback = (error?: Error) => void;
export type ClientSubscribeCallback =
  (err: Error | null, granted?: ISubscriptionGrant[], packet?: ISubackPacket) => void;
export type OnConnectCallback = (packet: IConnackPacket) => void;
export type OnDisconnectCallback = (packet: IDisconnectPacket) => void;
export type OnMessageCallback = (topic: string, payload: Buffer, packet: IPublishPacket) => void;
export type OnPacketCallback = (packet: Packet) => void;
export type OnCloseCallback = () => void;
export type OnErrorCallback = (error: Error | ErrorWithReasonCode) => void;
export type AckHandler = (topic: string, message: Buffer, packet: any,
  cb: (error: Error | number, code?: number) => void) => void;

export interface MqttClientEventCallbacks {
  connect: OnConnectCallback;
  message: OnMessageCallback;
  packetsend: OnPacketCallback;
  packetreceive: OnPacketCallback;
  disconnect: OnDisconnectCallback;
  error: OnErrorCallback;
  close: OnCloseCallback;
  end: VoidCallback;
  reconnect: VoidCallback;
  offline: VoidCallback;
  outgoingEmpty: VoidCallback;
  /** A message of a former life, which its store had, was not delivered. */
  failed: (messageId: number, error: ErrorWithReasonCode | Error) => void;
}

// --- Stores and message ids ---

export interface IStoreOptions {
  /** Close empties it; true. */
  clean?: boolean;
}

export interface IStore {
  put(packet: Packet, cb: DoneCallback): IStore;
  createStream(): Readable;
  del(packet: Pick<Packet, 'messageId'>, cb: PacketCallback): IStore;
  get(packet: Pick<Packet, 'messageId'>, cb: PacketCallback): IStore;
  close(cb: DoneCallback): void;
}

export class Store implements IStore {
  constructor(options?: IStoreOptions);
  put(packet: Packet, cb: DoneCallback): this;
  createStream(): Readable;
  del(packet: Pick<Packet, 'messageId'>, cb: PacketCallback): this;
  get(packet: Pick<Packet, 'messageId'>, cb: PacketCallback): this;
  close(cb: DoneCallback): void;
}

export interface IMessageIdProvider {
  allocate(): number | null;
  getLastAllocated(): number | null;
  register(num: number): boolean;
  deallocate(num: number): void;
  clear(): void;
}

export class DefaultMessageIdProvider implements IMessageIdProvider {
  allocate(): number;
  getLastAllocated(): number;
  register(messageId: number): boolean;
  deallocate(messageId: number): void;
  clear(): void;
}

export class UniqueMessageIdProvider implements IMessageIdProvider {
  allocate(): number | null;
  getLastAllocated(): number | null;
  register(messageId: number): boolean;
  deallocate(messageId: number): void;
  clear(): void;
}

// --- Errors ---

export const ReasonCodes: { [code: number]: string };

export class ErrorWithReasonCode extends Error {
  code: number;
  readonly reasonCode: number;
  constructor(message: string, code: number);
}

export class ErrorWithSubackPacket extends Error {
  packet: ISubackPacket;
  code?: number | string;
  readonly reasonCode?: number | string;
  constructor(message: string, packet: ISubackPacket);
}

// --- Options ---

export interface ISecureClientOptions {
  key?: string | string[] | Buffer | Buffer[] | any[];
  keyPath?: string;
  cert?: string | string[] | Buffer | Buffer[];
  certPath?: string;
  ca?: string | string[] | Buffer | Buffer[];
  caPaths?: string | string[];
  pfx?: Buffer;
  passphrase?: string;
  crl?: string | Buffer;
  ciphers?: string;
  minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  maxVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  servername?: string;
  rejectUnauthorized?: boolean;
  ALPNProtocols?: string[] | Buffer[] | Uint8Array[] | Buffer | Uint8Array;
  pskCallback?: (hint: string | null) => { psk: Uint8Array; identity: string } | null;
}

export interface IWebSocketOptions {
  /** An object; a list is refused. */
  headers?: { [name: string]: string | string[] | number | undefined } | readonly string[];
  origin?: string;
  auth?: string | null;
  [name: string]: any;
}

export interface IClientOptions extends ISecureClientOptions, IMidgeClientOptions {
  encoding?: BufferEncoding;
  browserBufferSize?: number;
  browserBufferTimeout?: number;
  binary?: boolean;
  objectMode?: boolean;
  my?: any;
  writeCache?: boolean;
  /** @deprecated Functions are refused: the keep-alive has a thread of its own. */
  timerVariant?: TimerVariant | Timer;
  manualConnect?: boolean;
  defaultProtocol?: MqttProtocol;
  query?: Record<string, string>;
  auth?: string;
  socksProxy?: string;
  /** @deprecated It is refused: `connectTimeout` counts the proxy in. */
  socksTimeout?: number;
  /** @deprecated It is refused: answer the server in {@link MqttClient.handleAuth}. */
  authPacket?: Partial<IAuthPacket>;
  customHandleAcks?: AckHandler;
  /** Messages are acknowledged by `packet.ack()`, and not by themselves. */
  manualAcks?: boolean;
  port?: number;
  host?: string;
  hostname?: string;
  unixSocket?: boolean;
  path?: string;
  protocol?: MqttProtocol;
  wsOptions?: IWebSocketOptions;
  reconnectPeriod?: number;
  reconnectOnConnackError?: boolean;
  connectTimeout?: number;
  queueQoSZero?: boolean;
  log?: (...args: any[]) => void;
  autoUseTopicAlias?: boolean;
  autoAssignTopicAlias?: boolean;
  reschedulePings?: boolean;
  servers?: Array<{
    host: string;
    port: number;
    protocol?: 'wss' | 'ws' | 'mqtt' | 'mqtts' | 'tcp' | 'ssl' | 'wx' | 'wxs';
  }>;
  resubscribe?: boolean;
  subscribeBatchSize?: number;
  createWebsocket?: (url: string, websocketSubProtocols: string[], options: IClientOptions) => any;
  forceNativeWebSocket?: boolean;
  transformWsUrl?: (url: string, options: IClientOptions, client: MqttClient) =>
    string | Promise<string>;
  messageIdProvider?: IMessageIdProvider;
  /** Messages of QoS 2 are in it until they were handled. */
  incomingStore?: IStore;
  /** Messages of QoS 1 and 2 are in it until they have their outcome. */
  outgoingStore?: IStore;
  clientId?: string;
  protocolVersion?: IConnectPacket['protocolVersion'];
  protocolId?: IConnectPacket['protocolId'];
  clean?: boolean;
  keepalive?: number;
  username?: string;
  password?: Buffer | string;
  will?: IConnectPacket['will'];
  properties?: IConnectPacket['properties'];
}

export interface IClientPublishOptions extends IRequestLimits {
  qos?: QoS;
  retain?: boolean;
  dup?: boolean;
  properties?: IPublishPacket['properties'];
  cbStorePut?: StorePutCallback;
  /** Beyond MQTT.js: without a connection only the newest of a topic waits. */
  coalesce?: boolean;
}

export interface IClientReconnectOptions {
  incomingStore?: IStore;
  outgoingStore?: IStore;
}

export interface IClientSubscribeProperties extends IRequestLimits {
  properties?: ISubscribePacket['properties'];
}

export interface IClientSubscribeOptions extends IClientSubscribeProperties {
  qos: QoS;
  nl?: boolean;
  rap?: boolean;
  rh?: number;
}

export interface ISubscriptionRequest extends IClientSubscribeOptions {
  topic: string;
}

export interface ISubscriptionGrant extends Omit<ISubscriptionRequest, 'qos' | 'properties'> {
  qos: QoS | 128;
}

export type ISubscriptionMap = {
  [topic: string]: Omit<IClientSubscribeOptions, keyof IRequestLimits>;
} & {
  resubscribe?: boolean;
};

export interface IClientUnsubscribeProperties extends IRequestLimits {
  properties?: IUnsubscribePacket['properties'];
}

// --- The client ---

type Events = MqttClientEventCallbacks;
type Topics = string | string[] | ISubscriptionMap;
type SubscribeOptions = IClientSubscribeOptions | IClientSubscribeProperties;

/** Made by {@link connect}. */
export class MqttClient extends EventEmitter {
  static readonly VERSION: string;
  static defaultId(): string;
  /** The stream that the builder makes for each attempt carries the bytes; it may promise one. */
  constructor(streamBuilder: StreamBuilder, options?: IClientOptions);

  connected: boolean;
  disconnecting: boolean;
  disconnected: boolean;
  reconnecting: boolean;
  options: IClientOptions;
  /** Of this attempt. What {@link connect} makes can be ended and listened to, and nothing else. */
  stream: IStream;
  queueQoSZero: boolean;
  messageIdProvider: IMessageIdProvider;
  /** What has no outcome, by message id; set it to give up what it has no more. */
  outgoing: Record<number,
    { volatile: boolean; cmd: PendingCommand; cb: (err: Error, packet?: Packet) => void }>;
  readonly messageIdToTopic: Record<number, string[]>; // of SUBSCRIBE without SUBACK
  queue: { packet: Packet; cb: PacketCallback }[]; // waits for a connection; as outgoing
  readonly keepaliveManager: KeepaliveManager; // null while nothing pings
  reschedulePing(force?: boolean): void;
  sendPing(): void;
  /** Give the connection up as a dead one. */
  onKeepaliveTimeout(): void;
  incomingStore: IStore;
  /** Where none was given, each look at it shows what is not acknowledged. */
  outgoingStore: IStore;
  log: (...args: any[]) => void;
  noop: (error?: any) => void;
  _reconnectCount: number;
  readonly serverProperties: IConnackPacket['properties'];
  readonly keepalive: number;

  /** To be overridden. */
  handleMessage(packet: IPublishPacket, callback: DoneCallback): void;
  /** To be overridden. */
  handleAuth(packet: IAuthPacket, callback: PacketCallback): void;

  connect(): this;
  reconnect(opts?: IClientReconnectOptions): MqttClient;
  getLastMessageId(): number;
  removeOutgoingMessage(messageId: number): MqttClient;
  ref(): this;
  unref(): this;

  publish(topic: string, message: string | Buffer): MqttClient;
  publish(topic: string, message: string | Buffer, callback?: PacketCallback): MqttClient;
  publish(topic: string, message: string | Buffer, opts?: IClientPublishOptions,
    callback?: PacketCallback): MqttClient;
  publishAsync(topic: string, message: string | Buffer,
    opts?: IClientPublishOptions): Promise<Packet | undefined>;

  subscribe(topics: Topics): MqttClient;
  subscribe(topics: Topics, callback?: ClientSubscribeCallback): MqttClient;
  subscribe(topics: Topics, opts?: SubscribeOptions): MqttClient;
  subscribe(topics: Topics, opts?: SubscribeOptions,
    callback?: ClientSubscribeCallback): MqttClient;
  /** Beyond MQTT.js: `onMessage` is given what comes for these filters, and no other message. */
  subscribe(topics: Topics, opts: SubscribeOptions | null | undefined,
    callback: ClientSubscribeCallback | null | undefined, onMessage: OnMessageCallback): MqttClient;
  subscribeAsync(topics: Topics, opts?: SubscribeOptions,
    onMessage?: OnMessageCallback): Promise<ISubscriptionGrant[]>;

  /** Beyond MQTT.js: `for await (const { topic, payload } of client.messages('a/#'))`. */
  messages(topics: Topics, options?: IMessagesOptions): Messages;
  /** Beyond MQTT.js, in MQTT 5: a promise of the response to a message. */
  request(topic: string, message: string | Buffer,
    options?: IRequestOptions): Promise<ReceivedPacket>;

  /** Beyond MQTT.js: take no messages until resume(). The connection lives on. */
  pause(): this;
  resume(): this;
  /** Beyond MQTT.js: what it has done so far. */
  stats(): ClientStats;

  unsubscribe(topics: string | string[]): MqttClient;
  unsubscribe(topics: string | string[], opts?: IClientUnsubscribeProperties): MqttClient;
  unsubscribe(topics: string | string[], callback?: PacketCallback): MqttClient;
  unsubscribe(topics: string | string[], opts?: IClientUnsubscribeProperties,
    callback?: PacketCallback): MqttClient;
  unsubscribeAsync(topics: string | string[],
    opts?: IClientUnsubscribeProperties): Promise<Packet | undefined>;

  end(cb?: DoneCallback): MqttClient;
  end(force?: boolean): MqttClient;
  end(opts?: EndOptions, cb?: DoneCallback): MqttClient;
  end(force?: boolean, cb?: DoneCallback): MqttClient;
  end(force?: boolean, opts?: EndOptions, cb?: DoneCallback): MqttClient;
  endAsync(force?: boolean): Promise<void>;
  endAsync(opts?: EndOptions): Promise<void>;
  endAsync(force?: boolean, opts?: EndOptions): Promise<void>;

  // Without Node's types, and in libraries before ES2025, there are no such symbols.
  /** `using client = ...`: end(). */
  // @ts-ignore
  [Symbol.dispose](): void;
  /** `await using client = ...`: endAsync(). */
  // @ts-ignore
  [Symbol.asyncDispose](): Promise<void>;

  on<E extends keyof Events>(event: E, listener: Events[E]): this;
  once<E extends keyof Events>(event: E, listener: Events[E]): this;
  addListener<E extends keyof Events>(event: E, listener: Events[E]): this;
  prependListener<E extends keyof Events>(event: E, listener: Events[E]): this;
  prependOnceListener<E extends keyof Events>(event: E, listener: Events[E]): this;
  off<E extends keyof Events>(event: E, listener: Events[E]): this;
  removeListener<E extends keyof Events>(event: E, listener: Events[E]): this;
  emit<E extends keyof Events>(event: E, ...args: Parameters<Events[E]>): boolean;
}

export { MqttClient as Client };

export function connect(brokerUrl: string): MqttClient;
export function connect(opts: IClientOptions): MqttClient;
export function connect(brokerUrl: string, opts?: IClientOptions | null): MqttClient;
export function connectAsync(brokerUrl: string): Promise<MqttClient>;
export function connectAsync(opts: IConnectAsyncOptions): Promise<MqttClient>;
export function connectAsync(brokerUrl: string, opts?: IConnectAsyncOptions,
  allowRetries?: boolean): Promise<MqttClient>;

export function validateTopic(topic: string): boolean;
export function validateTopics(topics: string[]): string | null;
