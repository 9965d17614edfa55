/* The one way OpenSSL is started, and small services of it. */
#ifndef MIDGE_FILTER_OPENSSL_H
#define MIDGE_FILTER_OPENSSL_H

#include "midge/types.h"

/* OpenSSL without its configuration file, so that neither the system's nor
 * one of the environment changes what is verified, and without its handler at
 * exit, which would pull it away from under a thread that still runs. Any
 * number of times, from any thread. */
MIDGE_CHECKED bool midge_openssl_start(void);

/* Static text: "3.0.22". */
const char *midge_openssl_version(void);

/* False: no randomness to be had. */
MIDGE_CHECKED bool midge_openssl_random(uint8_t *bytes, size_t size);

/* SHA-1 as WebSocket asks for it: 20 bytes. */
MIDGE_CHECKED bool midge_openssl_sha1(uint8_t *digest, midge_slice bytes);

#endif
