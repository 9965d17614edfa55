#include "engine/record_queue.h"

#include <assert.h>

#include "base/hash.h"
#include "base/slice.h"

enum { CHECKSUM_SIZE = 4 };

struct waiting_record {
  uint64_t position, key;
  midge_buffer *value; /* null: delete */
};

void midge_record_queue_init(midge_record_queue *queue,
                             const midge_allocator *allocator, bool durable) {
  *queue = (midge_record_queue){.allocator = allocator, .durable = durable};
  midge_ring_init(&queue->waiting, allocator, sizeof(struct waiting_record));
}

void midge_record_queue_free(midge_record_queue *queue) {
  midge_buffer_release(queue->shown);
  while (queue->waiting.count != 0) {
    struct waiting_record *oldest = midge_ring_at(&queue->waiting, 0);
    midge_buffer_release(oldest->value);
    midge_ring_pop(&queue->waiting);
  }
  midge_ring_free(&queue->waiting);
}

bool midge_record_queue_put(midge_record_queue *queue, uint64_t key,
                            midge_buffer *value) {
  assert(queue->durable || value == NULL);
  if (!queue->durable) return true;

  struct waiting_record *newest = midge_ring_push(&queue->waiting);
  if (newest == NULL) {
    midge_buffer_release(value);
    return false;
  }
  *newest = (struct waiting_record){++queue->written, key, value};
  return true;
}

bool midge_record_queue_next(midge_record_queue *queue, midge_record *record) {
  midge_buffer_release(queue->shown);
  queue->shown = NULL;
  if (queue->waiting.count == 0) return false;

  struct waiting_record *oldest = midge_ring_at(&queue->waiting, 0);
  queue->shown = oldest->value;
  record->position = oldest->position;
  record->key = oldest->key;
  record->value = oldest->value == NULL ? MIDGE_NO_SLICE
                                        : midge_buffer_slice(oldest->value);
  midge_ring_pop(&queue->waiting);
  return true;
}

midge_buffer *midge_record_seal(midge_record_queue *queue, midge_slice bytes) {
  midge_buffer *value =
      midge_buffer_new(queue->allocator, CHECKSUM_SIZE + bytes.size);
  if (value == NULL) return NULL;
  uint32_t sum = midge_hash_bytes(bytes);
  for (int i = 0; i < CHECKSUM_SIZE; i++)
    value->data[i] = (uint8_t)(sum >> (8 * i));
  midge_slice_copy(value->data + CHECKSUM_SIZE, bytes);
  return value;
}

bool midge_record_open(midge_slice value, midge_slice *bytes) {
  if (value.size < CHECKSUM_SIZE) return false;
  uint32_t sum = 0;
  for (int i = 0; i < CHECKSUM_SIZE; i++)
    sum |= (uint32_t)value.data[i] << (8 * i);
  *bytes = midge_slice_skip(value, CHECKSUM_SIZE);
  return midge_hash_bytes(*bytes) == sum;
}
