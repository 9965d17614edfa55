#include "filter/tls_source.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/slice.h"

enum {
  PATH_ROOM = 4096,
  PASSPHRASE_ROOM = 1024,
  FILE_BYTES_MAX = 16 * 1024 * 1024, /* a whole bundle is below 1 MiB */
  CHUNK = 4096,
  HASH_DIGITS = 8,
};

bool midge_tls_c_string(char *to, size_t room, midge_slice slice) {
  if (slice.size >= room ||
      (slice.size != 0 && memchr(slice.data, '\0', slice.size) != NULL)) {
    return false;
  }
  *midge_slice_copy((uint8_t *)to, slice) = '\0';
  return true;
}

void midge_tls_add_reason(midge_text *text) {
  const char *reason = ERR_reason_error_string(ERR_peek_last_error());
  midge_text_add(text, reason != NULL ? reason : "unknown reason");
}

void midge_tls_name_source(midge_text *text, const midge_tls_source *source) {
  midge_text_add(text, source->what);
  if (source->path.data == NULL) return;
  midge_text_add(text, " \"");
  midge_text_quote(text, source->path);
  midge_text_add(text, "\"");
}

static void explain(midge_text *text, const midge_tls_source *source,
                    const char *words) {
  midge_tls_name_source(text, source);
  midge_text_add(text, words);
}

static void explain_errno(midge_text *text, const midge_tls_source *source) {
  explain(text, source, " cannot be read: ");
  midge_text_add(text, strerror(errno));
}

/* All of it at once, so that no device or endless file is parsed. Null and
 * words: some of it is not the same. */
static BIO *read_all(BIO *file, const midge_tls_source *source,
                     midge_text *text) {
  BIO *memory = BIO_new(BIO_s_mem());
  char chunk[CHUNK];
  int size = 0, total = 0;
  const char *fault = memory == NULL ? " is too large for memory" : NULL;
  while (fault == NULL && (size = BIO_read(file, chunk, CHUNK)) > 0) {
    total += size;
    if (total > FILE_BYTES_MAX)
      fault = " is too large";
    else if (BIO_write(memory, chunk, size) != size)
      fault = " is too large for memory";
  }
  if (fault == NULL && size < 0) fault = " cannot be read to its end";
  if (fault == NULL) return memory;
  explain(text, source, fault);
  BIO_free(memory);
  return NULL;
}

static BIO *open_file(const midge_tls_source *source, midge_text *text) {
  char path[PATH_ROOM];
  struct stat status;
  if (!midge_tls_c_string(path, sizeof(path), source->path)) {
    explain(text, source, " has a name that no file can have");
    return NULL;
  }
  if (stat(path, &status) != 0) {
    explain_errno(text, source);
    return NULL;
  }
  if (!S_ISREG(status.st_mode)) {
    explain(text, source, " is not a regular file");
    return NULL;
  }
  BIO *file = BIO_new_file(path, "rb");
  if (file == NULL) {
    explain_errno(text, source);
    return NULL;
  }
  BIO *memory = read_all(file, source, text);
  BIO_free(file);
  return memory;
}

static BIO *open_source(const midge_tls_source *source, midge_text *text) {
  ERR_clear_error();
  if (source->path.data != NULL) return open_file(source, text);
  if (source->memory.size > FILE_BYTES_MAX) {
    explain(text, source, " is too large");
    return NULL;
  }
  BIO *memory = BIO_new(BIO_s_mem());
  int size = (int)source->memory.size;
  if (memory != NULL && size != 0 &&
      BIO_write(memory, source->memory.data, size) != size) {
    BIO_free(memory);
    memory = NULL;
  }
  if (memory == NULL) midge_text_add(text, "out of memory");
  return memory;
}

typedef enum source_kind {
  KIND_CERTIFICATE,
  KIND_CRL,
  KIND_KEY,
} source_kind;

/* What people have instead of PEM, and what makes PEM of it; null when it is
 * neither. To be asked before anything is read. */
static const char *other_form(BIO *bio, source_kind kind) {
  static const char *const der[] = {
      [KIND_CERTIFICATE] =
          " is DER, not PEM: \"openssl x509 -inform DER\" converts it",
      [KIND_CRL] = " is DER, not PEM: \"openssl crl -inform DER\" converts it",
      [KIND_KEY] = " is DER, not PEM: \"openssl pkey -inform DER\" converts it",
  };
  static const char ssh[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
  char *data;
  long size = BIO_get_mem_data(bio, &data);
  /* A SEQUENCE of more than 127 bytes, as all of these are. */
  if (size >= 2 && data[0] == 0x30 && ((uint8_t)data[1] & 0x80) != 0) {
    return der[kind];
  }
  if (kind == KIND_KEY && size >= (long)sizeof ssh &&
      memcmp(data, ssh, sizeof ssh - 1) == 0) {
    return " is an OpenSSH key: \"ssh-keygen -p -m PEM -f\" makes PEM of it";
  }
  return NULL;
}

/* What OpenSSL asks for a passphrase, and whether it did. */
typedef struct secret {
  midge_slice passphrase;
  bool asked;
} secret;

static int give_passphrase(char *to, int room, int writing, void *context) {
  secret *self = context;
  (void)writing;
  self->asked = true;
  if (self->passphrase.data == NULL || self->passphrase.size > (size_t)room) {
    return -1;
  }
  midge_slice_copy((uint8_t *)to, self->passphrase);
  return (int)self->passphrase.size;
}

/* The end of a PEM file is an error for OpenSSL, like any other. */
static bool reached_end(void) {
  unsigned long error = ERR_peek_last_error();
  bool end = ERR_GET_LIB(error) == ERR_LIB_PEM &&
             ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (end) ERR_clear_error();
  return end;
}

/* OpenSSL does so when they are needed first, keeps what comes of it, and does
 * not say why they cannot be read: where there was no memory then, the
 * certificate is of no use ever after. So a copy is asked too. Null: there is
 * no memory for that either. */
static X509 *look_at_extensions(X509 *certificate) {
  if (X509_check_purpose(certificate, -1, 0) == 1) return certificate;
  X509 *second = X509_dup(certificate);
  X509_free(certificate);
  if (second != NULL) (void)X509_check_purpose(second, -1, 0);
  ERR_clear_error();
  return second;
}

STACK_OF(X509) * midge_tls_read_certificates(const midge_tls_source *source,
                                             midge_text *text) {
  BIO *bio = open_source(source, text);
  if (bio == NULL) return NULL;

  const char *form = other_form(bio, KIND_CERTIFICATE);
  secret none = {MIDGE_NO_SLICE, false};
  STACK_OF(X509) *all = sk_X509_new_null();
  X509 *one;
  bool kept = all != NULL;
  while (kept &&
         (one = PEM_read_bio_X509(bio, NULL, give_passphrase, &none)) != NULL) {
    one = look_at_extensions(one);
    kept = one != NULL && sk_X509_push(all, one) != 0;
    if (!kept) X509_free(one);
  }
  BIO_free(bio);
  bool ended = kept && reached_end();
  if (ended && sk_X509_num(all) > 0) return all;

  if (!kept) {
    midge_text_add(text, "out of memory");
  } else if (ended) {
    explain(text, source, form != NULL ? form : " holds no certificate in PEM");
  } else {
    explain(text, source, " is malformed: ");
    midge_tls_add_reason(text);
  }
  sk_X509_pop_free(all, X509_free);
  return NULL;
}

bool midge_tls_trust_all(X509_STORE *store, STACK_OF(X509) * all) {
  bool added = true;
  for (int i = 0; added && i < sk_X509_num(all); i++) {
    added = X509_STORE_add_cert(store, sk_X509_value(all, i)) == 1;
  }
  sk_X509_pop_free(all, X509_free);
  return added;
}

STACK_OF(X509_CRL) *
    midge_tls_read_crls(const midge_tls_source *source, midge_text *text) {
  BIO *bio = open_source(source, text);
  if (bio == NULL) return NULL;

  const char *form = other_form(bio, KIND_CRL);
  secret none = {MIDGE_NO_SLICE, false};
  STACK_OF(X509_CRL) *all = sk_X509_CRL_new_null();
  X509_CRL *one;
  bool kept = all != NULL;
  while (kept && (one = PEM_read_bio_X509_CRL(bio, NULL, give_passphrase,
                                              &none)) != NULL) {
    kept = sk_X509_CRL_push(all, one) != 0;
    if (!kept) X509_CRL_free(one);
  }
  BIO_free(bio);
  bool ended = kept && reached_end();
  if (ended && sk_X509_CRL_num(all) > 0) return all;

  if (!kept) {
    midge_text_add(text, "out of memory");
  } else if (ended) {
    explain(text, source,
            form != NULL ? form : " holds no revocation list in PEM");
  } else {
    explain(text, source, " is malformed: ");
    midge_tls_add_reason(text);
  }
  sk_X509_CRL_pop_free(all, X509_CRL_free);
  return NULL;
}

EVP_PKEY *midge_tls_read_key(const midge_tls_source *source,
                             midge_slice passphrase, midge_text *text) {
  BIO *bio = open_source(source, text);
  if (bio == NULL) return NULL;

  const char *form = other_form(bio, KIND_KEY);
  secret given = {passphrase, false};
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &given);
  BIO_free(bio);
  if (key != NULL) return key;

  if (given.asked) {
    explain(text, source,
            passphrase.data == NULL
                ? " is encrypted: it needs a passphrase"
                : " cannot be decrypted: the passphrase is wrong");
  } else {
    explain(
        text, source,
        form != NULL ? form : " holds no private key in PEM that can be read");
  }
  return NULL;
}

static void explain_pkcs12(const midge_tls_source *source, midge_slice given,
                           midge_text *text) {
  bool wrong =
      ERR_GET_REASON(ERR_peek_last_error()) == PKCS12_R_MAC_VERIFY_FAILURE;
  if (wrong) {
    explain(text, source,
            given.data == NULL ? " is encrypted: it needs a passphrase"
                               : " cannot be opened: the passphrase is wrong");
    return;
  }
  explain(text, source, " cannot be opened: ");
  midge_tls_add_reason(text);
}

bool midge_tls_read_pkcs12(const midge_tls_source *source,
                           midge_slice passphrase, EVP_PKEY **key,
                           X509 **certificate, STACK_OF(X509) * *others,
                           midge_text *text) {
  char given[PASSPHRASE_ROOM];
  if (!midge_tls_c_string(given, sizeof(given), passphrase)) {
    explain(text, source, " cannot have such a passphrase");
    return false;
  }
  BIO *bio = open_source(source, text);
  if (bio == NULL) return false;
  PKCS12 *pkcs12 = d2i_PKCS12_bio(bio, NULL);
  BIO_free(bio);
  if (pkcs12 == NULL) {
    explain(text, source, " is malformed");
    return false;
  }

  *key = NULL;
  *certificate = NULL;
  *others = NULL;
  const char *password = passphrase.data == NULL ? NULL : given;
  bool opened = PKCS12_parse(pkcs12, password, key, certificate, others) == 1;
  PKCS12_free(pkcs12);
  if (!opened) {
    explain_pkcs12(source, passphrase, text);
  } else if (*key == NULL || *certificate == NULL) {
    explain(text, source, " lacks a certificate or its private key");
    opened = false;
  }
  if (opened) return true;
  EVP_PKEY_free(*key);
  X509_free(*certificate);
  sk_X509_pop_free(*others, X509_free);
  return false;
}

/* As c_rehash names them: "9d66eef0.0". */
static bool is_hashed_name(const char *name) {
  for (size_t i = 0; i < HASH_DIGITS; i++) {
    bool digit = (name[i] >= '0' && name[i] <= '9') ||
                 (name[i] >= 'a' && name[i] <= 'f');
    if (!digit) return false;
  }
  return name[HASH_DIGITS] == '.' && name[HASH_DIGITS + 1] != 'r';
}

bool midge_tls_check_directory(midge_slice path, midge_text *text) {
  const midge_tls_source source = {.what = "the CA path", .path = path};
  char name[PATH_ROOM];
  if (!midge_tls_c_string(name, sizeof(name), path)) {
    explain(text, &source, " has a name that no directory can have");
    return false;
  }
  DIR *directory = opendir(name);
  if (directory == NULL) {
    explain_errno(text, &source);
    return false;
  }
  const struct dirent *entry;
  bool found = false;
  while (!found && (entry = readdir(directory)) != NULL) {
    found = is_hashed_name(entry->d_name);
  }
  closedir(directory);
  if (!found) {
    explain(text, &source,
            " holds no certificate with a hashed name (openssl rehash)");
  }
  return found;
}
