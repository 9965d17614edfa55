/* malloc and its kin, for the whole process: the libraries' calls come here
 * too. Below is the C library's, or the sanitizer's. */
#include <dlfcn.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "strike.h"

#if defined(__SANITIZE_ADDRESS__)
#define BELOW(name) __interceptor_##name
#else
#define BELOW(name) __libc_##name
#endif
#define EXPORTED __attribute__((visibility("default")))

void *BELOW(malloc)(size_t size);
void *BELOW(calloc)(size_t count, size_t size);
void *BELOW(realloc)(void *block, size_t size);

static void *none(void) {
  errno = ENOMEM;
  return NULL;
}

/* libuv ends the process when its table of file descriptors cannot grow, which
 * is what it calls realloc for. */
static bool is_of_libuv(const void *caller) {
  static const void *base;
  Dl_info info;
  if (base == NULL) {
    if (dladdr((const void *)(uintptr_t)uv_version, &info) == 0) return false;
    base = info.dli_fbase;
  }
  return dladdr(caller, &info) != 0 && info.dli_fbase == base;
}

EXPORTED void *malloc(size_t size) {
  return strike("malloc") ? none() : BELOW(malloc)(size);
}

EXPORTED void *calloc(size_t count, size_t size) {
  return strike("calloc") ? none() : BELOW(calloc)(count, size);
}

EXPORTED void *realloc(void *block, size_t size) {
  if (!is_of_libuv(__builtin_return_address(0)) && strike("realloc"))
    return none();
  return BELOW(realloc)(block, size);
}

/* OpenSSL's own allocations do not fail: of some that do it remembers what came
 * of it for the life of the process, or of a certificate. Its functions do. */
static void *crypto_malloc(size_t size, const char *file, int line) {
  (void)file;
  (void)line;
  bool before = strike_spare(true);
  void *block = malloc(size);
  strike_spare(before);
  return block;
}

static void *crypto_realloc(void *block, size_t size, const char *file,
                            int line) {
  (void)file;
  (void)line;
  bool before = strike_spare(true);
  void *moved = realloc(block, size);
  strike_spare(before);
  return moved;
}

static void crypto_free(void *block, const char *file, int line) {
  (void)file;
  (void)line;
  free(block);
}

void strike_spare_openssl(void) {
  CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
}
