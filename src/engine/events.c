#include "engine/events.h"

#include <assert.h>
#include <string.h>

void midge_events_init(midge_events *events, const midge_allocator *allocator) {
  memset(events, 0, sizeof *events);
  midge_ring_init(&events->queue, allocator, sizeof(midge_queued_event));
}

static void give_back(midge_events *events) {
  midge_buffer_release(events->lent.event.buffer);
  events->lent.event.buffer = NULL;
}

void midge_events_free(midge_events *events) {
  give_back(events);
  while (events->queue.count != 0) {
    midge_queued_event *oldest = midge_ring_at(&events->queue, 0);
    midge_buffer_release(oldest->event.buffer);
    midge_ring_pop(&events->queue);
  }
  midge_ring_free(&events->queue);
  if (events->has_closed) midge_buffer_release(events->closed.event.buffer);
}

void midge_events_set_closed(midge_events *events, const midge_event *event,
                             uint32_t connection) {
  assert(!events->has_closed);
  events->closed.event = *event;
  events->closed.connection = connection;
  events->has_closed = true;
}

bool midge_events_queue_closed(midge_events *events) {
  if (!events->has_closed) return true;
  midge_queued_event *queued = midge_ring_push(&events->queue);
  if (queued == NULL) return false;
  *queued = events->closed;
  events->has_closed = false;
  return true;
}

midge_queued_event *midge_events_push(midge_events *events,
                                      midge_event_type type) {
  midge_queued_event *queued = midge_ring_push(&events->queue);
  if (queued == NULL) return NULL;
  memset(queued, 0, sizeof *queued);
  queued->event.type = type;
  return queued;
}

const midge_queued_event *midge_events_next(midge_events *events) {
  give_back(events);
  if (!midge_events_wait(events)) return NULL;
  if (events->queue.count == 0) {
    events->lent = events->closed;
    events->has_closed = false;
    return &events->lent;
  }
  events->lent = *(midge_queued_event *)midge_ring_at(&events->queue, 0);
  midge_ring_pop(&events->queue);
  return &events->lent;
}

#define FOUR(n) n, (n) + 1, (n) + 2, (n) + 3
#define SIXTEEN(n) FOUR(n), FOUR((n) + 4), FOUR((n) + 8), FOUR((n) + 12)
#define SIXTY_FOUR(n) \
  SIXTEEN(n), SIXTEEN((n) + 16), SIXTEEN((n) + 32), SIXTEEN((n) + 48)

midge_slice midge_reason_slice(uint8_t reason) {
  static const uint8_t reasons[] = {SIXTY_FOUR(0), SIXTY_FOUR(64),
                                    SIXTY_FOUR(128), SIXTY_FOUR(192)};
  static_assert(sizeof reasons == UINT8_MAX + 1, "one byte per reason code");
  return (midge_slice){&reasons[reason], 1};
}
