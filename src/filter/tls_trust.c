/* The certificates that are trusted, the lists of those revoked, and our own
 * certificate with its key. What was named but cannot be used is an error,
 * never "nothing given": no mistake ends in trusting others. */
#include <openssl/err.h>

#include "base/slice.h"
#include "filter/tls_context.h"
#include "filter/tls_source.h"
#include "filter/tls_system.h"
#include "filter/tls_verify.h"

static bool trust(X509_STORE *store, const midge_tls_source *source,
                  midge_text *text) {
  STACK_OF(X509) *all = midge_tls_read_certificates(source, text);
  if (all == NULL) return false;
  bool added = midge_tls_trust_all(store, all);
  if (!added) midge_text_add(text, "out of memory");
  return added;
}

static bool trust_directory(X509_STORE *store, midge_slice path,
                            midge_text *text) {
  if (!midge_tls_check_directory(path, text)) return false;
  char name[4096];
  if (!midge_tls_c_string(name, sizeof(name), path) ||
      X509_STORE_load_path(store, name) != 1) {
    midge_text_add(text, "the CA path cannot be used");
    return false;
  }
  return true;
}

static bool load_crls(X509_STORE *store, midge_slice crl, midge_text *text) {
  const midge_tls_source source = {.what = "the revocation list",
                                   .memory = crl};
  STACK_OF(X509_CRL) *all = midge_tls_read_crls(&source, text);
  if (all == NULL) return false;
  bool added = true;
  for (int i = 0; i < sk_X509_CRL_num(all); i++) {
    added = added && X509_STORE_add_crl(store, sk_X509_CRL_value(all, i)) == 1;
  }
  sk_X509_CRL_pop_free(all, X509_CRL_free);
  if (!added) {
    midge_text_add(text, "out of memory");
    return false;
  }
  return X509_STORE_set_flags(
             store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

bool midge_tls_load_trust(midge_tls_context *context,
                          const midge_tls_options *options, midge_text *text) {
  X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
  const midge_tls_source file = {.what = "the CA", .path = options->ca_file};
  const midge_tls_source memory = {.what = "the CA", .memory = options->ca};
  bool given = false;
  if (midge_tls_source_given(&file)) {
    given = true;
    if (!trust(store, &file, text)) return false;
  }
  if (midge_tls_source_given(&memory)) {
    given = true;
    if (!trust(store, &memory, text)) return false;
  }
  if (options->ca_path.data != NULL) {
    given = true;
    if (!trust_directory(store, options->ca_path, text)) return false;
  }
  if (options->crl.data != NULL && !load_crls(store, options->crl, text)) {
    return false;
  }
  context->trusts_system = !given && !context->insecure;
  /* Our lists of those revoked are nobody else's. */
  if (context->trusts_system && options->crl.data != NULL) {
    context->trusts_system = false;
    if (!midge_tls_add_system_trust(store)) {
      midge_text_add(text, "the system's certificates cannot be read");
      return false;
    }
  }
  midge_tls_verify_with(context->ssl, context->insecure);
  return true;
}

/* The first certificate is ours, the others lead to its authority. */
static bool use_chain(SSL_CTX *ssl, X509 *own, STACK_OF(X509) * others,
                      int first, midge_text *text) {
  if (SSL_CTX_use_certificate(ssl, own) != 1) {
    midge_text_add(text, "the certificate cannot be used: ");
    midge_tls_add_reason(text);
    return false;
  }
  for (int i = first; others != NULL && i < sk_X509_num(others); i++) {
    if (SSL_CTX_add1_chain_cert(ssl, sk_X509_value(others, i)) == 1) continue;
    midge_text_add(text, "a certificate of the chain cannot be used: ");
    midge_tls_add_reason(text);
    return false;
  }
  return true;
}

static bool use_key(SSL_CTX *ssl, X509 *own, EVP_PKEY *key,
                    const midge_tls_source *source, midge_text *text) {
  if (X509_check_private_key(own, key) != 1) {
    midge_tls_name_source(text, source);
    midge_text_add(text, " does not belong to the certificate");
    return false;
  }
  if (SSL_CTX_use_PrivateKey(ssl, key) == 1) return true;
  midge_text_add(text, "the key cannot be used: ");
  midge_tls_add_reason(text);
  return false;
}

static bool load_pem(SSL_CTX *ssl, const midge_tls_source *certificate,
                     const midge_tls_source *key_source, midge_slice passphrase,
                     midge_text *text) {
  STACK_OF(X509) *chain = midge_tls_read_certificates(certificate, text);
  if (chain == NULL) return false;
  EVP_PKEY *key = midge_tls_read_key(key_source, passphrase, text);
  X509 *own = sk_X509_value(chain, 0);
  bool used = key != NULL && use_chain(ssl, own, chain, 1, text) &&
              use_key(ssl, own, key, key_source, text);
  EVP_PKEY_free(key);
  sk_X509_pop_free(chain, X509_free);
  return used;
}

static bool load_pkcs12(SSL_CTX *ssl, midge_slice pkcs12,
                        midge_slice passphrase, midge_text *text) {
  const midge_tls_source source = {.what = "the PKCS#12", .memory = pkcs12};
  EVP_PKEY *key;
  X509 *own;
  STACK_OF(X509) * others;
  if (!midge_tls_read_pkcs12(&source, passphrase, &key, &own, &others, text)) {
    return false;
  }
  bool used = use_chain(ssl, own, others, 0, text) &&
              use_key(ssl, own, key, &source, text);
  EVP_PKEY_free(key);
  X509_free(own);
  sk_X509_pop_free(others, X509_free);
  return used;
}

bool midge_tls_load_identity(midge_tls_context *context,
                             const midge_tls_options *options,
                             midge_text *text) {
  const midge_tls_source certificate = {.what = "the certificate",
                                        .path = options->certificate_file,
                                        .memory = options->certificate};
  const midge_tls_source key = {
      .what = "the key", .path = options->key_file, .memory = options->key};
  ERR_clear_error();
  if (options->pkcs12.data != NULL) {
    return load_pkcs12(context->ssl, options->pkcs12, options->passphrase,
                       text);
  }
  if (!midge_tls_source_given(&certificate)) return true;
  return load_pem(context->ssl, &certificate, &key, options->passphrase, text);
}
