/* Which certificates of a server are accepted, and what is said of others. */
#include "peer.h"
#include "test.h"

typedef struct certificate_case {
  const char *name;
  const char *certificate; /* shown by the server */
  const char *host;
  const char *code; /* null: accepted */
  const char *crl;  /* files given to the client; or null */
  const char *crl_also;
} certificate_case;

#define HOST "broker.example.test"
#define ALTNAME "ERR_TLS_CERT_ALTNAME_INVALID"

static const certificate_case CASES[] = {
    {"TLS-01 a good certificate is accepted", "server", HOST, NULL, 0, 0},
    {"TLS-02 expired is refused", "expired", HOST, "CERT_HAS_EXPIRED", 0, 0},
    {"TLS-03 not yet valid is refused", "not-yet-valid", HOST,
     "CERT_NOT_YET_VALID", 0, 0},
    {"TLS-04 self-signed is refused", "self-signed", HOST,
     "DEPTH_ZERO_SELF_SIGNED_CERT", 0, 0},
    {"TLS-05 an unknown root is refused", "unknown-root", HOST,
     "UNABLE_TO_VERIFY_LEAF_SIGNATURE", 0, 0},
    {"TLS-06 a false root of the same name is refused", "fake-root", HOST,
     "UNABLE_TO_VERIFY_LEAF_SIGNATURE", 0, 0},
    {"TLS-06 even if nothing else tells them apart", "fake-root-alike", HOST,
     "CERT_SIGNATURE_FAILURE", 0, 0},
    {"TLS-07 missing intermediate is refused", "chained", HOST,
     "UNABLE_TO_VERIFY_LEAF_SIGNATURE", 0, 0},
    {"TLS-07 with its intermediate it is accepted", "chained.chain", HOST, NULL,
     0, 0},
    {"TLS-08 a wrong host is refused", "wrong-host", HOST, ALTNAME, 0, 0},
    {"TLS-09 a common name alone is refused", "cn-only", "localhost", ALTNAME,
     0, 0},
    {"TLS-10 a wildcard stands for one label", "wildcard", "a.example.test",
     NULL, 0, 0},
    {"TLS-10 not for two", "wildcard", "a.b.example.test", ALTNAME, 0, 0},
    {"TLS-10 nor for none", "wildcard", "example.test", ALTNAME, 0, 0},
    {"TLS-11 a partial wildcard is refused", "partial-wildcard",
     "broker.example.test", ALTNAME, 0, 0},
    {"TLS-12 an IPv4 address is accepted", "server", "127.0.0.1", NULL, 0, 0},
    {"TLS-12 an IPv6 address is accepted", "server", "::1", NULL, 0, 0},
    {"TLS-12 another address is refused", "server", "127.0.0.2", ALTNAME, 0, 0},
    {"TLS-13 an address as common name is refused", "ip-in-cn", "127.0.0.1",
     ALTNAME, 0, 0},
    {"TLS-13 an address as DNS name is refused", "ip-in-dns", "127.0.0.1",
     ALTNAME, 0, 0},
    {"TLS-14 an internationalized name", "idn", "xn--bcher-kva.example.test",
     NULL, 0, 0},
    {"TLS-14 a dot at the end", "server", "broker.example.test.", NULL, 0, 0},
    {"TLS-14 case does not matter", "server", "BROKER.Example.TEST", NULL, 0,
     0},
    {"TLS-15 a NUL does not end a name", "nul", "localhost", ALTNAME, 0, 0},
    {"TLS-16 for clients only is refused", "client-use", HOST,
     "INVALID_PURPOSE", 0, 0},
    {"TLS-17 issued by no authority is refused", "under-not-ca.chain", HOST,
     "INVALID_CA", 0, 0},
    {"TLS-18 too long a path is refused", "too-long.chain", HOST,
     "PATH_LENGTH_EXCEEDED", 0, 0},
    {"TLS-19 outside the name constraints is refused", "outside.chain", HOST,
     "MIDGE_ETLS", 0, 0},
    {"TLS-19 inside the name constraints", "inside.chain",
     "broker.allowed.test", NULL, 0, 0},
    {"TLS-20 a weak key is refused", "weak-key", HOST, "MIDGE_ETLS", 0, 0},
    {"TLS-20 a weak hash is refused", "weak-hash", HOST, "MIDGE_ETLS", 0, 0},
    {"TLS-21 revoked is refused with the list", "revoked", HOST, "CERT_REVOKED",
     "root.crl", 0},
    {"TLS-21 without a list nobody looks", "revoked", HOST, NULL, 0, 0},
    {"TLS-21 not revoked is accepted", "server", HOST, NULL, "root.crl", 0},
    {"TLS-21 an expired list is refused", "server", HOST, "CRL_HAS_EXPIRED",
     "root-expired.crl", 0},
    {"TLS-21 no list of this issuer is refused", "server", HOST,
     "UNABLE_TO_GET_CRL", "other.crl", 0},
    {"TLS-21 no list of the intermediate is refused", "chained.chain", HOST,
     "UNABLE_TO_GET_CRL", "root.crl", 0},
    {"TLS-21 several lists", "server", HOST, NULL, "other.crl", "root.crl"},
};
enum { CASE_COUNT = sizeof(CASES) / sizeof(CASES[0]) };

static void expect(const certificate_case *it, int version, size_t cut) {
  const peer_options server = {.certificate = it->certificate,
                               .version_min = version,
                               .version_max = version,
                               .level = -1};
  bytes crl = {NULL, 0, 0}, input = {NULL, 0, 0};
  if (it->crl != NULL) crl = certificate_bytes(it->crl);
  if (it->crl_also != NULL) {
    bytes also = certificate_bytes(it->crl_also);
    bytes_add(&crl, bytes_slice(&also));
    bytes_free(&also);
  }
  midge_tls_context *context =
      client_context((midge_tls_options){.crl = bytes_slice(&crl)});
  SSL_CTX *server_context = peer_context(&server);
  peer other;
  peer_open(&other, server_context);
  midge_filter *filter = client(context, it->host);
  flow(filter, &other, cut, &input);

  midge_filter_error error = midge_filter_error_of(filter);
  if (it->code == NULL) {
    assert_string_equal(error.text, "");
    assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPEN);
    assert_true(other.opened);
  } else {
    assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
    assert_int_equal(error.status, MIDGE_ETLS);
    assert_string_equal(error.code, it->code);
    assert_true(strlen(error.text) > 20);
    /* The server learns of it by an alert. */
    assert_true(other.failed);
    assert_int_equal(other.got.size, 0);
  }
  midge_filter_free(filter);
  peer_free(&other);
  SSL_CTX_free(server_context);
  midge_tls_context_release(context);
  bytes_free(&crl);
  bytes_free(&input);
}

static void run_case(void **state) {
  expect(*state, TLS1_2_VERSION, SIZE_MAX);
  expect(*state, TLS1_3_VERSION, SIZE_MAX);
  expect(*state, TLS1_3_VERSION, 1);
}

/* No verification at all, and only then. */
static void test_insecure_accepts_any(void **state) {
  (void)state;
  for (size_t i = 0; i < CASE_COUNT; i++) {
    const peer_options server = {.certificate = CASES[i].certificate,
                                 .level = -1};
    bytes input = {NULL, 0, 0};
    midge_tls_context *context = client_context((midge_tls_options){
        .insecure = true, .ciphers = MIDGE_TEXT("DEFAULT@SECLEVEL=0")});
    SSL_CTX *server_context = peer_context(&server);
    peer other;
    peer_open(&other, server_context);
    midge_filter *filter = client(context, CASES[i].host);
    flow(filter, &other, SIZE_MAX, &input);
    assert_string_equal(midge_filter_error_of(filter).text, "");
    assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPEN);
    midge_filter_free(filter);
    peer_free(&other);
    SSL_CTX_free(server_context);
    midge_tls_context_release(context);
    bytes_free(&input);
  }
}

/* The name alone: the chain is verified all the same. */
static void test_insecure_host_skips_the_name_only(void **state) {
  (void)state;
  for (size_t i = 0; i < CASE_COUNT; i++) {
    if (CASES[i].crl != NULL) continue;
    const peer_options server = {.certificate = CASES[i].certificate,
                                 .level = -1};
    bool name_only =
        CASES[i].code == NULL || strcmp(CASES[i].code, ALTNAME) == 0;
    bytes input = {NULL, 0, 0};
    midge_tls_context *context =
        client_context((midge_tls_options){.insecure_host = true});
    SSL_CTX *server_context = peer_context(&server);
    peer other;
    peer_open(&other, server_context);
    midge_filter *filter = client(context, CASES[i].host);
    flow(filter, &other, SIZE_MAX, &input);
    assert_int_equal(midge_filter_state_of(filter),
                     name_only ? MIDGE_FILTER_OPEN : MIDGE_FILTER_FAILED);
    midge_filter_free(filter);
    peer_free(&other);
    SSL_CTX_free(server_context);
    midge_tls_context_release(context);
    bytes_free(&input);
  }
}

static void expect_text(const char *certificate, const char *part) {
  const peer_options server = {.certificate = certificate};
  bytes input = {NULL, 0, 0};
  midge_tls_context *context = client_context((midge_tls_options){0});
  SSL_CTX *server_context = peer_context(&server);
  peer other;
  peer_open(&other, server_context);
  midge_filter *filter = client(context, HOST);
  flow(filter, &other, SIZE_MAX, &input);
  const char *text = midge_filter_error_of(filter).text;
  if (strstr(text, part) == NULL) assert_string_equal(text, part);
  midge_filter_free(filter);
  peer_free(&other);
  SSL_CTX_free(server_context);
  midge_tls_context_release(context);
  bytes_free(&input);
}

static void test_errors_say_what_is_wrong_with_which(void **state) {
  (void)state;
  expect_text("expired",
              "the server's certificate \"CN = expired\" (depth 0) is refused: "
              "certificate has expired on Feb  1 00:00:00 2024 GMT");
  expect_text("not-yet-valid",
              "certificate is not yet valid before Jan  1 00:00:00 2090 GMT");
  expect_text("wrong-host", "it names other.example.test");
  expect_text("cn-only", "it names no host");
  expect_text("ip-in-dns", "it names 127.0.0.1");
  expect_text("too-long.chain", "an authority's certificate");
}

int main(void) {
  struct CMUnitTest tests[CASE_COUNT + 3];
  for (size_t i = 0; i < CASE_COUNT; i++) {
    tests[i] = (struct CMUnitTest){.name = CASES[i].name,
                                   .test_func = run_case,
                                   .initial_state = (void *)&CASES[i]};
  }
  tests[CASE_COUNT] =
      (struct CMUnitTest)cmocka_unit_test(test_insecure_accepts_any);
  tests[CASE_COUNT + 1] = (struct CMUnitTest)cmocka_unit_test(
      test_insecure_host_skips_the_name_only);
  tests[CASE_COUNT + 2] = (struct CMUnitTest)cmocka_unit_test(
      test_errors_say_what_is_wrong_with_which);
  return cmocka_run_group_tests_name("certificates", tests, NULL, NULL);
}
