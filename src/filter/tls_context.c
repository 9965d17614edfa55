#include "filter/tls_context.h"

#include <assert.h>
#include <openssl/err.h>

#include "base/slice.h"
#include "filter/openssl.h"
#include "filter/tls_bio.h"
#include "filter/tls_ciphers.h"
#include "filter/tls_source.h"

enum {
  PATH_ROOM = 4096,
  ALPN_BYTES_MAX = 65535,
  ALPN_NAME_MAX = 255,
  LEVEL = MIDGE_TLS_LEVEL,
  LEVEL_OLD = 0, /* TLS 1.1 and below sign with SHA-1 and MD5 */
};

/* The number of OpenSSL for 10 to 13; 0 for what is no version. */
static int version_of(int version) {
  switch (version) {
    case 10:
      return TLS1_VERSION;
    case 11:
      return TLS1_1_VERSION;
    case 12:
      return TLS1_2_VERSION;
    case 13:
      return TLS1_3_VERSION;
    default:
      return 0;
  }
}

static bool names_level(midge_slice ciphers) {
  static const char WORD[] = "@SECLEVEL";
  size_t size = sizeof(WORD) - 1;
  for (size_t i = 0; i + size <= ciphers.size; i++) {
    if (memcmp(ciphers.data + i, WORD, size) == 0) return true;
  }
  return false;
}

/* What old versions need, they get for the handshake alone: certificates are
 * held to the usual level all the same. */
static void set_level(SSL_CTX *ssl, int lowest, midge_slice ciphers) {
  bool old = lowest < TLS1_2_VERSION;
  SSL_CTX_set_security_level(ssl, old ? LEVEL_OLD : LEVEL);
  if (old && !names_level(ciphers)) midge_tls_verify_strictly(ssl);
}

static midge_status set_protocol(midge_tls_context *context,
                                 const midge_tls_options *options,
                                 midge_text *text) {
  int lowest =
      version_of(options->version_min != 0 ? options->version_min : 12);
  int highest =
      version_of(options->version_max != 0 ? options->version_max : 13);
  if (lowest == 0 || highest == 0 || lowest > highest) {
    midge_text_add(text,
                   "the TLS versions are 10, 11, 12 and 13, and the lowest "
                   "(12 unless it is given) is not above the highest");
    return MIDGE_EINVAL;
  }
  set_level(context->ssl, lowest, options->ciphers);

  midge_tls_ciphers found;
  if (!midge_tls_set_ciphers(context->ssl, options->ciphers, context->has_psk,
                             &found, text)) {
    return MIDGE_ETLS;
  }
  /* Who names suites of TLS 1.3 alone wants no others. */
  if (found.has_suites && !found.has_list) lowest = TLS1_3_VERSION;
  if (lowest > highest) {
    midge_text_add(text, "the ciphers are those of TLS 1.3, which is excluded");
    return MIDGE_EINVAL;
  }
  if (SSL_CTX_set_min_proto_version(context->ssl, lowest) != 1 ||
      SSL_CTX_set_max_proto_version(context->ssl, highest) != 1) {
    midge_text_add(text, "OpenSSL was built without these versions of TLS");
    return MIDGE_ETLS;
  }
  return MIDGE_OK;
}

static midge_status set_alpn(SSL_CTX *ssl, const midge_slice *names,
                             size_t count, midge_text *text) {
  static const char WRONG[] =
      "a protocol for ALPN has 1 to 255 bytes, and all of them fit in 65535";
  uint8_t list[1 + ALPN_NAME_MAX];
  uint8_t *all = NULL;
  size_t size = 0;
  for (size_t i = 0; i < count; i++) {
    if (names[i].size < 1 || names[i].size > ALPN_NAME_MAX ||
        size + names[i].size + 1 > ALPN_BYTES_MAX) {
      midge_text_add(text, WRONG);
      OPENSSL_free(all);
      return MIDGE_EINVAL;
    }
    list[0] = (uint8_t)names[i].size;
    midge_slice_copy(list + 1, names[i]);
    uint8_t *longer = OPENSSL_realloc(all, size + names[i].size + 1);
    if (longer == NULL) break;
    all = longer;
    memcpy(all + size, list, names[i].size + 1);
    size += names[i].size + 1;
  }
  bool set =
      count == 0 || SSL_CTX_set_alpn_protos(ssl, all, (unsigned)size) == 0;
  OPENSSL_free(all);
  return set ? MIDGE_OK : MIDGE_ENOMEM;
}

static void write_key_log(const SSL *ssl, const char *line) {
  BIO *log = midge_tls_connection_of(ssl)->context->key_log;
  if (BIO_puts(log, line) > 0) BIO_puts(log, "\n");
  (void)BIO_flush(log);
}

static bool open_key_log(midge_tls_context *context, midge_slice path,
                         midge_text *text) {
  char name[PATH_ROOM];
  if (path.data == NULL) return true;
  if (!midge_tls_c_string(name, sizeof(name), path) ||
      (context->key_log = BIO_new_file(name, "a")) == NULL) {
    midge_text_add(text, "the key log file cannot be opened");
    return false;
  }
  SSL_CTX_set_keylog_callback(context->ssl, write_key_log);
  return true;
}

/* Called when a session can be resumed: in TLS 1.3 with each ticket, after the
 * handshake, and so after the server was verified. */
static int keep_session(SSL *ssl, SSL_SESSION *session) {
  midge_tls_connection *connection = midge_tls_connection_of(ssl);
  if (SSL_SESSION_is_resumable(session) != 1) return 0;
  midge_tls_sessions_put(
      &connection->context->sessions,
      midge_slice_of(connection->session_key, connection->session_key_size),
      session);
  return 1;
}

static const char *find_contradiction(const midge_tls_options *options) {
  bool has_psk =
      options->psk.data != NULL || options->psk_identity.data != NULL;
  bool has_certificate = options->certificate.data != NULL ||
                         options->certificate_file.data != NULL;
  bool has_key = options->key.data != NULL || options->key_file.data != NULL;
  bool has_ca = options->ca.data != NULL || options->ca_file.data != NULL ||
                options->ca_path.data != NULL || options->crl.data != NULL;
  if (has_certificate != has_key) {
    return "a certificate and its key go together";
  }
  if (has_certificate && options->pkcs12.data != NULL) {
    return "a PKCS#12 stands in for certificate and key: give one or the other";
  }
  if (!has_psk) return NULL;
  if (has_certificate || has_ca || options->pkcs12.data != NULL) {
    return "a pre-shared key and certificates exclude each other";
  }
  if (options->psk.size == 0 || options->psk_identity.size == 0) {
    return "a pre-shared key and its identity go together, and none is empty";
  }
  return NULL;
}

/* A name for SNI or to be verified. A leading dot would match any host below
 * for OpenSSL. */
static bool copy_name(char *to, midge_slice name) {
  if (name.data == NULL) return true;
  return name.size != 0 && name.data[0] != '.' &&
         midge_tls_c_string(to, MIDGE_TLS_NAME_MAX + 1, name);
}

static midge_status copy_names(midge_tls_context *context,
                               const midge_tls_options *options,
                               midge_text *text) {
  if (!copy_name(context->server_name, options->server_name) ||
      !copy_name(context->verify_name, options->verify_name)) {
    midge_text_add(text, "the server's name is empty, too long, or no name");
    return MIDGE_EINVAL;
  }
  if (!midge_tls_c_string(context->psk_identity, sizeof(context->psk_identity),
                          options->psk_identity) ||
      options->psk.size > sizeof(context->psk)) {
    midge_text_add(text, "the pre-shared key or its identity is too long");
    return MIDGE_EINVAL;
  }
  midge_slice_copy(context->psk, options->psk);
  context->psk_size = options->psk.size;
  context->has_psk = options->psk.data != NULL;
  return MIDGE_OK;
}

static midge_status build(midge_tls_context *context,
                          const midge_tls_options *options, midge_text *text) {
  SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
  context->ssl = ssl;
  context->bio = midge_tls_bio_new();
  if (ssl == NULL || context->bio == NULL) return MIDGE_ENOMEM;

  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_clear_options(
      ssl, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_options(ssl, options->openssl_options);
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS |
                            SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(
      ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ssl, keep_session);

  midge_status status = copy_names(context, options, text);
  if (status == MIDGE_OK) status = set_protocol(context, options, text);
  if (status == MIDGE_OK) {
    status = set_alpn(ssl, options->alpn, options->alpn_count, text);
  }
  if (status != MIDGE_OK) return status;
  if (context->has_psk) {
    midge_tls_use_psk(context);
  } else if (!midge_tls_load_trust(context, options, text) ||
             !midge_tls_load_identity(context, options, text)) {
    return MIDGE_ETLS;
  }
  return open_key_log(context, options->key_log_file, text) ? MIDGE_OK
                                                            : MIDGE_ETLS;
}

static void free_context(midge_tls_context *context) {
  midge_tls_sessions_free(&context->sessions);
  SSL_CTX_free(context->ssl);
  BIO_meth_free(context->bio);
  BIO_free_all(context->key_log);
  OPENSSL_cleanse(context->psk, sizeof(context->psk));
  midge_free(context->allocator, context, sizeof(*context));
}

midge_status midge_tls_context_new(midge_tls_context **context,
                                   const midge_tls_options *options,
                                   const midge_allocator *given, char *to,
                                   size_t text_size) {
  midge_text text = midge_text_in(to, text_size);
  const char *contradiction = find_contradiction(options);
  if (contradiction != NULL) {
    midge_text_add(&text, contradiction);
    return MIDGE_EINVAL;
  }
  const midge_allocator *allocator = midge_allocator_or_default(given);
  if (!midge_openssl_start()) return MIDGE_ENOMEM;
  midge_tls_context *made = midge_allocate_zero(allocator, sizeof(*made));
  if (made == NULL) return MIDGE_ENOMEM;

  atomic_init(&made->holders, 1);
  made->allocator = allocator;
  made->insecure = options->insecure;
  made->insecure_host = options->insecure_host;
  midge_status status = build(made, options, &text);
  ERR_clear_error();
  if (status != MIDGE_OK) {
    free_context(made);
    return status;
  }
  *context = made;
  return MIDGE_OK;
}

midge_tls_context *midge_tls_context_hold(midge_tls_context *context) {
  if (context == NULL) return NULL;
  size_t before =
      atomic_fetch_add_explicit(&context->holders, 1, memory_order_relaxed);
  assert(before != 0);
  return context;
}

void midge_tls_context_release(midge_tls_context *context) {
  if (context == NULL) return;
  size_t before =
      atomic_fetch_sub_explicit(&context->holders, 1, memory_order_acq_rel);
  assert(before != 0);
  if (before == 1) free_context(context);
}

midge_status midge_tls_check(const midge_tls_options *options, char *text,
                             size_t text_size) {
  midge_tls_context *context;
  midge_status status =
      midge_tls_context_new(&context, options, NULL, text, text_size);
  if (status == MIDGE_OK) midge_tls_context_release(context);
  return status;
}
