/* A message on its way out. It lives in a counted buffer together with its
 * topic, properties and payload, so that a large payload can be shown in the
 * output without a copy even after the message itself is done. */
#ifndef MIDGE_ENGINE_MESSAGE_H
#define MIDGE_ENGINE_MESSAGE_H

#include "base/buffer.h"
#include "engine/packet_ids.h"
#include "midge/session.h"

typedef struct midge_message midge_message;

typedef enum midge_message_state {
  MIDGE_MESSAGE_WAITS,     /* nothing of it is known to the server */
  MIDGE_MESSAGE_PUBLISHED, /* has an identifier: PUBACK or PUBREC ends this */
  MIDGE_MESSAGE_RELEASED,  /* PUBREC came: PUBCOMP ends this */
} midge_message_state;

struct midge_message {
  midge_owner owner; /* of its token, and an identifier while it has one */
  midge_message *previous, *next;                 /* in order of key */
  midge_message *release_previous, *release_next; /* in order of PUBREC */
  midge_buffer *buffer;                           /* the one this lies in */
  uint64_t key;       /* order of sending; its record's key */
  uint64_t position;  /* record that must be committed before it is shown */
  uint64_t end;       /* where in the output it ends, when shown */
  midge_time expires; /* MIDGE_NEVER if it does not */
  midge_message_state state;
  midge_qos qos;
  bool retain;
  bool duplicate; /* was sent whole on an earlier connection: [MQTT-3.3.1-1] */
  bool shown;     /* on this connection, and counts in its window */
  bool recorded;  /* has a record of its content */
  bool marked;    /* has a record of its state beside that */
  bool ended;     /* nobody waits: its flow ends by itself */
  bool let_go;    /* and PUBREL, without PUBREC, only frees its identifier */
  bool given_up;  /* and this only keeps its identifier from being used */
  bool behind;    /* waits behind messages that are in the journal alone */
  union {
    uint64_t order;       /* of its PUBREC among the others, when recorded */
    uint64_t first_token; /* of a bundle */
  };
  uint64_t begin; /* of a bundle: where in the output it begins, when shown */
  uint32_t count; /* 0: one message; else a bundle of so many records */
  uint64_t label; /* what its publisher has its record remember it by */
  uint32_t coalesced; /* where a newer one of its topic finds it, or 0 */
  uint16_t alias;     /* the topic alias its publisher asked for, or 0 */
  uint16_t topic_size;
  uint32_t properties_size; /* without expiry and alias, which are numbers */
  size_t payload_size;
  uint8_t bytes[]; /* topic, properties, payload */
};

/* Whether the server may have seen something of it. */
static inline bool midge_message_is_known(const midge_message *message) {
  return message->shown || message->duplicate;
}

/* Null when there is no memory. What was checked with midge_publish_check. */
midge_message *midge_message_new(const midge_allocator *allocator,
                                 const midge_publish *publish,
                                 midge_slice topic, midge_time now);
/* The same in two steps, so that who publishes may copy what is large, on any
 * thread, and the session need not. The draft has topic and payload in the
 * place that they have in the message, and `publish`, which has no properties,
 * points there; null when there is no memory. The message holds the draft, of
 * which there is no other. */
midge_buffer *midge_message_draft(const midge_allocator *allocator,
                                  midge_publish *publish);
midge_message *midge_message_of_draft(midge_buffer *draft,
                                      const midge_publish *publish,
                                      midge_time now);
void midge_message_release(midge_message *message);

midge_slice midge_message_topic(const midge_message *message);
midge_slice midge_message_properties(const midge_message *message);
midge_slice midge_message_payload(const midge_message *message);
/* All three, one behind the other. */
midge_slice midge_message_content(const midge_message *message);

static inline size_t midge_message_count(const midge_message *message) {
  return message->count != 0 ? message->count : 1;
}

static inline size_t midge_message_bytes(const midge_message *message) {
  return message->topic_size + message->properties_size + message->payload_size;
}

/* What it takes of memory. */
static inline size_t midge_message_weight(const midge_message *message) {
  return sizeof *message + midge_message_bytes(message);
}

/* How a message is to be written on a connection. */
typedef struct midge_message_form {
  midge_version version;
  midge_time now;
  uint16_t alias;  /* 0: none */
  bool omit_topic; /* the alias says it */
  size_t size;     /* of the whole packet, once it is known */
} midge_message_form;

/* Fixed header, length of the topic, identifier, length of the properties,
 * expiry and alias: what comes at most to the bytes of a message. */
enum { MIDGE_MESSAGE_OVERHEAD_MAX = 1 + 4 + 2 + 2 + 4 + 5 + 3 };

/* The size on the wire; 0 if it is larger than MQTT allows. */
size_t midge_message_size(const midge_message *message,
                          const midge_message_form *form);
/* Everything before the payload; returns the end. */
uint8_t *midge_message_encode_head(const midge_message *message,
                                   const midge_message_form *form, uint8_t *to);

/* The head of its record, whose body is its content; returns the size. */
size_t midge_message_to_record(const midge_message *message, uint8_t *head);
/* Null with `*status` MIDGE_EINVAL (damaged) or MIDGE_ENOMEM. */
midge_message *midge_message_from_record(const midge_allocator *allocator,
                                         midge_slice head, midge_slice body,
                                         midge_status *status);

#endif
