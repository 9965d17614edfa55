/* The inside of a TLS context, for the other files of TLS. */
#ifndef MIDGE_FILTER_TLS_CONTEXT_H
#define MIDGE_FILTER_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "filter/text.h"
#include "filter/tls.h"
#include "filter/tls_session.h"
#include "filter/tls_verify.h"

enum {
  MIDGE_TLS_NAME_MAX = 255, /* bytes of a host name */
  MIDGE_TLS_IDENTITY_MAX = 256,
  MIDGE_TLS_PSK_MAX = 256,
};

/* Nothing but `sessions` changes after it was made. */
struct midge_tls_context {
  atomic_size_t holders;
  const midge_allocator *allocator;
  SSL_CTX *ssl;
  BIO_METHOD *bio; /* how OpenSSL reaches the queues of a filter */
  BIO *key_log;    /* or null */
  bool insecure, insecure_host;
  bool trusts_system; /* no authority was given */
  bool has_psk;
  char server_name[MIDGE_TLS_NAME_MAX + 1]; /* empty: not given */
  char verify_name[MIDGE_TLS_NAME_MAX + 1];
  char psk_identity[MIDGE_TLS_IDENTITY_MAX + 1];
  uint8_t psk[MIDGE_TLS_PSK_MAX];
  size_t psk_size;
  midge_tls_sessions sessions;
};

/* What OpenSSL's callbacks know of one connection. */
typedef struct midge_tls_connection {
  midge_tls_context *context;
  midge_tls_fault fault;
  uint8_t session_key[MIDGE_TLS_SESSION_KEY_MAX];
  size_t session_key_size;
  unsigned idle_messages; /* of the handshake protocol, since data came */
} midge_tls_connection;

static inline midge_tls_connection *midge_tls_connection_of(const SSL *ssl) {
  return SSL_get_app_data(ssl);
}

/* tls_psk.c: the pre-shared key is offered, and nothing else is accepted. */
void midge_tls_use_psk(midge_tls_context *context);

/* tls_trust.c: what is trusted, and what we show of ourselves. */
MIDGE_CHECKED bool midge_tls_load_trust(midge_tls_context *context,
                                        const midge_tls_options *options,
                                        midge_text *text);
MIDGE_CHECKED bool midge_tls_load_identity(midge_tls_context *context,
                                           const midge_tls_options *options,
                                           midge_text *text);

#endif
