/* Whose events come next. Each client has its own in order, and the clients
 * that have any take turns, a quantum of bytes each: what waits of one delays
 * its neighbours by that much, however much it is.
 *
 *     first -> [gauge] ------> [gauge] ------> [gauge] <- last
 *                 |               |               |
 *               run, run         run         run, run, run
 *
 * Events stay in the blocks in which they came: a block is done with when all
 * of its runs are. One thread has all of this. */
#ifndef MIDGE_REACTOR_TURNS_H
#define MIDGE_REACTOR_TURNS_H

#include "reactor/event_list.h"
#include "reactor/gauge.h"

typedef struct midge_turns {
  const midge_allocator *allocator; /* of the blocks */
  midge_gauge *first, *last;        /* of those with events; or null */
  size_t given;             /* what the first was given in this turn, bytes */
  midge_event_block *spare; /* an empty one, or null */
} midge_turns;

/* Take the blocks of a list, which is empty then, with the spare block if there
 * is one. */
void midge_turns_add(midge_turns *turns, midge_event_list *list);
/* Look for more before going on: there are no events, or the first client has
 * been given its quantum. */
bool midge_turns_is_over(const midge_turns *turns);
/* Let the next client have its turn; those that were added meanwhile are
 * before the one that had it. */
void midge_turns_pass(midge_turns *turns);

/* The next event, until _done: there is one. */
const midge_event *midge_turns_event(const midge_turns *turns);
/* It was given, and weighs so much. */
void midge_turns_give(midge_turns *turns, size_t cost);
/* It is not needed any more. */
void midge_turns_done(midge_turns *turns);
/* There are no events. */
void midge_turns_free(midge_turns *turns);

#endif
