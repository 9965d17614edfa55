#include "transcript/memory.h"

#include <stdlib.h>
#include <string.h>

static bool fails(memory *of) {
  of->calls++;
  if (of->fail_at == 0 || of->calls < of->fail_at) return false;
  if (of->fail_count != 0 && of->calls >= of->fail_at + of->fail_count) {
    return false;
  }
  of->failed++;
  return true;
}

/* Growing always moves, so that a pointer kept too long is found. */
static void *resize(void *context, void *block, size_t old_size,
                    size_t new_size) {
  memory *of = context;
  if (new_size == 0) {
    of->now -= block == NULL ? 0 : old_size;
    free(block);
    return NULL;
  }
  if (fails(of)) return NULL;
  void *fresh = malloc(new_size);
  if (fresh == NULL) return NULL;
  if (block != NULL) {
    memcpy(fresh, block, old_size < new_size ? old_size : new_size);
    of->now -= old_size;
    free(block);
  }
  of->now += new_size;
  if (of->now > of->peak) of->peak = of->now;
  return fresh;
}

void memory_init(memory *to) {
  memset(to, 0, sizeof *to);
  to->allocator = (midge_allocator){resize, to};
}
