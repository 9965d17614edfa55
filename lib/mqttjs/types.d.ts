// What MQTT.js declares, by its names, as far as mqtt.connect honours it.
import { Buffer, BufferEncoding, Duplex, EventEmitter, Readable } from '../node';
import type {
  ClientStats, EndOptions, IConnectAsyncOptions, IMessagesOptions, IRequestLimits, IRequestOptions,
  IDurableStoreOptions, Messages, ReceivedPacket, IMidgeClientOptions,
} from './beyond';
import type {
  QoS, IAuthPacket, IConnectPacket, IPublishPacket, IConnackPacket, ISubscribePacket,
  ISubackPacket, IUnsubscribePacket, IDisconnectPacket, Packet,
} from './wire';

export * from './beyond';
export * from './wire';

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
  /** Each time that a connection is made. */
  connect: OnConnectCallback;
  /** A message has come, and its handlers were told. */
  message: OnMessageCallback;
  /** A packet leaves. */
  packetsend: OnPacketCallback;
  /** A packet has come. */
  packetreceive: OnPacketCallback;
  /** MQTT 5: the server says goodbye, and why. */
  disconnect: OnDisconnectCallback;
  /** What went wrong, with a `code`; the client goes on. Nobody has to listen. */
  error: OnErrorCallback;
  /** A connection or an attempt has ended. */
  close: OnCloseCallback;
  /** After end(): nothing follows. */
  end: VoidCallback;
  /** Another attempt begins. */
  reconnect: VoidCallback;
  /** A connection was lost, or the first attempt failed, and others follow. */
  offline: VoidCallback;
  /** While it ends: nothing that was published is unanswered. */
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
  /** Before it is sent. */
  put(packet: Packet, cb: DoneCallback): IStore;
  /** All of its packets, in the order of put. */
  createStream(): Readable;
  /** It has its outcome. */
  del(packet: Pick<Packet, 'messageId'>, cb: PacketCallback): IStore;
  /** The packet with this id. */
  get(packet: Pick<Packet, 'messageId'>, cb: PacketCallback): IStore;
  /** The client has ended. */
  close(cb: DoneCallback): void;
}

/** In memory. */
export class Store implements IStore {
  constructor(options?: IStoreOptions);
  put(packet: Packet, cb: DoneCallback): this;
  createStream(): Readable;
  del(packet: Pick<Packet, 'messageId'>, cb: PacketCallback): this;
  get(packet: Pick<Packet, 'messageId'>, cb: PacketCallback): this;
  close(cb: DoneCallback): void;
}

export interface IMessageIdProvider {
  /** A free id, 1 to 65,535; null: there is none. */
  allocate(): number | null;
  /** The last one that allocate gave. */
  getLastAllocated(): number | null;
  /** Takes this id; false: it is not free. */
  register(num: number): boolean;
  /** It is free. */
  deallocate(num: number): void;
  /** All are free. */
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

/** Texts of the server's numbers. */
export const ReasonCodes: { [code: number]: string };

/** The server refused, or has ended the connection. */
export class ErrorWithReasonCode extends Error {
  /** The server's number. */
  code: number;
  /** As `code`. */
  readonly reasonCode: number;
  /** function Object() { [native code] } */
  constructor(message: string, code: number);
}

/** Some filters of a SUBSCRIBE were refused, or all. */
export class ErrorWithSubackPacket extends Error {
  /** The server's answer to each of them. */
  packet: ISubackPacket;
  /** Of the first that was refused. */
  code?: number | string;
  /** As `code`. */
  readonly reasonCode?: number | string;
  /** function Object() { [native code] } */
  constructor(message: string, packet: ISubackPacket);
}

// --- Options ---

export interface ISecureClientOptions {
  /** The key of `cert`. */
  key?: string | string[] | Buffer | Buffer[] | any[];
  /** The path of `key`. */
  keyPath?: string;
  /** This client's certificate, PEM or a path, with `key`. */
  cert?: string | string[] | Buffer | Buffer[];
  /** The path of `cert`. */
  certPath?: string;
  /** Authorities that are trusted, instead of the system's: PEM, or paths. */
  ca?: string | string[] | Buffer | Buffer[];
  /** The path, or paths, of `ca`. */
  caPaths?: string | string[];
  /** Certificate and key as PKCS#12, instead of `cert` and `key`. */
  pfx?: Buffer;
  /** Of `key` or `pfx`. */
  passphrase?: string;
  /** PEM: lists of what is revoked, one for each authority of the chain but the root. */
  crl?: string | Buffer;
  /** As `openssl ciphers` takes them; names with TLS_ are of TLS 1.3. */
  ciphers?: string;
  /** The lowest version; 'TLSv1.2'. */
  minVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** The highest version; 'TLSv1.3'. */
  maxVersion?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** Bits SSL_OP_... of `constants` of node:crypto, as SSL_OP_LEGACY_SERVER_CONNECT. */
  secureOptions?: number;
  /** Server Name Indication; the host by default. */
  servername?: string;
  /** False: nothing at all is verified; true. */
  rejectUnauthorized?: boolean;
  /** Protocols to be offered (ALPN). */
  ALPNProtocols?: string[] | Buffer[] | Uint8Array[] | Buffer | Uint8Array;
  /** A pre-shared key; asked once for each attempt, with null. */
  pskCallback?: (hint: string | null) => { psk: Uint8Array; identity: string } | null;
}

export interface IWebSocketOptions {
  /** An object; a list is refused. */
  headers?: { [name: string]: string | string[] | number | undefined } | readonly string[];
  /** The header Origin. */
  origin?: string;
  /** user:password, of HTTP. */
  auth?: string | null;
  /** Node's own: what it says of TLS; of https-proxy-agent and socks-proxy-agent: the proxy. */
  agent?: object | boolean;
  /** The IP address to connect from; an agent may say it, too. */
  localAddress?: string;
  /** Of the server's addresses: 4 or 6; an agent may say it, too. */
  family?: number | string;
  [name: string]: any;
}

export interface IClientOptions extends ISecureClientOptions, IMidgeClientOptions {
  /** Taken, and changes nothing. */
  encoding?: BufferEncoding;
  /** Taken, and changes nothing. */
  browserBufferSize?: number;
  /** Taken, and changes nothing. */
  browserBufferTimeout?: number;
  /** Taken, and changes nothing. */
  binary?: boolean;
  /** Taken, and changes nothing. */
  objectMode?: boolean;
  /** Taken, and changes nothing. */
  my?: any;
  /** Taken, and changes nothing. */
  writeCache?: boolean;
  /** @deprecated Functions are refused: the keep-alive has a thread of its own. */
  timerVariant?: TimerVariant | Timer;
  /** Begin at `connect()`, and not at once; false. */
  manualConnect?: boolean;
  /** Where there is no `protocol`; 'mqtt'. */
  defaultProtocol?: MqttProtocol;
  /** Of the URL: `clientId` in it counts. */
  query?: Record<string, string>;
  /** user:password, as in a URL. */
  auth?: string;
  /** socks5:// or socks5h://; the environment's MQTTJS_SOCKS_PROXY. */
  socksProxy?: string;
  /** @deprecated It is refused: `connectTimeout` counts the proxy in. */
  socksTimeout?: number;
  /** @deprecated It is refused: answer the server in {@link MqttClient.handleAuth}. */
  authPacket?: Partial<IAuthPacket>;
  /** MQTT 5: says by a reason code, before it is answered, if a message is accepted. */
  customHandleAcks?: AckHandler;
  /** Messages are acknowledged by `packet.ack()`, and not by themselves. */
  manualAcks?: boolean;
  /** 1883; mqtts: 8883, ws: 80, wss: 443. */
  port?: number;
  /** 'localhost'. */
  host?: string;
  /** As `host`. */
  hostname?: string;
  /** `path` is a Unix socket's; false. */
  unixSocket?: boolean;
  /** Of a WebSocket or a Unix socket. */
  path?: string;
  /** 'mqtt'. */
  protocol?: MqttProtocol;
  /** Of the WebSocket's request. */
  wsOptions?: IWebSocketOptions;
  /** ms between attempts; 0: no second one. Not given, it grows: `reconnectPeriodMax`. */
  reconnectPeriod?: number;
  /** Try again also when the server refuses; false. */
  reconnectOnConnackError?: boolean;
  /** ms of an attempt, up to CONNACK; 30,000. */
  connectTimeout?: number;
  /** False: QoS 0 without a connection fails at once; true. */
  queueQoSZero?: boolean;
  /** Told what happens, as MQTT.js does it. */
  log?: (...args: any[]) => void;
  /** MQTT 5: topics leave as numbers where the server takes them; false. */
  autoUseTopicAlias?: boolean;
  /** MQTT 5: topics leave as numbers where the server takes them; false. */
  autoAssignTopicAlias?: boolean;
  /** Taken, and changes nothing. */
  reschedulePings?: boolean;
  /** Tried in turn; the one that accepted comes first the next time. */
  servers?: Array<{
    /** 'localhost'. */
    host: string;
    /** 1883; mqtts: 8883, ws: 80, wss: 443. */
    port: number;
    /** 'mqtt'. */
    protocol?: 'wss' | 'ws' | 'mqtt' | 'mqtts' | 'tcp' | 'ssl' | 'wx' | 'wxs';
  }>;
  /** Subscribe again where the server has lost it; true. */
  resubscribe?: boolean;
  /** Filters in one SUBSCRIBE; those of a call, and 8 when they are made again. */
  subscribeBatchSize?: number;
  /** Makes the WebSocket that carries the bytes. */
  createWebsocket?: (url: string, websocketSubProtocols: string[], options: IClientOptions) => any;
  /** Take the WebSocket of Node.js (22 and later) instead of midge's; false. */
  forceNativeWebSocket?: boolean;
  /** The URL for an attempt, or a promise of it: to sign it, say. */
  transformWsUrl?: (url: string, options: IClientOptions, client: MqttClient) =>
    string | Promise<string>;
  /** Gives the ids that callbacks show. */
  messageIdProvider?: IMessageIdProvider;
  /** Messages of QoS 2 are in it until they were handled. */
  incomingStore?: IStore;
  /** Messages of QoS 1 and 2 are in it until they have their outcome. */
  outgoingStore?: IStore;
  /** One for each client; `mqttjs_` and 8 digits by chance. */
  clientId?: string;
  /** 5, 4 (3.1.1) or 3 (3.1); 4. */
  protocolVersion?: IConnectPacket['protocolVersion'];
  /** 'MQTT', and 'MQIsdp' for version 3. */
  protocolId?: IConnectPacket['protocolId'];
  /** False: the server keeps session and messages while this client is away; true. */
  clean?: boolean;
  /** Seconds; 60, 0: none. */
  keepalive?: number;
  /** Read again at each attempt. */
  username?: string;
  /** Read again at each attempt. */
  password?: Buffer | string;
  /** What the server publishes when this client vanishes. */
  will?: IConnectPacket['will'];
  /** Of CONNECT, in MQTT 5. */
  properties?: IConnectPacket['properties'];
}

export interface IClientPublishOptions extends IRequestLimits {
  /** 0. */
  qos?: QoS;
  /** The server keeps it, the last one of each topic; false. */
  retain?: boolean;
  /** Shown in packets; DUP is set when a message is sent again. */
  dup?: boolean;
  /** Of MQTT 5. */
  properties?: IPublishPacket['properties'];
  /** With a `store`: called when the message is safe. */
  cbStorePut?: StorePutCallback;
  /** Beyond MQTT.js: without a connection only the newest of a topic waits. */
  coalesce?: boolean;
}

export interface IClientReconnectOptions {
  /** From now on. */
  incomingStore?: IStore;
  /** From now on. */
  outgoingStore?: IStore;
}

export interface IClientSubscribeProperties extends IRequestLimits {
  /** Of MQTT 5. */
  properties?: ISubscribePacket['properties'];
}

export interface IClientSubscribeOptions extends IClientSubscribeProperties {
  /** The highest QoS with which messages come; 0. */
  qos: QoS;
  /** MQTT 5, no local: not what this client publishes itself; false. */
  nl?: boolean;
  /** MQTT 5, retain as published: the flag stays as it was; false. */
  rap?: boolean;
  /** MQTT 5, retained messages come: 0 always, 1 for a new subscription, 2 never; 0. */
  rh?: number;
}

export interface ISubscriptionRequest extends IClientSubscribeOptions {
  topic: string;
}

export interface ISubscriptionGrant extends Omit<ISubscriptionRequest, 'qos' | 'properties'> {
  /** As it was granted; 128: refused. */
  qos: QoS | 128;
}

export type ISubscriptionMap = {
  [topic: string]: Omit<IClientSubscribeOptions, keyof IRequestLimits>;
} & {
  /** Ask also for what is subscribed to. */
  resubscribe?: boolean;
};

export interface IClientUnsubscribeProperties extends IRequestLimits {
  /** Of MQTT 5. */
  properties?: IUnsubscribePacket['properties'];
}

// --- The client ---

type Events = MqttClientEventCallbacks;
/** Strings are sent as UTF-8. */
type Content = string | Buffer | ArrayBufferView | ArrayBufferLike;
type Topics = string | string[] | ISubscriptionMap;
type SubscribeOptions = IClientSubscribeOptions | IClientSubscribeProperties;

/** Made by {@link connect}. */
export class MqttClient extends EventEmitter {
  /** Midge's. */
  static readonly VERSION: string;
  /** An id as clients without one get it. */
  static defaultId(): string;
  /** The stream that the builder makes for each attempt carries the bytes; it may promise one. */
  constructor(streamBuilder: StreamBuilder, options?: IClientOptions);

  /** Whether there is a connection. */
  connected: boolean;
  /** Since end(). */
  disconnecting: boolean;
  /** After end(), until reconnect(). */
  disconnected: boolean;
  /** An attempt is awaited or under way. */
  reconnecting: boolean;
  /** Over the defaults; what is changed counts at the next attempt. */
  options: IClientOptions;
  /** Of this attempt. What {@link connect} makes can be ended and listened to, and nothing else. */
  stream: IStream;
  /** Whether QoS 0 may wait for a connection. */
  queueQoSZero: boolean;
  /** Gives the ids that callbacks show. */
  messageIdProvider: IMessageIdProvider;
  /** What has no outcome, by message id; set it to give up what it has no more. */
  outgoing: Record<number,
    { volatile: boolean; cmd: PendingCommand; cb: (err: Error, packet?: Packet) => void }>;
  /** The filters of each SUBSCRIBE without SUBACK. */
  readonly messageIdToTopic: Record<number, string[]>;
  /** What waits for a connection; set it to give up what it has no more. */
  queue: { packet: Packet; cb: PacketCallback }[];
  /** Null while nothing pings. */
  readonly keepaliveManager: KeepaliveManager;
  /** Count the keep-alive from now on. */
  reschedulePing(force?: boolean): void;
  /** A PINGREQ, now. */
  sendPing(): void;
  /** Give the connection up as a dead one. */
  onKeepaliveTimeout(): void;
  /** Messages of QoS 2 that were not handled. */
  incomingStore: IStore;
  /** Where none was given, each look at it shows what is not acknowledged. */
  outgoingStore: IStore;
  /** Told what happens. */
  log: (...args: any[]) => void;
  /** Does nothing. */
  noop: (error?: any) => void;
  /** How often another attempt was begun. */
  _reconnectCount: number;
  /** What is not asked for again; what is deleted there is, the next time. */
  _resubscribeTopics: Record<string, { qos: QoS }>;
  /** Of CONNACK in MQTT 5. */
  readonly serverProperties: IConnackPacket['properties'];
  /** Seconds, as the server wants it. */
  readonly keepalive: number;

  /** To be overridden: `callback` acknowledges the message, and the next one comes then. */
  handleMessage(packet: IPublishPacket, callback: DoneCallback): void;
  /** To be overridden, in MQTT 5: `callback` gets the packet that answers the server's AUTH. */
  handleAuth(packet: IAuthPacket, callback: PacketCallback): void;

  /** Begin, with `manualConnect`. */
  connect(): this;
  /** Connect again after end(), or at once. */
  reconnect(opts?: IClientReconnectOptions): MqttClient;
  /** Of the last publish, subscribe or unsubscribe. */
  getLastMessageId(): number;
  /** Give it up: its callback gets an error. */
  removeOutgoingMessage(messageId: number): MqttClient;
  /** Keep the process alive, as at first. */
  ref(): this;
  /** Let the process end while the client is open. */
  unref(): this;

  /** The callback is called once: with QoS 0 when it is sent, else when it is acknowledged. */
  publish(topic: string, message: Content): MqttClient;
  /** The callback is called once: with QoS 0 when it is sent, else when it is acknowledged. */
  publish(topic: string, message: Content, callback?: PacketCallback): MqttClient;
  /** The callback is called once: with QoS 0 when it is sent, else when it is acknowledged. */
  publish(topic: string, message: Content, opts?: IClientPublishOptions,
    callback?: PacketCallback): MqttClient;
  /** Kept with QoS 0 when it is sent, else when it is acknowledged. */
  publishAsync(topic: string, message: Content,
    opts?: IClientPublishOptions): Promise<Packet | undefined>;

  /** The callback gets what the server has granted, or why not. */
  subscribe(topics: Topics): MqttClient;
  /** The callback gets what the server has granted, or why not. */
  subscribe(topics: Topics, callback?: ClientSubscribeCallback): MqttClient;
  /** The callback gets what the server has granted, or why not. */
  subscribe(topics: Topics, opts?: SubscribeOptions): MqttClient;
  /** The callback gets what the server has granted, or why not. */
  subscribe(topics: Topics, opts?: SubscribeOptions,
    callback?: ClientSubscribeCallback): MqttClient;
  /** Beyond MQTT.js: `onMessage` is given what comes for these filters, and no other message. */
  subscribe(topics: Topics, opts: SubscribeOptions | null | undefined,
    callback: ClientSubscribeCallback | null | undefined, onMessage: OnMessageCallback): MqttClient;
  /** Kept with what the server has granted; `onMessage` gets what comes for it. */
  subscribeAsync(topics: Topics, opts?: SubscribeOptions,
    onMessage?: OnMessageCallback): Promise<ISubscriptionGrant[]>;

  /** Beyond MQTT.js: `for await (const { topic, payload } of client.messages('a/#'))`. */
  messages(topics: Topics, options?: IMessagesOptions): Messages;
  /** Beyond MQTT.js, in MQTT 5: a promise of the response to a message. */
  request(topic: string, message: Content,
    options?: IRequestOptions): Promise<ReceivedPacket>;

  /** Beyond MQTT.js: take no messages until resume(). The connection lives on. */
  pause(): this;
  /** Take messages again. */
  resume(): this;
  /** Beyond MQTT.js: what it has done so far. */
  stats(): ClientStats;

  /** The callback is called once the server has answered. */
  unsubscribe(topics: string | string[]): MqttClient;
  /** The callback is called once the server has answered. */
  unsubscribe(topics: string | string[], opts?: IClientUnsubscribeProperties): MqttClient;
  /** The callback is called once the server has answered. */
  unsubscribe(topics: string | string[], callback?: PacketCallback): MqttClient;
  /** The callback is called once the server has answered. */
  unsubscribe(topics: string | string[], opts?: IClientUnsubscribeProperties,
    callback?: PacketCallback): MqttClient;
  /** Kept once the server has answered. */
  unsubscribeAsync(topics: string | string[],
    opts?: IClientUnsubscribeProperties): Promise<Packet | undefined>;

  /** Waits for what is not acknowledged (`closeTimeout`), not if `force`, and says goodbye. */
  end(cb?: DoneCallback): MqttClient;
  /** Waits for what is not acknowledged (`closeTimeout`), not if `force`, and says goodbye. */
  end(force?: boolean): MqttClient;
  /** Waits for what is not acknowledged (`closeTimeout`), not if `force`, and says goodbye. */
  end(opts?: EndOptions, cb?: DoneCallback): MqttClient;
  /** Waits for what is not acknowledged (`closeTimeout`), not if `force`, and says goodbye. */
  end(force?: boolean, cb?: DoneCallback): MqttClient;
  /** Waits for what is not acknowledged (`closeTimeout`), not if `force`, and says goodbye. */
  end(force?: boolean, opts?: EndOptions, cb?: DoneCallback): MqttClient;
  /** As end(), kept when nothing follows. */
  endAsync(force?: boolean): Promise<void>;
  /** As end(), kept when nothing follows. */
  endAsync(opts?: EndOptions): Promise<void>;
  /** As end(), kept when nothing follows. */
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

/** Makes a client, which connects, and goes on trying until end(). */
export function connect(brokerUrl: string): MqttClient;
/** Makes a client, which connects, and goes on trying until end(). */
export function connect(opts: IClientOptions): MqttClient;
/** Makes a client, which connects, and goes on trying until end(). */
export function connect(brokerUrl: string, opts?: IClientOptions | null): MqttClient;
/** Kept when it is connected; at the first `error` rejected, and the client ended. */
export function connectAsync(brokerUrl: string): Promise<MqttClient>;
/** Kept when it is connected; at the first `error` rejected, and the client ended. */
export function connectAsync(opts: IConnectAsyncOptions): Promise<MqttClient>;
/** Kept when it is connected; at the first `error` rejected, and the client ended. */
export function connectAsync(brokerUrl: string, opts?: IConnectAsyncOptions,
  allowRetries?: boolean): Promise<MqttClient>;

/** Whether + and # are where they may be in a filter. */
export function validateTopic(topic: string): boolean;
/** Null, or the first that is wrong. */
export function validateTopics(topics: string[]): string | null;
