/* Memory, with the owner's allocator or malloc. */
#ifndef MIDGE_BASE_ALLOCATOR_H
#define MIDGE_BASE_ALLOCATOR_H

#include "midge/types.h"

/* malloc, realloc and free behind the interface of a midge_allocator. */
extern const midge_allocator midge_allocator_default;

/* The allocator of an options struct: `given`, or the default for null. */
const midge_allocator *midge_allocator_or_default(const midge_allocator *given);

/* Null when there is no memory; `size` is at least 1. Not zeroed. */
void *midge_allocate(const midge_allocator *allocator, size_t size);
/* The same, zeroed. */
void *midge_allocate_zero(const midge_allocator *allocator, size_t size);
/* Null leaves `block` as it was. */
void *midge_resize(const midge_allocator *allocator, void *block,
                   size_t old_size, size_t new_size);
/* Null is fine; `size` is what was asked for. */
void midge_free(const midge_allocator *allocator, void *block, size_t size);

#endif
