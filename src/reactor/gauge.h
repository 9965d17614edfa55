/* How far the program is behind with the events of one client. Each side
 * counts for itself, in bytes since the beginning:
 *
 *     reactor's thread: pushed          reader's thread: taken -> settled
 *
 * The client's socket is not read while `pushed - settled` is too much. The
 * reactor lets go of a gauge with the client's last event, and the reader
 * frees it when it is done with that. */
#ifndef MIDGE_REACTOR_GAUGE_H
#define MIDGE_REACTOR_GAUGE_H

#include <stdatomic.h>

#include "base/allocator.h"
#include "midge/session.h"

typedef struct midge_gauge midge_gauge;
struct midge_gauge {
  const midge_allocator *allocator;
  size_t max;
  size_t pushed;     /* reactor's thread */
  size_t taken;      /* reader's thread, as the next four and the last */
  midge_gauge *next; /* of those with something unsettled */
  struct midge_event_run *first_run, *last_run; /* turns: its events */
  midge_gauge *behind; /* turns: who is next, of those with events */
  atomic_size_t settled;
  atomic_size_t resume_at; /* while paused: where `settled` must come to */
  atomic_bool is_paused;
  bool is_unsettled; /* it is in the list of those */
};

/* Null when there is no memory; `max` 0 means 16 MiB. */
midge_gauge *midge_gauge_new(const midge_allocator *allocator, size_t max);
void midge_gauge_free(midge_gauge *gauge); /* null is fine */

/* What an event weighs. */
size_t midge_event_cost(const midge_event *event);

/* An event was pushed. */
static inline void midge_gauge_push(midge_gauge *gauge, size_t cost) {
  gauge->pushed += cost;
}
/* Whether the reader has fallen behind. It stays so until the reader has
 * taken half, who is then told to ring. */
bool midge_gauge_pause(midge_gauge *gauge);

/* The reader shows what it has taken. True: the client was paused and may go
 * on, ring the reactor. */
MIDGE_CHECKED bool midge_gauge_settle(midge_gauge *gauge);

#endif
