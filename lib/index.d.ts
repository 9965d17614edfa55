/// <reference types="node" />
import { EventEmitter } from 'node:events';

/** 0, or a negative number of {@link mqtt.errors}. */
type ErrorCode = number;
type QoS = 0 | 1 | 2;
type Message = string | Uint8Array | null | undefined;

/** MQTT 5 properties, by the names that MQTT.js uses. */
interface UserProperties {
  [name: string]: string | string[];
}

interface PublishProperties {
  payloadFormatIndicator?: boolean;
  messageExpiryInterval?: number;
  topicAlias?: number;
  responseTopic?: string;
  correlationData?: Uint8Array | string;
  userProperties?: UserProperties;
  contentType?: string;
}

interface WillProperties extends Omit<PublishProperties, 'topicAlias'> {
  willDelayInterval?: number;
}

interface ReceivedProperties
  extends Omit<PublishProperties, 'correlationData'> {
  correlationData?: Buffer;
  subscriptionIdentifier?: number | number[];
}

interface ConnectProperties {
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

interface ConnackProperties {
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

interface SubscribeProperties {
  subscriptionIdentifier?: number;
  userProperties?: UserProperties;
}

interface UnsubscribeProperties {
  userProperties?: UserProperties;
}

interface DisconnectProperties {
  sessionExpiryInterval?: number;
  reasonString?: string;
  userProperties?: UserProperties;
}

interface AuthProperties {
  authenticationMethod?: string;
  authenticationData?: Uint8Array | string;
  reasonString?: string;
  userProperties?: UserProperties;
}

interface AckProperties {
  reasonString?: string;
  userProperties?: UserProperties;
}

/** What the server said on connecting. */
interface Connack {
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
  properties?: ConnackProperties;
}

/** The answer to a publish, subscribe or unsubscribe in MQTT 5. */
interface Ack<Reason = number> {
  reasonCode: Reason;
  properties?: AckProperties;
}

/** What callbacks are given when something failed. */
interface MqttError extends Error {
  /** As in Node ('ECONNREFUSED'), or 'MIDGE_...'. */
  code: string;
  /** A number of {@link mqtt.errors}, or minus the reason code. */
  errno: ErrorCode;
  /** What the server answered. */
  reasonCode?: number;
  /** Of a refused subscription: its answer to every topic. */
  granted?: number | number[];
  properties?: AckProperties & { serverReference?: string };
}

type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
/** The path of a file, PEM text, or PEM bytes. */
type PemSource = string | Uint8Array;

interface TlsOptions {
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

interface Credentials {
  username?: string | null;
  password?: string | Uint8Array | null;
  url?: string | null;
  headers?: { [name: string]: string | string[] } | null;
}

interface Will {
  topic: string;
  payload?: Message;
  qos?: QoS;
  retain?: boolean;
  properties?: WillProperties;
}

interface MqttOptions {
  clientId?: string;
  username?: string;
  password?: string | Uint8Array;
  clean?: boolean;
  /** Seconds. */
  keepalive?: number;

  protocolVersion?: 3 | 4 | 5;
  /** If MQTT 5 is refused, go on with 3.1.1. */
  negotiate?: boolean;
  properties?: ConnectProperties;
  will?: Will;
  resubscribe?: boolean;
  queueQoSZero?: boolean;
  autoUseTopicAlias?: boolean;
  autoAssignTopicAlias?: boolean;
  /** Lower a QoS that the server does not offer instead of refusing it. */
  lowerQoS?: boolean;
  /** Accept control characters and non-characters in text. */
  lenientText?: boolean;
  credentials?: (attempt: { attempt: number; lastError?: Error }) =>
    Credentials | null | undefined | Promise<Credentials | null | undefined>;

  maxQueueMessages?: number;
  maxQueueBytes?: number;
  maxInFlight?: number;
  highWaterMark?: number;

  /** Milliseconds that a blocking call waits. */
  timeout?: number;
  connectTimeout?: number;
  replyTimeout?: number;
  closeTimeout?: number;
  /** Milliseconds; 0 turns reconnecting off. */
  reconnectPeriod?: number;
  reconnectPeriodMax?: number;
  reconnectOnConnackError?: boolean;
  /** How often in a row a Server Reference (reason 0x9C, 0x9D) is followed; 0. */
  maxRedirects?: number;

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

interface SubscribeOptions {
  /** No local: not what this client publishes itself. */
  nl?: boolean;
  /** Retain as published. */
  rap?: boolean;
  /** Retain handling. */
  rh?: 0 | 1 | 2;
  properties?: SubscribeProperties;
}

interface DisconnectOptions {
  reasonCode?: number;
  properties?: DisconnectProperties;
}

type ConnectCallback =
  (result: string, error?: MqttError, connack?: Connack) => void;
type DisconnectCallback = (result: string, error?: MqttError) => void;
type ReceiveCallback = (mid: number, topic: string, message: Buffer, qos: QoS,
  retain: boolean, properties?: ReceivedProperties) => void;
type PublishCallback = (mid: number, error?: MqttError, ack?: Ack) => void;
type UnsubscribeCallback<Reason> =
  (mid: number, error?: MqttError, ack?: Ack<Reason>) => void;
type SubscribeCallback<Granted> = (mid: number, granted?: Granted,
  error?: MqttError, ack?: Ack<Granted>) => void;

interface MqttEvents {
  started: [];
  connected: [result: 'OK', connack: Connack];
  disconnected: [result: string, error?: MqttError];
  subscribed: [mid: number, granted?: number | number[]];
  unsubscribed: [mid: number];
  published: [mid: number, ack?: Ack];
  received: [mid: number, topic: string, message: Buffer, qos: QoS,
    retain: boolean, properties?: ReceivedProperties];
  authenticate: [reasonCode: number, properties?: AuthProperties];
}

declare class mqtt extends EventEmitter {
  constructor(
    client_id: string | null | undefined,
    user_name: string | null | undefined,
    user_pass: string | Uint8Array | null | undefined,
    clean_session: boolean | null | undefined,
    keep_alive_time: number | null | undefined,
    asynchronous: boolean,
    options?: MqttOptions | null);

  readonly client_id: string;
  /** Of the last accepted publish, subscribe or unsubscribe. */
  readonly mid: number;
  readonly connected: boolean;

  set_willmsg(willtopic: string, willmessage: Message, qos: QoS,
    retain: boolean, properties?: WillProperties | null): ErrorCode;
  free_willmsg(): ErrorCode;
  clear_willmsg(): ErrorCode;

  tls_set(ca_file: PemSource | null | undefined,
    ca_path: string | null | undefined, cert_file?: PemSource | null,
    key_file?: PemSource | null,
    passphrase?: string | Uint8Array | null): ErrorCode;
  tls_insecure_set(insecure: boolean): ErrorCode;
  tls_opts_set(
    cert_reqs?: 'SSL_VERIFY_NONE' | 'SSL_VERIFY_PEER' | '0' | '1' | 0 | 1 | null,
    version?: Lowercase<TlsVersion> | null, ciphers?: string | null): ErrorCode;
  tls_psk_set(key: string, identity: string,
    ciphers?: string | null): ErrorCode;

  connect(url: string, callback: ConnectCallback): ErrorCode;
  connect(host: string, port?: number | string | null,
    callback?: ConnectCallback | null): ErrorCode;
  disconnect(callback?: DisconnectCallback | null,
    options?: DisconnectOptions | null): ErrorCode;

  subscribe(qos: QoS, topic: string, callback?: SubscribeCallback<number> | null,
    callbackReceive?: ReceiveCallback | null,
    options?: SubscribeOptions | null): ErrorCode;
  subscribe(qos: QoS, topics: string[],
    callback?: SubscribeCallback<number[]> | null,
    callbackReceive?: ReceiveCallback | null,
    options?: SubscribeOptions | null): ErrorCode;
  unsubscribe(topic: string, callback?: UnsubscribeCallback<number> | null,
    properties?: UnsubscribeProperties | null): ErrorCode;
  unsubscribe(topics: string[], callback?: UnsubscribeCallback<number[]> | null,
    properties?: UnsubscribeProperties | null): ErrorCode;
  publish(qos: QoS, retain: boolean, topic: string, message?: Message,
    callbackPublish?: PublishCallback | null,
    callbackReceive?: ReceiveCallback | null,
    properties?: PublishProperties | null): ErrorCode;

  authenticate(reasonCode: number,
    properties?: AuthProperties | null): ErrorCode;

  ref(): this;
  unref(): this;

  on<E extends keyof MqttEvents>(event: E,
    listener: (this: this, ...args: MqttEvents[E]) => void): this;
  once<E extends keyof MqttEvents>(event: E,
    listener: (this: this, ...args: MqttEvents[E]) => void): this;
  addListener<E extends keyof MqttEvents>(event: E,
    listener: (this: this, ...args: MqttEvents[E]) => void): this;
  prependListener<E extends keyof MqttEvents>(event: E,
    listener: (this: this, ...args: MqttEvents[E]) => void): this;
  off<E extends keyof MqttEvents>(event: E,
    listener: (this: this, ...args: MqttEvents[E]) => void): this;
  removeListener<E extends keyof MqttEvents>(event: E,
    listener: (this: this, ...args: MqttEvents[E]) => void): this;

  static readonly errors: mqtt.Errors;
  static strerror(code: ErrorCode): string;
  static readonly mqtt: typeof mqtt;
}

declare namespace mqtt {
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
  }
  export {
    Ack, AckProperties, AuthProperties, Connack, ConnackProperties,
    ConnectProperties, Credentials, DisconnectOptions, DisconnectProperties,
    ErrorCode, Message, MqttError, MqttEvents, MqttOptions, PublishProperties,
    QoS, ReceivedProperties, SubscribeOptions, SubscribeProperties, TlsOptions,
    UnsubscribeProperties, UserProperties, Will, WillProperties,
  };
}

export = mqtt;
