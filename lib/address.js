'use strict';
// Where to connect to: a host and a port, or a URL, become the URL that the
// addon takes. The addon judges it; here it is only put together.
const net = require('node:net');
const { errors } = require('./errors');

const secured = { mqtt: 'mqtts', tcp: 'mqtts', ws: 'wss' };

// Scheme, user, host, port and path as RFC 3986 cuts them.
const shape =
  /^([^:/?#]+):\/\/(?:([^/?#]*)@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::([^/?#]*))?(.*)$/s;

function withPort(port, own) {
  if (own) return `:${own}`;
  if (port === '') return '';
  return `:${encodeURIComponent(Buffer.from(port))}`; // half a character would throw
}

// `security`: { secure, path }.
function fromUrl(text, port, { secure, path }) {
  const parts = shape.exec(text);
  if (parts === null) return text;
  const [, scheme, user, host, ownPort, ownPath] = parts;
  const name = scheme.toLowerCase();
  const protocol = secure && Object.hasOwn(secured, name) ? secured[name] : name;
  const rest = ownPath === '' || ownPath === '/' ? path ?? ownPath : ownPath;
  return `${protocol}://${user === undefined ? '' : `${user}@`}${host}${
    withPort(port, ownPort)}${protocol.startsWith('ws') ? rest : ownPath}`;
}

// An IPv6 address may have a zone, whose % a URL writes as %25 (RFC 6874).
function inBrackets(host) {
  const address = host.startsWith('[') && host.endsWith(']')
    ? host.slice(1, -1) : host;
  return net.isIPv6(address) ? `[${address.replace('%', '%25')}]` : undefined;
}

// [status, URL or what is wrong]
function locate(host, port, security) {
  const given = port === undefined || port === null ? '' : String(port);
  if (/^(mqtt\+)?unix:/i.test(host)) return [0, host.replace(/^mqtt\+/i, '')];
  if (host.includes('://')) return [0, fromUrl(host, given, security)];
  const address = inBrackets(host);
  if (address === undefined && (host === '' || /[\s/?#@[\]:%\\]/.test(host))) {
    return [errors.EINVAL, `"${host}" is no host: it is a name, an address or ` +
      'a URL (mqtt://host:port)'];
  }
  return [0, fromUrl(`mqtt://${address ?? host}`, given, security)];
}

module.exports = { locate };
