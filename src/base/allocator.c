#include "base/allocator.h"

#include <stdlib.h>
#include <string.h>

static void *resize_with_malloc(void *context, void *block, size_t old_size,
                                size_t new_size) {
  (void)context;
  (void)old_size;
  if (new_size != 0) return realloc(block, new_size);
  free(block);
  return NULL;
}

const midge_allocator midge_allocator_default = {resize_with_malloc, NULL};

const midge_allocator *midge_allocator_or_default(
    const midge_allocator *given) {
  return given != NULL ? given : &midge_allocator_default;
}

void *midge_allocate(const midge_allocator *allocator, size_t size) {
  return allocator->resize(allocator->context, NULL, 0, size);
}

void *midge_allocate_zero(const midge_allocator *allocator, size_t size) {
  void *block = midge_allocate(allocator, size);
  if (block != NULL) memset(block, 0, size);
  return block;
}

void *midge_resize(const midge_allocator *allocator, void *block,
                   size_t old_size, size_t new_size) {
  return allocator->resize(allocator->context, block, old_size, new_size);
}

void midge_free(const midge_allocator *allocator, void *block, size_t size) {
  if (block == NULL) return;
  allocator->resize(allocator->context, block, size, 0);
}
