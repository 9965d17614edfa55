import { AbortSignal, Buffer, Duplex, EventEmitter } from './node';
import * as codes from './codes';
import * as mqtt5 from './mqtt5';
import * as mqttjs from './mqttjs/types';

/** A client: docs/api.md. Its calls return 0 or a negative error code. */
declare class mqtt extends EventEmitter {
  /** `keep_alive_time` in ms; `asynchronous` false: calls wait for the server. */
  constructor(
    client_id: string | null | undefined,
    user_name: string | null | undefined,
    user_pass: mqtt.Secret | null | undefined,
    clean_session: boolean | null | undefined,
    keep_alive_time: number | null | undefined,
    asynchronous: boolean,
    options?: mqtt.MqttOptions | null);

  /** As it was given, or made up. */
  readonly client_id: string;
  /** Of the last accepted publish, subscribe or unsubscribe. */
  readonly mid: number;
  /** Whether there is a connection. */
  readonly connected: boolean;
  /** Why the last call returned less than 0; null when it did not. */
  readonly last_error: mqtt.MqttError | null;

  /** What the server publishes when this client vanishes; from the next connection on. */
  set_willmsg(willtopic: string, willmessage: mqtt.Message, qos: mqtt.QoS,
    retain: boolean, properties?: mqtt.WillProperties | null): mqtt.ErrorCode;
  /** No will any more, from the next connection on. */
  free_willmsg(): mqtt.ErrorCode;
  /** As free_willmsg. */
  clear_willmsg(): mqtt.ErrorCode;

  /** TLS with certificates: paths or PEM. One of `ca_file` and `ca_path` is needed. */
  tls_set(ca_file: mqtt.PemSource | null | undefined,
    ca_path: string | null | undefined, cert_file?: mqtt.PemSource | null,
    key_file?: mqtt.PemSource | null,
    passphrase?: string | Uint8Array | null): mqtt.ErrorCode;
  /** True: the certificate may bear any name. */
  tls_insecure_set(insecure: boolean): mqtt.ErrorCode;
  /** What is verified (SSL_VERIFY_PEER), the lowest version (tlsv1.2), and ciphers. */
  tls_opts_set(
    cert_reqs?: 'SSL_VERIFY_NONE' | 'SSL_VERIFY_PEER' | '0' | '1' | 0 | 1 | null,
    version?: Lowercase<mqtt.TlsVersion> | null, ciphers?: string | null): mqtt.ErrorCode;
  /** TLS with a pre-shared key, in hexadecimal digits. */
  tls_psk_set(key: string, identity: string,
    ciphers?: string | null): mqtt.ErrorCode;

  /** Connects, and goes on trying until disconnect; the callback is called each time. */
  connect(url: string, callback: mqtt.ConnectCallback): mqtt.ErrorCode;
  /** Connects, and goes on trying until disconnect; the callback is called each time. */
  connect(host: string, port?: number | string | null,
    callback?: mqtt.ConnectCallback | null): mqtt.ErrorCode;
  /** Says goodbye, once what is unfinished had `closeTimeout`. */
  disconnect(callback?: mqtt.DisconnectCallback | null,
    options?: mqtt.DisconnectOptions | null): mqtt.ErrorCode;

  /** The callback gets the QoS granted; the second one each message from now on. */
  subscribe(qos: mqtt.QoS, topic: string, callback?: mqtt.SubscribeCallback<number> | null,
    callbackReceive?: mqtt.ReceiveCallback | null,
    options?: mqtt.SubscribeOptions | null): mqtt.ErrorCode;
  /** The callback gets the QoS granted; the second one each message from now on. */
  subscribe(qos: mqtt.QoS, topics: string[],
    callback?: mqtt.SubscribeCallback<number[]> | null,
    callbackReceive?: mqtt.ReceiveCallback | null,
    options?: mqtt.SubscribeOptions | null): mqtt.ErrorCode;
  /** The callback gets the QoS granted; the second one each message from now on. */
  subscribe(qos: mqtt.QoS, topic: string | string[],
    callback?: mqtt.SubscribeCallback | null,
    callbackReceive?: mqtt.ReceiveCallback | null,
    options?: mqtt.SubscribeOptions | null): mqtt.ErrorCode;
  /** The callback is called once the server has answered. */
  unsubscribe(topic: string,
    callback?: mqtt.UnsubscribeCallback<number> | null,
    properties?: mqtt.UnsubscribeOptions | null): mqtt.ErrorCode;
  /** The callback is called once the server has answered. */
  unsubscribe(topics: string[],
    callback?: mqtt.UnsubscribeCallback<number[]> | null,
    properties?: mqtt.UnsubscribeOptions | null): mqtt.ErrorCode;
  /** The callback is called once the server has answered. */
  unsubscribe(topic: string | string[],
    callback?: mqtt.UnsubscribeCallback | null,
    properties?: mqtt.UnsubscribeOptions | null): mqtt.ErrorCode;
  /** The callback is called once: with QoS 0 when it is sent, else when it is acknowledged. */
  publish(qos: mqtt.QoS, retain: boolean, topic: string, message?: mqtt.Message,
    callbackPublish?: mqtt.PublishCallback | null,
    callbackReceive?: mqtt.ReceiveCallback | null,
    properties?: mqtt.PublishOptions | null): mqtt.ErrorCode;

  /** Of a received message, with `manualAcks`, by its id or its key; the reason is MQTT 5's. */
  acknowledge(mid: number | string, reasonCode?: number): mqtt.ErrorCode;
  /** MQTT 5: an answer to the event `authenticate` (0x18), or a new start (0x19). */
  authenticate(reasonCode: number,
    properties?: mqtt.AuthProperties | null): mqtt.ErrorCode;

  /** Deliver no messages until resume(); the connection lives on. */
  pause(): this;
  /** Deliver messages again. */
  resume(): this;
  /** What the client has done so far. */
  stats(): mqttjs.ClientStats;
  /** Keep the process alive, as at first. */
  ref(): this;
  /** Let the process end while the client is open. */
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

  // Properties of MQTT 5.
  export import UserProperties = mqtt5.UserProperties;
  export import PublishProperties = mqtt5.PublishProperties;
  export import WillProperties = mqtt5.WillProperties;
  export import ReceivedProperties = mqtt5.ReceivedProperties;
  export import ConnectProperties = mqtt5.ConnectProperties;
  export import ConnackProperties = mqtt5.ConnackProperties;
  export import SubscribeProperties = mqtt5.SubscribeProperties;
  export import UnsubscribeProperties = mqtt5.UnsubscribeProperties;
  export import DisconnectProperties = mqtt5.DisconnectProperties;
  export import AuthProperties = mqtt5.AuthProperties;
  export import AckProperties = mqtt5.AckProperties;

  /** What the server said on connecting. */
  export interface Connack {
    /** The server still has the session. */
    sessionPresent: boolean;
    /** 0: accepted. */
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
    /** Of MQTT 5. */
    properties?: ConnackProperties;
  }

  /** The answer to a publish, subscribe or unsubscribe in MQTT 5. */
  export interface Ack<Reason = number> {
    /** Below 128: it went well. */
    reasonCode: Reason;
    /** Of MQTT 5. */
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
    /** What the server said of it, in MQTT 5. */
    properties?: AckProperties & { serverReference?: string };
  }

  export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** The path of a file, PEM text, or PEM bytes. */
  export type PemSource = string | Uint8Array;

  export interface TlsOptions {
    /** Authorities that are trusted, instead of the system's. */
    ca?: PemSource | PemSource[];
    /** A folder of authorities, by the names that `openssl rehash` gives. */
    caPath?: string;
    /** This client's certificate, with `key`. */
    cert?: PemSource;
    /** The key of `cert`. */
    key?: PemSource;
    /** Certificate and key as PKCS#12, instead of `cert` and `key`. */
    pfx?: Uint8Array;
    /** Of `key` or `pfx`. */
    passphrase?: string | Uint8Array;
    /** PEM: lists of what is revoked, one for each authority of the chain but the root. */
    crl?: string | Uint8Array;
    /** Server Name Indication; the host by default. */
    servername?: string;
    /** The name that the certificate must carry; the host by default. */
    verifyHost?: string;
    /** Protocols to be offered (ALPN). */
    alpn?: string | string[];
    /** The lowest version; 'TLSv1.2'. */
    minVersion?: TlsVersion | Lowercase<TlsVersion>;
    /** The highest version; 'TLSv1.3'. */
    maxVersion?: TlsVersion | Lowercase<TlsVersion>;
    /** As `openssl ciphers` takes them; names with TLS_ are of TLS 1.3. */
    ciphers?: string;
    /** Bits SSL_OP_... of `constants` of node:crypto, as SSL_OP_LEGACY_SERVER_CONNECT. */
    secureOptions?: number;
    /** False: nothing at all is verified. */
    rejectUnauthorized?: boolean;
    /** Gives every secret away to whoever reads the file; for debugging. */
    keyLogFile?: string;
    /** A pre-shared key: bytes, or hexadecimal text. */
    psk?: Uint8Array | string;
    /** Which key it is, to the server. */
    pskIdentity?: string;
  }

  export interface Credentials {
    /** Instead of the one before; null: none. */
    username?: string | null;
    /** Likewise. */
    password?: Secret | null;
    /** Where to connect, from this attempt on. */
    url?: string | null;
    /** Of the WebSocket's request. */
    headers?: { [name: string]: string | string[] } | null;
  }

  export interface Will {
    /** Without + and #. */
    topic: string;
    /** Empty by default. */
    payload?: Message;
    /** 0. */
    qos?: QoS;
    /** The server keeps it; false. */
    retain?: boolean;
    /** Of MQTT 5. */
    properties?: WillProperties;
  }

  export interface StoreOptions {
    /** Of a directory, made if it is not there, in one that is. */
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
    /** Of a former life, that are sent again. */
    messages: number;
    /** Records that were set aside. */
    damaged: number;
    /** The store is an old copy of itself, or a copy of another one. */
    stale: boolean;
  }

  export interface MqttOptions {
    /** Where the argument is null. */
    clientId?: string;
    /** Where the argument is null. */
    username?: string;
    /** Where the argument is null. */
    password?: Secret;
    /** Where the argument is null. */
    clean?: boolean;
    /** Seconds. */
    keepalive?: number;

    /** 5, 4 (3.1.1) or 3 (3.1); 4. */
    protocolVersion?: 3 | 4 | 5;
    /** If MQTT 5 is refused, go on with 3.1.1. */
    negotiate?: boolean;
    /** Of MQTT 5. */
    properties?: ConnectProperties;
    /** As set_willmsg. */
    will?: Will;
    /** Subscribe again where the server has lost it; true. */
    resubscribe?: boolean;
    /** Filters in one SUBSCRIBE that renews; 8. */
    subscribeBatchSize?: number;
    /** Connections in a row that a request may break; 5, 0: any number. */
    maxBreaks?: number;
    /** False: QoS 0 without a connection fails at once; true. */
    queueQoSZero?: boolean;
    /** Messages are acknowledged by `acknowledge`, and not by themselves. */
    manualAcks?: boolean;
    /** MQTT 5: topics leave as numbers where the server takes them; false. */
    autoUseTopicAlias?: boolean;
    /** MQTT 5: topics leave as numbers where the server takes them; false. */
    autoAssignTopicAlias?: boolean;
    /** Lower a QoS that the server does not offer instead of refusing it. */
    lowerQoS?: boolean;
    /** What is done, when a session ends, with messages that the server may have. 'resend'. */
    sessionLost?: 'resend' | 'drop';
    /** Accept control characters and non-characters in text. */
    lenientText?: boolean;
    /** Break the connection over control characters in what is received. */
    strictText?: boolean;
    /** Asked before each attempt who the client is, and where it connects. */
    credentials?: (attempt: { attempt: number; lastError?: Error }) =>
      Credentials | null | undefined | Promise<Credentials | null | undefined>;
    /** A stream of the program's own for each attempt; the client does not block. */
    transport?: (place: { host: string; port: number }) => Duplex | Promise<Duplex>;

    /** How many requests may wait or be unanswered, then EQUEUE; 1,000,000. */
    maxQueueMessages?: number;
    /** Bytes of them; 268,435,456 (256 MiB). */
    maxQueueBytes?: number;
    /** With a store: bytes of waiting messages that are held in memory. */
    maxQueueMemory?: number;
    /** Where the session is kept, so that it survives the process. */
    store?: StoreOptions;
    /** Unacknowledged at a time; 1024, before MQTT 5 no more than 19 of QoS 2 unless set. */
    maxInFlight?: number;
    /** Bytes of messages that wait for JavaScript, then the socket is not read; 1 MiB. */
    highWaterMark?: number;

    /** Milliseconds that a blocking call waits. */
    timeout?: number;
    /** Milliseconds that messages wait for somebody who listens; 5000. */
    holdTimeout?: number;
    /** Milliseconds without a connection, then a request is told; 5000, 0: never. */
    offlineTimeout?: number;
    /** ms of an attempt, up to CONNACK; 30,000. */
    connectTimeout?: number;
    /** ms for CONNACK, SUBACK, UNSUBACK and PINGRESP; 30,000. */
    replyTimeout?: number;
    /** ms of disconnect, for what is unfinished; 2,000. */
    closeTimeout?: number;
    /** Milliseconds; 0 turns reconnecting off. */
    reconnectPeriod?: number;
    /** ms: the longest pause between attempts; 60,000. */
    reconnectPeriodMax?: number;
    /** Try again also what cannot heal by itself, as a bad password; false. */
    reconnectOnConnackError?: boolean;
    /** How often in a row a Server Reference (reason 0x9C, 0x9D) is followed; 0. */
    maxRedirects?: number;

    /** Other servers, as URLs, that are tried in turn. */
    servers?: string[];
    /** The IP address to connect from. */
    localAddress?: string;
    /** False: small packets are gathered by the system (Nagle); true. */
    tcpNoDelay?: boolean;
    /** socks5://user:password@host:port, or http://... */
    proxy?: string;
    /** As `proxy`. */
    socksProxy?: string;
    /** Of the WebSocket's request. */
    path?: string;
    /** Of the WebSocket's request. */
    headers?: { [name: string]: string | string[] };

    /** TLS, also where the URL does not say so. */
    tls?: TlsOptions;
    /** Protocols to be offered (ALPN). */
    alpn?: string | string[];
    /** Protocols to be offered (ALPN). */
    ALPNProtocols?: string | string[];
    /** Server Name Indication; the host by default. */
    servername?: string;
    /** Authorities that are trusted, instead of the system's. */
    ca?: PemSource | PemSource[];
    /** This client's certificate, with `key`. */
    cert?: PemSource;
    /** The key of `cert`. */
    key?: PemSource;
    /** Certificate and key as PKCS#12, instead of `cert` and `key`. */
    pfx?: Uint8Array;
    /** Of `key` or `pfx`. */
    passphrase?: string | Uint8Array;
    /** PEM: lists of what is revoked, one for each authority of the chain but the root. */
    crl?: string | Uint8Array;
    /** As `openssl ciphers` takes them; names with TLS_ are of TLS 1.3. */
    ciphers?: string;
    /** The lowest version; 'TLSv1.2'. */
    minVersion?: TlsOptions['minVersion'];
    /** The highest version; 'TLSv1.3'. */
    maxVersion?: TlsOptions['maxVersion'];
    /** Bits SSL_OP_... of `constants` of node:crypto, as SSL_OP_LEGACY_SERVER_CONNECT. */
    secureOptions?: number;
    /** False: nothing at all is verified; true. */
    rejectUnauthorized?: boolean;
  }

  /** Time limits of a single request, in milliseconds. */
  export interface RequestLimits {
    /** ms: not sent by then, it ends with EEXPIRED. In MQTT 5 a message's expiry too. */
    ttl?: number;
    /** ms: not answered by then, it ends with ETIMEOUT. */
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
    /** Of MQTT 5. */
    properties?: SubscribeProperties;
  }

  export interface DisconnectOptions {
    /** Wait for nothing that is unfinished. */
    force?: boolean;
    /** MQTT 5: 0, or 4 for the will to be published. */
    reasonCode?: number;
    /** Of MQTT 5. */
    properties?: DisconnectProperties;
  }

  /** `result`: "OK", or why the attempt failed. */
  export type ConnectCallback =
    (result: string, error?: MqttError, connack?: Connack) => void;
  /** `result`: "OK", or why the attempts have ended. */
  export type DisconnectCallback = (result: string, error?: MqttError) => void;
  /** `mid`: its packet identifier, 0 for QoS 0; `deliveryKey` with an inbox. */
  export type ReceiveCallback = (mid: number, topic: string, message: Buffer, qos: QoS,
    retain: boolean, properties?: ReceivedProperties, deliveryKey?: string) => void;
  /** `ack` in MQTT 5. */
  export type PublishCallback = (mid: number, error?: MqttError, ack?: Ack) => void;
  /** `ack` in MQTT 5. */
  export type UnsubscribeCallback<Reason = number | number[]> =
    (mid: number, error?: MqttError, ack?: Ack<Reason>) => void;
  /** `granted`: the QoS, or 128 and more: refused. `ack` in MQTT 5. */
  export type SubscribeCallback<Granted = number | number[]> = (mid: number, granted?: Granted,
    error?: MqttError, ack?: Ack<Granted>) => void;

  export interface MqttEvents {
    /** Once, on the first turn of the loop. */
    started: [];
    /** Each time that a connection is made. */
    connected: [result: 'OK', connack: Connack];
    /** After disconnect ("OK"), or when no attempt follows. */
    disconnected: [result: string, error?: MqttError];
    /** The server has answered; the QoS granted, or a list of them. */
    subscribed: [mid: number, granted?: number | number[]];
    /** The server has answered. */
    unsubscribed: [mid: number];
    /** QoS 0: it is sent; 1 and 2: it is acknowledged. `ack` in MQTT 5. */
    published: [mid: number, ack?: Ack];
    /** A publish that was accepted ended otherwise. */
    failed: [mid: number, error: MqttError];
    /** A publish of QoS 1 or 2 is in the store, or one of QoS 0 that waits (`qos0`). */
    stored: [mid: number];
    /** The store has been read. */
    restored: [what: Restored];
    /** The store cannot be written; null: it can again. */
    store: [error: Error | null];
    /** A message. `mid`: its packet identifier, 0 for QoS 0; `deliveryKey` with an inbox. */
    received: [mid: number, topic: string, message: Buffer, qos: QoS,
      retain: boolean, properties?: ReceivedProperties, deliveryKey?: string];
    /** MQTT 5: the server goes on with authentication, or is content. */
    authenticate: [reasonCode: number, properties?: AuthProperties];
  }

  export import Errors = codes.Errors;

  // Of midge, and of what its addon is linked with.
  export interface Versions {
    readonly midge: string;
    readonly libuv: string;
    readonly lmdb: string;
    readonly openssl: string;
    readonly zlib: string;
  }

  /** Codes that calls return. */
  export const errors: Errors;
  /** Of midge, and of what its addon is linked with. */
  export const versions: Versions;
  /** The text of an error code. */
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
