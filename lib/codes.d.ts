// Codes that calls of the class return; 0 is none of them.
export interface Errors {
  /** Out of memory. */
  readonly ENOMEM: -1;
  /** The server broke the protocol. */
  readonly EPROTOCOL: -2;
  /** An argument is missing or out of range, or it is the wrong time for the call. */
  readonly EINVAL: -3;
  /** Call connect first. */
  readonly ENOCONN: -4;
  /** The server refused the connection (MQTT 3). */
  readonly EREFUSED: -5;
  /** The connection was lost. */
  readonly ELOST: -7;
  /** TLS failed. */
  readonly ETLS: -8;
  /** The payload is larger than MQTT allows. */
  readonly EPAYLOAD: -9;
  /** The server does not offer this. */
  readonly ENOTSUP: -10;
  /** The system reported an error. */
  readonly EERRNO: -14;
  /** The name of the server cannot be resolved. */
  readonly ELOOKUP: -15;
  /** The proxy refused or failed. */
  readonly EPROXY: -16;
  /** Text that is not UTF-8 as MQTT allows it. */
  readonly EUTF8: -18;
  /** No answer within the keep-alive. */
  readonly EKEEPALIVE: -19;
  /** Larger than the server accepts. */
  readonly EOVERSIZE: -25;
  /** No answer in time. */
  readonly ETIMEOUT: -27;
  /** The queue is full. */
  readonly EQUEUE: -64;
  /** The client was disconnected before it was done. */
  readonly ECLOSED: -65;
  /** Not sent within its `ttl`. */
  readonly EEXPIRED: -66;
  /** The WebSocket failed. */
  readonly EWEBSOCKET: -67;
  /** Its `signal` was aborted. */
  readonly ECANCELLED: -68;
  /** The server broke off `maxBreaks` connections over this request. */
  readonly EBREAKS: -69;
  /** The store is open already. */
  readonly ELOCKED: -70;
  /** No store of midge, or a newer version's. */
  readonly EFOREIGN: -71;
  /** The disk or the store is full. */
  readonly EFULL: -72;
  /** The store is on a read-only file system. */
  readonly EREADONLY: -73;
  /** The store is on a network file system. */
  readonly ENETWORK: -74;
  /** The store cannot be used. */
  readonly ESTORE: -75;
  /** A newer message of the topic took its place (`coalesce`). */
  readonly EREPLACED: -76;
  /** The session has ended, and the server may have it (`sessionLost: 'drop'`). */
  readonly ESESSION: -77;
}
