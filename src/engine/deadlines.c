#include "engine/deadlines.h"

#include <assert.h>

enum { ROOM_FIRST = 4 };

void midge_deadlines_init(midge_deadlines *deadlines,
                          const midge_allocator *allocator) {
  *deadlines = (midge_deadlines){.allocator = allocator};
}

void midge_deadlines_free(midge_deadlines *deadlines) {
  midge_free(deadlines->allocator, deadlines->heap,
             deadlines->room * sizeof *deadlines->heap);
  midge_deadlines_init(deadlines, deadlines->allocator);
}

static midge_time due_of(const midge_owner *owner) {
  return owner->sent_by < owner->answered_by ? owner->sent_by
                                             : owner->answered_by;
}

static bool is_earlier(const midge_deadline *a, const midge_deadline *b) {
  return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void put(midge_deadlines *deadlines, size_t place,
                midge_deadline deadline) {
  deadlines->heap[place - 1] = deadline;
  deadline.owner->place = (uint32_t)place;
}

static void rise(midge_deadlines *deadlines, size_t place,
                 midge_deadline deadline) {
  while (place > 1 && is_earlier(&deadline, &deadlines->heap[place / 2 - 1])) {
    put(deadlines, place, deadlines->heap[place / 2 - 1]);
    place /= 2;
  }
  put(deadlines, place, deadline);
}

static void sink(midge_deadlines *deadlines, size_t place,
                 midge_deadline deadline) {
  const midge_deadline *heap = deadlines->heap;
  while (2 * place <= deadlines->count) {
    size_t child = 2 * place;
    if (child < deadlines->count && is_earlier(&heap[child], &heap[child - 1]))
      child++;
    if (!is_earlier(&heap[child - 1], &deadline)) break;
    put(deadlines, place, heap[child - 1]);
    place = child;
  }
  put(deadlines, place, deadline);
}

bool midge_deadlines_put(midge_deadlines *deadlines, midge_owner *owner) {
  assert(owner->place == 0);
  midge_deadline deadline = {due_of(owner), deadlines->orders, owner};
  if (deadlines->count == deadlines->room) {
    size_t size = deadlines->room * sizeof *deadlines->heap;
    size_t room = deadlines->room == 0 ? ROOM_FIRST : 2 * deadlines->room;
    midge_deadline *heap = midge_resize(deadlines->allocator, deadlines->heap,
                                        size, room * sizeof *deadlines->heap);
    if (heap == NULL) return false;
    deadlines->heap = heap;
    deadlines->room = room;
  }
  deadlines->orders++;
  rise(deadlines, ++deadlines->count, deadline);
  return true;
}

void midge_deadlines_take_out(midge_deadlines *deadlines, midge_owner *owner) {
  size_t place = owner->place;
  assert(place != 0 && deadlines->heap[place - 1].owner == owner);
  owner->place = 0;
  midge_deadline last = deadlines->heap[--deadlines->count];
  if (last.owner == owner) return;
  if (place > 1 && is_earlier(&last, &deadlines->heap[place / 2 - 1]))
    rise(deadlines, place, last);
  else
    sink(deadlines, place, last);
}

void midge_deadlines_await_answer(midge_deadlines *deadlines,
                                  midge_owner *owner) {
  assert(owner->place != 0);
  midge_deadline deadline = deadlines->heap[owner->place - 1];
  deadline.due = owner->answered_by;
  sink(deadlines, owner->place, deadline);
}

void midge_deadlines_rewind(midge_deadlines *deadlines) {
  for (size_t i = 0; i < deadlines->count; i++)
    deadlines->heap[i].due = due_of(deadlines->heap[i].owner);
  for (size_t place = deadlines->count / 2; place != 0; place--)
    sink(deadlines, place, deadlines->heap[place - 1]);
}
