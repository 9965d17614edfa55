#include "base/buffer.h"

#include <assert.h>

#include "base/slice.h"

midge_buffer *midge_buffer_new(const midge_allocator *allocator, size_t size) {
  midge_buffer *buffer = midge_allocate(allocator, sizeof(midge_buffer) + size);
  if (buffer == NULL) return NULL;

  atomic_init(&buffer->holders, 1);
  buffer->allocator = *allocator;
  buffer->size = size;
  return buffer;
}

midge_buffer *midge_buffer_copy(const midge_allocator *allocator,
                                midge_slice bytes) {
  midge_buffer *buffer = midge_buffer_new(allocator, bytes.size);
  if (buffer != NULL) midge_slice_copy(buffer->data, bytes);
  return buffer;
}

midge_buffer *midge_buffer_hold(midge_buffer *buffer) {
  if (buffer == NULL) return NULL;
  size_t before =
      atomic_fetch_add_explicit(&buffer->holders, 1, memory_order_relaxed);
  assert(before != 0);
  return buffer;
}

void midge_buffer_release(midge_buffer *buffer) {
  if (buffer == NULL) return;
  size_t before =
      atomic_fetch_sub_explicit(&buffer->holders, 1, memory_order_acq_rel);
  assert(before != 0);
  if (before != 1) return;

  midge_allocator allocator = buffer->allocator;
  midge_free(&allocator, buffer, sizeof(midge_buffer) + buffer->size);
}
