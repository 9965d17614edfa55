// Packets, in the shapes of MQTT.js's mqtt-packet.
import type { AckProperties, ConnackProperties, UserProperties } from '../mqtt5';
import type { Buffer } from '../node';

export type QoS = 0 | 1 | 2;
export type { UserProperties };

export interface IPacket {
  messageId?: number;
  length?: number;
}

export interface IAuthPacket extends IPacket {
  cmd: 'auth';
  reasonCode: number;
  properties?: {
    /** Of enhanced authentication, SCRAM-SHA-1 say. */
    authenticationMethod?: string;
    /** What that method exchanges. */
    authenticationData?: Buffer;
    /** Why, for people. */
    reasonString?: string;
    /** Names and values of your own; a name may have several. */
    userProperties?: UserProperties;
  };
}

export interface IWillProperties {
  /** Seconds that the server waits with the will; 0. */
  willDelayInterval?: number;
  /** True: the payload is UTF-8 text. */
  payloadFormatIndicator?: boolean;
  /** Seconds, after which the server drops what it could not deliver. */
  messageExpiryInterval?: number;
  /** Of the payload, a MIME type say. */
  contentType?: string;
  /** Where the answer is to go. */
  responseTopic?: string;
  /** Comes back with the answer. */
  correlationData?: Buffer;
  /** Names and values of your own; a name may have several. */
  userProperties?: UserProperties;
}

export interface IConnectProperties {
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
  /** It may have come before. */
  dup: boolean;
  /** The server had kept it. */
  retain: boolean;
  topic: string;
  payload: string | Buffer;
  /** Of MQTT 5. */
  properties?: {
    /** True: the payload is UTF-8 text. */
    payloadFormatIndicator?: boolean;
    /** Seconds, after which the server drops what it could not deliver. */
    messageExpiryInterval?: number;
    /** A number that stands for the topic from now on, 1 to what the server takes. */
    topicAlias?: number;
    /** Where the answer is to go. */
    responseTopic?: string;
    /** Comes back with the answer. */
    correlationData?: Buffer;
    /** Names and values of your own; a name may have several. */
    userProperties?: UserProperties;
    /** A number, 1 to 268,435,455, that comes with what the subscription brings. */
    subscriptionIdentifier?: number | number[];
    /** Of the payload, a MIME type say. */
    contentType?: string;
  };
  /** Only with `manualAcks`: acknowledges this message; the reason is MQTT 5's, of QoS 1. */
  ack?(reasonCode?: number): void;
  /** Of one in the store's inbox: the same each time it is told. */
  deliveryKey?: string;
}

export interface IConnackPacket extends IPacket {
  cmd: 'connack';
  /** Before MQTT 5; 0: accepted. */
  returnCode?: number;
  /** In MQTT 5; 0: accepted. */
  reasonCode?: number;
  /** The server still has the session. */
  sessionPresent: boolean;
  properties?: ConnackProperties;
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
    /** Why, for people. */
    reasonString?: string;
    /** A number, 1 to 268,435,455, that comes with what the subscription brings. */
    subscriptionIdentifier?: number;
    /** Names and values of your own; a name may have several. */
    userProperties?: UserProperties;
  };
}

export interface ISubackPacket extends IPacket {
  cmd: 'suback';
  granted: number[] | Object[];
  properties?: AckProperties;
}

export interface IUnsubscribePacket extends IPacket {
  cmd: 'unsubscribe';
  unsubscriptions: string[];
  properties?: { reasonString?: string; userProperties?: UserProperties };
}

export interface IUnsubackPacket extends IPacket {
  cmd: 'unsuback';
  /** Of MQTT 5. */
  granted: number[];
  properties?: AckProperties;
}

export interface IPubackPacket extends IPacket {
  cmd: 'puback';
  reasonCode?: number;
  properties?: AckProperties;
}

export interface IPubrecPacket extends IPacket {
  cmd: 'pubrec';
  reasonCode?: number;
  properties?: AckProperties;
}

export interface IPubrelPacket extends IPacket {
  cmd: 'pubrel';
  reasonCode?: number;
  properties?: AckProperties;
}

export interface IPubcompPacket extends IPacket {
  cmd: 'pubcomp';
  reasonCode?: number;
  properties?: AckProperties;
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
    /** Seconds that the session outlives the connection; 0xFFFFFFFF: for ever. */
    sessionExpiryInterval?: number;
    /** Why, for people. */
    reasonString?: string;
    /** Names and values of your own; a name may have several. */
    userProperties?: UserProperties;
    /** Another server, to be used instead. */
    serverReference?: string;
  };
}

export type Packet = IConnectPacket | IPublishPacket | IConnackPacket | ISubscribePacket
  | ISubackPacket | IUnsubscribePacket | IUnsubackPacket | IPubackPacket | IPubcompPacket
  | IPubrelPacket | IPingreqPacket | IPingrespPacket | IDisconnectPacket | IPubrecPacket
  | IAuthPacket;
