#include "engine/output.h"

#include <assert.h>

enum {
  CHUNK_FIRST = 256,  /* for a packet now and then */
  CHUNK_GROWTH = 16,  /* for a few of them */
  CHUNK_LAST = 65536, /* for a stream */
};

struct segment {
  midge_buffer *buffer;
  const uint8_t *data;
  size_t size;
};

void midge_output_init(midge_output *output, const midge_allocator *allocator) {
  *output = (midge_output){.allocator = allocator};
  midge_ring_init(&output->segments, allocator, sizeof(struct segment));
}

void midge_output_clear(midge_output *output) {
  while (output->segments.count != 0) {
    struct segment *oldest = midge_ring_at(&output->segments, 0);
    midge_buffer_release(oldest->buffer);
    midge_ring_pop(&output->segments);
  }
  output->chunk = NULL;
  output->sent = output->appended;
}

void midge_output_free(midge_output *output) {
  midge_output_clear(output);
  midge_ring_free(&output->segments);
}

/* The newest segment, if the chunk at its end has `size` bytes left. */
static struct segment *segment_with_room(midge_output *output, size_t size) {
  if (output->chunk == NULL) return NULL;
  if (output->chunk->size - output->chunk_used < size) return NULL;
  return midge_ring_at(&output->segments, output->segments.count - 1);
}

static size_t next_room(const midge_output *output) {
  size_t last = output->chunk != NULL ? output->chunk->size : CHUNK_FIRST;
  if (output->segments.count == 0) return CHUNK_FIRST;
  return last < CHUNK_LAST / CHUNK_GROWTH ? last * CHUNK_GROWTH : CHUNK_LAST;
}

uint8_t *midge_output_reserve(midge_output *output, size_t size) {
  struct segment *newest = segment_with_room(output, size);
  if (newest != NULL) return output->chunk->data + output->chunk_used;

  size_t room = next_room(output);
  if (room < size) room = size;
  if (!midge_ring_reserve(&output->segments, 1)) return NULL;
  midge_buffer *chunk = midge_buffer_new(output->allocator, room);
  if (chunk == NULL) return NULL;
  newest = midge_ring_push(&output->segments);
  *newest = (struct segment){chunk, chunk->data, 0};
  output->chunk = chunk;
  output->chunk_used = 0;
  return chunk->data;
}

void midge_output_commit(midge_output *output, size_t size) {
  struct segment *newest = segment_with_room(output, size);
  assert(newest != NULL);
  newest->size += size;
  output->chunk_used += size;
  output->appended += size;
}

bool midge_output_prepare(midge_output *output) {
  return midge_ring_reserve(&output->segments, 2);
}

void midge_output_append(midge_output *output, midge_buffer *buffer,
                         midge_slice bytes) {
  assert(bytes.size != 0);
  struct segment *newest = midge_ring_push(&output->segments);
  assert(newest != NULL);
  *newest = (struct segment){midge_buffer_hold(buffer), bytes.data, bytes.size};
  output->chunk = NULL;
  output->appended += bytes.size;
}

size_t midge_output_look(const midge_output *output, midge_slice *slices,
                         size_t count) {
  size_t filled = 0;
  for (size_t i = 0; i < output->segments.count && filled < count; i++) {
    const struct segment *segment = midge_ring_at(&output->segments, i);
    slices[filled++] = (midge_slice){segment->data, segment->size};
  }
  return filled;
}

static void drop_oldest(midge_output *output, struct segment *oldest) {
  if (output->segments.count == 1) output->chunk = NULL;
  midge_buffer_release(oldest->buffer);
  midge_ring_pop(&output->segments);
}

void midge_output_consume(midge_output *output, size_t size) {
  assert(size <= midge_output_backlog(output));
  output->sent += size;
  while (size != 0) {
    struct segment *oldest = midge_ring_at(&output->segments, 0);
    if (size < oldest->size) {
      oldest->data += size;
      oldest->size -= size;
      return;
    }
    size -= oldest->size;
    drop_oldest(output, oldest);
  }
}
