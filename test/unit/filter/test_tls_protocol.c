/* Versions, ciphers, client certificates, pre-shared keys, resumption. */
#include <unistd.h>

#include "peer.h"
#include "test.h"

#define HOST "broker.example.test"

static midge_slice file(const char *name) {
  return midge_slice_text(certificate_path(name));
}

/* A client and a server who have talked until nothing moved. */
typedef struct pair {
  midge_tls_context *context;
  SSL_CTX *server_context;
  midge_filter *filter;
  peer other;
  bytes input;
} pair;

static void pair_open(pair *self, midge_tls_options options,
                      const peer_options *server) {
  *self = (pair){.context = client_context(options),
                 .server_context = peer_context(server)};
  peer_open(&self->other, self->server_context);
  self->filter = client(self->context, HOST);
  flow(self->filter, &self->other, SIZE_MAX, &self->input);
}

/* Another connection with the same contexts. */
static void pair_reopen(pair *self, const char *host, uint16_t port) {
  midge_filter_free(self->filter);
  peer_free(&self->other);
  self->input.size = 0;
  peer_open(&self->other, self->server_context);
  assert_int_equal(
      midge_tls_new(&self->filter, self->context, midge_slice_text(host), port),
      MIDGE_OK);
  flow(self->filter, &self->other, SIZE_MAX, &self->input);
}

static void pair_close(pair *self) {
  midge_filter_free(self->filter);
  peer_free(&self->other);
  SSL_CTX_free(self->server_context);
  midge_tls_context_release(self->context);
  bytes_free(&self->input);
}

static void expect_open(const pair *self, const char *version) {
  assert_string_equal(midge_filter_error_of(self->filter).text, "");
  assert_int_equal(midge_filter_state_of(self->filter), MIDGE_FILTER_OPEN);
  assert_string_equal(midge_tls_version(self->filter), version);
}

static void expect_failed(const pair *self, const char *part) {
  midge_filter_error error = midge_filter_error_of(self->filter);
  assert_int_equal(midge_filter_state_of(self->filter), MIDGE_FILTER_FAILED);
  assert_int_equal(error.status, MIDGE_ETLS);
  if (strstr(error.text, part) == NULL) assert_string_equal(error.text, part);
}

static void expect(midge_tls_options options, const peer_options *server,
                   const char *version, const char *failure) {
  pair it;
  pair_open(&it, options, server);
  if (failure == NULL) {
    expect_open(&it, version);
  } else {
    expect_failed(&it, failure);
  }
  pair_close(&it);
}

static void test_tls_26_versions(void **state) {
  (void)state;
  const peer_options only_12 = {.version_max = TLS1_2_VERSION};
  const peer_options only_13 = {.version_min = TLS1_3_VERSION};
  const peer_options only_11 = {.version_max = TLS1_1_VERSION, .level = -1};
  const peer_options only_10 = {.version_max = TLS1_VERSION, .level = -1};
  const midge_tls_options usual = {0};

  expect(usual, &only_12, "TLSv1.2", NULL);
  expect(usual, &only_13, "TLSv1.3", NULL);
  expect(usual, &only_11, NULL, "protocol version");
  expect((midge_tls_options){.version_min = 11}, &only_11, "TLSv1.1", NULL);
  expect((midge_tls_options){.version_min = 11}, &only_10, NULL,
         "protocol version");
  expect((midge_tls_options){.version_min = 10}, &only_10, "TLSv1", NULL);
  expect((midge_tls_options){.version_min = 13}, &only_12, NULL,
         "protocol version");
  expect((midge_tls_options){.version_max = 12}, &only_13, NULL, "version");
}

/* What old versions need is not granted to certificates. */
static void test_tls_20_weak_certificates_with_old_versions(void **state) {
  (void)state;
  const peer_options weak_key = {.certificate = "weak-key", .level = -1};
  const peer_options weak_hash = {.certificate = "weak-hash", .level = -1};
  const midge_tls_options old = {.version_min = 10};
  const midge_tls_options asked = {
      .version_min = 10, .ciphers = MIDGE_TEXT("DEFAULT:@SECLEVEL=0")};
  expect(old, &weak_key, NULL, "refused: EE certificate key too weak");
  expect(old, &weak_hash, NULL, "refused: CA signature digest algorithm too");
  expect(asked, &weak_key, "TLSv1.3", NULL);
}

static void test_tls_27_no_cipher_in_common(void **state) {
  (void)state;
  const peer_options server_12 = {.version_max = TLS1_2_VERSION,
                                  .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"};
  const peer_options server_13 = {.version_min = TLS1_3_VERSION,
                                  .suites = "TLS_AES_128_GCM_SHA256"};
  expect((midge_tls_options){.ciphers =
                                 MIDGE_TEXT("ECDHE-ECDSA-CHACHA20-POLY1305")},
         &server_12, NULL, "handshake failure");
  expect((midge_tls_options){.ciphers =
                                 MIDGE_TEXT("ECDHE-ECDSA-AES128-GCM-SHA256")},
         &server_12, "TLSv1.2", NULL);
  expect((midge_tls_options){.ciphers = MIDGE_TEXT("TLS_AES_256_GCM_SHA384")},
         &server_13, NULL, "handshake failure");
  expect((midge_tls_options){.ciphers = MIDGE_TEXT("TLS_AES_128_GCM_SHA256")},
         &server_13, "TLSv1.3", NULL);
  /* Suites of TLS 1.3 alone exclude TLS 1.2. */
  expect((midge_tls_options){.ciphers = MIDGE_TEXT("TLS_AES_128_GCM_SHA256")},
         &server_12, NULL, "protocol version");
}

static void test_tls_28_alpn(void **state) {
  (void)state;
  const midge_slice offered[] = {MIDGE_TEXT("x-amzn-mqtt-ca"),
                                 MIDGE_TEXT("mqtt")};
  const peer_options mqtt = {.alpn = "mqtt"};
  const peer_options amazon = {.alpn = "x-amzn-mqtt-ca"};
  const peer_options other = {.alpn = "h2"};
  const peer_options none = {.level = 0};
  const midge_tls_options options = {.alpn = offered, .alpn_count = 2};
  pair it;

  pair_open(&it, options, &mqtt);
  expect_open(&it, "TLSv1.3");
  assert_true(midge_slice_equal(midge_tls_alpn(it.filter), MIDGE_TEXT("mqtt")));
  pair_close(&it);
  pair_open(&it, options, &amazon);
  assert_true(midge_slice_equal(midge_tls_alpn(it.filter),
                                MIDGE_TEXT("x-amzn-mqtt-ca")));
  pair_close(&it);
  pair_open(&it, options, &none);
  expect_open(&it, "TLSv1.3");
  assert_null(midge_tls_alpn(it.filter).data);
  pair_close(&it);
  expect(options, &other, NULL, "no ALPN protocol in common");
}

static midge_tls_options with_certificate(const char *certificate,
                                          const char *key) {
  return (midge_tls_options){.certificate_file = file(certificate),
                             .key_file = file(key)};
}

static void test_tls_29_client_certificate(void **state) {
  (void)state;
  const peer_options server = {.clients = "root.pem",
                               .clients_crl = "root.crl"};
  bytes certificate = certificate_bytes("client.pem");
  bytes key = certificate_bytes("client-encrypted.key");
  bytes pkcs12 = certificate_bytes("client.p12");

  expect(with_certificate("client.pem", "client.key"), &server, "TLSv1.3",
         NULL);
  expect((midge_tls_options){.certificate = bytes_slice(&certificate),
                             .key = bytes_slice(&key),
                             .passphrase = MIDGE_TEXT("secret")},
         &server, "TLSv1.3", NULL);
  expect((midge_tls_options){.pkcs12 = bytes_slice(&pkcs12),
                             .passphrase = MIDGE_TEXT("secret")},
         &server, "TLSv1.3", NULL);
  bytes_free(&certificate);
  bytes_free(&key);
  bytes_free(&pkcs12);
}

/* In TLS 1.3 the client is done before the server has looked at it. */
static void test_tls_29_a_refusal_after_the_handshake_is_told(void **state) {
  (void)state;
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
    const peer_options server = {.version_max = version,
                                 .clients = "root.pem",
                                 .clients_crl = "root.crl"};
    bool is_13 = version == TLS1_3_VERSION;
    expect((midge_tls_options){0}, &server, NULL,
           is_13 ? "it wants a client certificate" : "handshake failure");
    expect(with_certificate("client-expired.pem", "client-expired.key"),
           &server, NULL, "certificate has expired");
    expect(with_certificate("client-revoked.pem", "client-revoked.key"),
           &server, NULL, "certificate was revoked");
    expect(with_certificate("client-foreign.pem", "client-foreign.key"),
           &server, NULL, "does not trust the client certificate");
  }
}

static void test_tls_30_psk(void **state) {
  (void)state;
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
    const char *name = version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2";
    const peer_options server = {.version_min = version,
                                 .version_max = version,
                                 .ciphers = "PSK",
                                 .psk_identity = "kitchen",
                                 .psk = "0123456789abcdef"};
    midge_tls_options good = {.psk = MIDGE_TEXT("0123456789abcdef"),
                              .psk_identity = MIDGE_TEXT("kitchen")};
    expect(good, &server, name, NULL);
    midge_tls_options wrong = good;
    wrong.psk = MIDGE_TEXT("0123456789abcdeX");
    expect(wrong, &server, NULL, "the pre-shared key is wrong");
    midge_tls_options unknown = good;
    unknown.psk_identity = MIDGE_TEXT("cellar");
    expect(unknown, &server, NULL, "alert");
  }
}

/* A hint of the server changes nothing. */
static void test_tls_30_psk_hint(void **state) {
  (void)state;
  const peer_options server = {.version_max = TLS1_2_VERSION,
                               .ciphers = "PSK",
                               .psk_identity = "kitchen",
                               .psk = "key"};
  pair it = {
      .context = client_context((midge_tls_options){
          .psk = MIDGE_TEXT("key"), .psk_identity = MIDGE_TEXT("kitchen")}),
      .server_context = peer_context(&server)};
  SSL_CTX_use_psk_identity_hint(it.server_context, "which room?");
  peer_open(&it.other, it.server_context);
  it.filter = client(it.context, HOST);
  flow(it.filter, &it.other, 1, &it.input);
  expect_open(&it, "TLSv1.2");
  pair_close(&it);
}

/* Who asks for a key does not accept a certificate in its place, good or not,
 * verified or not. */
static void test_tls_30_psk_and_certificates_are_not_mixed(void **state) {
  (void)state;
  const peer_options good = {.level = 0};
  const peer_options bad = {.certificate = "self-signed"};
  midge_tls_options options = {.psk = MIDGE_TEXT("key"),
                               .psk_identity = MIDGE_TEXT("kitchen")};
  expect(options, &good, NULL, "does not know the pre-shared key");
  options.insecure = true;
  expect(options, &good, NULL, "does not know the pre-shared key");
  expect(options, &bad, NULL, "does not know the pre-shared key");
  options.ciphers = MIDGE_TEXT("ALL");
  options.version_max = 12;
  expect(options, &good, NULL, "does not know the pre-shared key");
}

static void resume(int version) {
  const peer_options server = {.version_min = version, .version_max = version};
  pair it;
  pair_open(&it, (midge_tls_options){0}, &server);
  expect_open(&it, version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
  assert_false(midge_tls_resumed(it.filter));
  for (int i = 0; i < 3; i++) {
    /* Lost, not closed: that is when one reconnects. */
    midge_filter_ended(it.filter);
    pair_reopen(&it, HOST, 8883);
    expect_open(&it, version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
    assert_true(midge_tls_resumed(it.filter));
    assert_true(SSL_session_reused(it.other.ssl));
  }
  pair_close(&it);
}

static void test_tls_31_a_lost_connection_is_resumed(void **state) {
  (void)state;
  resume(TLS1_2_VERSION);
  resume(TLS1_3_VERSION);
}

static void test_tls_31_sessions_are_bound_to_the_server(void **state) {
  (void)state;
  const peer_options server = {.level = 0};
  pair it;
  pair_open(&it, (midge_tls_options){0}, &server);
  pair_reopen(&it, "localhost", 8883);
  expect_open(&it, "TLSv1.3");
  assert_false(midge_tls_resumed(it.filter));
  pair_reopen(&it, HOST, 8884);
  assert_false(midge_tls_resumed(it.filter));
  pair_reopen(&it, "127.0.0.1", 8883);
  assert_false(midge_tls_resumed(it.filter));
  pair_reopen(&it, HOST, 8883);
  assert_true(midge_tls_resumed(it.filter));
  /* A host the certificate is not for gets no session to get around it. */
  pair_reopen(&it, "else.example.test", 8883);
  expect_failed(&it, "it names");
  pair_close(&it);
}

/* More servers than sessions are kept. */
static void test_tls_31_few_sessions_are_kept(void **state) {
  (void)state;
  const peer_options server = {.level = 0};
  pair it;
  pair_open(&it, (midge_tls_options){0}, &server);
  for (uint16_t port = 1; port < 30; port++) pair_reopen(&it, HOST, port);
  pair_reopen(&it, HOST, 29);
  assert_true(midge_tls_resumed(it.filter));
  pair_reopen(&it, HOST, 8883);
  assert_false(midge_tls_resumed(it.filter));
  pair_close(&it);
}

static void exchange(pair *it) {
  peer_write(&it->other, MIDGE_TEXT("from below"));
  bytes up = {NULL, 0, 0};
  midge_slice slice = MIDGE_TEXT("from above");
  it->input.size = 0;
  it->other.got.size = 0;
  assert_int_equal(midge_filter_write(it->filter, &slice, 1), slice.size);
  flow(it->filter, &it->other, SIZE_MAX, &it->input);
  assert_true(
      midge_slice_equal(bytes_slice(&it->input), MIDGE_TEXT("from below")));
  assert_true(midge_slice_equal(bytes_slice(&it->other.got), slice));
  bytes_free(&up);
}

static void test_tls_32_renegotiation_is_refused(void **state) {
  (void)state;
  const peer_options server = {.version_max = TLS1_2_VERSION};
  pair it;
  pair_open(&it, (midge_tls_options){0}, &server);
  expect_open(&it, "TLSv1.2");
  assert_int_equal(SSL_renegotiate(it.other.ssl), 1);
  SSL_do_handshake(it.other.ssl);
  flow(it.filter, &it.other, SIZE_MAX, &it.input);
  /* The server hears no_renegotiation; for OpenSSL's that is the end. */
  assert_true(it.other.failed);
  pair_close(&it);
}

static void test_tls_32_key_update_is_followed(void **state) {
  (void)state;
  const peer_options server = {.version_min = TLS1_3_VERSION};
  pair it;
  pair_open(&it, (midge_tls_options){0}, &server);
  for (int i = 0; i < 200; i++) {
    assert_int_equal(
        SSL_key_update(it.other.ssl, i % 2 == 0 ? SSL_KEY_UPDATE_REQUESTED
                                                : SSL_KEY_UPDATE_NOT_REQUESTED),
        1);
    exchange(&it);
  }
  expect_open(&it, "TLSv1.3");
  pair_close(&it);
}

static void test_64_a_flood_of_key_updates_ends(void **state) {
  (void)state;
  const peer_options server = {.version_min = TLS1_3_VERSION};
  pair it;
  pair_open(&it, (midge_tls_options){0}, &server);
  for (int i = 0; i < 2000 && !it.other.failed; i++) {
    if (SSL_key_update(it.other.ssl, SSL_KEY_UPDATE_REQUESTED) != 1) break;
    if (SSL_do_handshake(it.other.ssl) != 1) break;
  }
  flow(it.filter, &it.other, SIZE_MAX, &it.input);
  expect_failed(&it, "without end");
  pair_close(&it);
}

static void test_the_key_log_is_written_when_asked_for(void **state) {
  (void)state;
  char name[] = "/tmp/midge-key-log-XXXXXX";
  int descriptor = mkstemp(name);
  assert_true(descriptor >= 0);
  close(descriptor);
  const peer_options server = {.level = 0};
  expect((midge_tls_options){.key_log_file = midge_slice_text(name)}, &server,
         "TLSv1.3", NULL);
  char text[64] = "";
  BIO *log = BIO_new_file(name, "r");
  assert_non_null(log);
  assert_true(BIO_read(log, text, sizeof(text) - 1) > 0);
  assert_true(strncmp(text, "SERVER_HANDSHAKE_TRAFFIC_SECRET ", 32) == 0 ||
              strncmp(text, "CLIENT_HANDSHAKE_TRAFFIC_SECRET ", 32) == 0);
  BIO_free(log);
  unlink(name);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tls_20_weak_certificates_with_old_versions),
      cmocka_unit_test(test_tls_26_versions),
      cmocka_unit_test(test_tls_27_no_cipher_in_common),
      cmocka_unit_test(test_tls_28_alpn),
      cmocka_unit_test(test_tls_29_client_certificate),
      cmocka_unit_test(test_tls_29_a_refusal_after_the_handshake_is_told),
      cmocka_unit_test(test_tls_30_psk),
      cmocka_unit_test(test_tls_30_psk_hint),
      cmocka_unit_test(test_tls_30_psk_and_certificates_are_not_mixed),
      cmocka_unit_test(test_tls_31_a_lost_connection_is_resumed),
      cmocka_unit_test(test_tls_31_sessions_are_bound_to_the_server),
      cmocka_unit_test(test_tls_31_few_sessions_are_kept),
      cmocka_unit_test(test_tls_32_renegotiation_is_refused),
      cmocka_unit_test(test_tls_32_key_update_is_followed),
      cmocka_unit_test(test_64_a_flood_of_key_updates_ends),
      cmocka_unit_test(test_the_key_log_is_written_when_asked_for),
  };
  return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
