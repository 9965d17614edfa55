#include "engine/coalesced.h"

#include "base/hash.h"
#include "base/slice.h"

void midge_coalesced_init(midge_coalesced *coalesced,
                          const midge_allocator *allocator) {
  midge_map_init(&coalesced->map, allocator);
}

void midge_coalesced_free(midge_coalesced *coalesced) {
  midge_map_free(&coalesced->map);
}

/* The number of the message of this topic, or of where it goes; 0 is none. */
static uint32_t find(const midge_coalesced *coalesced, midge_slice topic) {
  const midge_message *found;
  uint32_t key = midge_hash_bytes(topic) | 1;
  while ((found = midge_map_get(&coalesced->map, key)) != NULL &&
         !midge_slice_equal(midge_message_topic(found), topic))
    key += 2;
  return key;
}

midge_message *midge_coalesced_put(midge_coalesced *coalesced,
                                   midge_message *message) {
  uint32_t key = find(coalesced, midge_message_topic(message));
  midge_message *older = midge_map_get(&coalesced->map, key);
  if (older == NULL) {
    if (midge_map_put(&coalesced->map, key, message)) message->coalesced = key;
    return NULL;
  }
  midge_map_replace(&coalesced->map, key, message);
  older->coalesced = 0;
  message->coalesced = key;
  return older;
}

void midge_coalesced_remove(midge_coalesced *coalesced,
                            midge_message *message) {
  midge_map_remove(&coalesced->map, message->coalesced);
  message->coalesced = 0;
}
