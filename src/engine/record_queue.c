#include "engine/record_queue.h"

#include <assert.h>

#include "base/slice.h"

void midge_record_queue_init(midge_record_queue *queue,
                             const midge_allocator *allocator, bool durable) {
  *queue = (midge_record_queue){.durable = durable};
  midge_ring_init(&queue->waiting, allocator, sizeof(midge_waiting_record));
}

void midge_record_queue_free(midge_record_queue *queue) {
  const midge_allocator *allocator = queue->waiting.allocator;
  if (queue->shown != NULL) midge_buffer_release(queue->shown->buffer);
  midge_free(allocator, queue->shown, sizeof *queue->shown);
  while (queue->waiting.count != 0) {
    midge_waiting_record *oldest = midge_ring_at(&queue->waiting, 0);
    midge_buffer_release(oldest->buffer);
    midge_ring_pop(&queue->waiting);
  }
  midge_ring_free(&queue->waiting);
}

bool midge_record_queue_put(midge_record_queue *queue, uint64_t key,
                            midge_slice head, midge_slice body,
                            midge_buffer *buffer) {
  assert(queue->durable);
  assert(head.size <= MIDGE_RECORD_HEAD_MAX);
  if (queue->shown == NULL)
    queue->shown =
        midge_allocate_zero(queue->waiting.allocator, sizeof *queue->shown);
  if (queue->shown == NULL) return false;
  midge_waiting_record *newest = midge_ring_push(&queue->waiting);
  if (newest == NULL) return false;
  newest->position = ++queue->written;
  newest->key = key;
  newest->head_size = (uint8_t)head.size;
  midge_slice_copy(newest->head, head);
  newest->body = body;
  newest->buffer = midge_buffer_hold(buffer);
  return true;
}

bool midge_record_queue_next(midge_record_queue *queue, midge_record *record) {
  midge_waiting_record *shown = queue->shown;
  if (shown == NULL) return false;
  midge_buffer_release(shown->buffer);
  shown->buffer = NULL;
  if (queue->waiting.count == 0) return false;

  *shown = *(midge_waiting_record *)midge_ring_at(&queue->waiting, 0);
  midge_ring_pop(&queue->waiting);
  *record = (midge_record){
      .position = shown->position,
      .key = shown->key,
      .head = midge_slice_of(shown->head, shown->head_size),
      .body = shown->body,
      .buffer = shown->buffer,
  };
  return true;
}
