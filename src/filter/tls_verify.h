/* Verifying the server's certificate, and saying what was wrong with it. */
#ifndef MIDGE_FILTER_TLS_VERIFY_H
#define MIDGE_FILTER_TLS_VERIFY_H

#include <openssl/ssl.h>

#include "filter/text.h"

enum {
  MIDGE_TLS_FAULT_TEXT = 400,
  MIDGE_TLS_LEVEL = 2, /* OpenSSL's: 112 bits, so RSA 2048 and SHA-256 */
};

/* The first thing found wrong; `error` is an X509_V_ERR_..., 0 for nothing. */
typedef struct midge_tls_fault {
  int error;
  char text[MIDGE_TLS_FAULT_TEXT];
} midge_tls_fault;

/* Verification on, unless `insecure`. */
void midge_tls_verify_with(SSL_CTX *ssl, bool insecure);

/* At MIDGE_TLS_LEVEL, whatever the level of the connection. */
void midge_tls_verify_strictly(SSL_CTX *ssl);

/* The name that the certificate must be for, DNS or IP address. A wildcard
 * stands for one whole label, and only Subject Alternative Names count
 * (RFC 9525, 6). False: no memory. */
MIDGE_CHECKED bool midge_tls_verify_name(SSL *ssl, const char *name);

/* As Node names it: "CERT_HAS_EXPIRED"; "MIDGE_ETLS" for what has none. */
const char *midge_tls_fault_code(int error);

#endif
