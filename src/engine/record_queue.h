/* Records on their way to the journal, in the order of their positions. */
#ifndef MIDGE_ENGINE_RECORD_QUEUE_H
#define MIDGE_ENGINE_RECORD_QUEUE_H

#include "base/buffer.h"
#include "base/ring.h"
#include "midge/session.h"

typedef struct midge_waiting_record {
  uint64_t position, key;
  midge_slice body;
  midge_buffer *buffer; /* held: where the body lies; null: there is none */
  uint8_t head_size;    /* 0: delete */
  uint8_t head[MIDGE_RECORD_HEAD_MAX];
} midge_waiting_record;

typedef struct midge_record_queue {
  bool durable;                /* else nothing is ever recorded */
  midge_ring waiting;          /* of midge_waiting_record: not shown yet */
  midge_waiting_record *shown; /* handed out last; null: nothing was put */
  uint64_t written;            /* position of the newest record */
  uint64_t committed;          /* all up to this one are safe */
} midge_record_queue;

void midge_record_queue_init(midge_record_queue *queue,
                             const midge_allocator *allocator, bool durable);
void midge_record_queue_free(midge_record_queue *queue);

/* Put a record under `key`, or delete it if `head` is empty; `buffer`, in which
 * `body` lies, is held. False when there is no memory. */
MIDGE_CHECKED bool midge_record_queue_put(midge_record_queue *queue,
                                          uint64_t key, midge_slice head,
                                          midge_slice body,
                                          midge_buffer *buffer);
bool midge_record_queue_next(midge_record_queue *queue, midge_record *record);

static inline bool midge_record_queue_have(const midge_record_queue *queue,
                                           uint64_t position) {
  return position <= queue->committed;
}

#endif
