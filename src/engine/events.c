#include "engine/events.h"

#include <string.h>

void midge_events_init(midge_events *events, const midge_allocator *allocator) {
  memset(events, 0, sizeof *events);
  midge_ring_init(&events->others, allocator, sizeof(midge_queued_event));
  midge_ring_init(&events->messages, allocator, sizeof(midge_queued_message));
  midge_ring_init(&events->stranded, allocator, sizeof(midge_queued_message));
}

static void give_back(midge_events *events) {
  if (!events->lent_joins) midge_buffer_release(events->lent);
  events->lent = NULL;
  events->lent_joins = false;
}

static midge_queued_event *oldest_other(const midge_events *events) {
  return midge_ring_at(&events->others, 0);
}

static midge_queued_message *oldest_of(const midge_ring *ring) {
  return midge_ring_at(ring, 0);
}

static void release(const midge_queued_message *message) {
  if (!message->joins) midge_buffer_release(message->buffer);
}

static void free_messages(midge_ring *ring) {
  for (; ring->count != 0; midge_ring_pop(ring)) release(oldest_of(ring));
  midge_ring_free(ring);
}

void midge_events_free(midge_events *events) {
  give_back(events);
  for (; events->others.count != 0; midge_ring_pop(&events->others))
    midge_buffer_release(oldest_other(events)->event.buffer);
  midge_ring_free(&events->others);
  free_messages(&events->messages);
  free_messages(&events->stranded);
  if (events->has_closed) midge_buffer_release(events->closed.buffer);
}

void midge_events_set_closed(midge_events *events, const midge_event *event) {
  assert(!events->has_closed);
  events->closed = *event;
  events->has_closed = true;
}

bool midge_events_queue_closed(midge_events *events) {
  if (!events->has_closed) return true;
  midge_queued_event *queued = midge_ring_push(&events->others);
  if (queued == NULL) return false;
  queued->event = events->closed;
  queued->order = ++events->orders;
  events->has_closed = false;
  return true;
}

midge_queued_event *midge_events_push(midge_events *events,
                                      midge_event_type type) {
  assert(type != MIDGE_EVENT_MESSAGE);
  midge_queued_event *queued = midge_ring_push(&events->others);
  if (queued == NULL) return NULL;
  memset(queued, 0, sizeof *queued);
  queued->event.type = type;
  queued->order = ++events->orders;
  return queued;
}

/* The newest but one lets the newest hold their buffer. */
static bool join(const midge_ring *messages, const midge_buffer *buffer) {
  if (messages->count < 2) return false;
  midge_queued_message *before = midge_ring_at(messages, messages->count - 2);
  before->joins = before->buffer == buffer;
  return before->joins;
}

midge_queued_message *midge_events_push_message(midge_events *events,
                                                midge_buffer *buffer) {
  midge_queued_message *queued = midge_ring_push(&events->messages);
  if (queued == NULL) return NULL;
  if (!join(&events->messages, buffer)) midge_buffer_hold(buffer);
  queued->buffer = buffer;
  queued->joins = false;
  queued->order = ++events->orders;
  return queued;
}

static bool is_earlier(uint32_t order, uint32_t than) {
  return (int32_t)(order - than) < 0;
}

/* Of the messages that may go, where the oldest is; null if none may. */
static midge_ring *next_messages(midge_events *events) {
  midge_ring *messages = &events->messages, *stranded = &events->stranded;
  if (events->held) return NULL;
  if (events->freed == 0) return messages->count != 0 ? messages : NULL;
  if (messages->count == 0) return stranded;
  return is_earlier(oldest_of(messages)->order, oldest_of(stranded)->order)
             ? messages
             : stranded;
}

bool midge_events_wait(const midge_events *events) {
  if (events->others.count != 0 || events->has_closed) return true;
  return !events->held && (events->messages.count != 0 || events->freed != 0);
}

static void lend_message(midge_events *events, midge_ring *ring,
                         midge_event *event, midge_owed *owed) {
  const midge_queued_message *message = oldest_of(ring);
  const uint8_t *data = message->buffer->data;
  *event = (midge_event){
      .type = MIDGE_EVENT_MESSAGE,
      .buffer = message->buffer,
      .properties = {data + message->properties_at, message->properties_size}};
  event->message.topic =
      (midge_slice){data + message->topic_at, message->topic_size};
  event->message.payload =
      (midge_slice){data + message->payload_at, message->payload_size};
  event->message.qos = (midge_qos)message->qos;
  event->message.retain = message->retain;
  event->message.duplicate = message->duplicate;
  event->message.packet_id = message->packet_id;
  event->message.alias = message->alias;
  event->message.by_alias = message->by_alias;
  event->message.proposed = message->proposed;
  *owed = message->owed;
  if (owed->kept) event->message.delivery = message->delivery;
  events->lent = message->buffer;
  events->lent_joins = message->joins;
  events->bytes -= midge_queued_bytes(message);
  if (ring == &events->stranded) events->freed--;
  midge_ring_pop(ring);
}

static void lend_other(midge_events *events, midge_event *event) {
  *event = oldest_other(events)->event;
  events->lent = event->buffer;
  /* What is seldom told leaves no room behind. */
  if (event->type == MIDGE_EVENT_DONE)
    midge_ring_pop(&events->others);
  else
    midge_ring_pop_to_rest(&events->others);
}

static bool lend_closed(midge_events *events, midge_event *event) {
  if (!events->has_closed) return false;
  *event = events->closed;
  events->lent = event->buffer;
  events->has_closed = false;
  return true;
}

bool midge_events_next(midge_events *events, midge_event *event,
                       midge_owed *owed) {
  give_back(events);
  midge_ring *messages = next_messages(events);
  if (events->others.count != 0 &&
      (messages == NULL ||
       is_earlier(oldest_other(events)->order, oldest_of(messages)->order))) {
    lend_other(events, event);
    return true;
  }
  if (messages == NULL) return lend_closed(events, event);
  lend_message(events, messages, event, owed);
  return true;
}

/* They part ways: each holds the buffer itself, the one on loan too. */
static void separate(midge_events *events) {
  midge_ring *ring = &events->messages;
  if (events->lent_joins) midge_buffer_hold(events->lent);
  events->lent_joins = false;
  for (size_t i = 0; i < ring->count; i++) {
    midge_queued_message *message = midge_ring_at(ring, i);
    if (message->joins) midge_buffer_hold(message->buffer);
    message->joins = false;
  }
}

void midge_events_strand(midge_events *events) {
  separate(events);
  for (size_t left = events->messages.count; left != 0; left--) {
    midge_queued_message oldest = *oldest_of(&events->messages);
    bool comes_again = !oldest.owed.released && !oldest.owed.kept &&
                       oldest.qos != MIDGE_AT_MOST_ONCE;
    midge_queued_message *to =
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
  midge_queued_message *newest = midge_ring_at(stranded, stranded->count - 1);
  *qos = (midge_qos)newest->qos;
  *packet_id = newest->packet_id;
  events->bytes -= midge_queued_bytes(newest);
  midge_buffer_release(newest->buffer);
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
