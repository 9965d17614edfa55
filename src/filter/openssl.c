#include "filter/openssl.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

bool midge_openssl_start(void) {
  return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT,
                          NULL) == 1;
}

const char *midge_openssl_version(void) {
  return OpenSSL_version(OPENSSL_VERSION_STRING);
}

bool midge_openssl_random(uint8_t *bytes, size_t size) {
  return size <= INT_MAX && RAND_bytes(bytes, (int)size) == 1;
}

bool midge_openssl_sha1(uint8_t *digest, midge_slice bytes) {
  return EVP_Digest(bytes.data, bytes.size, digest, NULL, EVP_sha1(), NULL) ==
         1;
}
