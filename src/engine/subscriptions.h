/* The subscriptions the server granted, to ask for them again when it has lost
 * the session, and to know what no UNSUBSCRIBE before them may end any more. A
 * filter is there at most once. */
#ifndef MIDGE_ENGINE_SUBSCRIPTIONS_H
#define MIDGE_ENGINE_SUBSCRIPTIONS_H

#include "base/map.h"
#include "midge/packet.h"

typedef struct midge_remembered {
  struct midge_remembered *previous, *next; /* in the order of granting */
  struct midge_remembered *same_hash;
  struct midge_request *renewal; /* asks for it again now; null: nobody */
  uint32_t renewal_place;        /* of the filter in that request */
  uint32_t renewed_on;           /* the connection that saw it answered, once */
  midge_time renewed_at;
  uint8_t granted;
  bool alone;      /* its SUBSCRIBE broke connections: a packet of its own */
  uint64_t key;    /* of its record; 0: it has none */
  uint64_t wished; /* the key of the last SUBSCRIBE that it was granted to; 0:
                    * not by this process */
  uint32_t hash;
  uint8_t options;
  uint16_t filter_size;
  uint32_t properties_size;
  uint8_t bytes[]; /* filter, properties */
} midge_remembered;

typedef struct midge_subscriptions {
  const midge_allocator *allocator;
  midge_map by_hash; /* first of a chain */
  midge_remembered *first, *last;
} midge_subscriptions;

void midge_subscriptions_init(midge_subscriptions *subscriptions,
                              const midge_allocator *allocator);
void midge_subscriptions_free(midge_subscriptions *subscriptions);

/* Replaces one of the same filter. False when there is no memory. */
MIDGE_CHECKED bool midge_subscriptions_remember(
    midge_subscriptions *subscriptions, midge_packet_filter filter,
    midge_slice properties);
void midge_subscriptions_forget(midge_subscriptions *subscriptions,
                                midge_slice filter);

/* Null if there is none. */
midge_remembered *midge_subscriptions_find(
    const midge_subscriptions *subscriptions, midge_slice filter);

midge_slice midge_remembered_filter(const midge_remembered *remembered);
midge_slice midge_remembered_properties(const midge_remembered *remembered);

#endif
