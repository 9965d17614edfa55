/* What the program has not been told yet, in order. Messages have a queue of
 * their own, for they can be held while everything else goes on.
 *
 *   others     [3] [4]        [6]
 *   messages           [5] [5']   [7] ...
 *   stranded   [1] [2]            held when their connection ended */
#ifndef MIDGE_ENGINE_EVENTS_H
#define MIDGE_ENGINE_EVENTS_H

#include "base/buffer.h"
#include "base/ring.h"
#include "midge/session.h"

typedef struct midge_queued_event {
  midge_event event;
  uint32_t order;      /* among all others; it wraps */
  uint32_t connection; /* the one it happened on */
  uint32_t debt;       /* of a message of QoS 1 or 2: the one we owe for it */
  uint32_t life;       /* and of the inbox, how often it had been forgotten */
} midge_queued_event;

typedef struct midge_events {
  midge_ring others, messages, stranded; /* of midge_queued_event */
  /* The oldest of the stranded, which the server will not send again. */
  size_t freed;
  uint32_t orders; /* given out */
  /* CLOSED has a place of its own: it comes last and needs no memory. */
  midge_queued_event closed;
  bool has_closed;
  bool held;               /* messages are */
  size_t bytes;            /* of messages that wait */
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
bool midge_events_wait(const midge_events *events);

/* A new last event, zeroed; null when there is no memory. */
midge_queued_event *midge_events_push(midge_events *events,
                                      midge_event_type type);
/* What a message counts in `bytes`, once it is filled in. */
static inline size_t midge_message_event_size(const midge_event *message) {
  return message->message.topic.size + message->message.payload.size +
         message->properties.size;
}
/* One reason code as a slice that lives for ever. */
midge_slice midge_reason_slice(uint8_t reason);

/* The next event, on loan until the next call; null if there is none. */
const midge_queued_event *midge_events_next(midge_events *events);

/* The connection is gone: messages of QoS 1 and 2 that wait are set aside.
 * Those for which there is no memory stay where they are. */
void midge_events_strand(midge_events *events);
/* The server will not send them again: they are told after all. */
void midge_events_free_stranded(midge_events *events);
/* The server will: take out the newest, and say which it was. False: none. */
bool midge_events_drop_stranded(midge_events *events, midge_qos *qos,
                                uint16_t *packet_id);

#endif
