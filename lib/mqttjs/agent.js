'use strict';
// What the agent of a WebSocket says of its connection: an agent of Node.js has options of
// TLS, and those of https-proxy-agent and socks-proxy-agent a proxy. The connection itself
// is the core's, and pools and keep-alive of HTTP mean nothing for it.
const http = require('node:http');
const https = require('node:https');
const { isWebSocket, refuse } = require('./url');

const HOW = 'give proxy, or createWebsocket: (url, protocols) => new WebSocket(url, protocols, ' +
  '{ agent }) with the class of ws';

function refused(what) {
  return refuse(`Option "wsOptions.agent" cannot be honoured: ${what}: ${HOW}`);
}

const overridden = ['createConnection', 'createSocket', 'addRequest'];

// One of Node.js whose connections are Node's own.
function isNodes(agent) {
  const prototype = Object.getPrototypeOf(agent);
  return (prototype === http.Agent.prototype || prototype === https.Agent.prototype) &&
    !overridden.some((name) => Object.hasOwn(agent, name)) && !agent.options?.proxyEnv;
}

function authority(user, password, host, port) {
  const who = user || password ? `${user}:${password}@` : '';
  const name = String(host).replace(/^\[(.*)\]$/, '$1');
  return `${who}${name.includes(':') ? `[${name}]` : name}:${port}`;
}

// Of version 5, whose proxy is what url.parse makes of it, and of later ones, where it is a URL.
function ofHttps({ proxy, secureProxy, proxyHeaders }) {
  if (secureProxy || /^https:?$/.test(proxy.protocol)) {
    throw refused('its proxy is reached by TLS');
  }
  const headers = proxyHeaders ?? proxy.headers ?? {};
  if (typeof headers === 'function' || Object.keys(headers).length > 0) {
    throw refused('its proxy is told headers');
  }
  const [user, ...password] = (proxy.auth ?? '').split(':');
  const who = proxy.auth ? [user, password.join(':')].map(encodeURIComponent)
    : [proxy.username ?? '', proxy.password ?? ''];
  return `http://${authority(...who, proxy.hostname || proxy.host, proxy.port || 80)}`;
}

function ofSocks({ proxy: { host, port, type, userId = '', password = '' } }) {
  if (type !== 5) throw refused('SOCKS 4 is not spoken');
  const who = [userId, password].map(encodeURIComponent);
  return `socks5://${authority(...who, host, port)}`;
}

// By the names of their classes. HttpProxyAgent asks its proxy for more than a way, and
// ProxyAgent knows none before the request.
const kinds = { HttpsProxyAgent: ofHttps, SocksProxyAgent: ofSocks };

function agentOf(options) {
  return isWebSocket(options) ? options.wsOptions?.agent || undefined : undefined;
}

// The URL of its proxy, if it has one; what cannot be honoured throws.
function proxyOf(options) {
  const agent = agentOf(options);
  if (agent === undefined || isNodes(Object(agent))) return undefined;
  const { name } = agent.constructor ?? {};
  if (!Object.hasOwn(kinds, name ?? '') || typeof (agent.proxy ?? undefined) !== 'object') {
    throw refused('it is no agent of Node.js, https-proxy-agent or socks-proxy-agent');
  }
  return kinds[name](agent);
}

// What it says of TLS and of the socket, which goes before the options of the request.
function settingsOf(options) {
  const agent = agentOf(options);
  return agent !== undefined && isNodes(Object(agent)) ? agent.options ?? {} : {};
}

module.exports = { proxyOf, settingsOf };
