/* Each allocation of OpenSSL's fails once while what is trusted is read: either
 * the context is refused, or it trusts all that it was given. A certificate
 * or a list that there was no memory for is never left out in silence. */
#include <openssl/crypto.h>
#include <openssl/x509v3.h>

#include "filter/tls_context.h"
#include "peer.h"
#include "test.h"

enum { GIVEN = 4 }; /* two authorities, two lists */

static size_t left; /* allocations until one fails; 0: none does */
static bool struck;

static bool strike(void) {
  if (left == 0 || --left != 0) return false;
  struck = true;
  return true;
}

static void *allocate(size_t size, const char *file, int line) {
  (void)file;
  (void)line;
  return size == 0 || strike() ? NULL : malloc(size);
}

static void *resize(void *block, size_t size, const char *file, int line) {
  (void)file;
  (void)line;
  if (size != 0) return strike() ? NULL : realloc(block, size);
  free(block);
  return NULL;
}

static void release(void *block, const char *file, int line) {
  (void)file;
  (void)line;
  free(block);
}

static bytes two_lists(void) {
  bytes all = certificate_bytes("root.crl");
  bytes other = certificate_bytes("other.crl");
  bytes_add(&all, bytes_slice(&other));
  bytes_free(&other);
  return all;
}

/* How many objects there are; -1: one of them is of no use. */
static int trusted(midge_tls_context *context) {
  X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
  STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
    X509 *one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
    if (one != NULL && X509_check_purpose(one, -1, 0) != 1) return -1;
  }
  return sk_X509_OBJECT_num(all);
}

/* The same with allocation `at` failing, from 1; false: there are fewer. */
static bool read_poorly(const midge_tls_options *options, size_t at) {
  char why[256] = "";
  midge_tls_context *context;
  left = at;
  struck = false;
  midge_status status =
      midge_tls_context_new(&context, options, NULL, why, sizeof why);
  left = 0;
  if (status == MIDGE_OK) {
    assert_int_equal(trusted(context), GIVEN);
    midge_tls_context_release(context);
  } else {
    assert_true(struck);
    assert_true(status == MIDGE_ENOMEM || why[0] != '\0');
  }
  return struck;
}

static void nothing_given_is_left_out(void **state) {
  bytes ca = certificate_bytes("fake-root.pem"), crl = two_lists();
  const midge_tls_options options = {
      .ca_file = midge_slice_text(certificate_path("root.pem")),
      .ca = bytes_slice(&ca),
      .crl = bytes_slice(&crl)};
  size_t at = 1;
  (void)state;
  /* What OpenSSL makes once for a process. */
  assert_false(read_poorly(&options, 0));
  while (read_poorly(&options, at)) at++;
  assert_true(at > 100);
  bytes_free(&ca);
  bytes_free(&crl);
}

int main(void) {
  if (CRYPTO_set_mem_functions(allocate, resize, release) != 1) return 1;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_given_is_left_out),
  };
  return cmocka_run_group_tests_name("poverty", tests, NULL, NULL);
}
