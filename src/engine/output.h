/* The bytes to send: shown in order, consumed from the front. Small packets
 * are written into chunks, large payloads stay where they are and are held. */
#ifndef MIDGE_ENGINE_OUTPUT_H
#define MIDGE_ENGINE_OUTPUT_H

#include "base/buffer.h"
#include "base/ring.h"

typedef struct midge_output {
  const midge_allocator *allocator;
  midge_ring segments; /* of struct segment, oldest first; none is empty */
  midge_buffer *chunk; /* the last segment's, if it may still be written to */
  size_t chunk_used;
  uint64_t appended; /* bytes ever appended; never below sent */
  uint64_t sent;     /* bytes ever consumed */
} midge_output;

void midge_output_init(midge_output *output, const midge_allocator *allocator);
/* Drop what was not sent. */
void midge_output_clear(midge_output *output);
void midge_output_free(midge_output *output);

/* Room for `size` bytes in one piece, or null when there is no memory; then
 * say how many of them were written. Nothing in between. */
uint8_t *midge_output_reserve(midge_output *output, size_t size);
void midge_output_commit(midge_output *output, size_t size);
/* Append bytes of a buffer, which is held until they are sent. Room for the
 * bookkeeping must have been reserved with midge_output_prepare. */
MIDGE_CHECKED bool midge_output_prepare(midge_output *output);
void midge_output_append(midge_output *output, midge_buffer *buffer,
                         midge_slice bytes);

size_t midge_output_look(const midge_output *output, midge_slice *slices,
                         size_t count);
void midge_output_consume(midge_output *output, size_t size);

static inline size_t midge_output_backlog(const midge_output *output) {
  return (size_t)(output->appended - output->sent);
}

#endif
