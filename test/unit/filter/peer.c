#include "peer.h"

#include <openssl/err.h>
#include <stdio.h>

#include "test.h"

const char *certificate_path(const char *name) {
  static char paths[64][1024];
  static size_t next;
  char *path = paths[next++ % 64];
  snprintf(path, sizeof(paths[0]), "%s/%s", MIDGE_CERTIFICATES, name);
  return path;
}

bytes certificate_bytes(const char *name) {
  bytes all = {NULL, 0, 0};
  char chunk[4096];
  FILE *file = fopen(certificate_path(name), "rb");
  assert_non_null(file);
  size_t size;
  while ((size = fread(chunk, 1, sizeof(chunk), file)) != 0) {
    bytes_add(&all, midge_slice_of(chunk, size));
  }
  fclose(file);
  return all;
}

static unsigned find_psk(SSL *ssl, const char *identity, unsigned char *psk,
                         unsigned room) {
  const peer_options *options = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
  if (strcmp(identity, options->psk_identity) != 0) return 0;
  assert_true(strlen(options->psk) <= room);
  memcpy(psk, options->psk, strlen(options->psk));
  return (unsigned)strlen(options->psk);
}

static int choose_alpn(SSL *ssl, const unsigned char **out,
                       unsigned char *out_size, const unsigned char *in,
                       unsigned in_size, void *context) {
  const char *wanted = context;
  (void)ssl;
  for (unsigned at = 0; at < in_size; at += 1u + in[at]) {
    if (in[at] == strlen(wanted) && memcmp(in + at + 1, wanted, in[at]) == 0) {
      *out = in + at + 1;
      *out_size = in[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void demand_clients(SSL_CTX *context, const peer_options *options) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     NULL);
  assert_int_equal(
      SSL_CTX_load_verify_file(context, certificate_path(options->clients)), 1);
  if (options->clients_crl == NULL) return;
  X509_STORE *store = SSL_CTX_get_cert_store(context);
  assert_int_equal(
      X509_load_crl_file(X509_STORE_add_lookup(store, X509_LOOKUP_file()),
                         certificate_path(options->clients_crl),
                         X509_FILETYPE_PEM),
      1);
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
}

static void show_certificate(SSL_CTX *context, const peer_options *options) {
  char name[64];
  const char *certificate =
      options->certificate != NULL ? options->certificate : "server";
  snprintf(name, sizeof(name), "%s.pem", certificate);
  assert_int_equal(
      SSL_CTX_use_certificate_chain_file(context, certificate_path(name)), 1);
  size_t stem = strcspn(certificate, ".");
  snprintf(name, sizeof(name), "%.*s.key", (int)stem, certificate);
  assert_int_equal(SSL_CTX_use_PrivateKey_file(context, certificate_path(name),
                                               SSL_FILETYPE_PEM),
                   1);
}

SSL_CTX *peer_context(const peer_options *options) {
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  assert_non_null(context);
  SSL_CTX_set_app_data(context, (void *)options);
  SSL_CTX_set_security_level(context, options->level < 0 ? 0 : 1);
  SSL_CTX_set_min_proto_version(context, options->version_min);
  SSL_CTX_set_max_proto_version(context, options->version_max);
  SSL_CTX_set_session_id_context(context, (const uint8_t *)"test", 4);
  if (options->psk == NULL) {
    show_certificate(context, options);
  } else {
    SSL_CTX_set_psk_server_callback(context, find_psk);
  }
  if (options->ciphers != NULL) {
    assert_int_equal(SSL_CTX_set_cipher_list(context, options->ciphers), 1);
  }
  if (options->suites != NULL) {
    assert_int_equal(SSL_CTX_set_ciphersuites(context, options->suites), 1);
  }
  if (options->clients != NULL) demand_clients(context, options);
  if (options->alpn != NULL) {
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, (void *)options->alpn);
  }
  ERR_clear_error();
  return context;
}

void peer_open(peer *self, SSL_CTX *context) {
  *self = (peer){.ssl = SSL_new(context)};
  assert_non_null(self->ssl);
  self->in = BIO_new(BIO_s_mem());
  self->out = BIO_new(BIO_s_mem());
  SSL_set_bio(self->ssl, self->in, self->out);
  SSL_set_accept_state(self->ssl);
}

void peer_free(peer *self) {
  SSL_free(self->ssl);
  bytes_free(&self->got);
}

void peer_write(peer *self, midge_slice slice) {
  assert_int_equal(SSL_write(self->ssl, slice.data, (int)slice.size),
                   (int)slice.size);
}

static void peer_advance(peer *self) {
  char chunk[16384];
  int size;
  ERR_clear_error();
  while (!self->failed && (size = SSL_read(self->ssl, chunk, 16384)) > 0) {
    bytes_add(&self->got, midge_slice_of(chunk, (size_t)size));
  }
  int error = SSL_get_error(self->ssl, 0);
  if (error == SSL_ERROR_SSL || ERR_peek_error() != 0) self->failed = true;
  if (SSL_is_init_finished(self->ssl)) self->opened = true;
  ERR_clear_error();
}

void flow(midge_filter *filter, peer *self, size_t cut, bytes *input) {
  for (;;) {
    bytes up = {NULL, 0, 0};
    char *down;
    collect(filter, cut, &up);
    for (size_t at = 0; at < up.size; at += cut) {
      size_t size = up.size - at < cut ? up.size - at : cut;
      BIO_write(self->in, up.data + at, (int)size);
      peer_advance(self);
    }
    bool quiet = up.size == 0;
    bytes_free(&up);

    long size = BIO_get_mem_data(self->out, &down);
    if (size > 0) {
      bytes all = {NULL, 0, 0};
      bytes_add(&all, midge_slice_of(down, (size_t)size));
      (void)BIO_reset(self->out);
      feed(filter, bytes_slice(&all), cut, input);
      bytes_free(&all);
    }
    if (quiet && size <= 0) return;
  }
}

midge_tls_context *client_context(midge_tls_options options) {
  char text[512] = "";
  bool trusts = options.ca.data != NULL || options.ca_path.data != NULL ||
                options.psk.data != NULL;
  if (options.ca_file.data == NULL && !trusts) {
    options.ca_file = midge_slice_text(certificate_path("root.pem"));
  }
  midge_tls_context *context;
  midge_status status =
      midge_tls_context_new(&context, &options, NULL, text, sizeof(text));
  assert_string_equal(text, "");
  assert_int_equal(status, MIDGE_OK);
  return context;
}

midge_filter *client(midge_tls_context *context, const char *host) {
  midge_filter *filter;
  assert_int_equal(
      midge_tls_new(&filter, context, midge_slice_text(host), 8883), MIDGE_OK);
  return filter;
}
