/* Borrowed bytes: comparing, cutting, copying. */
#ifndef MIDGE_BASE_SLICE_H
#define MIDGE_BASE_SLICE_H

#include <string.h>

#include "midge/types.h"

#define MIDGE_NO_SLICE ((midge_slice){NULL, 0})

static inline midge_slice midge_slice_of(const void *data, size_t size) {
  return (midge_slice){(const uint8_t *)data, size};
}

/* A C string without its terminator; null gives the null slice. */
static inline midge_slice midge_slice_text(const char *text) {
  return text == NULL ? MIDGE_NO_SLICE : midge_slice_of(text, strlen(text));
}

static inline bool midge_slice_equal(midge_slice a, midge_slice b) {
  return a.size == b.size &&
         (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline midge_slice midge_slice_skip(midge_slice slice, size_t size) {
  return midge_slice_of(slice.data + size, slice.size - size);
}

/* memcpy that a null slice may be given to; returns the end. */
static inline uint8_t *midge_slice_copy(uint8_t *to, midge_slice from) {
  if (from.size != 0) memcpy(to, from.data, from.size);
  return to + from.size;
}

#endif
