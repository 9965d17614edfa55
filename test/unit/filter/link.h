/* A filter, and whatever it talks to, in memory. */
#ifndef TEST_LINK_H
#define TEST_LINK_H

#include "base/slice.h"
#include "filter/filter.h"

typedef struct bytes {
  uint8_t *data;
  size_t size, room;
} bytes;

void bytes_add(bytes *self, midge_slice slice);
/* Forget the first `size`. */
void bytes_drop(bytes *self, size_t size);
void bytes_free(bytes *self);
static inline midge_slice bytes_slice(const bytes *self) {
  return midge_slice_of(self->data, self->size);
}

/* Give all of `slice` to the filter in pieces of `cut` bytes, collecting what
 * it has for above in `input`. Asserts that it makes progress. */
void feed(midge_filter *filter, midge_slice slice, size_t cut, bytes *input);
/* Collect what the filter has for below; sent in pieces of `cut` bytes. */
void collect(midge_filter *filter, size_t cut, bytes *output);
/* Write all of `slice`, collecting output whenever the filter is full. */
void write_all(midge_filter *filter, midge_slice slice, bytes *output);

#endif
