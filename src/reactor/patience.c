#include "reactor/patience.h"

#include <stdint.h>
#include <uv.h>

enum { WAIT_FIRST_MS = 1, WAIT_MAX_MS = 64 };

void midge_be_patient(unsigned *tries) {
  unsigned wait_ms = (unsigned)WAIT_FIRST_MS << *tries;
  if (wait_ms < WAIT_MAX_MS) ++*tries;
  uv_sleep(wait_ms);
}

static void *resize(void *context, void *block, size_t old_size,
                    size_t new_size) {
  const midge_allocator *inner = context;
  unsigned tries = 0;
  for (;;) {
    void *moved = inner->resize(inner->context, block, old_size, new_size);
    if (moved != NULL || new_size == 0) return moved;
    midge_be_patient(&tries);
  }
}

midge_allocator midge_patient(const midge_allocator *inner) {
  return (midge_allocator){resize, (void *)(uintptr_t)inner};
}

const midge_allocator midge_patient_default = {
    resize, (void *)(uintptr_t)&midge_allocator_default};
