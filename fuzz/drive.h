/* A filter between bytes from below and what it makes of them. */
#ifndef MIDGE_FUZZ_DRIVE_H
#define MIDGE_FUZZ_DRIVE_H

#include "filter/filter.h"

typedef struct stream {
  uint8_t *bytes;
  size_t size, room;
} stream;

void stream_add(stream *to, midge_slice bytes);
void stream_drop(stream *from, size_t size);
void stream_free(stream *it);
static inline midge_slice stream_slice(const stream *it) {
  return (midge_slice){it->bytes, it->size};
}

/* A run of a filter: what came out of it above and below. */
typedef struct drive {
  midge_filter *filter;
  stream up, down;
} drive;

/* Take all there is, above and below. */
void drive_drain(drive *it);
/* Give bytes from below, `cut` at a time; checks that none is left. */
void drive_feed(drive *it, midge_slice bytes, size_t cut);
/* Whether two runs came to the same. */
void drive_compare(const drive *one, const drive *other);
/* What holds of any filter at any time. */
void drive_check(const drive *it);
void drive_free(drive *it);

#endif
