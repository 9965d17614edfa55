/* The time limits of wishes, the earliest first: a heap in one block. Only a
 * wish that has a limit is in it, so the others pay nothing. */
#ifndef MIDGE_ENGINE_DEADLINES_H
#define MIDGE_ENGINE_DEADLINES_H

#include "base/allocator.h"
#include "engine/owner.h"

typedef struct midge_deadline {
  midge_time due; /* MIDGE_NEVER: this limit is kept already */
  uint64_t order; /* of coming in, among those due together */
  midge_owner *owner;
} midge_deadline;

/* The parent of the place n is n / 2, and none is due before its parent. */
typedef struct midge_deadlines {
  const midge_allocator *allocator;
  midge_deadline *heap; /* from place 1 on, which is heap[0] */
  size_t count, room;
  uint64_t orders; /* given out */
} midge_deadlines;

void midge_deadlines_init(midge_deadlines *deadlines,
                          const midge_allocator *allocator);
void midge_deadlines_free(midge_deadlines *deadlines);

/* Take in an owner by the earlier of its limits, or out. False when there is no
 * memory. */
MIDGE_CHECKED bool midge_deadlines_put(midge_deadlines *deadlines,
                                       midge_owner *owner);
void midge_deadlines_take_out(midge_deadlines *deadlines, midge_owner *owner);
/* It was sent in time: what counts from now on is its answer. */
void midge_deadlines_await_answer(midge_deadlines *deadlines,
                                  midge_owner *owner);
/* What was sent may have to be sent again: all limits count again. */
void midge_deadlines_rewind(midge_deadlines *deadlines);

/* MIDGE_NEVER if there is none. */
static inline midge_time midge_deadlines_next(
    const midge_deadlines *deadlines) {
  return deadlines->count == 0 ? MIDGE_NEVER : deadlines->heap[0].due;
}

/* The same; one without limits is left out, and one that is not there is fine.
 * Here, so that who has none pays nothing. */
MIDGE_CHECKED static inline bool midge_deadlines_add(midge_deadlines *deadlines,
                                                     midge_owner *owner) {
  return (owner->sent_by & owner->answered_by) == MIDGE_NEVER ||
         midge_deadlines_put(deadlines, owner);
}

static inline void midge_deadlines_remove(midge_deadlines *deadlines,
                                          midge_owner *owner) {
  if (owner->place != 0) midge_deadlines_take_out(deadlines, owner);
}

#endif
