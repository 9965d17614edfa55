#include "stash.h"

#include <stdlib.h>

static bool grow(midge_stash *stash) {
  size_t room = stash->room == 0 ? 64 : stash->room * 2;
  midge_event *events = malloc(room * sizeof *events);
  if (events == NULL) return false;
  for (size_t i = 0; i < stash->count; i++) {
    events[i] = stash->events[(stash->first + i) & (stash->room - 1)];
  }
  free(stash->events);
  stash->events = events;
  stash->room = room;
  stash->first = 0;
  return true;
}

bool midge_stash_push(midge_stash *stash, const midge_event *event) {
  if (stash->count == stash->room && !grow(stash)) return false;
  midge_buffer_hold(event->buffer);
  stash->events[(stash->first + stash->count++) & (stash->room - 1)] = *event;
  return true;
}

const midge_event *midge_stash_at(const midge_stash *stash, size_t index) {
  return &stash->events[(stash->first + index) & (stash->room - 1)];
}

bool midge_stash_pop(midge_stash *stash, midge_event *event) {
  if (stash->count == 0) return false;
  *event = stash->events[stash->first];
  stash->first = (stash->first + 1) & (stash->room - 1);
  stash->count--;
  return true;
}

void midge_stash_free(midge_stash *stash) {
  free(stash->events);
  *stash = (midge_stash){0};
}
