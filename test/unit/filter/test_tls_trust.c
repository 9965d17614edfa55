/* Whom TLS trusts, and nobody else: files that are half good, the system's
 * authorities, chains of our own, names with a zone. */
#include "filter/tls_context.h"
#include "filter/tls_system.h"
#include "peer.h"
#include "test.h"

#define HOST "broker.example.test"

static midge_slice file(const char *name) {
  return midge_slice_text(certificate_path(name));
}

static midge_tls_context *context_of(midge_tls_options options) {
  midge_tls_context *context;
  char text[512];
  assert_int_equal(
      midge_tls_context_new(&context, &options, NULL, text, sizeof(text)),
      MIDGE_OK);
  return context;
}

/* Whether the two agree, at each version of TLS. */
static void expect(midge_tls_options options, const char *host,
                   peer_options server, bool fine) {
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
    bytes input = {NULL, 0, 0};
    peer other;
    server.version_min = server.version_max = version;
    midge_tls_context *context = context_of(options);
    SSL_CTX *server_context = peer_context(&server);
    peer_open(&other, server_context);
    midge_filter *filter = client(context, host);
    flow(filter, &other, SIZE_MAX, &input);
    assert_int_equal(
        midge_filter_state_of(filter) == MIDGE_FILTER_OPEN && !other.failed,
        fine);
    midge_filter_free(filter);
    peer_free(&other);
    SSL_CTX_free(server_context);
    midge_tls_context_release(context);
    bytes_free(&input);
  }
}

/* OpenSSL finds the system's authorities where this variable points. */
static void test_an_authority_given_replaces_those_of_the_system(void **state) {
  (void)state;
  const peer_options of_other = {.certificate = "unknown-root"};
  const peer_options of_root = {.level = 0};
  midge_tls_options options = {.version_min = 12};
  assert_int_equal(setenv("SSL_CERT_FILE", certificate_path("other.pem"), 1),
                   0);
  expect(options, HOST, of_other, true);
  expect(options, HOST, of_root, false);
  options.ca_file = file("root.pem");
  expect(options, HOST, of_root, true);
  expect(options, HOST, of_other, false);
  options.ca_file = MIDGE_NO_SLICE;
  options.ca_path = file("hashed");
  expect(options, HOST, of_root, true);
  expect(options, HOST, of_other, false);
  assert_int_equal(unsetenv("SSL_CERT_FILE"), 0);
}

static void test_a_file_that_is_half_good_is_no_good(void **state) {
  (void)state;
  char text[512];
  bytes half = certificate_bytes("root-and-half.pem");
  const midge_tls_options both[] = {{.ca_file = file("root-and-half.pem")},
                                    {.ca = bytes_slice(&half)}};
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(midge_tls_check(&both[i], text, sizeof(text)), MIDGE_ETLS);
    assert_non_null(strstr(text, "is malformed"));
  }
  bytes_free(&half);
}

/* The server knows the root alone: the way there is for the client to show. */
static void test_our_chain_is_shown(void **state) {
  (void)state;
  const peer_options server = {.clients = "root.pem"};
  midge_tls_options options = {
      .ca_file = file("root.pem"),
      .certificate_file = file("client-chained.chain.pem"),
      .key_file = file("client-chained.key")};
  expect(options, HOST, server, true);
  options.certificate_file = file("client-chained.pem");
  expect(options, HOST, server, false);
}

/* A zone says which of our interfaces; no certificate knows of it. */
static void test_the_zone_of_an_address_is_not_verified(void **state) {
  (void)state;
  const peer_options server = {.level = 0};
  const midge_tls_options options = {.ca_file = file("root.pem")};
  expect(options, "::1%lo", server, true);
  expect(options, "::2%lo", server, false);
}

/* Whatever a list names, no cipher is left that proves nothing. */
static void test_no_cipher_is_without_a_proof(void **state) {
  (void)state;
  const midge_slice lists[] = {MIDGE_TEXT("ALL:aNULL:eNULL:@SECLEVEL=0"),
                               MIDGE_TEXT("COMPLEMENTOFALL:ALL"),
                               MIDGE_NO_SLICE};
  for (size_t i = 0; i < 3; i++) {
    midge_tls_context *context =
        context_of((midge_tls_options){.ciphers = lists[i]});
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(context->ssl);
    assert_true(sk_SSL_CIPHER_num(ciphers) > 0);
    for (int j = 0; j < sk_SSL_CIPHER_num(ciphers); j++) {
      const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, j);
      assert_int_not_equal(SSL_CIPHER_get_auth_nid(cipher), NID_auth_null);
      assert_int_not_equal(SSL_CIPHER_get_auth_nid(cipher), NID_auth_srp);
      assert_int_not_equal(SSL_CIPHER_get_cipher_nid(cipher), NID_undef);
    }
    midge_tls_context_release(context);
  }
}

/* An old server is not spoken to unless the program asks for it. */
static void test_options_of_openssl_are_beside_our_own(void **state) {
  (void)state;
  const uint64_t given = SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_TICKET;
  const uint64_t own = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION;
  midge_tls_context *usual = context_of((midge_tls_options){0});
  assert_int_equal(SSL_CTX_get_options(usual->ssl) & (given | own), own);
  midge_tls_context_release(usual);
  midge_tls_context *asked =
      context_of((midge_tls_options){.openssl_options = (uint32_t)given});
  assert_int_equal(SSL_CTX_get_options(asked->ssl) & (given | own),
                   given | own);
  midge_tls_context_release(asked);
}

/* Reading them takes longer than a handshake. */
static void test_the_system_s_authorities_are_read_once(void **state) {
  (void)state;
  midge_tls_context *context = context_of((midge_tls_options){0});
  X509_STORE *own = SSL_CTX_get_cert_store(context->ssl);
  assert_int_equal(sk_X509_OBJECT_num(X509_STORE_get0_objects(own)), 0);
  assert_true(context->trusts_system);
  assert_non_null(midge_tls_system_trust());
  assert_ptr_equal(midge_tls_system_trust(), midge_tls_system_trust());
  midge_tls_context_release(context);
}

/* With lists of those revoked the store is a client's own. */
static void test_more_is_trusted_beside_the_system_s_authorities(void **state) {
  (void)state;
  const peer_options of_other = {.certificate = "unknown-root"};
  const peer_options of_root = {.level = 0};
  bytes root = certificate_bytes("root.pem");
  bytes half = certificate_bytes("root-and-half.pem");
  bytes crl = certificate_bytes("root-empty.crl");
  const midge_tls_options options = {.version_min = 12};
  const midge_tls_options with_crl = {.crl = bytes_slice(&crl)};
  assert_int_equal(midge_tls_trust(bytes_slice(&half)), MIDGE_ETLS);
  assert_int_equal(midge_tls_trust(MIDGE_NO_SLICE), MIDGE_ETLS);
  expect(options, HOST, of_root, false);
  expect(with_crl, HOST, of_root, false);
  assert_int_equal(midge_tls_trust(bytes_slice(&root)), MIDGE_OK);
  expect(options, HOST, of_root, true);
  expect(with_crl, HOST, of_root, true);
  expect(options, HOST, of_other, true);
  bytes_free(&root);
  bytes_free(&half);
  bytes_free(&crl);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_an_authority_given_replaces_those_of_the_system),
      cmocka_unit_test(test_the_system_s_authorities_are_read_once),
      cmocka_unit_test(test_a_file_that_is_half_good_is_no_good),
      cmocka_unit_test(test_our_chain_is_shown),
      cmocka_unit_test(test_the_zone_of_an_address_is_not_verified),
      cmocka_unit_test(test_no_cipher_is_without_a_proof),
      cmocka_unit_test(test_options_of_openssl_are_beside_our_own),
      cmocka_unit_test(test_more_is_trusted_beside_the_system_s_authorities),
  };
  return cmocka_run_group_tests_name("tls_trust", tests, NULL, NULL);
}
