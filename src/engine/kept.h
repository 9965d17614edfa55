/* The durable inbox: messages of QoS 1 and 2 that we have for the program until
 * it is done with them, whatever connection or process brought them. They are
 * in the order in which they came:
 *
 *   PUBLISH --> [waits for room] --> [stored] --commit--> event
 *                                             <-- PUBACK, PUBREC
 *           the program is done with it: gone                               */
#ifndef MIDGE_ENGINE_KEPT_H
#define MIDGE_ENGINE_KEPT_H

#include "base/map.h"
#include "engine/received.h"

typedef struct midge_kept {
  struct midge_kept *previous, *next;
  midge_queued_message message; /* in the buffer that this lies in */
  uint64_t number;   /* of its record, and in its delivery key; 0: it waits for
                        room and has no record */
  uint64_t position; /* the record that the program's having it rests on */
  bool holds_id;     /* of QoS 2: PUBREL has not come */
} midge_kept;

typedef struct midge_keeping {
  const midge_allocator *allocator;
  midge_kept *first, *last;
  midge_kept *untold;   /* the oldest that the program was not told of */
  midge_kept *waits;    /* the oldest that has no record */
  midge_map by_number;  /* of those with a record, by the low half */
  midge_map by_id;      /* of those that hold a packet identifier */
  size_t bytes;         /* of those with a record */
  size_t waiting_bytes; /* of the others */
  uint64_t epoch;       /* when the first one came: no other store's */
  uint64_t newest;      /* the number that was given last, in any life */
  uint64_t granted;     /* those up to this one may be given: it is recorded */
  uint64_t
      given_before; /* those up to this one may have been, in other lives */
  bool is_open;     /* the last connection was opened: it is told */
} midge_keeping;

void midge_keeping_init(midge_keeping *keeping,
                        const midge_allocator *allocator);
void midge_keeping_free(midge_keeping *keeping);

/* A copy of the message, as the newest, that waits for room; null when there is
 * no memory. */
midge_kept *midge_keeping_add(midge_keeping *keeping,
                              const midge_packet *publish, uint16_t alias,
                              bool by_alias);
/* The oldest that waits has a record of this number; of QoS 2 its identifier is
 * its own. False when there is no memory, and it waits as before. */
MIDGE_CHECKED bool midge_keeping_admit(midge_keeping *keeping, uint64_t number);
/* Null if there is none. */
midge_kept *midge_keeping_find(const midge_keeping *keeping, uint64_t number);
midge_kept *midge_keeping_holder(const midge_keeping *keeping,
                                 uint16_t packet_id);
/* Its identifier is anybody's again. */
void midge_keeping_release(midge_keeping *keeping, midge_kept *kept);
/* It is there no more. */
void midge_keeping_remove(midge_keeping *keeping, midge_kept *kept);

static inline size_t midge_kept_bytes(const midge_kept *kept) {
  return kept->message.buffer->size;
}

/* The head of its record; the content is its body, and lies in the buffer. */
enum { MIDGE_KEPT_HEAD = MIDGE_RECEIVED_HEAD + 2 };
midge_slice midge_kept_to_record(const midge_kept *kept,
                                 uint8_t head[MIDGE_KEPT_HEAD]);
/* The message in a record, which it points into. False: no such record. */
bool midge_kept_read(const midge_record *record, midge_received_record *read,
                     bool *holds_id);

#endif
