import { AbortSignal, Buffer, Duplex, EventEmitter } from './node';
import * as mqttjs from './mqttjs/types';

declare class mqtt extends EventEmitter {
  constructor(
    client_id: string | null | undefined,
    user_name: string | null | undefined,
    user_pass: mqtt.Secret | null | undefined,
    clean_session: boolean | null | undefined,
    keep_alive_time: number | null | undefined,
    asynchronous: boolean,
    options?: mqtt.MqttOptions | null);

  readonly client_id: string;
  /** Of the last accepted publish, subscribe or unsubscribe. */
  readonly mid: number;
  readonly connected: boolean;
  /** Why the last call returned less than 0; null when it did not. */
  readonly last_error: mqtt.MqttError | null;

  set_willmsg(willtopic: string, willmessage: mqtt.Message, qos: mqtt.QoS,
    retain: boolean, properties?: mqtt.WillProperties | null): mqtt.ErrorCode;
  free_willmsg(): mqtt.ErrorCode;
  clear_willmsg(): mqtt.ErrorCode;

  tls_set(ca_file: mqtt.PemSource | null | undefined,
    ca_path: string | null | undefined, cert_file?: mqtt.PemSource | null,
    key_file?: mqtt.PemSource | null,
    passphrase?: string | Uint8Array | null): mqtt.ErrorCode;
  tls_insecure_set(insecure: boolean): mqtt.ErrorCode;
  tls_opts_set(
    cert_reqs?: 'SSL_VERIFY_NONE' | 'SSL_VERIFY_PEER' | '0' | '1' | 0 | 1 | null,
    version?: Lowercase<mqtt.TlsVersion> | null, ciphers?: string | null): mqtt.ErrorCode;
  tls_psk_set(key: string, identity: string,
    ciphers?: string | null): mqtt.ErrorCode;

  connect(url: string, callback: mqtt.ConnectCallback): mqtt.ErrorCode;
  connect(host: string, port?: number | string | null,
    callback?: mqtt.ConnectCallback | null): mqtt.ErrorCode;
  disconnect(callback?: mqtt.DisconnectCallback | null,
    options?: mqtt.DisconnectOptions | null): mqtt.ErrorCode;

  subscribe(qos: mqtt.QoS, topic: string, callback?: mqtt.SubscribeCallback<number> | null,
    callbackReceive?: mqtt.ReceiveCallback | null,
    options?: mqtt.SubscribeOptions | null): mqtt.ErrorCode;
  subscribe(qos: mqtt.QoS, topics: string[],
    callback?: mqtt.SubscribeCallback<number[]> | null,
    callbackReceive?: mqtt.ReceiveCallback | null,
    options?: mqtt.SubscribeOptions | null): mqtt.ErrorCode;
  subscribe(qos: mqtt.QoS, topic: string | string[],
    callback?: mqtt.SubscribeCallback | null,
    callbackReceive?: mqtt.ReceiveCallback | null,
    options?: mqtt.SubscribeOptions | null): mqtt.ErrorCode;
  unsubscribe(topic: string,
    callback?: mqtt.UnsubscribeCallback<number> | null,
    properties?: mqtt.UnsubscribeOptions | null): mqtt.ErrorCode;
  unsubscribe(topics: string[],
    callback?: mqtt.UnsubscribeCallback<number[]> | null,
    properties?: mqtt.UnsubscribeOptions | null): mqtt.ErrorCode;
  unsubscribe(topic: string | string[],
    callback?: mqtt.UnsubscribeCallback | null,
    properties?: mqtt.UnsubscribeOptions | null): mqtt.ErrorCode;
  publish(qos: mqtt.QoS, retain: boolean, topic: string, message?: mqtt.Message,
    callbackPublish?: mqtt.PublishCallback | null,
    callbackReceive?: mqtt.ReceiveCallback | null,
    properties?: mqtt.PublishOptions | null): mqtt.ErrorCode;

  /** Of a received message, with `manualAcks`, by its id or its key; the reason is MQTT 5's. */
  acknowledge(mid: number | string, reasonCode?: number): mqtt.ErrorCode;
  authenticate(reasonCode: number,
    properties?: mqtt.AuthProperties | null): mqtt.ErrorCode;

  /** Deliver no messages until resume(); the connection lives on. */
  pause(): this;
  resume(): this;
  /** What the client has done so far. */
  stats(): mqttjs.ClientStats;
  ref(): this;
  unref(): this;

  on<E extends keyof mqtt.MqttEvents>(event: E,
    listener: (this: this, ...args: mqtt.MqttEvents[E]) => void): this;
  once<E extends keyof mqtt.MqttEvents>(event: E,
    listener: (this: this, ...args: mqtt.MqttEvents[E]) => void): this;
  addListener<E extends keyof mqtt.MqttEvents>(event: E,
    listener: (this: this, ...args: mqtt.MqttEvents[E]) => void): this;
  prependListener<E extends keyof mqtt.MqttEvents>(event: E,
    listener: (this: this, ...args: mqtt.MqttEvents[E]) => void): this;
  off<E extends keyof mqtt.MqttEvents>(event: E,
    listener: (this: this, ...args: mqtt.MqttEvents[E]) => void): this;
  removeListener<E extends keyof mqtt.MqttEvents>(event: E,
    listener: (this: this, ...args: mqtt.MqttEvents[E]) => void): this;
}

declare namespace mqtt {
  /** 0, or a negative number of {@link mqtt.errors}. */
  export type ErrorCode = number;
  export type QoS = 0 | 1 | 2;
  /** Strings are sent as UTF-8. */
  export type Message = string | ArrayBufferView | ArrayBufferLike | null | undefined;
  export type Secret = string | ArrayBufferView | ArrayBufferLike;

  /** MQTT 5 properties, by the names that MQTT.js uses. */
  export interface UserProperties {
    [name: string]: string | string[];
  }

  export interface PublishProperties {
    payloadFormatIndicator?: boolean;
    messageExpiryInterval?: number;
    topicAlias?: number;
    responseTopic?: string;
    correlationData?: Uint8Array | string;
    userProperties?: UserProperties;
    contentType?: string;
  }

  export interface WillProperties extends Omit<PublishProperties, 'topicAlias'> {
    willDelayInterval?: number;
  }

  export interface ReceivedProperties
    extends Omit<PublishProperties, 'correlationData'> {
    correlationData?: Buffer;
    subscriptionIdentifier?: number | number[];
  }

  export interface ConnectProperties {
    sessionExpiryInterval?: number;
    receiveMaximum?: number;
    maximumPacketSize?: number;
    topicAliasMaximum?: number;
    requestResponseInformation?: boolean;
    requestProblemInformation?: boolean;
    userProperties?: UserProperties;
    authenticationMethod?: string;
    authenticationData?: Uint8Array | string;
  }

  export interface ConnackProperties {
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
  }

  export interface SubscribeProperties {
    subscriptionIdentifier?: number;
    userProperties?: UserProperties;
  }

  export interface UnsubscribeProperties {
    userProperties?: UserProperties;
  }

  export interface DisconnectProperties {
    sessionExpiryInterval?: number;
    reasonString?: string;
    userProperties?: UserProperties;
  }

  export interface AuthProperties {
    authenticationMethod?: string;
    authenticationData?: Uint8Array | string;
    reasonString?: string;
    userProperties?: UserProperties;
  }

  export interface AckProperties {
    reasonString?: string;
    userProperties?: UserProperties;
  }

  /** What the server said on connecting. */
  export interface Connack {
    sessionPresent: boolean;
    reasonCode: number;
    /** The version in use: 3, 4 or 5. */
    protocolVersion: 3 | 4 | 5;
    /** The identifier in use, ours or the server's. */
    clientId: string;
    /** Seconds; the server may have changed them. */
    keepalive: number;
    /** Messages of a lost session that are sent again as new ones. */
    renewed: number;
    /** Or, with `sessionLost: 'drop'`, ended with ESESSION. */
    dropped: number;
    properties?: ConnackProperties;
  }

  /** The answer to a publish, subscribe or unsubscribe in MQTT 5. */
  export interface Ack<Reason = number> {
    reasonCode: Reason;
    properties?: AckProperties;
  }

  /** What callbacks are given when something failed. */
  export interface MqttError extends Error {
    /** As in Node ('ECONNREFUSED'), or 'MIDGE_...'. */
    code: string;
    /** A number of {@link mqtt.errors}, or minus the reason code. */
    errno: ErrorCode;
    /** What the server answered. */
    reasonCode?: number;
    /** HTTP's, of a WebSocket or proxy that was refused. */
    statusCode?: number;
    /** Of a refused subscription: its answer to every topic. */
    granted?: number | number[];
    properties?: AckProperties & { serverReference?: string };
  }

  export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** The path of a file, PEM text, or PEM bytes. */
  export type PemSource = string | Uint8Array;

  export interface TlsOptions {
    ca?: PemSource | PemSource[];
    caPath?: string;
    cert?: PemSource;
    key?: PemSource;
    pfx?: Uint8Array;
    passphrase?: string | Uint8Array;
    crl?: string | Uint8Array;
    /** Server Name Indication; the host by default. */
    servername?: string;
    /** The name that the certificate must carry; the host by default. */
    verifyHost?: string;
    alpn?: string | string[];
    minVersion?: TlsVersion | Lowercase<TlsVersion>;
    maxVersion?: TlsVersion | Lowercase<TlsVersion>;
    ciphers?: string;
    /** False: nothing at all is verified. */
    rejectUnauthorized?: boolean;
    /** Gives every secret away to whoever reads the file; for debugging. */
    keyLogFile?: string;
    /** A pre-shared key: bytes, or hexadecimal text. */
    psk?: Uint8Array | string;
    pskIdentity?: string;
  }

  export interface Credentials {
    username?: string | null;
    password?: Secret | null;
    url?: string | null;
    headers?: { [name: string]: string | string[] } | null;
  }

  export interface Will {
    topic: string;
    payload?: Message;
    qos?: QoS;
    retain?: boolean;
    properties?: WillProperties;
  }

  export interface StoreOptions {
    /** Of a directory, made if it is not there. */
    path: string;
    /** What 'stored' means: safe from a crash of the process, or a power cut. 'os'. */
    durability?: 'os' | 'disk';
    /** On a network file system too. */
    force?: boolean;
    /** Messages of QoS 1 and 2 stay in the store until they are acknowledged. */
    inbox?: boolean;
    /** Of those; past it the server is not answered. 64 MiB. */
    maxInboxBytes?: number;
    /** QoS 0 that has to wait is in it too, and sent by the next process at most once. */
    qos0?: boolean;
  }

  export interface Restored {
    messages: number;
    damaged: number;
    /** The store is an old copy of itself, or a copy of another one. */
    stale: boolean;
  }

  export interface MqttOptions {
    clientId?: string;
    username?: string;
    password?: Secret;
    clean?: boolean;
    /** Seconds. */
    keepalive?: number;

    protocolVersion?: 3 | 4 | 5;
    /** If MQTT 5 is refused, go on with 3.1.1. */
    negotiate?: boolean;
    properties?: ConnectProperties;
    will?: Will;
    resubscribe?: boolean;
    /** Filters in one SUBSCRIBE that renews; 8. */
    subscribeBatchSize?: number;
    /** Connections in a row that a request may break; 5, 0: any number. */
    maxBreaks?: number;
    queueQoSZero?: boolean;
    /** Messages are acknowledged by `acknowledge`, and not by themselves. */
    manualAcks?: boolean;
    autoUseTopicAlias?: boolean;
    autoAssignTopicAlias?: boolean;
    /** Lower a QoS that the server does not offer instead of refusing it. */
    lowerQoS?: boolean;
    /** What is done, when a session ends, with messages that the server may have. 'resend'. */
    sessionLost?: 'resend' | 'drop';
    /** Accept control characters and non-characters in text. */
    lenientText?: boolean;
    /** Break the connection over control characters in what is received. */
    strictText?: boolean;
    credentials?: (attempt: { attempt: number; lastError?: Error }) =>
      Credentials | null | undefined | Promise<Credentials | null | undefined>;
    /** A stream of the program's own for each attempt; the client does not block. */
    transport?: (place: { host: string; port: number }) => Duplex | Promise<Duplex>;

    maxQueueMessages?: number;
    maxQueueBytes?: number;
    /** With a store: bytes of waiting messages that are held in memory. */
    maxQueueMemory?: number;
    /** Where the session is kept, so that it survives the process. */
    store?: StoreOptions;
    maxInFlight?: number;
    /** Bytes of messages that wait for JavaScript, then the socket is not read; 1 MiB. */
    highWaterMark?: number;

    /** Milliseconds that a blocking call waits. */
    timeout?: number;
    /** Milliseconds that messages wait for somebody who listens; 5000. */
    holdTimeout?: number;
    /** Milliseconds without a connection, then a request is told; 5000, 0: never. */
    offlineTimeout?: number;
    connectTimeout?: number;
    replyTimeout?: number;
    closeTimeout?: number;
    /** Milliseconds; 0 turns reconnecting off. */
    reconnectPeriod?: number;
    reconnectPeriodMax?: number;
    reconnectOnConnackError?: boolean;
    /** How often in a row a Server Reference (reason 0x9C, 0x9D) is followed; 0. */
    maxRedirects?: number;

    /** Other servers, as URLs, that are tried in turn. */
    servers?: string[];
    localAddress?: string;
    tcpNoDelay?: boolean;
    proxy?: string;
    socksProxy?: string;
    path?: string;
    headers?: { [name: string]: string | string[] };

    tls?: TlsOptions;
    alpn?: string | string[];
    ALPNProtocols?: string | string[];
    servername?: string;
    ca?: PemSource | PemSource[];
    cert?: PemSource;
    key?: PemSource;
    pfx?: Uint8Array;
    passphrase?: string | Uint8Array;
    crl?: string | Uint8Array;
    ciphers?: string;
    minVersion?: TlsOptions['minVersion'];
    maxVersion?: TlsOptions['maxVersion'];
    rejectUnauthorized?: boolean;
  }

  /** Time limits of a single request, in milliseconds. */
  export interface RequestLimits {
    /** Not sent by then, it ends with EEXPIRED. */
    ttl?: number;
    /** Not answered by then, it ends with ETIMEOUT. */
    timeout?: number;
    /** Ends it with ECANCELLED. */
    signal?: AbortSignal;
  }

  export interface PublishOptions extends PublishProperties, RequestLimits {
    /** Without a connection only the newest of a topic waits. */
    coalesce?: boolean;
  }

  export interface UnsubscribeOptions
    extends UnsubscribeProperties, RequestLimits {}

  export interface SubscribeOptions extends RequestLimits {
    /** No local: not what this client publishes itself. */
    nl?: boolean;
    /** Retain as published. */
    rap?: boolean;
    /** Retain handling. */
    rh?: 0 | 1 | 2;
    /** Is given what comes for these filters, and no other message. */
    onMessage?: ReceiveCallback;
    properties?: SubscribeProperties;
  }

  export interface DisconnectOptions {
    /** Wait for nothing that is unfinished. */
    force?: boolean;
    reasonCode?: number;
    properties?: DisconnectProperties;
  }

  export type ConnectCallback =
    (result: string, error?: MqttError, connack?: Connack) => void;
  export type DisconnectCallback = (result: string, error?: MqttError) => void;
  export type ReceiveCallback = (mid: number, topic: string, message: Buffer, qos: QoS,
    retain: boolean, properties?: ReceivedProperties) => void;
  export type PublishCallback = (mid: number, error?: MqttError, ack?: Ack) => void;
  export type UnsubscribeCallback<Reason = number | number[]> =
    (mid: number, error?: MqttError, ack?: Ack<Reason>) => void;
  export type SubscribeCallback<Granted = number | number[]> = (mid: number, granted?: Granted,
    error?: MqttError, ack?: Ack<Granted>) => void;

  export interface MqttEvents {
    started: [];
    connected: [result: 'OK', connack: Connack];
    disconnected: [result: string, error?: MqttError];
    subscribed: [mid: number, granted?: number | number[]];
    unsubscribed: [mid: number];
    published: [mid: number, ack?: Ack];
    /** A publish that was accepted ended otherwise. */
    failed: [mid: number, error: MqttError];
    /** A publish of QoS 1 or 2 is in the store, or one of QoS 0 that waits (`qos0`). */
    stored: [mid: number];
    /** The store has been read. */
    restored: [what: Restored];
    /** The store cannot be written; null: it can again. */
    store: [error: Error | null];
    received: [mid: number, topic: string, message: Buffer, qos: QoS,
      retain: boolean, properties?: ReceivedProperties, deliveryKey?: string];
    authenticate: [reasonCode: number, properties?: AuthProperties];
  }

  export interface Errors {
    readonly ENOMEM: -1;
    readonly EPROTOCOL: -2;
    readonly EINVAL: -3;
    readonly ENOCONN: -4;
    readonly EREFUSED: -5;
    readonly ELOST: -7;
    readonly ETLS: -8;
    readonly EPAYLOAD: -9;
    readonly ENOTSUP: -10;
    readonly EERRNO: -14;
    readonly ELOOKUP: -15;
    readonly EPROXY: -16;
    readonly EUTF8: -18;
    readonly EKEEPALIVE: -19;
    readonly EOVERSIZE: -25;
    readonly ETIMEOUT: -27;
    readonly EQUEUE: -64;
    readonly ECLOSED: -65;
    readonly EEXPIRED: -66;
    readonly EWEBSOCKET: -67;
    readonly ECANCELLED: -68;
    readonly EBREAKS: -69;
    readonly ELOCKED: -70;
    readonly EFOREIGN: -71;
    readonly EFULL: -72;
    readonly EREADONLY: -73;
    readonly ENETWORK: -74;
    readonly ESTORE: -75;
    readonly EREPLACED: -76;
    readonly ESESSION: -77;
  }

  // Of midge, and of what its addon is linked with.
  export interface Versions {
    readonly midge: string;
    readonly libuv: string;
    readonly lmdb: string;
    readonly openssl: string;
    readonly zlib: string;
  }

  export const errors: Errors;
  export const versions: Versions;
  export function strerror(code: ErrorCode): string;
  // What MQTT.js exports.
  export import BaseMqttProtocol = mqttjs.BaseMqttProtocol;
  export import MqttProtocolWithUnix = mqttjs.MqttProtocolWithUnix;
  export import MqttProtocol = mqttjs.MqttProtocol;
  export import IStream = mqttjs.IStream;
  export import StreamBuilder = mqttjs.StreamBuilder;
  export import TimerVariant = mqttjs.TimerVariant;
  export import Timer = mqttjs.Timer;
  export import PendingCommand = mqttjs.PendingCommand;
  export import KeepaliveManager = mqttjs.KeepaliveManager;
  export import DoneCallback = mqttjs.DoneCallback;
  export import GenericCallback = mqttjs.GenericCallback;
  export import VoidCallback = mqttjs.VoidCallback;
  export import Callback = mqttjs.Callback;
  export import StorePutCallback = mqttjs.StorePutCallback;
  export import IPacket = mqttjs.IPacket;
  export import IAuthPacket = mqttjs.IAuthPacket;
  export import IWillProperties = mqttjs.IWillProperties;
  export import IConnectProperties = mqttjs.IConnectProperties;
  export import IConnectPacket = mqttjs.IConnectPacket;
  export import IPublishPacket = mqttjs.IPublishPacket;
  export import IConnackPacket = mqttjs.IConnackPacket;
  export import ISubscription = mqttjs.ISubscription;
  export import ISubscribePacket = mqttjs.ISubscribePacket;
  export import ISubackPacket = mqttjs.ISubackPacket;
  export import IUnsubscribePacket = mqttjs.IUnsubscribePacket;
  export import IUnsubackPacket = mqttjs.IUnsubackPacket;
  export import IPubackPacket = mqttjs.IPubackPacket;
  export import IPubrecPacket = mqttjs.IPubrecPacket;
  export import IPubrelPacket = mqttjs.IPubrelPacket;
  export import IPubcompPacket = mqttjs.IPubcompPacket;
  export import IPingreqPacket = mqttjs.IPingreqPacket;
  export import IPingrespPacket = mqttjs.IPingrespPacket;
  export import IDisconnectPacket = mqttjs.IDisconnectPacket;
  export import Packet = mqttjs.Packet;
  export import PacketCallback = mqttjs.PacketCallback;
  export import CloseCallback = mqttjs.CloseCallback;
  export import ClientSubscribeCallback = mqttjs.ClientSubscribeCallback;
  export import OnConnectCallback = mqttjs.OnConnectCallback;
  export import OnDisconnectCallback = mqttjs.OnDisconnectCallback;
  export import OnMessageCallback = mqttjs.OnMessageCallback;
  export import OnPacketCallback = mqttjs.OnPacketCallback;
  export import OnCloseCallback = mqttjs.OnCloseCallback;
  export import OnErrorCallback = mqttjs.OnErrorCallback;
  export import AckHandler = mqttjs.AckHandler;
  export import MqttClientEventCallbacks = mqttjs.MqttClientEventCallbacks;
  export import IStoreOptions = mqttjs.IStoreOptions;
  export import IStore = mqttjs.IStore;
  export import Store = mqttjs.Store;
  export import IMessageIdProvider = mqttjs.IMessageIdProvider;
  export import DefaultMessageIdProvider = mqttjs.DefaultMessageIdProvider;
  export import UniqueMessageIdProvider = mqttjs.UniqueMessageIdProvider;
  export import ReasonCodes = mqttjs.ReasonCodes;
  export import ErrorWithReasonCode = mqttjs.ErrorWithReasonCode;
  export import ErrorWithSubackPacket = mqttjs.ErrorWithSubackPacket;
  export import ISecureClientOptions = mqttjs.ISecureClientOptions;
  export import IWebSocketOptions = mqttjs.IWebSocketOptions;
  export import IMidgeClientOptions = mqttjs.IMidgeClientOptions;
  export import IClientOptions = mqttjs.IClientOptions;
  export import IClientPublishOptions = mqttjs.IClientPublishOptions;
  export import IClientReconnectOptions = mqttjs.IClientReconnectOptions;
  export import IClientSubscribeProperties = mqttjs.IClientSubscribeProperties;
  export import IClientSubscribeOptions = mqttjs.IClientSubscribeOptions;
  export import ISubscriptionRequest = mqttjs.ISubscriptionRequest;
  export import ISubscriptionGrant = mqttjs.ISubscriptionGrant;
  export import IRequestLimits = mqttjs.IRequestLimits;
  export import IMessagesOptions = mqttjs.IMessagesOptions;
  export import Messages = mqttjs.Messages;
  export import ReceivedPacket = mqttjs.ReceivedPacket;
  export import ClientStats = mqttjs.ClientStats;
  export import IRequestOptions = mqttjs.IRequestOptions;
  export import IDurableStoreOptions = mqttjs.IDurableStoreOptions;
  export import EndOptions = mqttjs.EndOptions;
  export import IConnectAsyncOptions = mqttjs.IConnectAsyncOptions;
  export import ISubscriptionMap = mqttjs.ISubscriptionMap;
  export import IClientUnsubscribeProperties = mqttjs.IClientUnsubscribeProperties;
  export import MqttClient = mqttjs.MqttClient;
  export import connect = mqttjs.connect;
  export import connectAsync = mqttjs.connectAsync;
  export import validateTopic = mqttjs.validateTopic;
  export import validateTopics = mqttjs.validateTopics;
  export import Client = mqttjs.Client;

  export { mqtt, mqtt as default };
}

export = mqtt;
