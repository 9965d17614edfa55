/* TLS with a real server whose bytes are changed on the way, or with bytes
 * that are nobody's. Whatever happens, what is passed up is the beginning of
 * what the server wrote, and a server that cannot be verified never gets to
 * write anything. The input is a script of what to do next. */
#include "filter/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "check.h"
#include "drive.h"
#include "script.h"

enum { STEPS_MAX = 60, OLD = 1, UNKNOWN = 2, NOBODY = 4 };

typedef struct server {
  SSL_CTX *contexts[2]; /* known and unknown to the client */
  midge_tls_context *client;
} server;

static X509 *make_certificate(EVP_PKEY *key) {
  X509 *made = X509_new();
  X509V3_CTX context;
  CHECK(made != NULL);
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
  X509_gmtime_adj(X509_getm_notBefore(made), -86400);
  X509_gmtime_adj(X509_getm_notAfter(made), 86400);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                             (const uint8_t *)"fuzz", -1, -1, 0);
  X509_set_issuer_name(made, X509_get_subject_name(made));
  X509_set_pubkey(made, key);
  X509V3_set_ctx(&context, made, made, NULL, NULL, 0);
  X509_EXTENSION *names = X509V3_EXT_conf_nid(
      NULL, &context, NID_subject_alt_name, "DNS:broker.test");
  CHECK(names != NULL);
  X509_add_ext(made, names, -1);
  X509_EXTENSION_free(names);
  CHECK(X509_sign(made, key, EVP_sha256()) != 0);
  return made;
}

static SSL_CTX *make_server(X509 **certificate) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  CHECK(key != NULL);
  *certificate = make_certificate(key);
  SSL_CTX *context = SSL_CTX_new(TLS_server_method());
  CHECK(context != NULL);
  CHECK(SSL_CTX_use_certificate(context, *certificate) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, key) == 1);
  SSL_CTX_set_session_id_context(context, (const uint8_t *)"fuzz", 4);
  EVP_PKEY_free(key);
  return context;
}

static midge_tls_context *make_client(X509 *trusted) {
  char *pem, text[256];
  BIO *bio = BIO_new(BIO_s_mem());
  CHECK(bio != NULL && PEM_write_bio_X509(bio, trusted) == 1);
  long size = BIO_get_mem_data(bio, &pem);
  const midge_tls_options options = {
      .ca = {(const uint8_t *)pem, (size_t)size}};
  midge_tls_context *context;
  CHECK(midge_tls_context_new(&context, &options, NULL, text, sizeof text) ==
        MIDGE_OK);
  BIO_free(bio);
  return context;
}

static const server *the_server(void) {
  static server made;
  if (made.client != NULL) return &made;
  X509 *known, *unknown;
  made.contexts[0] = make_server(&known);
  made.contexts[1] = make_server(&unknown);
  made.client = make_client(known);
  X509_free(known);
  X509_free(unknown);
  return &made;
}

/* A connection: `wire` is what the server said and the client has not got. */
typedef struct world {
  drive client;
  SSL *ssl;
  BIO *in, *out;
  stream wire, written;
  size_t given; /* bytes of the client's output that the server has */
} world;

static void move(world *it) {
  char chunk[4096], *data;
  drive_drain(&it->client);
  stream *down = &it->client.down;
  BIO_write(it->in, down->bytes + it->given, (int)(down->size - it->given));
  it->given = down->size;
  while (SSL_read(it->ssl, chunk, sizeof chunk) > 0) continue;
  long size = BIO_get_mem_data(it->out, &data);
  stream_add(&it->wire, (midge_slice){(uint8_t *)data, (size_t)size});
  (void)BIO_reset(it->out);
}

static void pass(world *it, size_t size, size_t cut) {
  if (size > it->wire.size) size = it->wire.size;
  drive_feed(&it->client, (midge_slice){it->wire.bytes, size}, cut);
  stream_drop(&it->wire, size);
}

static void write_server(world *it, midge_slice bytes) {
  if (bytes.size == 0 || !SSL_is_init_finished(it->ssl)) return;
  if (SSL_write(it->ssl, bytes.data, (int)bytes.size) > 0)
    stream_add(&it->written, bytes);
}

static void write_client(world *it, midge_slice bytes) {
  size_t size = midge_filter_write(it->client.filter, &bytes, 1);
  CHECK(size <= bytes.size);
}

static void step(world *it, script *from) {
  unsigned choice = script_byte(from);
  switch (choice % 10) {
    case 0: /* bytes of nobody */
      drive_feed(&it->client, script_bytes(from), 1 + choice / 10u);
      break;
    case 1: { /* one byte changed */
      size_t at = script_two_bytes(from);
      if (at < it->wire.size) it->wire.bytes[at] ^= script_byte(from);
      break;
    }
    case 2:
      write_server(it, script_bytes(from));
      break;
    case 3:
      write_client(it, script_bytes(from));
      break;
    case 4:
      SSL_key_update(it->ssl, SSL_KEY_UPDATE_REQUESTED);
      SSL_do_handshake(it->ssl);
      break;
    case 5:
      SSL_shutdown(it->ssl);
      break;
    case 6:
      midge_filter_close(it->client.filter);
      break;
    case 7: /* some are lost */
      stream_drop(&it->wire, it->wire.size < choice ? it->wire.size : choice);
      break;
    case 8:
      pass(it, script_two_bytes(from), 1 + choice / 10u);
      break;
    default:
      pass(it, SIZE_MAX, SIZE_MAX);
      break;
  }
}

static void check(const world *it, unsigned flags) {
  drive_check(&it->client);
  CHECK(it->client.up.size <= it->written.size);
  CHECK(it->client.up.size == 0 ||
        memcmp(it->client.up.bytes, it->written.bytes, it->client.up.size) ==
            0);
  if (flags & UNKNOWN)
    CHECK(midge_filter_state_of(it->client.filter) != MIDGE_FILTER_OPEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  script from = {data, data + size};
  unsigned flags = script_byte(&from);
  const server *ends = the_server();
  world it = {.ssl = SSL_new(ends->contexts[flags & UNKNOWN ? 1 : 0])};
  CHECK(it.ssl != NULL);
  it.in = BIO_new(BIO_s_mem());
  it.out = BIO_new(BIO_s_mem());
  SSL_set_bio(it.ssl, it.in, it.out);
  SSL_set_accept_state(it.ssl);
  if (flags & OLD) SSL_set_max_proto_version(it.ssl, TLS1_2_VERSION);
  CHECK(midge_tls_new(&it.client.filter, ends->client,
                      MIDGE_TEXT("broker.test"), 8883) == MIDGE_OK);

  for (int i = 0; i < STEPS_MAX && script_goes_on(&from); i++) {
    if (!(flags & NOBODY)) move(&it);
    step(&it, &from);
    check(&it, flags);
  }
  midge_filter_ended(it.client.filter);
  check(&it, flags);
  CHECK(midge_filter_state_of(it.client.filter) == MIDGE_FILTER_CLOSED ||
        midge_filter_state_of(it.client.filter) == MIDGE_FILTER_FAILED);
  drive_free(&it.client);
  SSL_free(it.ssl);
  stream_free(&it.wire);
  stream_free(&it.written);
  return 0;
}
