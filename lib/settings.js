'use strict';
// What the addon is told of a client, as it takes it: a list with the place of
// each name in its own table, and the value. Many clients have the same
// settings: they share the list.
const native = require('./native');

const places = new Map(native.settings.map((name, place) => [name, place]));
const LIST = Symbol('list');

// What is undefined is left out, and false, which is what the addon begins with.
function listOf(settings) {
  const list = [];
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined && value !== false) list.push(places.get(name), value);
  }
  return list;
}

// They are not changed from now on.
function share(settings) {
  return Object.freeze({ ...settings, [LIST]: listOf(settings) });
}

function flatten(settings) {
  return settings[LIST] ?? listOf(settings);
}

module.exports = { flatten, share };
