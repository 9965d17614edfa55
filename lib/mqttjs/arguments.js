'use strict';
// The arguments of methods, in every order that MQTT.js takes.
const properties = require('../properties');
const { failure, invalidType } = require('../errors');
const { content } = require('../bytes');
const { split, splitPublish } = require('../limits');
const { invalidQos, invalidHandling } = require('./failures');

function isFunction(value) {
  return typeof value === 'function';
}

// (options?, callback?)
function tail(options, callback) {
  if (isFunction(options)) return [{}, options];
  return [options ?? {}, isFunction(callback) ? callback : undefined];
}

// (force?, options?, callback?), each of them left out or not. What throws does it here,
// before anything has begun to end.
function endArguments(...args) {
  const callback = args.find(isFunction);
  const options = { ...args.find((arg) => typeof arg === 'object' && arg !== null) };
  const { signal } = options;
  if (signal && typeof signal.addEventListener !== 'function') {
    throw invalidType('options.signal', 'an instance of AbortSignal', signal);
  }
  return [args[0] === true, options, callback];
}

// One entry for each filter, from a string, a list or an object of filters.
function entries(topics, options, isMqtt5) {
  if (typeof topics === 'object' && topics !== null && !Array.isArray(topics)) {
    return fromObject(topics, options, isMqtt5);
  }
  const { qos = 0, nl = false, rap = false, rh = 0, properties: list } = options;
  return (Array.isArray(topics) ? topics : [topics]).map((topic) => {
    const entry = { topic, qos: qosOf(qos) };
    if (isMqtt5) Object.assign(entry, { nl: nl ?? false, rap: rap ?? false, rh: rh ?? 0 });
    if (isMqtt5 && list) entry.properties = list;
    return entry;
  });
}

// A number is a QoS. `resubscribe` beside the filters says that they are asked for in any case.
function fromObject(topics, options, isMqtt5) {
  return Object.entries(topics).filter(([topic]) => topic !== 'resubscribe')
    .map(([topic, given]) => {
      const { qos = 0, nl, rap, rh, properties: own } =
        typeof given === 'number' ? { qos: given } : given ?? {};
      const entry = { topic, qos: qosOf(qos) };
      if (!isMqtt5) return entry; // which alone has the rest
      const rest = { nl, rap, rh, properties: own ?? options.properties };
      for (const [name, value] of Object.entries(rest)) {
        if (value !== undefined) entry[name] = value;
      }
      return entry;
    });
}

// As on the wire.
function bits({ qos, nl, rap, rh = 0 }) {
  return qos | (nl ? 4 : 0) | (rap ? 8 : 0) | rh << 4;
}

function isQos(qos) {
  return qos === 0 || qos === 1 || qos === 2;
}

// None is 0, and a program whose settings are text may say '1'. What is none of it is as given.
function qosOf(qos) {
  return qos === '0' || qos === '1' || qos === '2' ? Number(qos) : qos ?? 0;
}

function textOf(value) {
  const isTold = typeof value === 'number' || typeof value === 'boolean' ||
    typeof value === 'bigint' || value instanceof Date;
  return isTold ? String(value) : value;
}

// As MQTT.js takes them: a number or the like among user properties stands for its text.
function withTexts(given) {
  const user = given?.userProperties;
  if (typeof user !== 'object' || user === null || Array.isArray(user)) return given;
  const userProperties = Object.fromEntries(Object.entries(user).map(([name, value]) =>
    [name, Array.isArray(value) ? value.map(textOf) : textOf(value)]));
  return { ...given, userProperties };
}

// [what is wrong, the list that the addon takes]
function encode(given, isMqtt5) {
  if (!isMqtt5 || !given) return [];
  try {
    const list = properties.encode(withTexts(given), 'options.properties');
    return typeof list === 'number'
      ? [failure(list, { text: 'a number in the properties is negative, not whole or too large' })]
      : [undefined, list];
  } catch (error) {
    return [error];
  }
}

// [what is wrong, the payload]
function payload(message) {
  try {
    return [undefined, content('message', message)];
  } catch (error) {
    return [error];
  }
}

// [what is wrong, ttl, timeout and signal]; mostly there are none
function limits(given) {
  return given.ttl === undefined && given.timeout === undefined && given.signal === undefined
    ? [] : checkLimits(split, given);
}

// The same of a publish, with coalesce.
function publishLimits(given) {
  return given.coalesce === undefined ? limits(given) : checkLimits(splitPublish, given);
}

function checkLimits(take, given) {
  try {
    const [list] = take('options', given);
    return typeof list === 'number'
      ? [failure(list, { text: 'ttl and timeout are milliseconds from 0 to 4,294,967,295' })]
      : [undefined, list];
  } catch (error) {
    return [error];
  }
}

// What is wrong with the first of them that cannot be; undefined: nothing.
function wrongEntry(list) {
  for (const { qos, rh = 0 } of list) {
    if (!isQos(qos)) return invalidQos(qos);
    if (!isQos(rh)) return invalidHandling(rh);
  }
  return undefined;
}

module.exports = {
  tail, endArguments, entries, bits, isQos, qosOf, withTexts, encode, payload, limits,
  publishLimits, wrongEntry,
};
