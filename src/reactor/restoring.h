/* What a store has, page by page on its way back into the session, on the
 * thread of the reactor. */
#ifndef MIDGE_REACTOR_RESTORING_H
#define MIDGE_REACTOR_RESTORING_H

#include "link/link.h"
#include "reactor/keeper.h"

typedef struct midge_queued {
  size_t messages, bytes; /* of the queue */
} midge_queued;

/* A page of the beginning: returns what the queue has more than before, and
 * counts in `restored`. */
midge_queued midge_restoring_take(midge_link *link, midge_keeper *keeper,
                                  midge_restored *restored,
                                  const midge_page *page);
/* A page with messages that the link wants back, up to the key `last`: returns
 * how many were damaged. */
size_t midge_restoring_load(midge_link *link, midge_keeper *keeper,
                            uint64_t last, const midge_page *page);

#endif
