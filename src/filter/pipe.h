/* A queue of bytes in one block, which grows up to a limit. */
#ifndef MIDGE_FILTER_PIPE_H
#define MIDGE_FILTER_PIPE_H

#include "base/allocator.h"

typedef struct midge_pipe {
  const midge_allocator *allocator;
  uint8_t *block;
  size_t room;       /* bytes in block */
  size_t begin, end; /* what is queued; begin <= end <= room */
  size_t limit;      /* end - begin never exceeds it */
} midge_pipe;

void midge_pipe_init(midge_pipe *pipe, const midge_allocator *allocator,
                     size_t limit);
void midge_pipe_free(midge_pipe *pipe);

/* Room for `size` bytes in one piece, to be filled and then kept with
 * _extend; null past the limit, and when there is no memory. */
uint8_t *midge_pipe_reserve(midge_pipe *pipe, size_t size);
void midge_pipe_extend(midge_pipe *pipe, size_t size);
/* All or nothing. */
MIDGE_CHECKED bool midge_pipe_append(midge_pipe *pipe, midge_slice bytes);
/* Forget the first `size` bytes. A block that grew large is given back when
 * the queue is empty. */
void midge_pipe_consume(midge_pipe *pipe, size_t size);

static inline size_t midge_pipe_size(const midge_pipe *pipe) {
  return pipe->end - pipe->begin;
}

/* How many more bytes the limit allows. */
static inline size_t midge_pipe_left(const midge_pipe *pipe) {
  return pipe->limit - midge_pipe_size(pipe);
}

static inline midge_slice midge_pipe_bytes(const midge_pipe *pipe) {
  if (pipe->block == NULL) return (midge_slice){NULL, 0};
  return (midge_slice){pipe->block + pipe->begin, midge_pipe_size(pipe)};
}

#endif
