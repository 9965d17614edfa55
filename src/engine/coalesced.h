/* The newest message of each topic that waits and may be replaced by a newer
 * one, found by its topic. A message leaves when it is shown or ends. */
#ifndef MIDGE_ENGINE_COALESCED_H
#define MIDGE_ENGINE_COALESCED_H

#include "base/map.h"
#include "engine/message.h"

/* By the hash of the topic, or the next number that was free: one that leaves
 * opens a gap, behind which an older message of another topic may be missed.
 * It is sent then. */
typedef struct midge_coalesced {
  midge_map map;
} midge_coalesced;

void midge_coalesced_init(midge_coalesced *coalesced,
                          const midge_allocator *allocator);
void midge_coalesced_free(midge_coalesced *coalesced);

/* The one that it replaces, or null. Without memory it has no place here, and
 * is not replaced. */
midge_message *midge_coalesced_put(midge_coalesced *coalesced,
                                   midge_message *message);
/* One that has its place here. */
void midge_coalesced_remove(midge_coalesced *coalesced, midge_message *message);

#endif
