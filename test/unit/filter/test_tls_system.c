/* Where the authorities of a system are found, in copies of several systems'
 * folders. */
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter/tls_system.h"
#include "midge/client.h"
#include "peer.h"
#include "test.h"

enum { NOBODY = 65534 };

static char root[] = "/tmp/midge-system-XXXXXX";

/* The place that is found below `root`, without that; null if there is none. */
static const char *found(bool (*find)(const char *, midge_text *)) {
  static char place[PATH_MAX];
  midge_text path = midge_text_in(place, sizeof place);
  if (find(root, &path)) return place + strlen(root);
  assert_int_equal(path.size, 0);
  return NULL;
}

static const char *below_root(const char *place) {
  static char path[PATH_MAX];
  assert_true(snprintf(path, sizeof path, "%s%s", root, place) > 0);
  return path;
}

static void make_folders_of(const char *place) {
  char path[PATH_MAX];
  strcpy(path, below_root(place));
  for (char *end = path + strlen(root) + 1; (end = strchr(end, '/')); end++) {
    *end = '\0';
    (void)mkdir(path, 0755);
    *end = '/';
  }
}

static void make_file(const char *place, const char *text) {
  make_folders_of(place);
  FILE *file = fopen(below_root(place), "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static int make_root(void **state) {
  (void)state;
  strcpy(root + strlen(root) - 6, "XXXXXX");
  if (mkdtemp(root) == NULL) return -1;
  return chmod(root, 0755);
}

static int remove_one(const char *path, const struct stat *status, int kind,
                      struct FTW *place) {
  (void)status;
  (void)kind;
  (void)place;
  return remove(path);
}

static int remove_root(void **state) {
  (void)state;
  return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_each_system_s_file_is_found(void **state) {
  (void)state;
  /* The last is looked at first. */
  const char *const places[] = {
      X509_get_default_cert_file(),
      "/etc/ssl/cert.pem",
      "/etc/ssl/ca-bundle.pem",
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
      "/etc/pki/tls/certs/ca-bundle.crt",
      "/etc/ssl/certs/ca-certificates.crt",
  };
  for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
    make_file(places[i], "certificates");
    assert_string_equal(found(midge_tls_find_file), places[i]);
  }
}

static void test_each_system_s_folder_is_found(void **state) {
  (void)state;
  const char *const names[] = {X509_get_default_cert_dir(),
                               "/etc/pki/tls/certs", "/etc/ssl/certs"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char file[PATH_MAX];
    assert_true(snprintf(file, sizeof file, "%s/9d66eef0.0", names[i]) > 0);
    make_file(file, "certificate");
    assert_string_equal(found(midge_tls_find_folder), names[i]);
  }
}

static void test_a_system_may_have_none(void **state) {
  (void)state;
  assert_null(found(midge_tls_find_file));
  assert_null(found(midge_tls_find_folder));
  make_file("/etc/ssl/certs/README", "no certificate");
  assert_null(found(midge_tls_find_file));
  assert_null(found(midge_tls_find_folder));
}

static void test_what_holds_nothing_is_passed_over(void **state) {
  (void)state;
  make_file("/etc/ssl/certs/ca-certificates.crt", "");
  make_folders_of("/etc/pki/tls/certs/ca-bundle.crt/");
  assert_null(found(midge_tls_find_file));
  make_file("/etc/ssl/cert.pem", "certificates");
  assert_string_equal(found(midge_tls_find_file), "/etc/ssl/cert.pem");
}

static void test_what_cannot_be_read_is_passed_over(void **state) {
  (void)state;
  const char *const first = "/etc/ssl/certs/ca-certificates.crt";
  make_file(first, "certificates");
  make_file("/etc/ssl/certs/9d66eef0.0", "certificate");
  make_file("/etc/ssl/cert.pem", "certificates");
  assert_int_equal(chmod(below_root(first), 0), 0);
  assert_int_equal(chmod(below_root("/etc/ssl/certs"), 0111), 0);
  /* Whoever may read everything is somebody else meanwhile. */
  bool is_root = geteuid() == 0;
  if (is_root) assert_int_equal(seteuid(NOBODY), 0);
  assert_string_equal(found(midge_tls_find_file), "/etc/ssl/cert.pem");
  assert_null(found(midge_tls_find_folder));
  if (is_root) assert_int_equal(seteuid(0), 0);
  assert_int_equal(chmod(below_root("/etc/ssl/certs"), 0755), 0);
}

/* Whoever names a place wants that one, also if nothing is there. */
static void test_the_environment_names_authorities(void **state) {
  (void)state;
  const char *const names[] = {"SSL_CERT_FILE", "SSL_CERT_DIR"};
  assert_false(midge_tls_has_trust_below(root));
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(setenv(names[i], "/nowhere", 1), 0);
    assert_true(midge_tls_has_trust_below(root));
    assert_int_equal(unsetenv(names[i]), 0);
  }
}

static void test_a_file_or_a_folder_is_enough(void **state) {
  (void)state;
  make_file("/etc/ssl/certs/9d66eef0.0", "certificate");
  assert_true(midge_tls_has_trust_below(root));
  assert_int_equal(remove(below_root("/etc/ssl/certs/9d66eef0.0")), 0);
  assert_false(midge_tls_has_trust_below(root));
  make_file("/etc/ssl/cert.pem", "certificates");
  assert_true(midge_tls_has_trust_below(root));
  assert_int_equal(midge_tls_has_system_trust(), midge_tls_has_trust_below(""));
}

int main(void) {
#define IN_ROOT(test) \
  cmocka_unit_test_setup_teardown(test, make_root, remove_root)
  const struct CMUnitTest tests[] = {
      IN_ROOT(test_each_system_s_file_is_found),
      IN_ROOT(test_each_system_s_folder_is_found),
      IN_ROOT(test_a_system_may_have_none),
      IN_ROOT(test_what_holds_nothing_is_passed_over),
      IN_ROOT(test_what_cannot_be_read_is_passed_over),
      IN_ROOT(test_the_environment_names_authorities),
      IN_ROOT(test_a_file_or_a_folder_is_enough),
  };
  (void)unsetenv("SSL_CERT_FILE");
  (void)unsetenv("SSL_CERT_DIR");
  return cmocka_run_group_tests_name("tls_system", tests, NULL, NULL);
}
