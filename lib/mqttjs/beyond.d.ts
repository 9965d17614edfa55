// Types of what mqtt.connect has beyond MQTT.js: see docs/mqtt-connect.md.
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
  path: string;
  durability?: 'os' | 'disk';
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
  reconnectPeriodMax?: number;
  negotiate?: boolean;
  lowerQoS?: boolean;
  /** Of messages that the server may have when a session ends; 'resend'. */
  sessionLost?: 'resend' | 'drop';
  strictText?: boolean;
  maxBreaks?: number;
  maxQueueMessages?: number;
  maxQueueBytes?: number;
  maxQueueMemory?: number;
  store?: IDurableStoreOptions;
  /** The store has been read: so many messages of a former life are sent again. */
  onRestored?: (what: { messages: number; damaged: number; stale: boolean }) => void;
  maxInFlight?: number;
  highWaterMark?: number;
  replyTimeout?: number;
  closeTimeout?: number;
  maxRedirects?: number;
  localAddress?: string;
  tcpNoDelay?: boolean;
  proxy?: string;
  headers?: { [name: string]: string | string[] };
  tls?: { [name: string]: any };
}

/** As it came. */
export type ReceivedPacket = IPublishPacket & { payload: Buffer };

/** Of messages(). */
export interface IMessagesOptions {
  qos?: QoS;
  nl?: boolean;
  rap?: boolean;
  rh?: number;
  properties?: ISubscribePacket['properties'];
  /** So many messages wait for the loop before the client takes no more; 64. */
  highWaterMark?: number;
  /** The loop ends with an AbortError. */
  signal?: AbortSignal;
}

/** A loop of its messages; leaving it unsubscribes. */
export interface Messages extends AsyncIterableIterator<ReceivedPacket> {
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
  signal?: AbortSignal;
}
