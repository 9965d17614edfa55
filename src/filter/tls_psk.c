/* A pre-shared key instead of certificates: by its callback in TLS 1.2 and
 * below, and as an external session in TLS 1.3 (RFC 8446, 4.2.11). */
#include <string.h>

#include "filter/tls_context.h"

/* The server's hint is of no use: there is one key. */
static unsigned give_psk(SSL *ssl, const char *hint, char *identity,
                         unsigned identity_room, unsigned char *psk,
                         unsigned psk_room) {
  const midge_tls_context *context = midge_tls_connection_of(ssl)->context;
  size_t size = strlen(context->psk_identity);
  (void)hint;
  if (size >= identity_room || context->psk_size > psk_room) return 0;
  memcpy(identity, context->psk_identity, size + 1);
  memcpy(psk, context->psk, context->psk_size);
  return (unsigned)context->psk_size;
}

/* The key is bound to a hash: to the one that was asked for, else to SHA-256
 * (RFC 8446, 4.2.11: "if no hash is given, SHA-256"). */
static const SSL_CIPHER *cipher_for(SSL *ssl, const EVP_MD *md) {
  static const unsigned char SHA256_SUITE[] = {0x13, 0x01};
  static const unsigned char SHA384_SUITE[] = {0x13, 0x02};
  bool wants_384 = md != NULL && EVP_MD_is_a(md, "SHA2-384");
  return SSL_CIPHER_find(ssl, wants_384 ? SHA384_SUITE : SHA256_SUITE);
}

static int use_psk_session(SSL *ssl, const EVP_MD *md, const unsigned char **id,
                           size_t *id_size, SSL_SESSION **session) {
  const midge_tls_context *context = midge_tls_connection_of(ssl)->context;
  *session = NULL;
  const SSL_CIPHER *cipher = cipher_for(ssl, md);
  SSL_SESSION *made = SSL_SESSION_new();
  if (made == NULL || cipher == NULL ||
      SSL_SESSION_set1_master_key(made, context->psk, context->psk_size) != 1 ||
      SSL_SESSION_set_cipher(made, cipher) != 1 ||
      SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION) != 1) {
    SSL_SESSION_free(made);
    return 0;
  }
  *id = (const unsigned char *)context->psk_identity;
  *id_size = strlen(context->psk_identity);
  *session = made;
  return 1;
}

/* A server that shows a certificate instead does not know the key. */
static int refuse_certificate(X509_STORE_CTX *store, void *context) {
  (void)context;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

void midge_tls_use_psk(midge_tls_context *context) {
  SSL_CTX_set_psk_client_callback(context->ssl, give_psk);
  SSL_CTX_set_psk_use_session_callback(context->ssl, use_psk_session);
  SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_cert_verify_callback(context->ssl, refuse_certificate, NULL);
}
