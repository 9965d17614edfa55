'use strict';
// Whom a client trusts that names nobody: the system's authorities, which the
// addon finds, those of NODE_EXTRA_CA_CERTS, and Node's own where the system
// has none, as in many containers.
const fs = require('node:fs');
const native = require('./native');

const noUrls = Object.freeze([]);

let areRead = false;
let plain = ''; // the last URL that needs none: many clients go to one place

// As Node does: what cannot be read is a warning, and trusts nobody.
function ignore(origin, why) {
  process.emitWarning(`midge ignores the certificates of ${origin}: ${why}`);
}

function trust(pem, origin) {
  const status = native.trust(pem);
  if (status !== 0) ignore(origin, native.statusText(status));
}

function trustFile(file) {
  try {
    trust(fs.readFileSync(file), `NODE_EXTRA_CA_CERTS, ${file}`);
  } catch (error) {
    ignore('NODE_EXTRA_CA_CERTS', error.message);
  }
}

function isSecured(url) {
  if (url === plain) return false;
  const isIt = /^(mqtts|ssl|tls|wss):/i.test(url);
  if (!isIt) plain = url;
  return isIt;
}

// Before the first connection with TLS: others need none.
function readAuthorities(url, others = noUrls) {
  if (areRead || !(isSecured(url) || others.some(isSecured))) return;
  areRead = true;
  if (!native.hasSystemTrust()) {
    const { rootCertificates = [] } = require('node:tls');
    if (rootCertificates.length > 0) trust(rootCertificates.join('\n'), 'Node.js');
  }
  if (process.env.NODE_EXTRA_CA_CERTS) trustFile(process.env.NODE_EXTRA_CA_CERTS);
}

module.exports = { readAuthorities };
