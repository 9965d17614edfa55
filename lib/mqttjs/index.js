'use strict';
// What MQTT.js exports, by its names.
const { MqttClient } = require('./client');
const { connect, connectAsync } = require('./connect');
const { DefaultMessageIdProvider, UniqueMessageIdProvider } = require('./identifiers');
const { ReasonCodes, ErrorWithReasonCode, ErrorWithSubackPacket } = require('./reasons');
const { Store } = require('./store');
const { validateTopic, validateTopics } = require('./topics');

module.exports = {
  connect,
  connectAsync,
  MqttClient,
  Client: MqttClient,
  Store,
  DefaultMessageIdProvider,
  UniqueMessageIdProvider,
  ReasonCodes,
  ErrorWithReasonCode,
  ErrorWithSubackPacket,
  validateTopic,
  validateTopics,
};
