import mqtt from './index.js';

export default mqtt;
export { mqtt };
export const {
  errors, strerror, versions, connect, connectAsync, MqttClient, Client, Store,
  DefaultMessageIdProvider, UniqueMessageIdProvider,
  ReasonCodes, ErrorWithReasonCode, ErrorWithSubackPacket,
  validateTopic, validateTopics,
} = mqtt;
