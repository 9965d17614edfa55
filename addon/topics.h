/* Topics that JavaScript already knows as strings. The strings themselves
 * stand in a JavaScript array that lib/ reads by slot; a message carries the
 * slot. The first TOPICS_BRIEF slots are for one batch only, the others stay
 * until TOPICS_MAX topics or TOPIC_BYTES_MAX bytes are known; then all are
 * forgotten, with the next batch. What a topic costs does not grow with their
 * number. */
#ifndef MIDGE_ADDON_TOPICS_H
#define MIDGE_ADDON_TOPICS_H

#include <node_api.h>

#include "midge/types.h"

#define TOPICS_BRIEF 1024        /* as many as a batch has records */
#define TOPICS_MAX 131072        /* known at a time; a power of two */
#define TOPIC_BYTES_MAX 16777216 /* of all of them */
#define TOPIC_SIZE_MAX 256       /* longer ones are not remembered */

typedef struct topic_place {
  uint32_t hash;
  uint32_t at;   /* where its bytes begin */
  uint32_t size; /* 0: a free place */
  uint32_t slot;
} topic_place;

typedef struct midge_topics {
  topic_place *places; /* by hash, at most half full; null: none known */
  uint32_t room;       /* of them; a power of two */
  uint32_t count;      /* topics that are known */
  uint32_t last;       /* the place where the last topic was found */
  uint32_t brief;      /* slots of this batch that are given out */
  bool is_full;
  uint8_t *bytes; /* of all topics, one behind the other */
  size_t bytes_used, bytes_room;
  uint64_t seed; /* so that nobody can choose topics that meet */
} midge_topics;

void midge_topics_set_up(midge_topics *topics);
void midge_topics_begin(midge_topics *topics);
/* The slot of `topic`; `strings` is the JavaScript array. */
uint32_t midge_topics_slot(midge_topics *topics, napi_env env,
                           napi_value strings, midge_slice topic);
void midge_topics_free(midge_topics *topics);

#endif
