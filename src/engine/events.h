/* What the program has not been told yet, in order. */
#ifndef MIDGE_ENGINE_EVENTS_H
#define MIDGE_ENGINE_EVENTS_H

#include "base/buffer.h"
#include "base/ring.h"
#include "midge/session.h"

typedef struct midge_queued_event {
  midge_event event;
  uint32_t connection; /* the one it happened on */
} midge_queued_event;

typedef struct midge_events {
  midge_ring queue; /* of midge_queued_event */
  /* CLOSED has a place of its own: it comes last and needs no memory. */
  midge_queued_event closed;
  bool has_closed;
  midge_queued_event lent; /* the one handed out last; its buffer is ours */
} midge_events;

void midge_events_init(midge_events *events, const midge_allocator *allocator);
void midge_events_free(midge_events *events);

/* The last event of a connection; its buffer's holder passes to the queue. */
void midge_events_set_closed(midge_events *events, const midge_event *event,
                             uint32_t connection);
/* Another connection begins: what is told of the last one comes before it.
 * False when there is no memory. */
MIDGE_CHECKED bool midge_events_queue_closed(midge_events *events);
static inline bool midge_events_wait(const midge_events *events) {
  return events->queue.count != 0 || events->has_closed;
}

/* A new last event, zeroed; null when there is no memory. */
midge_queued_event *midge_events_push(midge_events *events,
                                      midge_event_type type);
/* One reason code as a slice that lives for ever. */
midge_slice midge_reason_slice(uint8_t reason);

/* The next event, on loan until the next call; null if there is none. */
const midge_queued_event *midge_events_next(midge_events *events);

#endif
