/* Events that a blocking call took from the reactor before JavaScript could
 * have them, in order. */
#ifndef MIDGE_ADDON_STASH_H
#define MIDGE_ADDON_STASH_H

#include "midge/session.h"

typedef struct midge_stash {
  midge_event *events; /* a ring of `room`, a power of two or 0 */
  size_t room, first, count;
} midge_stash;

/* Hold an event until it is popped. False: no memory, and it is lost. */
bool midge_stash_push(midge_stash *stash, const midge_event *event);
/* Look at the event `index` places behind the first; index < count. */
const midge_event *midge_stash_at(const midge_stash *stash, size_t index);
/* The caller releases the event's buffer. */
bool midge_stash_pop(midge_stash *stash, midge_event *event);
/* It is empty. */
void midge_stash_free(midge_stash *stash);

#endif
