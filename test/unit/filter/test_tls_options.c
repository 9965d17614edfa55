/* Options: what is refused at once, and what they lead to. */
#include "peer.h"
#include "test.h"

#define HOST "broker.example.test"

static midge_slice file(const char *name) {
  return midge_slice_text(certificate_path(name));
}

static void refuse(midge_tls_options options, midge_status status,
                   const char *part) {
  char text[512] = "";
  /* Each time anew, never only the first. */
  for (int i = 0; i < 3; i++) {
    assert_int_equal(midge_tls_check(&options, text, sizeof(text)), status);
    if (strstr(text, part) == NULL) assert_string_equal(text, part);
  }
}

static void accept(midge_tls_options options) {
  char text[512] = "";
  midge_status status = midge_tls_check(&options, text, sizeof(text));
  assert_string_equal(text, "");
  assert_int_equal(status, MIDGE_OK);
}

static void test_tls_22_bad_authorities_fail_every_time(void **state) {
  (void)state;
  refuse((midge_tls_options){.ca_file = file("absent.pem")}, MIDGE_ETLS,
         "cannot be read: No such file");
  refuse((midge_tls_options){.ca_file = file("empty.pem")}, MIDGE_ETLS,
         "holds no certificate");
  refuse((midge_tls_options){.ca_file = file("garbage.pem")}, MIDGE_ETLS,
         "holds no certificate");
  refuse((midge_tls_options){.ca_file = file("broken.pem")}, MIDGE_ETLS,
         "is malformed");
  refuse((midge_tls_options){.ca_file = file("server.key")}, MIDGE_ETLS,
         "holds no certificate");
  refuse((midge_tls_options){.ca_file = file("hashed")}, MIDGE_ETLS,
         "is not a regular file");
  refuse((midge_tls_options){.ca_file = MIDGE_TEXT("/dev/zero")}, MIDGE_ETLS,
         "is not a regular file");
  refuse((midge_tls_options){.ca_file = MIDGE_TEXT("")}, MIDGE_ETLS,
         "cannot be read");
  refuse((midge_tls_options){.ca_file = MIDGE_TEXT("a\0b")}, MIDGE_ETLS,
         "no file can have");
  refuse((midge_tls_options){.ca = MIDGE_TEXT("")}, MIDGE_ETLS,
         "holds no certificate");
  refuse((midge_tls_options){.ca = MIDGE_TEXT("nonsense")}, MIDGE_ETLS,
         "holds no certificate");
  refuse((midge_tls_options){.ca_path = file("absent")}, MIDGE_ETLS,
         "cannot be read");
  refuse((midge_tls_options){.ca_path = file("empty-path")}, MIDGE_ETLS,
         "hashed name");
  refuse((midge_tls_options){.ca_path = file("root.pem")}, MIDGE_ETLS,
         "cannot be read");
  refuse((midge_tls_options){.crl = MIDGE_TEXT("nonsense")}, MIDGE_ETLS,
         "holds no revocation list");
  /* One good source does not make up for a bad one, nor does insecure. */
  refuse((midge_tls_options){.ca_file = file("root.pem"),
                             .ca_path = file("absent")},
         MIDGE_ETLS, "cannot be read");
  refuse((midge_tls_options){.ca_file = file("empty.pem"), .insecure = true},
         MIDGE_ETLS, "holds no certificate");
}

static void test_tls_25_keys_and_certificates_must_fit(void **state) {
  (void)state;
  midge_tls_options good = {.certificate_file = file("client.pem"),
                            .key_file = file("client.key")};
  accept(good);

  midge_tls_options options = good;
  options.key_file = file("server.key");
  refuse(options, MIDGE_ETLS, "does not belong to the certificate");
  options.key_file = file("absent.key");
  refuse(options, MIDGE_ETLS, "cannot be read");
  options.key_file = file("client.pem");
  refuse(options, MIDGE_ETLS, "holds no private key");
  options.key_file = MIDGE_NO_SLICE;
  refuse(options, MIDGE_EINVAL, "go together");

  options = good;
  options.certificate_file = file("client.key");
  refuse(options, MIDGE_ETLS, "holds no certificate");
  options.certificate_file = MIDGE_NO_SLICE;
  refuse(options, MIDGE_EINVAL, "go together");
}

/* The name of the file, and what makes PEM of it. */
static void test_what_is_not_pem_is_named(void **state) {
  (void)state;
  const midge_slice der = MIDGE_TEXT("\x30\x82\x01\x0a");
  const midge_slice ssh =
      MIDGE_TEXT("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n");
  refuse((midge_tls_options){.ca = der}, MIDGE_ETLS,
         "the CA is DER, not PEM: \"openssl x509 -inform DER\"");
  refuse((midge_tls_options){.crl = der}, MIDGE_ETLS,
         "the revocation list is DER, not PEM: \"openssl crl -inform DER\"");
  midge_tls_options options = {.certificate_file = file("client.pem"),
                               .key = der};
  refuse(options, MIDGE_ETLS,
         "the key is DER, not PEM: \"openssl pkey -inform DER\"");
  options.key = ssh;
  refuse(options, MIDGE_ETLS, "the key is an OpenSSH key: \"ssh-keygen");
  options.key = MIDGE_NO_SLICE;
  options.key_file = file("server.key");
  refuse(options, MIDGE_ETLS,
         "server.key\" does not belong to the certificate");
}

static void test_tls_25_an_encrypted_key_needs_its_passphrase(void **state) {
  (void)state;
  midge_tls_options options = {.certificate_file = file("client.pem"),
                               .key_file = file("client-encrypted.key")};
  refuse(options, MIDGE_ETLS, "needs a passphrase");
  options.passphrase = MIDGE_TEXT("wrong");
  refuse(options, MIDGE_ETLS, "passphrase is wrong");
  options.passphrase = MIDGE_TEXT("");
  refuse(options, MIDGE_ETLS, "passphrase is wrong");
  options.passphrase = MIDGE_TEXT("secret");
  accept(options);
}

static void test_pkcs12(void **state) {
  (void)state;
  bytes pkcs12 = certificate_bytes("client.p12");
  midge_tls_options options = {.pkcs12 = bytes_slice(&pkcs12)};
  refuse(options, MIDGE_ETLS, "needs a passphrase");
  options.passphrase = MIDGE_TEXT("wrong");
  refuse(options, MIDGE_ETLS, "passphrase is wrong");
  options.passphrase = MIDGE_TEXT("secret");
  accept(options);
  options.certificate_file = file("client.pem");
  options.key_file = file("client.key");
  refuse(options, MIDGE_EINVAL, "one or the other");
  refuse((midge_tls_options){.pkcs12 = MIDGE_TEXT("nonsense")}, MIDGE_ETLS,
         "is malformed");
  bytes_free(&pkcs12);
}

static void test_versions(void **state) {
  (void)state;
  accept((midge_tls_options){.version_min = 10});
  accept((midge_tls_options){.version_min = 11, .version_max = 11});
  accept((midge_tls_options){.version_min = 13});
  accept((midge_tls_options){.version_max = 12});
  refuse((midge_tls_options){.version_min = 14}, MIDGE_EINVAL, "versions");
  refuse((midge_tls_options){.version_min = 9}, MIDGE_EINVAL, "versions");
  refuse((midge_tls_options){.version_min = 13, .version_max = 12},
         MIDGE_EINVAL, "versions");
  refuse((midge_tls_options){.version_max = 11}, MIDGE_EINVAL, "versions");
}

static void test_ciphers(void **state) {
  (void)state;
  accept((midge_tls_options){.ciphers = MIDGE_TEXT("DEFAULT")});
  accept(
      (midge_tls_options){.ciphers = MIDGE_TEXT("HIGH:!RC4:-DSS:@STRENGTH")});
  accept(
      (midge_tls_options){.ciphers = MIDGE_TEXT("ECDHE-RSA-AES128-GCM-SHA256:"
                                                "TLS_AES_128_GCM_SHA256")});
  accept((midge_tls_options){.ciphers = MIDGE_TEXT("DEFAULT@SECLEVEL=1")});
  refuse((midge_tls_options){.ciphers = MIDGE_TEXT("NO-SUCH-CIPHER")},
         MIDGE_ETLS, "unknown cipher \"NO-SUCH-CIPHER\"");
  refuse((midge_tls_options){.ciphers = MIDGE_TEXT("DEFAULT:TYPO")}, MIDGE_ETLS,
         "unknown cipher \"TYPO\"");
  refuse((midge_tls_options){.ciphers = MIDGE_TEXT("TLS_NONE")}, MIDGE_ETLS,
         "unknown cipher \"TLS_NONE\"");
  refuse((midge_tls_options){.ciphers = MIDGE_TEXT("")}, MIDGE_ETLS, "empty");
  refuse((midge_tls_options){.ciphers = MIDGE_TEXT("TLS_AES_128_GCM_SHA256"),
                             .version_max = 12},
         MIDGE_EINVAL, "TLS 1.3");
}

static void test_names_and_alpn(void **state) {
  (void)state;
  midge_slice empty = MIDGE_TEXT("");
  refuse((midge_tls_options){.verify_name = MIDGE_TEXT("")}, MIDGE_EINVAL,
         "name");
  refuse((midge_tls_options){.verify_name = MIDGE_TEXT(".test")}, MIDGE_EINVAL,
         "name");
  refuse((midge_tls_options){.server_name = MIDGE_TEXT("a\0b")}, MIDGE_EINVAL,
         "name");
  refuse((midge_tls_options){.alpn = &empty, .alpn_count = 1}, MIDGE_EINVAL,
         "ALPN");
}

static void test_psk_options(void **state) {
  (void)state;
  midge_tls_options good = {.psk = MIDGE_TEXT("\x01\x02"),
                            .psk_identity = MIDGE_TEXT("me")};
  accept(good);
  midge_tls_options options = good;
  options.ca_file = file("root.pem");
  refuse(options, MIDGE_EINVAL, "exclude each other");
  options = good;
  options.psk = MIDGE_TEXT("");
  refuse(options, MIDGE_EINVAL, "none is empty");
  options = good;
  options.psk_identity = MIDGE_NO_SLICE;
  refuse(options, MIDGE_EINVAL, "none is empty");
  options.psk_identity = MIDGE_TEXT("a\0b");
  refuse(options, MIDGE_EINVAL, "too long");
}

static void test_a_text_is_cut_to_size(void **state) {
  (void)state;
  char text[8] = "xxxxxxx";
  midge_tls_options options = {.ca_file = file("absent.pem")};
  assert_int_equal(midge_tls_check(&options, text, sizeof(text)), MIDGE_ETLS);
  assert_string_equal(text, "the CA ");
  assert_int_equal(midge_tls_check(&options, NULL, 0), MIDGE_ETLS);
}

/* What a handshake with these options comes to. */
static midge_filter_state shake(midge_tls_options options, const char *host,
                                const peer_options *server, char *sni) {
  bytes input = {NULL, 0, 0};
  midge_tls_context *context = client_context(options);
  SSL_CTX *server_context = peer_context(server);
  peer other;
  peer_open(&other, server_context);
  midge_filter *filter = client(context, host);
  flow(filter, &other, SIZE_MAX, &input);
  midge_filter_state result = midge_filter_state_of(filter);
  const char *name = SSL_get_servername(other.ssl, TLSEXT_NAMETYPE_host_name);
  strcpy(sni, name != NULL ? name : "");
  midge_filter_free(filter);
  peer_free(&other);
  SSL_CTX_free(server_context);
  midge_tls_context_release(context);
  bytes_free(&input);
  return result;
}

static void test_tls_23_server_name_apart_from_verified_name(void **state) {
  (void)state;
  const peer_options server = {.level = 0};
  const peer_options wrong = {.certificate = "wrong-host"};
  char sni[256];

  assert_int_equal(shake((midge_tls_options){0}, HOST, &server, sni),
                   MIDGE_FILTER_OPEN);
  assert_string_equal(sni, HOST);
  /* RFC 6066, 3: no address, and no dot at the end. */
  shake((midge_tls_options){0}, "127.0.0.1", &server, sni);
  assert_string_equal(sni, "");
  shake((midge_tls_options){0}, "localhost.", &server, sni);
  assert_string_equal(sni, "localhost");

  midge_tls_options options = {.server_name = MIDGE_TEXT("front.test")};
  assert_int_equal(shake(options, HOST, &server, sni), MIDGE_FILTER_OPEN);
  assert_string_equal(sni, "front.test");
  assert_int_equal(shake(options, "10.0.0.1", &server, sni),
                   MIDGE_FILTER_FAILED);

  options =
      (midge_tls_options){.verify_name = MIDGE_TEXT("other.example.test")};
  assert_int_equal(shake(options, HOST, &wrong, sni), MIDGE_FILTER_OPEN);
  assert_string_equal(sni, HOST);
  assert_int_equal(shake(options, HOST, &server, sni), MIDGE_FILTER_FAILED);
}

static void test_tls_24_only_insecure_is_unverified(void **state) {
  (void)state;
  const peer_options server = {.certificate = "unknown-root"};
  char sni[256];
  const midge_tls_options mixes[] = {
      {.insecure_host = true},
      {.version_min = 10},
      {.ciphers = MIDGE_TEXT("ALL:COMPLEMENTOFALL@SECLEVEL=0")},
      {.ca_path = file("hashed")},
      {.ca_file = file("intermediate.pem"), .insecure_host = true},
      {.verify_name = MIDGE_TEXT("localhost"), .insecure_host = true},
  };
  for (size_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++) {
    assert_int_equal(shake(mixes[i], HOST, &server, sni), MIDGE_FILTER_FAILED);
  }
  assert_int_equal(
      shake((midge_tls_options){.insecure = true}, HOST, &server, sni),
      MIDGE_FILTER_OPEN);
}

/* A server without any certificate is nobody. */
static void test_tls_24_no_anonymous_cipher(void **state) {
  (void)state;
  const peer_options server = {
      .level = -1, .version_max = TLS1_2_VERSION, .ciphers = "aNULL"};
  char sni[256];
  midge_tls_options options = {.ciphers =
                                   MIDGE_TEXT("ALL:aNULL:eNULL:@SECLEVEL=0")};
  assert_int_equal(shake(options, HOST, &server, sni), MIDGE_FILTER_FAILED);
}

static void test_authorities_from_memory_file_and_directory(void **state) {
  (void)state;
  const peer_options server = {.level = 0};
  char sni[256];
  bytes root = certificate_bytes("root.pem");
  assert_int_equal(
      shake((midge_tls_options){.ca = bytes_slice(&root)}, HOST, &server, sni),
      MIDGE_FILTER_OPEN);
  assert_int_equal(
      shake((midge_tls_options){.ca_path = file("hashed")}, HOST, &server, sni),
      MIDGE_FILTER_OPEN);
  bytes_free(&root);
}

/* Without an authority those of the system count, and ours is not there. */
static void test_the_system_does_not_know_our_root(void **state) {
  (void)state;
  midge_tls_options options = {.version_min = 12};
  midge_tls_context *context;
  assert_int_equal(midge_tls_context_new(&context, &options, NULL, NULL, 0),
                   MIDGE_OK);
  const peer_options server = {.level = 0};
  SSL_CTX *server_context = peer_context(&server);
  bytes input = {NULL, 0, 0};
  peer other;
  peer_open(&other, server_context);
  midge_filter *filter = client(context, HOST);
  flow(filter, &other, SIZE_MAX, &input);
  assert_string_equal(midge_filter_error_of(filter).code,
                      "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  midge_filter_free(filter);
  peer_free(&other);
  SSL_CTX_free(server_context);
  midge_tls_context_release(context);
  bytes_free(&input);
}

static void test_a_connection_needs_a_name_to_verify(void **state) {
  (void)state;
  midge_filter *filter;
  midge_tls_context *context = client_context((midge_tls_options){0});
  assert_int_equal(midge_tls_new(&filter, context, MIDGE_NO_SLICE, 1),
                   MIDGE_EINVAL);
  assert_int_equal(midge_tls_new(&filter, context, MIDGE_TEXT("."), 1),
                   MIDGE_EINVAL);
  assert_int_equal(midge_tls_new(&filter, context, MIDGE_TEXT(".x.test"), 1),
                   MIDGE_EINVAL);
  midge_tls_context_release(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tls_22_bad_authorities_fail_every_time),
      cmocka_unit_test(test_tls_25_keys_and_certificates_must_fit),
      cmocka_unit_test(test_what_is_not_pem_is_named),
      cmocka_unit_test(test_tls_25_an_encrypted_key_needs_its_passphrase),
      cmocka_unit_test(test_pkcs12),
      cmocka_unit_test(test_versions),
      cmocka_unit_test(test_ciphers),
      cmocka_unit_test(test_names_and_alpn),
      cmocka_unit_test(test_psk_options),
      cmocka_unit_test(test_a_text_is_cut_to_size),
      cmocka_unit_test(test_tls_23_server_name_apart_from_verified_name),
      cmocka_unit_test(test_tls_24_only_insecure_is_unverified),
      cmocka_unit_test(test_tls_24_no_anonymous_cipher),
      cmocka_unit_test(test_authorities_from_memory_file_and_directory),
      cmocka_unit_test(test_the_system_does_not_know_our_root),
      cmocka_unit_test(test_a_connection_needs_a_name_to_verify),
  };
  return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
