// Types of what mqtt.connect has beyond MQTT.js: see docs/mqtt-connect.md.
import type { TlsOptions } from '../index';
import type { AbortSignal, Buffer } from '../node';
import type {
  IClientOptions, IClientPublishOptions, IDisconnectPacket, IPublishPacket, ISubscribePacket, QoS,
} from './types';

/** How long a request may take. */
export interface IRequestLimits {
  /** ms: not sent by then, it fails with MIDGE_EEXPIRED. In MQTT 5 a message's expiry too. */
  ttl?: number;
  /** ms: not answered by then, it fails with MIDGE_ETIMEOUT. */
  timeout?: number;
  /** It fails with MIDGE_ECANCELLED. */
  signal?: AbortSignal;
}

/** Where the session is kept, so that it survives the process: docs/durability.md. */
export interface IDurableStoreOptions {
  /** Of a directory, made if it is not there, in one that is. */
  path: string;
  /** What is withstood: a crash of the process, or a power cut as well; 'os'. */
  durability?: 'os' | 'disk';
  /** On a network file system too; false. */
  force?: boolean;
  /** Messages of QoS 1 and 2 stay in the store until they are acknowledged. */
  inbox?: boolean;
  /** Of those; past it the server is not answered. 64 MiB. */
  maxInboxBytes?: number;
  /** QoS 0 that has to wait is in it too, and sent by the next process at most once. */
  qos0?: boolean;
}

/** Beyond MQTT.js: see docs/migrating-from-mqttjs.md. */
export interface IMidgeClientOptions {
  /** ms: pauses grow to it, by chance; 60,000, if no `reconnectPeriod` is given. */
  reconnectPeriodMax?: number;
  /** If MQTT 5 is refused, go on with 3.1.1; false. */
  negotiate?: boolean;
  /** Lower a QoS that the server does not offer, instead of failing; false. */
  lowerQoS?: boolean;
  /** Of messages that the server may have when a session ends; 'resend'. */
  sessionLost?: 'resend' | 'drop';
  /** Break the connection over control characters in what is received; false. */
  strictText?: boolean;
  /** Connections in a row that one request may break, then it fails; 5, 0: any number. */
  maxBreaks?: number;
  /** How many requests may wait or be unanswered, then EQUEUE; 1,000,000. */
  maxQueueMessages?: number;
  /** Bytes of them; 268,435,456 (256 MiB). */
  maxQueueBytes?: number;
  /** With a `store`: bytes of those in memory, the rest is on disk; 64 MiB. */
  maxQueueMemory?: number;
  /** Needs `clean: false` and a `clientId`. */
  store?: IDurableStoreOptions;
  /** The store has been read: so many messages of a former life are sent again. */
  onRestored?: (what: { messages: number; damaged: number; stale: boolean }) => void;
  /** Unacknowledged at a time; 1024, before MQTT 5 no more than 19 of QoS 2 unless set. */
  maxInFlight?: number;
  /** Bytes that wait for the program before the socket is not read; 1 MiB. */
  highWaterMark?: number;
  /** ms for CONNACK, SUBACK, UNSUBACK and PINGRESP; 30,000. */
  replyTimeout?: number;
  /** ms of end(), for what is not acknowledged; as long as `connectTimeout`. */
  closeTimeout?: number;
  /** How often in a row a Server Reference (0x9C, 0x9D) is followed; 0. */
  maxRedirects?: number;
  /** The IP address to connect from. */
  localAddress?: string;
  /** False: small packets are gathered by the system (Nagle); true. */
  tcpNoDelay?: boolean;
  /** socks5://user:password@host:port, or http://... */
  proxy?: string;
  /** Of the WebSocket's request. */
  headers?: { [name: string]: string | string[] };
  /** TLS beyond MQTT.js's options: `verifyHost`, `psk`, `keyLogFile`. */
  tls?: TlsOptions;
}

/** As it came. */
export type ReceivedPacket = IPublishPacket & { payload: Buffer };

/** Of messages(). */
export interface IMessagesOptions {
  /** The highest QoS with which messages come; 0. */
  qos?: QoS;
  /** MQTT 5, no local: not what this client publishes itself; false. */
  nl?: boolean;
  /** MQTT 5, retain as published: the flag stays as it was; false. */
  rap?: boolean;
  /** MQTT 5, retained messages come: 0 always, 1 for a new subscription, 2 never; 0. */
  rh?: number;
  /** Of MQTT 5. */
  properties?: ISubscribePacket['properties'];
  /** So many messages wait for the loop before the client takes no more; 64. */
  highWaterMark?: number;
  /** The loop ends with an AbortError. */
  signal?: AbortSignal;
}

/** A loop of its messages; leaving it unsubscribes. */
export interface Messages extends AsyncIterableIterator<ReceivedPacket> {
  /** Unsubscribes, as leaving the loop does. */
  return(value?: any): Promise<IteratorResult<ReceivedPacket>>;
}

/** Of stats(). */
export interface ClientStats {
  /** What was published or asked for and has not ended. */
  queue: { messages: number; bytes: number };
  /** Publishes of QoS 1 and 2 that have a packet identifier. */
  inFlight: number;
  /** By sockets, TLS and all. */
  bytes: { received: number; sent: number };
  /** To connect; the connections among them. */
  attempts: number;
  /** Attempts that the server has accepted. */
  connections: number;
  /** What ended attempts and connections, by the error's code, and how often. */
  causes: { [code: string]: number };
  /** ms from a PUBLISH of QoS 1 or 2, or a ping, to its first answer. */
  roundTrip: { count: number; p50: number; p90: number; p99: number; max: number };
}

/** Of request(): `timeout` counts until the response is there; 30,000 ms. */
export interface IRequestOptions extends Omit<IClientPublishOptions, 'cbStorePut' | 'dup'> {}

/** Of end(). */
export type EndOptions = Partial<IDisconnectPacket> & {
  /** Once aborted, nothing unfinished is waited for. */
  signal?: AbortSignal;
};

/** Of connectAsync(): `signal` ends the wait for a connection. */
export interface IConnectAsyncOptions extends IClientOptions {
  /** Before the connection it ends the client: AbortError. */
  signal?: AbortSignal;
}
