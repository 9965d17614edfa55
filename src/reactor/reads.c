#include "reactor/reads.h"

enum {
  SHARE_BYTES = MIDGE_READ_BYTES / 3, /* of a read while several share */
  KEPT_MIN = 32 * 1024, /* bytes that may hold a whole buffer by themselves */
  LITTLE = 4 * 1024,    /* bytes of a read; with more nobody is in a hurry */
  SHARED_FOR = 4096,    /* reads, since one has brought little */
};

bool midge_reads_init(midge_reads *reads, const midge_allocator *allocator) {
  *reads = (midge_reads){.allocator = allocator};
  reads->buffer = midge_buffer_new(allocator, MIDGE_READ_BYTES);
  return reads->buffer != NULL;
}

void midge_reads_free(midge_reads *reads) {
  midge_buffer_release(reads->buffer);
}

/* Null when there is no memory for another one. */
static midge_buffer *replace(midge_reads *reads) {
  midge_buffer *before = reads->buffer;
  midge_buffer *other = midge_buffer_new(reads->allocator, MIDGE_READ_BYTES);
  if (other == NULL) return NULL;
  reads->buffer = other;
  reads->used = 0;
  return before;
}

uint8_t *midge_reads_place(midge_reads *reads, size_t *size) {
  if (reads->shared == 0 && reads->used != 0)
    midge_buffer_release(replace(reads));
  *size = MIDGE_READ_BYTES - reads->used;
  if (reads->shared != 0) *size = SHARE_BYTES;
  return reads->buffer->data + reads->used;
}

void midge_reads_note(midge_reads *reads, const void *reader, size_t size) {
  if (reads->shared != 0) reads->shared--;
  if (size >= SHARE_BYTES)
    reads->bulk = reader;
  else if (size <= LITTLE && reads->bulk != NULL && reads->bulk != reader)
    reads->shared = SHARED_FOR;
}

midge_buffer *midge_reads_keep(midge_reads *reads, midge_slice bytes) {
  midge_buffer *buffer = reads->buffer;
  if (bytes.data != buffer->data + reads->used) return NULL;
  if (bytes.size < (reads->shared != 0 ? SHARE_BYTES : KEPT_MIN)) return NULL;
  size_t used = reads->used + bytes.size;
  if (reads->shared == 0 || used + SHARE_BYTES > MIDGE_READ_BYTES)
    return replace(reads);
  reads->used = used;
  midge_buffer_hold(buffer);
  return buffer;
}
