/* What the program has not been told yet, in order. Messages have a queue of
 * their own, for they can be held while everything else goes on.
 *
 *   others     [3] [4]        [6]
 *   messages           [5] [5']   [7] ...
 *   stranded   [1] [2]            held when their connection ended */
#ifndef MIDGE_ENGINE_EVENTS_H
#define MIDGE_ENGINE_EVENTS_H

#include <assert.h>

#include "base/buffer.h"
#include "base/ring.h"
#include "midge/session.h"

typedef struct midge_queued_event {
  midge_event event;
  uint32_t order; /* among all others; it wraps */
} midge_queued_event;

/* What becomes of the inbox when a message of QoS 1 or 2 is handed out. */
typedef struct midge_owed {
  uint32_t debt; /* the one we owe for it */
  uint32_t life; /* how often the inbox had been forgotten */
  bool released; /* QoS 2, at PUBREL: PUBCOMP is what we owe */
  bool kept;     /* nothing: it is in the durable inbox */
} midge_owed;

/* A message that waits, in a cache line: it becomes an event when its turn
 * comes. Where things lie is counted from the beginning of the buffer's data.
 * Messages that follow each other in one buffer hold it together: counting
 * holders for each of them costs as much as the rest. */
typedef struct midge_queued_message {
  midge_buffer *buffer;
  uint32_t topic_at, payload_at, properties_at;
  uint32_t payload_size, properties_size;
  uint16_t topic_size;
  uint16_t packet_id; /* 0 for QoS 0 */
  uint16_t alias;
  uint8_t qos;
  bool retain, duplicate;
  bool by_alias; /* the topic was not on the wire */
  bool joins;    /* the next one holds the buffer for this one too */
  bool proposed; /* the program says whether it is accepted */
  uint32_t order;
  midge_owed owed;
  uint64_t delivery; /* of one that is kept */
} midge_queued_message;

static_assert(sizeof(midge_queued_message) <= 64, "a cache line");

typedef struct midge_events {
  midge_ring others;             /* of midge_queued_event */
  midge_ring messages, stranded; /* of midge_queued_message */
  /* The oldest of the stranded, which the server will not send again. */
  size_t freed;
  uint32_t orders; /* given out */
  /* CLOSED has a place of its own: it comes last and needs no memory. */
  midge_event closed;
  bool has_closed;
  bool held;          /* messages are */
  bool lent_joins;    /* a message that waits holds `lent` for us */
  size_t bytes;       /* of messages that wait */
  midge_buffer *lent; /* of the event handed out last; else ours to release */
} midge_events;

void midge_events_init(midge_events *events, const midge_allocator *allocator);
void midge_events_free(midge_events *events);

/* The last event of a connection; its buffer's holder passes to the queue. */
void midge_events_set_closed(midge_events *events, const midge_event *event);
/* Another connection begins: what is told of the last one comes before it.
 * False when there is no memory. */
MIDGE_CHECKED bool midge_events_queue_closed(midge_events *events);
bool midge_events_wait(const midge_events *events);

/* A new last event that is no message, zeroed but for its type; null when there
 * is no memory. */
midge_queued_event *midge_events_push(midge_events *events,
                                      midge_event_type type);
/* A new last message in `buffer`, for which the caller fills in all that is of
 * the message; it shares the buffer's hold with the one before, if that is in
 * the same, or holds it. Null when there is no memory. */
midge_queued_message *midge_events_push_message(midge_events *events,
                                                midge_buffer *buffer);
/* Where its slices lie in `buffer`, and the rest of what a PUBLISH says. */
static inline void midge_queued_fill(midge_queued_message *message,
                                     const midge_packet *packet,
                                     const midge_buffer *buffer) {
  const midge_slice *topic = &packet->publish.topic;
  const midge_slice *payload = &packet->publish.payload;
  const midge_slice *properties = &packet->properties;
  const uint8_t *data = buffer->data;
  message->topic_at = (uint32_t)(topic->data - data); /* there always is one */
  message->payload_at =
      payload->size != 0 ? (uint32_t)(payload->data - data) : 0;
  message->properties_at =
      properties->size != 0 ? (uint32_t)(properties->data - data) : 0;
  message->topic_size = (uint16_t)topic->size;
  message->payload_size = (uint32_t)payload->size;
  message->properties_size = (uint32_t)properties->size;
  message->packet_id = packet->publish.packet_id;
  message->qos = (uint8_t)packet->publish.qos;
  message->retain = packet->publish.retain;
  message->duplicate = packet->publish.duplicate;
  message->proposed = false;
}
/* What a message weighs, once it is filled in. */
static inline size_t midge_queued_bytes(const midge_queued_message *message) {
  return (size_t)message->topic_size + message->payload_size +
         message->properties_size;
}
/* One reason code as a slice that lives for ever. */
midge_slice midge_reason_slice(uint8_t reason);

/* The next event, on loan until the next call, without its context. False:
 * there is none. */
MIDGE_CHECKED bool midge_events_next(midge_events *events, midge_event *event,
                                     midge_owed *owed);

/* The connection is gone: messages of QoS 1 and 2 that wait are set aside.
 * Those for which there is no memory stay where they are. */
void midge_events_strand(midge_events *events);
/* The server will not send them again: they are told after all. */
void midge_events_free_stranded(midge_events *events);
/* The server will: take out the newest, and say which it was. False: none. */
bool midge_events_drop_stranded(midge_events *events, midge_qos *qos,
                                uint16_t *packet_id);

#endif
