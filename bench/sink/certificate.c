#include "certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static int add_extension(X509 *certificate, int nid, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  int added = extension && X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return added;
}

static int fill(X509 *certificate, EVP_PKEY *key) {
  X509_NAME *name = X509_get_subject_name(certificate);
  return X509_set_version(certificate, X509_VERSION_3) &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), 7 * 86400) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                    (const unsigned char *)"localhost", -1, -1,
                                    0) &&
         X509_set_issuer_name(certificate, name) &&
         X509_set_pubkey(certificate, key) &&
         add_extension(certificate, NID_basic_constraints,
                       "critical,CA:TRUE") &&
         add_extension(certificate, NID_subject_alt_name,
                       "DNS:localhost,IP:127.0.0.1") &&
         X509_sign(certificate, key, EVP_sha256());
}

static int write_pem(const char *path, X509 *certificate) {
  FILE *file = fopen(path, "w");
  if (!file) return 0;
  int written = PEM_write_X509(file, certificate);
  return fclose(file) == 0 && written;
}

static SSL_CTX *make_context(X509 *certificate, EVP_PKEY *key) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  if (!context) return NULL;
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  /* Many records in one read of the socket. */
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, 128 * 1024);
  SSL_CTX_set_session_id_context(context, (const unsigned char *)"sink", 4);
  if (SSL_CTX_use_certificate(context, certificate) == 1 &&
      SSL_CTX_use_PrivateKey(context, key) == 1)
    return context;
  SSL_CTX_free(context);
  return NULL;
}

SSL_CTX *certificate_context(const char *path) {
  SSL_CTX *context = NULL;
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  if (key && certificate && fill(certificate, key) &&
      write_pem(path, certificate))
    context = make_context(certificate, key);
  if (!context) ERR_print_errors_fp(stderr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return context;
}
