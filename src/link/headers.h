/* A list of strings, copied into one block: headers of the upgrade request. */
#ifndef MIDGE_LINK_HEADERS_H
#define MIDGE_LINK_HEADERS_H

#include "base/allocator.h"

typedef struct midge_headers {
  const midge_allocator *allocator;
  midge_slice *list; /* the block begins here */
  size_t count;
  size_t block_size;
} midge_headers;

/* MIDGE_ENOMEM, and nothing has changed. Replaces what was there. */
MIDGE_CHECKED midge_status midge_headers_set(midge_headers *headers,
                                             const midge_allocator *allocator,
                                             const midge_slice *list,
                                             size_t count);
/* Zeroed is fine. */
void midge_headers_free(midge_headers *headers);

#endif
