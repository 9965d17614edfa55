'use strict';
// require('midge') is the class; what belongs to it hangs on it.
const mqtt = require('./mqtt');

module.exports = mqtt;
module.exports.mqtt = mqtt;
