#include "reactor/gauge.h"

enum {
  BYTES_MAX = 16 * 1024 * 1024, /* the default */
  EVENT_COST = 128,             /* what an event weighs beside its bytes */
};

midge_gauge *midge_gauge_new(const midge_allocator *allocator, size_t max) {
  midge_gauge *gauge = midge_allocate_zero(allocator, sizeof *gauge);
  if (gauge == NULL) return NULL;
  gauge->allocator = allocator;
  gauge->max = max != 0 ? max : BYTES_MAX;
  atomic_init(&gauge->settled, 0);
  atomic_init(&gauge->resume_at, 0);
  atomic_init(&gauge->is_paused, false);
  return gauge;
}

void midge_gauge_free(midge_gauge *gauge) {
  if (gauge != NULL) midge_free(gauge->allocator, gauge, sizeof *gauge);
}

size_t midge_event_cost(const midge_event *event) {
  size_t cost = EVENT_COST + event->properties.size;
  if (event->type == MIDGE_EVENT_MESSAGE)
    cost += event->message.topic.size + event->message.payload.size;
  if (event->type == MIDGE_EVENT_DONE) cost += event->done.reasons.size;
  return cost;
}

/* Both sides write first and look at the other's word after: whichever comes
 * last sees that the other one has already been. */
static bool resume(midge_gauge *gauge) {
  if (!atomic_load(&gauge->is_paused)) return false;
  if (atomic_load(&gauge->settled) < atomic_load(&gauge->resume_at))
    return false;
  return atomic_exchange(&gauge->is_paused, false);
}

bool midge_gauge_pause(midge_gauge *gauge) {
  if (atomic_load(&gauge->is_paused)) return true;
  if (gauge->pushed - atomic_load(&gauge->settled) < gauge->max) return false;
  atomic_store(&gauge->resume_at, gauge->pushed - gauge->max / 2);
  atomic_store(&gauge->is_paused, true);
  return !resume(gauge);
}

bool midge_gauge_settle(midge_gauge *gauge) {
  atomic_store(&gauge->settled, gauge->taken);
  return resume(gauge);
}
