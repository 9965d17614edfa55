#include "filter/tls_ciphers.h"

#include "base/slice.h"
#include "filter/tls_source.h"

enum { LIST_ROOM = 4096 };

static const char *const SUITES[] = {
    "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_CCM_8_SHA256"};

/* Never: no certificate or key would prove the server. */
static const char NEVER[] = ":!aNULL:!eNULL:!SRP";
static const char DEFAULTS[] = "DEFAULT";
static const char DEFAULTS_PSK[] = "ECDHE+PSK:DHE+PSK:kPSK";

static bool begins(const char *name, const char *with) {
  return strncmp(name, with, strlen(with)) == 0;
}

static bool is_suite(const char *name) {
  for (size_t i = 0; i < sizeof(SUITES) / sizeof(SUITES[0]); i++) {
    if (strcmp(name, SUITES[i]) == 0) return true;
  }
  return false;
}

/* Words that take ciphers away, or only order them, name none by themselves. */
static bool is_list_word(SSL_CTX *probe, const char *name) {
  if (name[0] == '!' || name[0] == '-' || name[0] == '@') return true;
  if (name[0] == '+') name++;
  return SSL_CTX_set_cipher_list(probe, name) == 1;
}

static void append(char *list, const char *name) {
  if (list[0] != '\0') strcat(list, ":");
  strcat(list, name);
}

/* Cuts `names` at its separators into the one list and the other. */
static bool sort_names(char *names, char *suites, char *list,
                       midge_text *text) {
  SSL_CTX *probe = SSL_CTX_new(TLS_client_method());
  if (probe == NULL) {
    midge_text_add(text, "out of memory");
    return false;
  }
  SSL_CTX_set_security_level(probe, 0);
  bool known = true;

  char *rest = NULL;
  for (char *name = strtok_r(names, ":, ;", &rest); known && name != NULL;
       name = strtok_r(NULL, ":, ;", &rest)) {
    bool suite = begins(name, "TLS_");
    known = suite ? is_suite(name) : is_list_word(probe, name);
    if (known) {
      append(suite ? suites : list, name);
    } else {
      midge_text_add(text, "unknown cipher \"");
      midge_text_quote(text, midge_slice_text(name));
      midge_text_add(text, "\"");
    }
  }
  SSL_CTX_free(probe);
  return known;
}

static bool apply(SSL_CTX *ssl, const char *suites, char *list, bool psk,
                  midge_text *text) {
  const char *names = list[0] != '\0' ? list : psk ? DEFAULTS_PSK : DEFAULTS;
  char all[LIST_ROOM + sizeof(NEVER)];
  *midge_slice_copy(midge_slice_copy((uint8_t *)all, midge_slice_text(names)),
                    midge_slice_text(NEVER)) = '\0';
  if (SSL_CTX_set_cipher_list(ssl, all) != 1 ||
      (suites[0] != '\0' && SSL_CTX_set_ciphersuites(ssl, suites) != 1)) {
    midge_text_add(text, "none of the ciphers can be used: ");
    midge_tls_add_reason(text);
    return false;
  }
  return true;
}

bool midge_tls_set_ciphers(SSL_CTX *ssl, midge_slice given, bool psk,
                           midge_tls_ciphers *found, midge_text *text) {
  char names[LIST_ROOM], suites[LIST_ROOM] = "", list[LIST_ROOM] = "";
  if (!midge_tls_c_string(names, sizeof(names), given)) {
    midge_text_add(text, "the list of ciphers is too long, or holds a NUL");
    return false;
  }
  if (!sort_names(names, suites, list, text)) return false;
  found->has_suites = suites[0] != '\0';
  found->has_list = list[0] != '\0';
  if (given.data != NULL && !found->has_suites && !found->has_list) {
    midge_text_add(text, "the list of ciphers is empty");
    return false;
  }
  return apply(ssl, suites, list, psk, text);
}
