/* Events in blocks, in the order in which they were pushed.
 *
 * Events of one client that follow each other in one buffer hold it together:
 * the last of them in its block does, for counting holders costs a fight with
 * the other thread. */
#ifndef MIDGE_REACTOR_EVENT_LIST_H
#define MIDGE_REACTOR_EVENT_LIST_H

#include "base/allocator.h"
#include "midge/session.h"

/* So that a block with its runs is just below 32 KiB, which pools keep. */
enum { MIDGE_BLOCK_EVENTS = 224 };

typedef struct midge_event_block midge_event_block;

/* Events of one client that follow each other in a block. */
typedef struct midge_event_run midge_event_run;
struct midge_event_run {
  midge_event_block *block;
  midge_event_run *behind; /* of the same client */
  uint32_t next, end;      /* of the block's events: those not done with */
};

struct midge_event_block {
  midge_event_block *next;
  uint32_t count;
  uint32_t run_count; /* once it is cut into runs, as the next two */
  uint32_t runs_left; /* that are not done with */
  midge_event_run runs[MIDGE_BLOCK_EVENTS];
  midge_event events[MIDGE_BLOCK_EVENTS];
};

typedef struct midge_event_list {
  midge_event_block *first, *last; /* an empty block at the end is fine */
  size_t count;                    /* events */
} midge_event_list;

/* Where the next event is to be written; the allocator does not fail. */
midge_event *midge_event_list_place(midge_event_list *list,
                                    const midge_allocator *allocator);
/* It was written there. Holds its buffer, unless one before it does. */
void midge_event_list_push(midge_event_list *list);
/* Put all of `from`, which is not empty, behind those in `list`, nor is that.
 * Few are copied: many blocks with little in each would be a waste. */
void midge_event_list_append(midge_event_list *list, midge_event_list *from);

/* Of the event at `i` the buffer is not needed any more. */
void midge_event_block_release(const midge_event_block *block, uint32_t i);

#endif
