/* Where certificates, keys and lists come from: a file or memory, PEM or
 * PKCS#12. Each function explains in `text` what is wrong with its source. */
#ifndef MIDGE_FILTER_TLS_SOURCE_H
#define MIDGE_FILTER_TLS_SOURCE_H

#include <openssl/x509.h>

#include "filter/text.h"

typedef struct midge_tls_source {
  const char *what;   /* "the CA", in sentences */
  midge_slice path;   /* null data: look at `memory` */
  midge_slice memory; /* PEM; for PKCS#12, DER */
} midge_tls_source;

static inline bool midge_tls_source_given(const midge_tls_source *source) {
  return source->path.data != NULL || source->memory.data != NULL;
}

/* Null, and a sentence, when there is not at least one, or one is broken. */
STACK_OF(X509) * midge_tls_read_certificates(const midge_tls_source *source,
                                             midge_text *text);
/* Trusts them all, and frees the list. False: memory ran out. */
MIDGE_CHECKED bool midge_tls_trust_all(X509_STORE *store, STACK_OF(X509) * all);
STACK_OF(X509_CRL) *
    midge_tls_read_crls(const midge_tls_source *source, midge_text *text);
/* Never asks anybody for a passphrase. */
EVP_PKEY *midge_tls_read_key(const midge_tls_source *source,
                             midge_slice passphrase, midge_text *text);
/* `others` may come back null: there are none. */
MIDGE_CHECKED bool midge_tls_read_pkcs12(const midge_tls_source *source,
                                         midge_slice passphrase, EVP_PKEY **key,
                                         X509 **certificate,
                                         STACK_OF(X509) * *others,
                                         midge_text *text);

/* Whether the directory can be read and holds a hashed certificate. */
MIDGE_CHECKED bool midge_tls_check_directory(midge_slice path,
                                             midge_text *text);

/* `slice` as a C string in `to`; false when it does not fit or holds a NUL. */
MIDGE_CHECKED bool midge_tls_c_string(char *to, size_t room, midge_slice slice);

/* Adds what the source is, and the path it has. */
void midge_tls_name_source(midge_text *text, const midge_tls_source *source);

/* Adds OpenSSL's last reason. */
void midge_tls_add_reason(midge_text *text);

#endif
