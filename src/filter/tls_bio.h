/* How OpenSSL reaches the bytes of a filter: it reads from what was received,
 * in place, and writes into the queue for below. */
#ifndef MIDGE_FILTER_TLS_BIO_H
#define MIDGE_FILTER_TLS_BIO_H

#include <openssl/bio.h>

#include "filter/pipe.h"

typedef struct midge_tls_wire {
  midge_slice feed; /* received, and not read yet */
  midge_pipe *out;
} midge_tls_wire;

/* Null when there is no memory. */
BIO_METHOD *midge_tls_bio_new(void);

/* A BIO on `wire`, which must outlive it; null when there is no memory. */
BIO *midge_tls_bio_on(BIO_METHOD *method, midge_tls_wire *wire);

#endif
