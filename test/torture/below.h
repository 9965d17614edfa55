/* For functions that take the place of the C library's, for libraries too. */
#ifndef MIDGE_TEST_BELOW_H
#define MIDGE_TEST_BELOW_H

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#define EXPORTED __attribute__((visibility("default")))

static inline int refuse(int error) {
  errno = error;
  return -1;
}

/* The function of this name below: the C library's or the sanitizer's. */
static inline void *below(void **found, const char *name) {
  if (*found == NULL) *found = dlsym(RTLD_NEXT, name);
  return *found;
}

#define BELOW(name)       \
  static void *found;     \
  __typeof__(name) *real; \
  *(void **)(void *)&real = below(&found, #name)

#endif
