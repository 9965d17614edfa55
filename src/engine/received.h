/* A message of the server's in a buffer and in a record of its own: what is
 * kept longer than the bytes that it came in. */
#ifndef MIDGE_ENGINE_RECEIVED_H
#define MIDGE_ENGINE_RECEIVED_H

#include "engine/events.h"

/* Bytes of its topic, properties and payload. */
size_t midge_received_size(const midge_packet *publish);
/* Copies those into `buffer` from `at` on, where there is room for them; the
 * message says where they lie, and has the caller's hold of the buffer. */
midge_queued_message midge_received_write(midge_buffer *buffer, size_t at,
                                          const midge_packet *publish,
                                          uint16_t alias, bool by_alias);
/* The same bytes again. */
midge_slice midge_received_content(const midge_queued_message *message);

/* The head of a record: flags, alias, and the sizes of topic and properties;
 * the content is the body. */
enum {
  MIDGE_RECEIVED_HEAD = 1 + 2 + 2 + 4,
  MIDGE_RECEIVED_FLAGS = 7, /* ours; the others are the caller's */
};
void midge_received_write_head(const midge_queued_message *message,
                               uint8_t head[MIDGE_RECEIVED_HEAD]);

typedef struct midge_received_record {
  midge_packet publish; /* without QoS and identifier */
  uint16_t alias;
  bool by_alias;
} midge_received_record;

/* Points into the body. False: no session wrote this. */
bool midge_received_read(const uint8_t head[MIDGE_RECEIVED_HEAD],
                         midge_slice body, midge_received_record *read);

#endif
