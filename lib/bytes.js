'use strict';
// What may be bytes: a Buffer, any view of an ArrayBuffer, an ArrayBuffer; and
// a string, which is sent as UTF-8.
const { types } = require('node:util');
const { invalidType } = require('./errors');

const BYTES = 'of type string or an instance of Buffer, TypedArray, DataView or ArrayBuffer';

// A Uint8Array of the same memory; undefined if it is no bytes.
function bytesOf(value) {
  if (types.isUint8Array(value)) return value;
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return types.isAnyArrayBuffer(value) ? Buffer.from(value) : undefined;
}

// A string or a Uint8Array; undefined for nothing.
function content(name, value) {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return undefined;
  const bytes = bytesOf(value);
  if (bytes === undefined) throw invalidType(name, BYTES, value);
  return bytes;
}

// The same, as it is now: later changes of its bytes are not seen.
function copy(name, value) {
  const given = content(name, value);
  return given === undefined || typeof given === 'string'
    ? given : Buffer.from(given);
}

// A lone surrogate is no character: UTF-8 has none of it.
function isText(string) {
  return string.isWellFormed ? string.isWellFormed()
    : !/\p{Surrogate}/u.test(string);
}

module.exports = { bytesOf, content, copy, isText };
