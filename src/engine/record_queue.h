/* Records on their way to the journal, in the order of their positions. */
#ifndef MIDGE_ENGINE_RECORD_QUEUE_H
#define MIDGE_ENGINE_RECORD_QUEUE_H

#include "base/buffer.h"
#include "base/ring.h"
#include "midge/session.h"

typedef struct midge_record_queue {
  const midge_allocator *allocator;
  bool durable;        /* else nothing is ever recorded */
  midge_ring waiting;  /* of struct waiting_record: not shown yet */
  midge_buffer *shown; /* the value handed out last */
  uint64_t written;    /* position of the newest record */
  uint64_t committed;  /* all up to this one are safe */
} midge_record_queue;

void midge_record_queue_init(midge_record_queue *queue,
                             const midge_allocator *allocator, bool durable);
void midge_record_queue_free(midge_record_queue *queue);

/* Put `value` under `key`, or delete it if `value` is null. The value's holder
 * passes to the queue. False when there is no memory: the value is released
 * all the same. Without durability nothing happens, and that is true. */
MIDGE_CHECKED bool midge_record_queue_put(midge_record_queue *queue,
                                          uint64_t key, midge_buffer *value);
/* A checksum in front of the bytes, and the bytes behind a good one. */
midge_buffer *midge_record_seal(midge_record_queue *queue, midge_slice bytes);
MIDGE_CHECKED bool midge_record_open(midge_slice value, midge_slice *bytes);

bool midge_record_queue_next(midge_record_queue *queue, midge_record *record);

static inline bool midge_record_queue_have(const midge_record_queue *queue,
                                           uint64_t position) {
  return position <= queue->committed;
}

#endif
