import mqtt from './index.js';

export default mqtt;
export { mqtt };
export declare const errors: mqtt.Errors;
export declare const strerror: typeof mqtt.strerror;

// What MQTT.js exports; our own QoS and UserProperties are the same.
export * from './mqttjs/types.js';

export type ErrorCode = mqtt.ErrorCode;
export type QoS = mqtt.QoS;
export type Message = mqtt.Message;
export type Secret = mqtt.Secret;
export type UserProperties = mqtt.UserProperties;
export type PublishProperties = mqtt.PublishProperties;
export type WillProperties = mqtt.WillProperties;
export type ReceivedProperties = mqtt.ReceivedProperties;
export type ConnectProperties = mqtt.ConnectProperties;
export type ConnackProperties = mqtt.ConnackProperties;
export type SubscribeProperties = mqtt.SubscribeProperties;
export type UnsubscribeProperties = mqtt.UnsubscribeProperties;
export type DisconnectProperties = mqtt.DisconnectProperties;
export type AuthProperties = mqtt.AuthProperties;
export type AckProperties = mqtt.AckProperties;
export type Connack = mqtt.Connack;
export type Ack<Reason = number> = mqtt.Ack<Reason>;
export type MqttError = mqtt.MqttError;
export type TlsVersion = mqtt.TlsVersion;
export type PemSource = mqtt.PemSource;
export type TlsOptions = mqtt.TlsOptions;
export type Credentials = mqtt.Credentials;
export type Will = mqtt.Will;
export type StoreOptions = mqtt.StoreOptions;
export type Restored = mqtt.Restored;
export type MqttOptions = mqtt.MqttOptions;
export type RequestLimits = mqtt.RequestLimits;
export type PublishOptions = mqtt.PublishOptions;
export type UnsubscribeOptions = mqtt.UnsubscribeOptions;
export type SubscribeOptions = mqtt.SubscribeOptions;
export type DisconnectOptions = mqtt.DisconnectOptions;
export type ConnectCallback = mqtt.ConnectCallback;
export type DisconnectCallback = mqtt.DisconnectCallback;
export type ReceiveCallback = mqtt.ReceiveCallback;
export type PublishCallback = mqtt.PublishCallback;
export type UnsubscribeCallback<Reason = number | number[]> = mqtt.UnsubscribeCallback<Reason>;
export type SubscribeCallback<Granted = number | number[]> = mqtt.SubscribeCallback<Granted>;
export type MqttEvents = mqtt.MqttEvents;
export type Errors = mqtt.Errors;
