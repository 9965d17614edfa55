/* Wishes on their way in: any thread puts, the reactor takes all at once.
 *
 *     put  put  put                        take
 *      |    |    |                          |
 *     [parcel] -> [parcel] -> [parcel]  ==> the whole list
 *
 * A parcel is a block with wishes one behind the other, so that a publish
 * costs a copy and no allocation. The reactor is rung only while it sleeps. */
#ifndef MIDGE_REACTOR_MAILBOX_H
#define MIDGE_REACTOR_MAILBOX_H

#include <uv.h>

#include "base/allocator.h"
#include "link/wish.h"

typedef struct midge_parcel midge_parcel;
struct midge_parcel {
  midge_parcel *next;
  uint8_t *data;
  size_t room; /* 0: lent by a client, who frees it */
  size_t used;
  size_t taken; /* of these, by _next */
};

typedef struct midge_mailbox {
  const midge_allocator *allocator;
  uv_mutex_t mutex; /* for all below */
  midge_parcel *first, *last;
  midge_parcel *spare; /* empty ones of the common size */
  size_t spare_count;
  size_t bytes;
  bool asleep; /* the reactor waits to be rung */
} midge_mailbox;

/* 0, or an error of libuv. */
int midge_mailbox_init(midge_mailbox *mailbox,
                       const midge_allocator *allocator);
/* Frees the wishes that nobody took. */
void midge_mailbox_free(midge_mailbox *mailbox);

/* Copy a wish in. MIDGE_ENOMEM; MIDGE_EQUEUE when more waits than anyone can
 * mean. `ring` is set to whether the reactor must be rung. */
MIDGE_CHECKED midge_status midge_mailbox_put(midge_mailbox *mailbox,
                                             const midge_wish *wish,
                                             bool *ring);
/* Put a parcel of one wish that the caller owns; this cannot fail. */
void midge_mailbox_put_lent(midge_mailbox *mailbox, midge_parcel *parcel,
                            const midge_wish *wish, bool *ring);

/* All parcels, oldest first, or null. They belong to the caller, who gives
 * each back. */
midge_parcel *midge_mailbox_take(midge_mailbox *mailbox);
void midge_mailbox_give_back(midge_mailbox *mailbox, midge_parcel *parcel);
/* The reactor wants to sleep; false: there is something to take first. */
bool midge_mailbox_sleep(midge_mailbox *mailbox);

/* Nothing waits to be taken. */
bool midge_mailbox_is_empty(midge_mailbox *mailbox);

/* The next wish, to be released by who takes it, if it was copied; null at the
 * end. */
midge_wish *midge_parcel_next(midge_parcel *parcel);
/* The one that it would be. */
const midge_wish *midge_parcel_first(const midge_parcel *parcel);
static inline bool midge_parcel_is_taken(const midge_parcel *parcel) {
  return parcel->taken == parcel->used;
}

#endif
