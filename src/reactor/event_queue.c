#include "reactor/event_queue.h"

#include <assert.h>

enum {
  PATIENT_MAX = 64,         /* events that nobody is woken for */
  SETTLE_BYTES = 64 * 1024, /* what the reader gives back at once */
  NS_IN_MS = 1000000,
  WAIT_MAX_MS = 3600 * 1000, /* of one wait; a longer one is many */
};

int midge_event_queue_init(midge_event_queue *queue,
                           const midge_allocator *allocator) {
  *queue =
      (midge_event_queue){.allocator = allocator, .turns.allocator = allocator};
  int error = uv_mutex_init(&queue->mutex);
  if (error != 0) return error;
  error = uv_cond_init(&queue->filled);
  if (error != 0) uv_mutex_destroy(&queue->mutex);
  return error;
}

/* --- The reactor's side --- */

/* A success that the program does not wait for. */
static bool is_patient(const midge_event *event) {
  return event->type == MIDGE_EVENT_DONE && event->done.status == MIDGE_OK &&
         (event->done.token & MIDGE_TOKEN_PATIENT) != 0;
}

midge_event *midge_event_queue_place(midge_event_queue *queue) {
  return midge_event_list_place(&queue->collected, queue->allocator);
}

void midge_event_queue_push(midge_event_queue *queue) {
  const midge_event *event =
      midge_event_list_place(&queue->collected, queue->allocator);
  midge_event_list_push(&queue->collected);
  if (!is_patient(event)) queue->is_urgent = true;
  midge_gauge_push(event->origin, midge_event_cost(event));
}

static void swap(midge_event_list *a, midge_event_list *b) {
  midge_event_list c = *a;
  *a = *b;
  *b = c;
}

/* Under the mutex. True: the reader does not know yet of what there is. */
static bool wake(midge_event_queue *queue) {
  bool wakes = queue->incoming.count != 0 && !queue->is_woken;
  queue->is_woken |= wakes;
  queue->is_quiet = false;
  return wakes;
}

bool midge_event_queue_flush(midge_event_queue *queue) {
  midge_event_list *collected = &queue->collected;
  midge_event_list *incoming = &queue->incoming;
  if (collected->count == 0 && !(queue->is_urgent && queue->is_quiet))
    return false;

  bool wakes = false;
  uv_mutex_lock(&queue->mutex);
  if (incoming->count == 0)
    swap(collected, incoming);
  else if (collected->count != 0)
    midge_event_list_append(incoming, collected);
  if (queue->is_urgent || incoming->count >= PATIENT_MAX)
    wakes = wake(queue);
  else
    queue->is_quiet |= !queue->is_woken;
  if (queue->waiting) uv_cond_signal(&queue->filled);
  uv_mutex_unlock(&queue->mutex);
  queue->is_urgent = false;
  return wakes;
}

void midge_event_queue_urge(midge_event_queue *queue) {
  queue->is_urgent = true;
}

bool midge_event_queue_hurry(midge_event_queue *queue) {
  uv_mutex_lock(&queue->mutex);
  bool wakes = wake(queue);
  uv_mutex_unlock(&queue->mutex);
  return wakes;
}

/* --- The reader's side --- */

/* Show the reactor what was taken, of all clients since the last time. */
static bool settle_all(midge_event_queue *queue) {
  bool resumed = false;
  while (queue->unsettled != NULL) {
    midge_gauge *gauge = queue->unsettled;
    queue->unsettled = gauge->next;
    gauge->is_unsettled = false;
    resumed |= midge_gauge_settle(gauge);
  }
  queue->unsettled_bytes = 0;
  return resumed;
}

static void note_unsettled(midge_event_queue *queue, midge_gauge *gauge) {
  if (gauge->is_unsettled) return;
  gauge->is_unsettled = true;
  gauge->next = queue->unsettled;
  queue->unsettled = gauge;
}

/* The reader is done with an event. It is shown to the reactor in larger
 * pieces: each costs a fight for the counter. */
static bool settle(midge_event_queue *queue, const midge_event *event) {
  midge_gauge *gauge = event->origin;
  size_t cost = midge_event_cost(event);
  gauge->taken += cost;
  queue->unsettled_bytes += cost;
  note_unsettled(queue, gauge);
  bool is_last = event->type == MIDGE_EVENT_ENDED;
  return (is_last || queue->unsettled_bytes >= SETTLE_BYTES) &&
         settle_all(queue);
}

/* The event that was on loan. */
static bool settle_lent(midge_event_queue *queue) {
  if (!queue->is_lent) return false;
  const midge_event *event = midge_turns_event(&queue->turns);
  bool is_kept = queue->is_kept;
  bool resumed = !is_kept && settle(queue, event);
  midge_gauge *ended =
      !is_kept && event->type == MIDGE_EVENT_ENDED ? event->origin : NULL;
  midge_turns_done(&queue->turns);
  midge_gauge_free(ended);
  queue->is_lent = queue->is_kept = false;
  return resumed;
}

/* Under the mutex. False when nothing came in time; a wake-up without cause
 * begins the wait anew. */
static bool wait(midge_event_queue *queue, uint64_t timeout_ms) {
  uint64_t now = uv_hrtime() / NS_IN_MS;
  uint64_t until =
      timeout_ms < MIDGE_NEVER - now ? now + timeout_ms : MIDGE_NEVER;
  queue->waiting = true;
  while (queue->incoming.count == 0 && now < until) {
    uint64_t rest = until - now < WAIT_MAX_MS ? until - now : WAIT_MAX_MS;
    uv_cond_timedwait(&queue->filled, &queue->mutex, rest * NS_IN_MS);
    now = uv_hrtime() / NS_IN_MS;
  }
  queue->waiting = false;
  return queue->incoming.count != 0;
}

/* What has come meanwhile. False: there is nothing at all, and if he `rests`
 * then, the reader is to be woken again; while he takes events nobody need wake
 * him. */
static bool refill(midge_event_queue *queue, uint64_t timeout_ms, bool rests) {
  bool waits = timeout_ms != 0 && queue->turns.first == NULL;
  uv_mutex_lock(&queue->mutex);
  bool filled =
      queue->incoming.count != 0 || (waits && wait(queue, timeout_ms));
  if (filled) swap(&queue->empty, &queue->incoming);
  if (!filled && queue->turns.first == NULL && rests) queue->is_woken = false;
  uv_mutex_unlock(&queue->mutex);
  if (filled) midge_turns_add(&queue->turns, &queue->empty);
  return queue->turns.first != NULL;
}

static bool next(midge_event_queue *queue, midge_event *event,
                 uint64_t timeout_ms, bool rests, bool *resumed) {
  *resumed = settle_lent(queue);
  if (midge_turns_is_over(&queue->turns)) {
    if (queue->turns.first == NULL) *resumed |= settle_all(queue);
    if (!refill(queue, timeout_ms, rests)) return false;
    midge_turns_pass(&queue->turns);
  }
  *event = *midge_turns_event(&queue->turns);
  midge_turns_give(&queue->turns, midge_event_cost(event));
  queue->is_lent = true;
  return true;
}

bool midge_event_queue_take(midge_event_queue *queue, midge_event *event,
                            uint64_t timeout_ms, bool *resumed) {
  return next(queue, event, timeout_ms, true, resumed);
}

bool midge_event_queue_more(midge_event_queue *queue, midge_event *event,
                            bool *resumed) {
  return next(queue, event, 0, false, resumed);
}

bool midge_event_queue_rests(midge_event_queue *queue) {
  uv_mutex_lock(&queue->mutex);
  bool rests = !queue->is_woken;
  uv_mutex_unlock(&queue->mutex);
  return rests;
}

void midge_event_queue_keep(midge_event_queue *queue) {
  assert(queue->is_lent);
  queue->is_kept = true;
}

bool midge_event_queue_give_back(midge_event_queue *queue,
                                 const midge_event *event) {
  if (event->origin == NULL) return false; /* it never was one of ours */
  bool resumed = settle(queue, event);
  if (event->type == MIDGE_EVENT_ENDED) midge_gauge_free(event->origin);
  return resumed;
}

/* --- The end --- */

static void free_empty(const midge_allocator *allocator,
                       const midge_event_list *list) {
  midge_free(allocator, list->first, sizeof *list->first);
}

void midge_event_queue_free(midge_event_queue *queue) {
  midge_event event;
  bool resumed;
  midge_event_queue_flush(queue);
  while (midge_event_queue_take(queue, &event, 0, &resumed)) continue;
  free_empty(queue->allocator, &queue->collected);
  free_empty(queue->allocator, &queue->incoming);
  free_empty(queue->allocator, &queue->empty);
  midge_turns_free(&queue->turns);
  uv_cond_destroy(&queue->filled);
  uv_mutex_destroy(&queue->mutex);
}
