/* Pre-shared keys: what is said of a wrong one, with which hash one is offered,
 * and that none stays in memory; nor do the sessions. */
#include <openssl/crypto.h>

#include "peer.h"
#include "test.h"

#define HOST "broker.example.test"
#define SECRET "0123456789abcdef"

static midge_slice file(const char *name) {
  return midge_slice_text(certificate_path(name));
}

static const midge_tls_options PSK = {
    .psk = {(const uint8_t *)SECRET, 16},
    .psk_identity = {(const uint8_t *)"kitchen", 7}};

/* Frees nothing that still holds the key. */
static void *resize(void *context, void *block, size_t old_size,
                    size_t new_size) {
  size_t *freed = context;
  for (size_t i = 0; new_size < old_size && i + 16 <= old_size; i++) {
    assert_memory_not_equal((uint8_t *)block + i, SECRET, 16);
  }
  if (new_size != 0) return realloc(block, new_size);
  if (block != NULL) ++*freed;
  free(block);
  return NULL;
}

static void test_a_key_is_wiped(void **state) {
  (void)state;
  size_t freed = 0;
  const midge_allocator allocator = {resize, &freed};
  midge_tls_context *context;
  assert_int_equal(midge_tls_context_new(&context, &PSK, &allocator, NULL, 0),
                   MIDGE_OK);
  midge_filter *filter = client(context, HOST);
  midge_tls_context_release(context);
  midge_filter_free(filter);
  assert_true(freed >= 2);

  midge_tls_options wrong = PSK;
  wrong.version_min = 14;
  assert_int_equal(midge_tls_context_new(&context, &wrong, &allocator, NULL, 0),
                   MIDGE_EINVAL);
}

/* Servers differ in the alert that they choose. */
static void test_a_wrong_key_is_told_whatever_the_alert(void **state) {
  (void)state;
  const uint8_t alerts[] = {SSL_AD_DECRYPT_ERROR, SSL_AD_BAD_RECORD_MAC,
                            SSL_AD_ILLEGAL_PARAMETER};
  for (size_t i = 0; i < sizeof(alerts); i++) {
    const uint8_t record[] = {0x15, 3, 3, 0, 2, 2, alerts[i]};
    bytes input = {NULL, 0, 0};
    midge_tls_context *context = client_context(PSK);
    midge_filter *filter = client(context, HOST);
    feed(filter, midge_slice_of(record, sizeof(record)), SIZE_MAX, &input);
    assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
    assert_non_null(strstr(midge_filter_error_of(filter).text,
                           "the pre-shared key is wrong"));
    midge_filter_free(filter);
    midge_tls_context_release(context);
  }
}

/* At first the key comes with SHA-256, and is none of this server's. */
static int find_session(SSL *ssl, const unsigned char *identity, size_t size,
                        SSL_SESSION **session) {
  static const unsigned char SHA384_SUITE[] = {0x13, 0x02};
  int *calls = SSL_get_app_data(ssl);
  *session = NULL;
  if (++*calls == 1) return 1;
  *session = SSL_SESSION_new();
  assert_int_equal(size, 7);
  assert_memory_equal(identity, "kitchen", size);
  assert_int_equal(
      SSL_SESSION_set1_master_key(*session, (const uint8_t *)SECRET, 16), 1);
  assert_int_equal(
      SSL_SESSION_set_cipher(*session, SSL_CIPHER_find(ssl, SHA384_SUITE)), 1);
  assert_int_equal(SSL_SESSION_set_protocol_version(*session, TLS1_3_VERSION),
                   1);
  return 1;
}

/* A server that first asks for another group has chosen its suite by then:
 * the key is offered again with the hash of that. */
static void test_a_key_is_offered_with_the_hash_asked_for(void **state) {
  (void)state;
  const peer_options server = {.version_min = TLS1_3_VERSION,
                               .suites = "TLS_AES_256_GCM_SHA384"};
  bytes input = {NULL, 0, 0};
  int calls = 0;
  peer other;
  midge_tls_context *context = client_context(PSK);
  SSL_CTX *server_context = peer_context(&server);
  SSL_CTX_set_psk_find_session_callback(server_context, find_session);
  assert_int_equal(SSL_CTX_set1_groups_list(server_context, "P-521"), 1);
  peer_open(&other, server_context);
  SSL_set_app_data(other.ssl, &calls);
  midge_filter *filter = client(context, HOST);
  flow(filter, &other, SIZE_MAX, &input);
  assert_int_equal(calls, 2);
  assert_string_equal(midge_filter_error_of(filter).text, "");
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPEN);
  assert_string_equal(SSL_get_cipher_name(other.ssl), "TLS_AES_256_GCM_SHA384");
  midge_filter_free(filter);
  peer_free(&other);
  SSL_CTX_free(server_context);
  midge_tls_context_release(context);
}

static long blocks; /* that OpenSSL holds */

static void *count_malloc(size_t size, const char *name, int line) {
  (void)name;
  (void)line;
  void *block = malloc(size);
  blocks += block != NULL;
  return block;
}

static void *count_realloc(void *block, size_t size, const char *name,
                           int line) {
  (void)name;
  (void)line;
  blocks += block == NULL;
  return realloc(block, size);
}

static void count_free(void *block, const char *name, int line) {
  (void)name;
  (void)line;
  blocks -= block != NULL;
  free(block);
}

static void talk(SSL_CTX *server_context) {
  bytes input = {NULL, 0, 0};
  peer other;
  midge_tls_context *context =
      client_context((midge_tls_options){.ca_file = file("root.pem")});
  peer_open(&other, server_context);
  midge_filter *filter = client(context, HOST);
  flow(filter, &other, SIZE_MAX, &input);
  peer_write(&other, MIDGE_TEXT("with it come tickets"));
  flow(filter, &other, SIZE_MAX, &input);
  assert_int_equal(input.size, 20);
  midge_filter_free(filter);
  peer_free(&other);
  midge_tls_context_release(context);
  bytes_free(&input);
}

static void test_nothing_of_a_connection_stays(void **state) {
  (void)state;
  const peer_options server = {.level = 0};
  SSL_CTX *server_context = peer_context(&server);
  SSL_CTX_set_session_cache_mode(server_context, SSL_SESS_CACHE_OFF);
  talk(server_context); /* OpenSSL keeps some things from the first time on */
  talk(server_context);
  long before = blocks;
  assert_true(before > 0);
  for (int i = 0; i < 10; i++) talk(server_context);
  assert_int_equal(blocks, before);
  SSL_CTX_free(server_context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_key_is_wiped),
      cmocka_unit_test(test_a_wrong_key_is_told_whatever_the_alert),
      cmocka_unit_test(test_a_key_is_offered_with_the_hash_asked_for),
      cmocka_unit_test(test_nothing_of_a_connection_stays),
  };
  /* Before OpenSSL allocates anything. */
  if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
    return 1;
  return cmocka_run_group_tests_name("tls_secrets", tests, NULL, NULL);
}
