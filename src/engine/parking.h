/* Messages of QoS 2 that we have accepted with PUBREC and that the program gets
 * at PUBREL (MQTT 5, figure 4.3, method A). They are the session's, in the
 * order in which they came:
 *
 *   PUBLISH --> [parked] --PUBREL--> event --> PUBCOMP
 *           <-- PUBREC
 *
 * Those that follow each other in one buffer hold it together: the last of them
 * does, for counting holders for each costs as much as the rest. */
#ifndef MIDGE_ENGINE_PARKING_H
#define MIDGE_ENGINE_PARKING_H

#include "base/map.h"
#include "engine/received.h"

typedef struct midge_parked midge_parked;
struct midge_parked {
  midge_parked *previous, *next; /* of those that are free, only the next */
  midge_queued_message message;  /* which may join the next one's hold */
};

enum {
  /* Copies of small ones share buffers of this size. As no more wait than there
   * are packet identifiers, what others hold in memory is limited too. */
  MIDGE_PARKED_TOGETHER = 1024,
  /* So far messages hold buffers that have more in them than theirs. */
  MIDGE_PARKED_HELD_MAX = 2 * 1024 * 1024,
};

/* Where they are, so that none is a block of memory by itself. */
typedef struct midge_parked_page {
  struct midge_parked_page *next;
  size_t size; /* bytes of all this */
  midge_parked places[];
} midge_parked_page;

typedef struct midge_parking {
  midge_parked *first, *last;
  /* Packet identifier to midge_parked. PUBREL mostly comes in the order of the
   * messages: those from `unmapped` on are entered when one is looked for that
   * is not the oldest. */
  midge_map by_id;
  midge_parked *unmapped; /* null: there is none */
  size_t unmapped_count;
  size_t bytes;             /* of messages and what is known of them */
  size_t held;              /* bytes of the buffers that they hold */
  midge_buffer *shared;     /* that the next small copy goes to, or null */
  size_t used;              /* bytes of it */
  midge_parked_page *pages; /* none while nothing waits */
  midge_parked *free;
} midge_parking;

void midge_parking_init(midge_parking *parking,
                        const midge_allocator *allocator);
void midge_parking_free(midge_parking *parking);

/* The message as the newest; null when there is no memory. It stays in
 * `buffer`, where it lies, unless it would hold too much memory by that, or is
 * copied: that is null then. Its identifier must not be there yet. */
midge_parked *midge_parking_add(midge_parking *parking,
                                const midge_packet *publish, uint16_t alias,
                                bool by_alias, midge_buffer *buffer);
/* Null if there is none. */
midge_parked *midge_parking_find(midge_parking *parking, uint16_t packet_id);
/* It is there no more. */
void midge_parking_take(midge_parking *parking, midge_parked *parked);
/* None is there. */
void midge_parking_clear(midge_parking *parking);
/* One of another parking, as the newest; null when there is no memory. */
midge_parked *midge_parking_put(midge_parking *parking,
                                const midge_queued_message *message);
/* Identifiers are anybody's again; the messages stay, and are not found. */
void midge_parking_forget_ids(midge_parking *parking);

/* Its record is that of a message received; the body lies in the buffer, if
 * it was copied there. */
midge_slice midge_parked_to_record(const midge_parked *parked,
                                   uint8_t head[MIDGE_RECEIVED_HEAD]);
/* The message in a record, which it points into. False: no such record. */
bool midge_parked_read(const midge_record *record, midge_received_record *read);
/* The same, as a copy. MIDGE_EINVAL: the record is damaged. */
MIDGE_CHECKED midge_status midge_parking_restore(midge_parking *parking,
                                                 const midge_record *record);

#endif
