// Properties of MQTT 5, by the names that MQTT.js uses.
import type { Buffer } from './node';

export interface UserProperties {
  [name: string]: string | string[];
}

export interface PublishProperties {
  /** True: the payload is UTF-8 text. */
  payloadFormatIndicator?: boolean;
  /** Seconds, after which the server drops what it could not deliver. */
  messageExpiryInterval?: number;
  /** A number that stands for the topic from now on, 1 to what the server takes. */
  topicAlias?: number;
  /** Where the answer is to go. */
  responseTopic?: string;
  /** Comes back with the answer. */
  correlationData?: Uint8Array | string;
  /** Names and values of your own; a name may have several. */
  userProperties?: UserProperties;
  /** Of the payload, a MIME type say. */
  contentType?: string;
}

export interface WillProperties extends Omit<PublishProperties, 'topicAlias'> {
  /** Seconds that the server waits with the will; 0. */
  willDelayInterval?: number;
}

export interface ReceivedProperties
  extends Omit<PublishProperties, 'correlationData'> {
  /** Comes back with the answer. */
  correlationData?: Buffer;
  /** A number, 1 to 268,435,455, that comes with what the subscription brings. */
  subscriptionIdentifier?: number | number[];
}

export interface ConnectProperties {
  /** Seconds that the session outlives the connection; 0xFFFFFFFF: for ever. */
  sessionExpiryInterval?: number;
  /** How many messages of QoS 1 and 2 may be unanswered at a time; 65,535. */
  receiveMaximum?: number;
  /** Bytes of the largest packet; not limited. */
  maximumPacketSize?: number;
  /** How many topic aliases may be used; 0. */
  topicAliasMaximum?: number;
  /** Ask the server for where responses are to go; false. */
  requestResponseInformation?: boolean;
  /** False: reason strings and user properties come with few packets; true. */
  requestProblemInformation?: boolean;
  /** Names and values of your own; a name may have several. */
  userProperties?: UserProperties;
  /** Of enhanced authentication, SCRAM-SHA-1 say. */
  authenticationMethod?: string;
  /** What that method exchanges. */
  authenticationData?: Uint8Array | string;
}

export interface ConnackProperties {
  /** Seconds that the session outlives the connection; 0xFFFFFFFF: for ever. */
  sessionExpiryInterval?: number;
  /** How many messages of QoS 1 and 2 may be unanswered at a time; 65,535. */
  receiveMaximum?: number;
  /** The highest QoS that the server offers; 2. */
  maximumQoS?: number;
  /** Whether the server has retained messages; true. */
  retainAvailable?: boolean;
  /** Bytes of the largest packet; not limited. */
  maximumPacketSize?: number;
  /** The client id that the server has made up. */
  assignedClientIdentifier?: string;
  /** How many topic aliases may be used; 0. */
  topicAliasMaximum?: number;
  /** Why, for people. */
  reasonString?: string;
  /** Names and values of your own; a name may have several. */
  userProperties?: UserProperties;
  /** Whether + and # may be subscribed to; true. */
  wildcardSubscriptionAvailable?: boolean;
  /** Whether subscriptions may have identifiers; true. */
  subscriptionIdentifiersAvailable?: boolean;
  /** Whether there are shared subscriptions; true. */
  sharedSubscriptionAvailable?: boolean;
  /** Seconds; holds instead of the keep-alive that was asked for. */
  serverKeepAlive?: number;
  /** Below which topic responses are to go, if that was asked for. */
  responseInformation?: string;
  /** Another server, to be used instead. */
  serverReference?: string;
  /** Of enhanced authentication, SCRAM-SHA-1 say. */
  authenticationMethod?: string;
  /** What that method exchanges. */
  authenticationData?: Buffer;
}

export interface SubscribeProperties {
  /** A number, 1 to 268,435,455, that comes with what the subscription brings. */
  subscriptionIdentifier?: number;
  /** Names and values of your own; a name may have several. */
  userProperties?: UserProperties;
}

export interface UnsubscribeProperties {
  /** Names and values of your own; a name may have several. */
  userProperties?: UserProperties;
}

export interface DisconnectProperties {
  /** Seconds that the session outlives the connection; 0xFFFFFFFF: for ever. */
  sessionExpiryInterval?: number;
  /** Why, for people. */
  reasonString?: string;
  /** Names and values of your own; a name may have several. */
  userProperties?: UserProperties;
}

export interface AuthProperties {
  /** Of enhanced authentication, SCRAM-SHA-1 say. */
  authenticationMethod?: string;
  /** What that method exchanges. */
  authenticationData?: Uint8Array | string;
  /** Why, for people. */
  reasonString?: string;
  /** Names and values of your own; a name may have several. */
  userProperties?: UserProperties;
}

export interface AckProperties {
  /** Why, for people. */
  reasonString?: string;
  /** Names and values of your own; a name may have several. */
  userProperties?: UserProperties;
}
