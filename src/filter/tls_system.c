/* Where OpenSSL looks by itself was decided where it was compiled, and says
 * nothing of the system that it runs on: it is the last place of all. */
#include "filter/tls_system.h"

#include <openssl/err.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/slice.h"
#include "filter/openssl.h"
#include "filter/tls_source.h"
#include "midge/client.h"

enum { PATH_ROOM = 4096 };

/* Kept for the life of the process: reading them takes longer than a handshake,
 * and they take more memory than a client. */
static _Atomic(X509_STORE *) system_trust;

/* Nothing that one could wait for, such as a pipe. */
static bool is_file_with_data(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (status.st_size == 0) return false;
  BIO *file = BIO_new_file(path, "r");
  BIO_free(file);
  return file != NULL;
}

static bool has_hashed_names(const char *path) {
  midge_text nobody = midge_text_in(NULL, 0);
  return midge_tls_check_directory(midge_slice_text(path), &nobody);
}

static bool find(const char *const *places, bool (*is_there)(const char *),
                 const char *root, midge_text *path) {
  for (; *places != NULL; places++) {
    char place[PATH_ROOM];
    midge_text text = midge_text_in(place, sizeof place);
    midge_text_add(&text, root);
    midge_text_add(&text, *places);
    if (!is_there(place)) continue;
    midge_text_add(path, place);
    return true;
  }
  return false;
}

bool midge_tls_find_file(const char *root, midge_text *path) {
  const char *const places[] = {
      "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine */
      "/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
      "/etc/ssl/ca-bundle.pem", /* SUSE */
      "/etc/ssl/cert.pem",      /* Alpine without its package */
      X509_get_default_cert_file(),
      NULL,
  };
  bool found = find(places, is_file_with_data, root, path);
  ERR_clear_error();
  return found;
}

bool midge_tls_find_folder(const char *root, midge_text *path) {
  const char *const places[] = {"/etc/ssl/certs", "/etc/pki/tls/certs",
                                X509_get_default_cert_dir(), NULL};
  return find(places, has_hashed_names, root, path);
}

bool midge_tls_has_trust_below(const char *root) {
  midge_text nobody = midge_text_in(NULL, 0);
  return secure_getenv("SSL_CERT_FILE") != NULL ||
         secure_getenv("SSL_CERT_DIR") != NULL ||
         (midge_openssl_start() && (midge_tls_find_file(root, &nobody) ||
                                    midge_tls_find_folder(root, &nobody)));
}

bool midge_tls_has_system_trust(void) {
  return midge_tls_has_trust_below("");
}

/* What is named but not there is no fault: nothing is trusted for it. */
static void add_file(X509_STORE *store) {
  char found[PATH_ROOM];
  midge_text path = midge_text_in(found, sizeof found);
  const char *file = secure_getenv("SSL_CERT_FILE");
  if (file == NULL && midge_tls_find_file("", &path)) file = found;
  if (file != NULL) (void)X509_STORE_load_file(store, file);
  ERR_clear_error();
}

/* Looked into whenever an authority is missing. */
static void add_folder(X509_STORE *store) {
  char found[PATH_ROOM];
  midge_text path = midge_text_in(found, sizeof found);
  const char *folder = secure_getenv("SSL_CERT_DIR");
  if (folder == NULL && midge_tls_find_folder("", &path)) folder = found;
  if (folder != NULL) (void)X509_STORE_load_path(store, folder);
  ERR_clear_error();
}

X509_STORE *midge_tls_system_trust(void) {
  X509_STORE *store = atomic_load(&system_trust);
  if (store != NULL) return store;
  X509_STORE *made = X509_STORE_new();
  if (made == NULL) return NULL;
  add_file(made);
  add_folder(made);
  if (atomic_compare_exchange_strong(&system_trust, &store, made)) return made;
  X509_STORE_free(made);
  return store;
}

bool midge_tls_add_system_trust(X509_STORE *store) {
  X509_STORE *trust = midge_tls_system_trust();
  if (trust == NULL || X509_STORE_lock(trust) != 1) return false;
  const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(trust);
  bool added = true;
  for (int i = 0; added && i < sk_X509_OBJECT_num(all); i++) {
    X509 *one = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(all, i));
    added = one == NULL || X509_STORE_add_cert(store, one) == 1;
  }
  X509_STORE_unlock(trust);
  add_folder(store);
  return added;
}

midge_status midge_tls_trust(midge_slice pem) {
  const midge_tls_source source = {.what = "the authorities", .memory = pem};
  midge_text nobody = midge_text_in(NULL, 0);
  X509_STORE *trust = midge_openssl_start() ? midge_tls_system_trust() : NULL;
  if (trust == NULL) return MIDGE_ENOMEM;
  STACK_OF(X509) *all = midge_tls_read_certificates(&source, &nobody);
  if (all == NULL) return MIDGE_ETLS;
  return midge_tls_trust_all(trust, all) ? MIDGE_OK : MIDGE_ENOMEM;
}
