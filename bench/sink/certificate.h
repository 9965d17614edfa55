/* A server's TLS context with a certificate made on the spot. */
#ifndef MIDGE_BENCH_CERTIFICATE_H
#define MIDGE_BENCH_CERTIFICATE_H

#include <openssl/ssl.h>

/* For localhost and 127.0.0.1, signed by itself, with a P-256 key; written as
 * PEM to `path` so that clients can verify it. Null on failure. */
SSL_CTX *certificate_context(const char *path);

#endif
