/* Counted bytes: the inside of midge_buffer. Whoever makes a buffer may write
 * to it until he shares it; of a shared one, only what nobody was shown. */
#ifndef MIDGE_BASE_BUFFER_H
#define MIDGE_BASE_BUFFER_H

#include <stdatomic.h>

#include "base/allocator.h"

struct midge_buffer {
  atomic_size_t holders;
  midge_allocator allocator;
  size_t size; /* room in data */
  _Alignas(max_align_t) uint8_t data[];
};

/* One holder: the caller. Null when there is no memory. */
midge_buffer *midge_buffer_new(const midge_allocator *allocator, size_t size);
/* A buffer that holds a copy of `bytes`. */
midge_buffer *midge_buffer_copy(const midge_allocator *allocator,
                                midge_slice bytes);

static inline midge_slice midge_buffer_slice(const midge_buffer *buffer) {
  return (midge_slice){buffer->data, buffer->size};
}

#endif
