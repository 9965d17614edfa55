'use strict';
// require('midge') is the class; what belongs to it hangs on it, and so does
// what MQTT.js exports.
const mqtt = require('./mqtt');

Object.assign(mqtt, require('./mqttjs'));
Object.defineProperty(mqtt, '__esModule', { value: true });

module.exports = mqtt;
module.exports.mqtt = mqtt;
module.exports.default = mqtt;
