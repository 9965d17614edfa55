/* A TLS server in memory, OpenSSL's own, and the filter that talks to it. */
#ifndef TEST_PEER_H
#define TEST_PEER_H

#include <openssl/ssl.h>

#include "filter/tls.h"
#include "link.h"

/* Where make-certificates.sh put the files. */
const char *certificate_path(const char *name);
/* The file in memory; freed by bytes_free. */
bytes certificate_bytes(const char *name);

typedef struct peer_options {
  const char *certificate; /* name of .pem, whose key is the first word of it;
                              null: "server" */
  const char *key;
  int version_min, version_max; /* OpenSSL's numbers; 0: any */
  const char *ciphers, *suites;
  int level;           /* security level; -1: lowest */
  const char *clients; /* the authority of clients that must show themselves */
  const char *clients_crl;
  const char *psk_identity, *psk; /* bytes as text */
  const char *alpn;               /* chosen by the server, refused otherwise */
} peer_options;

SSL_CTX *peer_context(const peer_options *options);

typedef struct peer {
  SSL *ssl;
  BIO *in, *out;
  bytes got;   /* what the client wrote */
  bool failed; /* OpenSSL reported an error */
  bool opened;
} peer;

void peer_open(peer *self, SSL_CTX *context);
void peer_free(peer *self);
void peer_write(peer *self, midge_slice slice);

/* Let bytes flow both ways until nothing moves, in pieces of `cut`. */
void flow(midge_filter *filter, peer *self, size_t cut, bytes *input);

/* Trusting root.pem, for the slices of `options` not set yet. */
midge_tls_context *client_context(midge_tls_options options);
midge_filter *client(midge_tls_context *context, const char *host);

#endif
