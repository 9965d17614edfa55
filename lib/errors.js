'use strict';
// Numbers, texts and Error objects for what goes wrong.
const native = require('./native');

// EINVAL: -3 and so on; 0 is not an error.
const errors = Object.freeze(Object.fromEntries(
  native.errors.filter(([, number]) => number !== 0)));

// Of midge, and of what its addon is linked with.
const versions = Object.freeze(native.versions);

const LOWEST_REASON = 0x80;

function strerror(code) {
  if (typeof code !== 'number') throw invalidType('code', 'number', code);
  return native.statusText(code);
}

// Node's words for what was given instead.
function received(value) {
  try {
    return describe(value);
  } catch {
    return ` Received ${typeof value === 'object' ? 'an object' : `type ${typeof value}`}`;
  }
}

function describe(value) {
  if (value == null) return ` Received ${value}`;
  if (typeof value === 'function') {
    return ` Received function ${value.name || '<anonymous>'}`;
  }
  if (typeof value === 'object') {
    const name = value.constructor && value.constructor.name;
    return name ? ` Received an instance of ${name}` : ' Received an object';
  }
  if (typeof value === 'symbol') return ' Received type symbol';
  const text = typeof value === 'string' ? `'${value.slice(0, 25)}'` : value;
  return ` Received type ${typeof value} (${text})`;
}

function invalidType(name, expected, value) {
  const kind = name.includes('.') ? 'property' : 'argument';
  const error = new TypeError(`The "${name}" ${kind} must be ${
    /^[a-z]+$/.test(expected) ? `of type ${expected}` : expected}.${
    received(value)}`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

function outOfRange(name, expected, value) {
  const error = new RangeError(`The value of "${name}" is out of range. ` +
    `It must be ${expected}.${typeof value === 'number'
      ? ` Received ${value}` : received(value)}`);
  error.code = 'ERR_OUT_OF_RANGE';
  return error;
}

// `details`: { text, code, reasonCode, statusCode, properties, cause }, as far
// as known; `statusCode` is HTTP's.
function failure(status, details = {}) {
  const { text, code, reasonCode, statusCode, properties, cause } = details;
  const error = new Error(text || native.statusText(status));
  error.code = code || native.statusName(status);
  error.errno = status;
  if (reasonCode !== undefined) error.reasonCode = reasonCode;
  else if (status <= -LOWEST_REASON) error.reasonCode = -status;
  if (statusCode) error.statusCode = statusCode;
  if (properties !== undefined) error.properties = properties;
  if (cause !== undefined) error.cause = cause;
  return error;
}

module.exports = {
  errors, strerror, versions, invalidType, outOfRange, failure, LOWEST_REASON,
};
