'use strict';
// What a client is made by: its options, checked, and what the core is told of
// them. Many clients have the same options but for who they are. What was found
// out for the last one serves the next one too, if none of its options could have
// another meaning now.
const { randomBytes } = require('node:crypto');
const { limitsOf } = require('../client');
const { share } = require('../settings');
const optionTable = require('./options');
const tls = require('./tls');
const { isSecured } = require('./url');

// Who a client is: of these each one has its own.
const PERSONAL = { clientId: 'clientId', username: 'userName', password: 'password' };
const LENGTH_MAX = 20000; // so it is never too long in bytes

const limits = limitsOf({ holdTimeout: optionTable.UNHEARD_MS });

function isPersonal(name) {
  return name === 'clientId' || name === 'username' || name === 'password';
}

function newId() {
  return `mqttjs_${randomBytes(4).toString('hex')}`;
}

class Plan {
  // `options`: the client's, complete. `given`: the caller's own.
  constructor(options, given, way, isPeriodGiven) {
    this.options = { ...options };
    this.names = Object.keys(this.options);
    this.given = { ...given };
    this.nature = {
      isAsynchronous: true,
      settings: share(optionTable.settings(options, isPeriodGiven, way.isByHand)),
      limits,
      keepAlive: options.keepalive,
    };
    this.isMqtt5 = options.protocolVersion === 5;
    this.place = way.place(options);
    this.will = optionTable.will(options);
    this.isShared = false; // by several clients: nothing here is one's own
  }

  // From now on it serves others too, who need not know who the first one was.
  share() {
    for (const name of Object.keys(PERSONAL)) {
      if (Object.hasOwn(this.options, name)) this.options[name] = undefined;
      delete this.given[name];
    }
    this.isShared = true;
  }

  // Who a client is whose caller gave these.
  identify({ clientId, username, password }) {
    return new optionTable.Identity(this.isShared
      ? { clientId: clientId ?? newId(), username, password } : this.options);
  }

  // The options of the client `who`.
  optionsFor({ clientId, userName: username, password }) {
    const options = { ...this.options, clientId };
    if (username !== undefined) options.username = username;
    if (password !== undefined) options.password = password;
    return options;
  }

  // Nothing has changed in the options of the client `who`.
  isAsIn(options, who) {
    const names = Object.keys(options);
    if (names.length !== this.names.length) return false;
    for (const name of names) {
      const value = isPersonal(name) ? who[PERSONAL[name]] : this.options[name];
      if (options[name] !== value) return false;
    }
    return true;
  }
}

// A text that is surely taken.
function isPlainText(value) {
  return typeof value === 'string' && value !== '' && value.length < LENGTH_MAX &&
    !value.includes('\0');
}

// A value that is the same as long as it is equal, or that nobody reads.
function isLasting(name, value, isRead) {
  if (isPersonal(name)) return isPlainText(value);
  if (value === null || typeof value !== 'object') return true;
  return !isRead && value instanceof Uint8Array && tls.materials.includes(name);
}

// What names a server, and nothing else.
function isPlainUrl(url) {
  return typeof url === 'string' && !/[?@]/.test(url);
}

function canBeShared(url, given, { options }) {
  const isRead = isSecured(options);
  return isPlainUrl(url) && !options.auth && !options.pskCallback &&
    Object.entries(given).every(([name, value]) => isLasting(name, value, isRead));
}

let last; // { url, names, plan, proxy }

function keep(url, given, plan) {
  if (!canBeShared(url, given, plan)) return;
  plan.share();
  last = { url, names: Object.keys(given), plan, proxy: process.env.MQTTJS_SOCKS_PROXY };
}

// Without a list of its names, which thousands of clients would each need.
function isSame(given, { plan, names }) {
  let at = 0;
  for (const name in given) {
    if (name !== names[at] || !Object.hasOwn(given, name)) return false;
    const value = given[name];
    if (isPersonal(name) ? !isPlainText(value) : value !== plan.given[name]) return false;
    at += 1;
  }
  return at === names.length;
}

// The plan that serves for these arguments of connect, if there is one.
function find(url, given) {
  if (last === undefined || url !== last.url || !isSame(given, last)) {
    return undefined;
  }
  return last.proxy === process.env.MQTTJS_SOCKS_PROXY ? last.plan : undefined;
}

module.exports = { Plan, PERSONAL, isPersonal, keep, find };
