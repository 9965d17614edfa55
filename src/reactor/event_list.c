#include "reactor/event_list.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(midge_event_block) <= 32 * 1024, "a size that pools keep");

/* An event that cannot be kept would be a message lost or a wish without an
 * end, after the server was told that all is well. */
static void add_block(midge_event_list *list,
                      const midge_allocator *allocator) {
  midge_event_block *block = midge_allocate(allocator, sizeof *block);
  assert(block != NULL);
  block->next = NULL;
  block->count = 0;
  if (list->last != NULL)
    list->last->next = block;
  else
    list->first = block;
  list->last = block;
}

midge_event *midge_event_list_place(midge_event_list *list,
                                    const midge_allocator *allocator) {
  midge_event_block *last = list->last;
  if (last == NULL || last->count == MIDGE_BLOCK_EVENTS)
    add_block(list, allocator);
  return &list->last->events[list->last->count];
}

/* The event at `i` holds its buffer for this one too. */
static bool joins(const midge_event_block *block, uint32_t i) {
  return i + 1 < block->count &&
         block->events[i].buffer == block->events[i + 1].buffer &&
         block->events[i].origin == block->events[i + 1].origin;
}

void midge_event_list_push(midge_event_list *list) {
  midge_event_block *block = list->last;
  const midge_event *event = &block->events[block->count++];
  list->count++;
  bool joined = block->count > 1 && joins(block, block->count - 2);
  if (!joined) midge_buffer_hold(event->buffer);
}

void midge_event_block_release(const midge_event_block *block, uint32_t i) {
  if (!joins(block, i)) midge_buffer_release(block->events[i].buffer);
}

/* Where they meet, two events may hold what one is enough for. */
static void copy(midge_event_block *to, midge_event_block *from) {
  uint32_t before = to->count;
  memcpy(to->events + before, from->events, from->count * sizeof *from->events);
  to->count += from->count;
  from->count = 0;
  if (before != 0 && joins(to, before - 1))
    midge_buffer_release(to->events[before - 1].buffer);
}

void midge_event_list_append(midge_event_list *list, midge_event_list *from) {
  list->count += from->count;
  from->count = 0;
  midge_event_block *first = from->first;
  if (first == from->last &&
      list->last->count + first->count <= MIDGE_BLOCK_EVENTS) {
    copy(list->last, first);
    return;
  }
  list->last->next = first;
  list->last = from->last;
  from->first = from->last = NULL;
}
