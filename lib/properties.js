'use strict';
// Properties of MQTT 5: objects with the names of MQTT.js here, one flat list
// of identifiers and values on the other side of the border.
const { types } = require('node:util');
const native = require('./native');
const { errors, invalidType } = require('./errors');
const { misspelled } = require('./spelling');

const UINT32_MAX = 0xffffffff;
const USER_PROPERTY = 0x26;
const TEXT = 5;
const BINARY = 6;

const byName = new Map();
const byId = new Map();
for (const [name, id, type] of native.properties) {
  byName.set(name, { name, id, type });
  byId.set(id, name);
}

function isPlain(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function pushPairs(list, path, pairs) {
  if (!isPlain(pairs)) throw invalidType(path, 'object', pairs);
  for (const [name, values] of Object.entries(pairs)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      if (typeof value !== 'string') {
        throw invalidType(`${path}.${name}`, 'string', value);
      }
      list.push(USER_PROPERTY, name, value);
    }
  }
}

// False: a number that no property can hold.
function pushNumber(list, path, { id }, value) {
  if (typeof value === 'boolean') {
    list.push(id, value ? 1 : 0);
    return true;
  }
  if (typeof value !== 'number') throw invalidType(path, 'number', value);
  if (!Number.isInteger(value) || value < 0 || value > UINT32_MAX) return false;
  list.push(id, value);
  return true;
}

function push(list, path, row, value) {
  if (row.type === TEXT) {
    if (typeof value !== 'string') throw invalidType(path, 'string', value);
    list.push(row.id, value);
    return true;
  }
  if (row.type === BINARY) {
    if (typeof value !== 'string' && !types.isUint8Array(value)) {
      throw invalidType(path, 'of type string or an instance of Buffer or Uint8Array', value);
    }
    list.push(row.id, value);
    return true;
  }
  const values = Array.isArray(value) ? value : [value];
  return values.every((number) => pushNumber(list, path, row, number));
}

// The flat list; undefined when there is nothing to say; an error code when a
// value cannot be. Types that cannot be throw.
function encode(properties, path = 'properties') {
  if (properties === undefined || properties === null) return undefined;
  if (!isPlain(properties)) throw invalidType(path, 'object', properties);
  const list = [];
  let possible = true;
  for (const [name, value] of Object.entries(properties)) {
    const row = byName.get(name);
    if (row === undefined) throw misspelled('property', name, byName.keys());
    if (value === undefined) continue;
    if (row.id === USER_PROPERTY) pushPairs(list, `${path}.${name}`, value);
    else possible = push(list, `${path}.${name}`, row, value) && possible;
  }
  if (!possible) return errors.EINVAL;
  return list.length === 0 ? undefined : list;
}

function add(object, name, value) {
  if (!Object.hasOwn(object, name)) {
    // Whatever the server calls it, it becomes a property and nothing else.
    Object.defineProperty(object, name, {
      value, writable: true, enumerable: true, configurable: true,
    });
  } else if (Array.isArray(object[name])) {
    object[name].push(value);
  } else {
    object[name] = [object[name], value];
  }
}

function decode(list) {
  if (list === undefined) return undefined;
  const properties = {};
  for (let at = 0; at < list.length; at += 2) {
    if (list[at] === USER_PROPERTY) {
      properties.userProperties ??= {};
      add(properties.userProperties, list[at + 1], list[at + 2]);
      at += 1;
    } else {
      add(properties, byId.get(list[at]), list[at + 1]);
    }
  }
  return properties;
}

module.exports = { encode, decode };
