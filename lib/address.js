'use strict';
// Where to connect to: a host and a port, or a URL, become the URL that the
// addon takes.
const net = require('node:net');
const { errors } = require('./errors');

const schemes = {
  mqtt: { plain: 'mqtt', secure: 'mqtts', port: 1883 },
  tcp: { plain: 'mqtt', secure: 'mqtts', port: 1883 },
  mqtts: { plain: 'mqtts', secure: 'mqtts', port: 8883 },
  ssl: { plain: 'mqtts', secure: 'mqtts', port: 8883 },
  tls: { plain: 'mqtts', secure: 'mqtts', port: 8883 },
  ws: { plain: 'ws', secure: 'wss', port: 80 },
  wss: { plain: 'wss', secure: 'wss', port: 443 },
};
const ports = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 };

// scheme://user@host:port/path, cut where RFC 3986 cuts it.
const shape =
  /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?((?:[/?].*)?)$/i;
const unix = /^(?:unix:|(?:mqtt\+)?unix:\/\/)(\/.+)$/i;

function isHost(host) {
  if (host.startsWith('[') && host.endsWith(']')) {
    return net.isIPv6(host.slice(1, -1));
  }
  return host !== '' && !/[\s/?#@[\]:%\\]/.test(host);
}

// A number in 1..65535, undefined when left out, NaN when it cannot be.
function portNumber(port) {
  if (port === undefined || port === null || port === '') return undefined;
  if (typeof port === 'string' && !/^\d+$/.test(port)) return NaN;
  const number = Number(port);
  return Number.isInteger(number) && number >= 1 && number <= 65535
    ? number : NaN;
}

function fromUrl(text, port, { secure, path }) {
  const parts = shape.exec(text);
  if (parts === null) return errors.EINVAL;
  const [, scheme, user, host, ownPort, ownPath] = parts;
  const known = Object.hasOwn(schemes, scheme.toLowerCase())
    ? schemes[scheme.toLowerCase()] : undefined;
  if (known === undefined || !isHost(host)) return errors.EINVAL;
  const protocol = secure ? known.secure : known.plain;
  const chosen = portNumber(ownPort) ?? portNumber(port) ?? ports[protocol];
  if (Number.isNaN(chosen)) return errors.EINVAL;
  const rest = ownPath === '' || ownPath === '/' ? path ?? ownPath : ownPath;
  return `${protocol}://${user === undefined ? '' : `${user}@`}${host}:${
    chosen}${protocol.startsWith('ws') ? rest : ''}`;
}

// `security`: { secure, path }. A URL, or an error code.
function locate(host, port, settings) {
  if (Number.isNaN(portNumber(port))) return errors.EINVAL;
  const socket = unix.exec(host);
  if (socket !== null) return `unix:${socket[1]}`;
  if (host.includes('://')) return fromUrl(host, port, settings);
  const name = net.isIPv6(host) ? `[${host}]` : host;
  if (!isHost(name)) return errors.EINVAL;
  return fromUrl(`mqtt://${name}`, port, settings);
}

module.exports = { locate };
