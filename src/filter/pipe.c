#include "filter/pipe.h"

#include <assert.h>
#include <string.h>

#include "base/slice.h"

enum { ROOM_FIRST = 512, ROOM_KEPT = 32 * 1024 };

void midge_pipe_init(midge_pipe *pipe, const midge_allocator *allocator,
                     size_t limit) {
  *pipe = (midge_pipe){.allocator = allocator, .limit = limit};
}

void midge_pipe_free(midge_pipe *pipe) {
  midge_free(pipe->allocator, pipe->block, pipe->room);
  midge_pipe_init(pipe, pipe->allocator, pipe->limit);
}

static bool grow(midge_pipe *pipe, size_t least) {
  size_t room = pipe->room != 0 ? pipe->room : ROOM_FIRST;
  while (room < least) room *= 2;
  uint8_t *block = midge_resize(pipe->allocator, pipe->block, pipe->room, room);
  if (block == NULL) return false;

  pipe->block = block;
  pipe->room = room;
  return true;
}

uint8_t *midge_pipe_reserve(midge_pipe *pipe, size_t size) {
  size_t queued = midge_pipe_size(pipe);
  if (size > pipe->limit - queued) return NULL;

  if (size > pipe->room - pipe->end && pipe->begin != 0) {
    memmove(pipe->block, pipe->block + pipe->begin, queued);
    pipe->begin = 0;
    pipe->end = queued;
  }
  if ((pipe->block == NULL || size > pipe->room - pipe->end) &&
      !grow(pipe, queued + size)) {
    return NULL;
  }
  return pipe->block + pipe->end;
}

void midge_pipe_extend(midge_pipe *pipe, size_t size) {
  assert(size <= pipe->room - pipe->end);
  pipe->end += size;
}

bool midge_pipe_append(midge_pipe *pipe, midge_slice bytes) {
  if (bytes.size == 0) return true;
  uint8_t *to = midge_pipe_reserve(pipe, bytes.size);
  if (to == NULL) return false;

  midge_slice_copy(to, bytes);
  midge_pipe_extend(pipe, bytes.size);
  return true;
}

void midge_pipe_consume(midge_pipe *pipe, size_t size) {
  assert(size <= midge_pipe_size(pipe));
  pipe->begin += size;
  if (pipe->begin != pipe->end) return;

  pipe->begin = 0;
  pipe->end = 0;
  if (pipe->room > ROOM_KEPT) midge_pipe_free(pipe);
}
