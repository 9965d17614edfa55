/* An assertion that a fuzzer notices and no build turns off. */
#ifndef MIDGE_FUZZ_CHECK_H
#define MIDGE_FUZZ_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      abort();                                                        \
    }                                                                 \
  } while (0)

/* What each target is: run with libFuzzer, or with replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
