/* Topics that JavaScript already knows as strings. The strings themselves
 * stand in a JavaScript array that lib/ reads by slot; a message carries the
 * slot. Slots from TOPIC_SLOTS on are for one batch only. */
#ifndef MIDGE_ADDON_TOPICS_H
#define MIDGE_ADDON_TOPICS_H

#include <node_api.h>

#include "midge/types.h"

#define TOPIC_SLOTS 1024   /* a power of two */
#define TOPIC_SIZE_MAX 256 /* longer ones are not remembered */

typedef struct topic_entry {
  uint8_t *data; /* room for TOPIC_SIZE_MAX, or null: never used */
  size_t size;
  uint64_t batch; /* in which this slot was last given out */
} topic_entry;

typedef struct midge_topics {
  topic_entry entries[TOPIC_SLOTS];
  uint64_t batch;
  uint32_t spare; /* the next slot for this batch only */
  uint32_t last;  /* where the last topic was found */
} midge_topics;

void midge_topics_begin(midge_topics *topics);
/* The slot of `topic`; `strings` is the JavaScript array. */
uint32_t midge_topics_slot(midge_topics *topics, napi_env env,
                           napi_value strings, midge_slice topic);
void midge_topics_free(midge_topics *topics);

#endif
