'use strict';
// From the arguments of connect to one object of options, by the rules of
// MQTT.js, and from there to the URL that the core takes.
const net = require('node:net');
const { domainToASCII } = require('node:url');
const { invalidType } = require('../errors');

const schemes = {
  mqtt: 'mqtt', tcp: 'mqtt', mqtts: 'mqtts', ssl: 'mqtts', tls: 'mqtts', ws: 'ws', wss: 'wss',
};
const foreign = ['wx', 'wxs', 'ali', 'alis'];
const secured = { mqtt: 'mqtts', ws: 'wss', wx: 'wxs', ali: 'alis' };
const ports = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };
const UNIX = '+unix';

// Of all who have none.
const NO_QUERY = Object.freeze(Object.create(null));

function refuse(text) {
  const error = new Error(text);
  error.code = 'ERR_INVALID_ARG_VALUE';
  return error;
}

const PORT_MAX = 65535;

// Of a port that was given.
function isPossible(port) {
  const number = Number(port);
  return Number.isInteger(number) && number >= 0 && number <= PORT_MAX;
}

function badPort(name, port) {
  return Object.assign(new RangeError(`${name} should be >= 0 and < 65536. Received ${port}`),
    { code: 'ERR_SOCKET_BAD_PORT' });
}

function isKnown(protocol) {
  const plain = protocol.endsWith(UNIX) ? protocol.slice(0, -UNIX.length) : protocol;
  return Object.hasOwn(schemes, plain) || foreign.includes(plain);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // as it stands: a % that means itself
  }
}

// It may have a password in it, and is not told.
function unreadable(text) {
  const [, scheme, port] = /^([^:/?#]*):\/\/[^/?#]*?(?::(\d+))?(?:[/?#]|$)/.exec(text) ?? [];
  if (scheme === undefined || !isKnown(scheme.toLowerCase())) return refuse('Missing protocol');
  return port !== undefined && !isPossible(port) ? badPort('The port of the URL', port)
    : refuse('The URL cannot be read: its host or its port is none. In a user name or password ' +
      '# / ? are written as %23 %2F %3F');
}

// As MQTT.js reads them too: mqtt:host:port, and a user of a Unix socket, which has no host.
const WITHOUT_SLASHES = /^(\s*[a-z]+:)(?!\/)/i;
const WITHOUT_HOST = /^(\s*[a-z]+\+unix:\/\/[^/?#]*@)(?=\/)/i;
const NO_HOST = 'none.invalid';

function inAscii(host) {
  return /[^\0-\x7f]/.test(host) ? domainToASCII(host) || host : host;
}

function hostOf(hostname) {
  return inAscii(decoded(hostname.replace(/^\[(.*)\]$/, '$1')));
}

// What a URL says, under the names of options.
function parse(text) {
  let url;
  try {
    url = new URL(text.replace(WITHOUT_SLASHES, '$1//').replace(WITHOUT_HOST, `$1${NO_HOST}`));
  } catch {
    throw unreadable(text);
  }
  const protocol = url.protocol.slice(0, -1);
  if (!isKnown(protocol)) throw refuse('Missing protocol');
  const isUnix = protocol.endsWith(UNIX);
  const named = [url.username, url.password].map(decoded);
  if (named[1] === '') named.pop();
  const parsed = {
    protocol,
    host: url.hostname === NO_HOST ? '' : hostOf(url.hostname),
    query: url.search === '' ? NO_QUERY
      : Object.assign(Object.create(null), Object.fromEntries(url.searchParams)),
    auth: url.username === '' && url.password === '' ? null : named.join(':'),
  };
  if (url.port !== '') parsed.port = Number(url.port);
  if (isUnix) parsed.path = decoded(url.pathname);
  else if (/^w/.test(protocol)) parsed.path = (url.pathname || '/') + url.search;
  return [parsed, named];
}

// user:password, cut at the last colon.
function cut(auth) {
  return /^(.+):(.+)$/s.exec(auth)?.slice(1) ?? [auth];
}

// `named`: what the URL names, where a colon of either is no separator.
function useAuth(options, parsed, named) {
  const { auth } = options;
  if (typeof auth !== 'string' || auth === '') return;
  const [name, password] = auth === parsed.auth && named[0] !== '' ? named : cut(auth);
  options.username = name;
  if (password !== undefined) options.password = password;
}

// A certificate and a key make a connection secure.
function useCertificate(options) {
  if (!options.cert || !options.key) return;
  const { protocol } = options;
  if (!protocol) throw refuse('Missing secure protocol key');
  if (Object.values(secured).includes(protocol)) return;
  if (!Object.hasOwn(secured, protocol)) {
    throw refuse(`Unknown protocol for secure connection: "${protocol}"!`);
  }
  options.protocol = secured[protocol];
}

// False stands for none, as of `isSecure && 'mqtts'`.
function checkProtocol(options) {
  for (const name of ['protocol', 'defaultProtocol']) {
    const value = options[name];
    if (value != null && value !== false && typeof value !== 'string') {
      throw invalidType(`options.${name}`, 'string', value);
    }
  }
}

function useProtocol(options) {
  checkProtocol(options);
  if (options.protocol) options.protocol = options.protocol.replace(/:$/, '');
  if (options.protocol && options.protocol.endsWith(UNIX)) {
    options.protocol = options.protocol.slice(0, -UNIX.length);
    options.unixSocket = true;
  }
  useCertificate(options);
  if (!options.protocol || !isKnown(options.protocol)) {
    options.protocol = isKnown(options.defaultProtocol || '') ? options.defaultProtocol : 'mqtt';
  }
  if (foreign.includes(options.protocol)) {
    throw refuse(`Protocol "${options.protocol}" is one of mini-programs, which have no Node.js: ` +
      'use mqtt, mqtts, ws or wss');
  }
}

// One object of both arguments; neither is written to.
function merge(url, given) {
  if (url instanceof URL) url = url.href;
  if (url !== null && typeof url === 'object' && !given) [url, given] = ['', url];
  const [parsed, named] = url ? parse(url) : [{}, []];
  const options = { ...parsed, ...given };
  useAuth(options, parsed, named);
  if (typeof options.query?.clientId === 'string') options.clientId = options.query.clientId;
  useProtocol(options);
  options.unixSocket = Boolean(options.unixSocket);
  options.defaultProtocol = options.protocol;
  if (hasServers(options)) {
    Object.assign(options, placeOf(options, 0));
  } else if (!options.unixSocket) {
    options.host = options.host || options.hostname || 'localhost';
    options.hostname ??= options.host;
    options.port = options.port || ports[schemes[options.protocol]];
  }
  if (options.clean === false && !options.clientId) {
    throw refuse('Missing clientId for unclean clients');
  }
  return options;
}

function hasServers({ servers, unixSocket }) {
  return servers?.length > 0 && !unixSocket;
}

// Where there are servers `protocol` is that of the one whose turn it is.
function protocolOf(options) {
  const { protocol, defaultProtocol } = options;
  return hasServers(options) ? defaultProtocol ?? protocol : protocol;
}

// What the options show of the server whose turn it is, whatever it says: that is looked at later.
function placeOf(options, at) {
  const { host, port, protocol = protocolOf(options) } = options.servers[at] ?? {};
  const usual = typeof protocol === 'string' ? ports[schemes[protocol]] : undefined;
  return { host, hostname: host, port: port || usual, protocol };
}

function isWebSocket(options) {
  return /^w/.test(schemes[protocolOf(options)]);
}

function isSecure(protocol) {
  return /s$/.test(schemes[protocol]);
}

// One of the servers may be reached by TLS. Where transformWsUrl leads is not known.
function isSecured(options) {
  const { servers, transformWsUrl } = options;
  const protocols = [protocolOf(options), ...(servers || []).map((server) => server.protocol)];
  return Boolean(transformWsUrl) || protocols.some(isSecure);
}

// A host in a URL. What is no name stays one in it, which a lookup does not find.
function inUrl(host) {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  return net.isIPv6(address) ? `[${address.replace('%', '%25')}]`
    : inAscii(host).replace(/[\0-\x20/?#@:%[\]\\\x7f]/g, encodeURIComponent);
}

function compose(protocol, host, port, path) {
  const scheme = schemes[protocol];
  const name = inUrl(String(host || 'localhost'));
  const way = scheme.startsWith('w') ? path || '/' : '';
  return `${scheme}://${name}:${port || ports[scheme]}${way}`;
}

// What transformWsUrl has made.
function urlOf(made) {
  if (typeof made === 'string') return made;
  if (made instanceof URL) return made.href;
  throw refuse('Option "transformWsUrl" returns a URL, or a promise of one');
}

// Where to: all URLs, in the order in which they are tried.
function locate(options) {
  const { path, servers } = options;
  const protocol = protocolOf(options);
  if (options.unixSocket) {
    if (schemes[protocol] === 'mqtt') return [`unix:${path}`];
    throw refuse('A Unix socket has neither TLS nor WebSocket: use mqtt+unix');
  }
  if (!(servers?.length > 0)) {
    return [compose(protocol, options.host, options.port, path)];
  }
  return servers.map((server) => {
    if (server.protocol !== undefined && !Object.hasOwn(schemes, server.protocol)) {
      throw refuse(`Unknown protocol "${server.protocol}" in options.servers`);
    }
    return compose(server.protocol ?? protocol, server.host, server.port, path);
  });
}

module.exports = {
  merge, compose, locate, hasServers, placeOf, protocolOf, isWebSocket, isSecure, isSecured,
  isPossible, badPort, refuse, urlOf,
};
