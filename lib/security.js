'use strict';
// TLS settings of a client, from the tls_* methods and from `options.tls`;
// each change is checked when it is made, and kept only if it can be.
const { types } = require('node:util');
const native = require('./native');
const { errors, invalidType, outOfRange } = require('./errors');
const { misspelled } = require('./spelling');

const versions = {
  tlsv1: 10, 'tlsv1.0': 10, 'tlsv1.1': 11, 'tlsv1.2': 12, 'tlsv1.3': 13,
};
const requirements = {
  0: true, SSL_VERIFY_NONE: true, 1: false, SSL_VERIFY_PEER: false,
};

const LOCKED = 'must be called before connect';

function isBytes(value) {
  return types.isUint8Array(value);
}

function isPem(value) {
  return isBytes(value) || value.includes('-----BEGIN');
}

// What may be the path of a file, PEM text, or bytes.
function checkMaterial(name, value) {
  if (value === undefined || value === null) return;
  if (typeof value !== 'string' && !isBytes(value)) {
    throw invalidType(name, 'of type string or an instance of Buffer or Uint8Array', value);
  }
}

function checkText(name, value) {
  if (value === undefined || value === null) return;
  if (typeof value !== 'string') throw invalidType(name, 'string', value);
}

// Under `memory` when it is the thing itself, under `file` when it is a path.
function place(tls, value, file, memory) {
  delete tls[file];
  delete tls[memory];
  if (value === undefined || value === null) return;
  if (isPem(value)) tls[memory] = value;
  else tls[file] = value;
}

function join(value) {
  if (!Array.isArray(value)) return value;
  value.forEach((part) => checkMaterial('tls.ca', part));
  return value.map((part) => (isBytes(part) ? Buffer.from(part) : part))
    .join('\n');
}

function hexBytes(key) {
  if (key.length === 0 || key.length % 2 !== 0) return undefined;
  if (!/^[0-9a-f]+$/i.test(key)) return undefined;
  return Buffer.from(key, 'hex');
}

function version(name, value) {
  if (value === undefined || value === null) return undefined;
  checkText(name, value);
  const key = value.toLowerCase();
  return Object.hasOwn(versions, key) ? versions[key] : NaN;
}

const NONE = Object.freeze({});

class Security {
  constructor() {
    this.tls = NONE;
    this.secure = false; // TLS was asked for, whatever the URL says
    this.isLocked = false; // a connection is wanted with what there is
    this.text = ''; // what was wrong the last time, for people
  }

  // Keep `tls` if it can make a connection; the status.
  accept(tls, secure = this.secure) {
    const [status, text] = native.checkTls(tls);
    this.text = text;
    if (status !== 0) return status;
    this.tls = tls;
    this.secure = secure;
    return 0;
  }

  refuse(text) {
    this.text = text;
    return errors.EINVAL;
  }

  set(ca, caPath, cert, key, passphrase) {
    checkMaterial('ca_file', ca);
    checkText('ca_path', caPath);
    checkMaterial('cert_file', cert);
    checkMaterial('key_file', key);
    checkMaterial('passphrase', passphrase);
    if (this.isLocked) return this.refuse(LOCKED);
    if (!ca && !caPath) return this.refuse('neither ca_file nor ca_path');
    if (!cert !== !key) return this.refuse('cert_file and key_file go together');
    if (this.tls.psk) return this.refuse('a pre-shared key was set');
    const tls = { ...this.tls };
    place(tls, ca || undefined, 'caFile', 'ca');
    place(tls, cert || undefined, 'certFile', 'cert');
    place(tls, key || undefined, 'keyFile', 'key');
    tls.caPath = caPath || undefined;
    tls.passphrase = passphrase ?? undefined;
    return this.accept(tls, true);
  }

  setInsecure(insecure) {
    if (typeof insecure !== 'boolean') {
      throw invalidType('insecure', 'boolean', insecure);
    }
    if (this.isLocked) return this.refuse(LOCKED);
    return this.accept({ ...this.tls, insecureHost: insecure });
  }

  setOptions(certReqs, lowest, ciphers) {
    const given = certReqs ?? 'SSL_VERIFY_PEER';
    if (typeof given !== 'string' && typeof given !== 'number') {
      throw invalidType('cert_reqs', 'string or number', given);
    }
    checkText('version', lowest);
    checkText('ciphers', ciphers);
    if (this.isLocked) return this.refuse(LOCKED);
    if (!Object.hasOwn(requirements, given)) {
      return this.refuse('cert_reqs is neither SSL_VERIFY_NONE nor ' +
        'SSL_VERIFY_PEER');
    }
    const minVersion = version('version', lowest);
    if (Number.isNaN(minVersion)) {
      return this.refuse('the version is tlsv1, tlsv1.1, tlsv1.2 or tlsv1.3');
    }
    return this.accept({
      ...this.tls,
      insecure: requirements[given],
      minVersion,
      ciphers: ciphers ?? undefined,
    });
  }

  setPsk(key, identity, ciphers) {
    if (typeof key !== 'string') throw invalidType('key', 'string', key);
    if (typeof identity !== 'string') {
      throw invalidType('identity', 'string', identity);
    }
    checkText('ciphers', ciphers);
    if (this.isLocked) return this.refuse(LOCKED);
    const psk = hexBytes(key);
    if (psk === undefined) return this.refuse('the key is not in hex');
    if (identity === '') return this.refuse('the identity is empty');
    const { caFile, caPath, ca, cert, certFile, pfx } = this.tls;
    if (caFile || caPath || ca || cert || certFile || pfx) {
      return this.refuse('certificates were set');
    }
    return this.accept({
      ...this.tls, psk, pskIdentity: identity, ciphers: ciphers ?? undefined,
    }, true);
  }
}

// options.tls: what each name may be, and where it goes.
const text = (field) => (tls, name, value) => {
  checkText(name, value);
  tls[field] = value;
};
const material = (file, memory) => (tls, name, value) => {
  checkMaterial(name, value);
  place(tls, value, file, memory);
};
const bytes = (field) => (tls, name, value) => {
  checkMaterial(name, value);
  tls[field] = value;
};
const bound = (field) => (tls, name, value) => {
  tls[field] = version(name, value);
  if (Number.isNaN(tls[field])) {
    tls.impossible = `${name} is TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3, and not "${value}"`;
  }
};

// Bits of OpenSSL, SSL_OP_... of node:crypto. The highest makes what `|` gives negative.
function mask(tls, name, value) {
  if (typeof value !== 'number') throw invalidType(name, 'number', value);
  if (!Number.isInteger(value) || value < -0x80000000 || value > 0xffffffff) {
    throw outOfRange(name, 'made of SSL_OP_... of node:crypto', value);
  }
  tls.secureOptions = value >>> 0;
}

const settings = {
  ca: (tls, name, value) => material('caFile', 'ca')(tls, name, join(value)),
  caPath: text('caPath'),
  cert: material('certFile', 'cert'),
  key: material('keyFile', 'key'),
  pfx: (tls, name, value) => {
    if (!isBytes(value)) throw invalidType(name, 'an instance of Buffer or Uint8Array', value);
    tls.pfx = value;
  },
  passphrase: bytes('passphrase'),
  crl: bytes('crl'),
  servername: text('servername'),
  verifyHost: text('verifyHost'),
  ciphers: text('ciphers'),
  keyLogFile: text('keyLogFile'),
  minVersion: bound('minVersion'),
  maxVersion: bound('maxVersion'),
  secureOptions: mask,
  alpn: (tls, name, value) => {
    const names = typeof value === 'string' ? [value] : value;
    if (!Array.isArray(names)) throw invalidType(name, 'an array', value);
    names.forEach((one) => checkText(name, one ?? 0));
    tls.alpn = [...names];
  },
  rejectUnauthorized: (tls, name, value) => {
    if (typeof value !== 'boolean') throw invalidType(name, 'boolean', value);
    tls.insecure = !value;
  },
  psk: (tls, name, value) => {
    checkMaterial(name, value);
    tls.psk = typeof value === 'string' ? hexBytes(value) : value;
    if (tls.psk === undefined) {
      tls.impossible = `${name} is bytes, or text of pairs of hexadecimal digits`;
    }
  },
  pskIdentity: text('pskIdentity'),
};

// Of all who have said nothing: it is not written to.
const PLAIN = Object.freeze(new Security());

// What a client with these options begins with; throws what cannot be.
function fromOptions(options) {
  if (options === undefined) return PLAIN;
  const security = new Security();
  if (typeof options !== 'object' || options === null) {
    throw invalidType('options.tls', 'object', options);
  }
  const tls = {};
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(settings, name)) {
      throw misspelled('option', name, Object.keys(settings), 'options.tls');
    }
    if (value === undefined || value === null) continue;
    settings[name](tls, `options.tls.${name}`, value);
  }
  if (Object.keys(tls).length === 0) return security;
  const status = tls.impossible ? errors.EINVAL : security.accept(tls, true);
  if (status === 0) return security;
  const error = new Error(tls.impossible || `options.tls: ${security.text}`);
  error.code = native.statusName(status);
  error.errno = status;
  throw error;
}

module.exports = { NONE, PLAIN, Security, fromOptions, names: Object.keys(settings) };
