#include "engine/events.h"

#include <assert.h>
#include <string.h>

static const size_t ELEMENT = sizeof(midge_queued_event);

void midge_events_init(midge_events *events, const midge_allocator *allocator) {
  memset(events, 0, sizeof *events);
  midge_ring_init(&events->others, allocator, ELEMENT);
  midge_ring_init(&events->messages, allocator, ELEMENT);
  midge_ring_init(&events->stranded, allocator, ELEMENT);
}

static void give_back(midge_events *events) {
  midge_buffer_release(events->lent.event.buffer);
  events->lent.event.buffer = NULL;
}

static void free_ring(midge_ring *ring) {
  for (; ring->count != 0; midge_ring_pop(ring)) {
    midge_queued_event *oldest = midge_ring_at(ring, 0);
    midge_buffer_release(oldest->event.buffer);
  }
  midge_ring_free(ring);
}

void midge_events_free(midge_events *events) {
  give_back(events);
  free_ring(&events->others);
  free_ring(&events->messages);
  free_ring(&events->stranded);
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
  midge_queued_event *queued = midge_ring_push(&events->others);
  if (queued == NULL) return false;
  *queued = events->closed;
  queued->order = ++events->orders;
  events->has_closed = false;
  return true;
}

midge_queued_event *midge_events_push(midge_events *events,
                                      midge_event_type type) {
  midge_ring *ring =
      type == MIDGE_EVENT_MESSAGE ? &events->messages : &events->others;
  midge_queued_event *queued = midge_ring_push(ring);
  if (queued == NULL) return NULL;
  memset(queued, 0, sizeof *queued);
  queued->event.type = type;
  queued->order = ++events->orders;
  return queued;
}

static bool is_earlier(const midge_ring *ring, const midge_ring *than) {
  if (ring->count == 0) return false;
  if (than == NULL) return true;
  const midge_queued_event *a = midge_ring_at(ring, 0);
  const midge_queued_event *b = midge_ring_at(than, 0);
  return (int32_t)(a->order - b->order) < 0;
}

/* Where the next event is; null if there is none but CLOSED. */
static midge_ring *next_of(midge_events *events) {
  midge_ring *next = events->others.count != 0 ? &events->others : NULL;
  if (events->held) return next;
  if (next == NULL && events->freed == 0)
    return events->messages.count != 0 ? &events->messages : NULL;
  if (is_earlier(&events->messages, next)) next = &events->messages;
  if (events->freed != 0 && is_earlier(&events->stranded, next))
    next = &events->stranded;
  return next;
}

bool midge_events_wait(const midge_events *events) {
  if (events->others.count != 0 || events->has_closed) return true;
  return !events->held && (events->messages.count != 0 || events->freed != 0);
}

const midge_queued_event *midge_events_next(midge_events *events) {
  give_back(events);
  midge_ring *next = next_of(events);
  if (next == NULL) {
    if (!events->has_closed) return NULL;
    events->lent = events->closed;
    events->has_closed = false;
    return &events->lent;
  }
  events->lent = *(midge_queued_event *)midge_ring_at(next, 0);
  midge_ring_pop(next);
  if (next == &events->stranded) events->freed--;
  if (next != &events->others)
    events->bytes -= midge_message_event_size(&events->lent.event);
  return &events->lent;
}

void midge_events_strand(midge_events *events) {
  for (size_t left = events->messages.count; left != 0; left--) {
    midge_queued_event oldest =
        *(midge_queued_event *)midge_ring_at(&events->messages, 0);
    bool comes_again = oldest.event.message.qos != MIDGE_AT_MOST_ONCE;
    midge_queued_event *to =
        comes_again ? midge_ring_push(&events->stranded) : NULL;
    midge_ring_pop(&events->messages);
    /* At the back again, where a place was just left. */
    if (to == NULL) to = midge_ring_push(&events->messages);
    *to = oldest;
  }
}

void midge_events_free_stranded(midge_events *events) {
  events->freed = events->stranded.count;
}

bool midge_events_drop_stranded(midge_events *events, midge_qos *qos,
                                uint16_t *packet_id) {
  midge_ring *stranded = &events->stranded;
  if (stranded->count == events->freed) return false;
  midge_queued_event *newest = midge_ring_at(stranded, stranded->count - 1);
  *qos = newest->event.message.qos;
  *packet_id = newest->event.message.packet_id;
  events->bytes -= midge_message_event_size(&newest->event);
  midge_buffer_release(newest->event.buffer);
  midge_ring_pop_newest(stranded);
  return true;
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
