#include "reactor/event_queue.h"

#include <assert.h>
#include <string.h>

enum {
  PATIENT_MAX = 64, /* events that nobody is woken for */
  ROOM_FIRST = 64,
  ROOM_KEPT = 16 * 1024,    /* longer lists are given back after a burst */
  SETTLE_BYTES = 64 * 1024, /* what the reader gives back at once */
  NS_IN_MS = 1000000,
  WAIT_MAX_MS = 3600 * 1000, /* of one wait; a longer one is many */
};

int midge_event_queue_init(midge_event_queue *queue,
                           const midge_allocator *allocator) {
  *queue = (midge_event_queue){.allocator = allocator};
  int error = uv_mutex_init(&queue->mutex);
  if (error != 0) return error;
  error = uv_cond_init(&queue->filled);
  if (error != 0) uv_mutex_destroy(&queue->mutex);
  return error;
}

/* Events that follow each other in one buffer hold it together: the last of
 * them does, for counting holders costs a fight with the other thread. */
static bool joins(const midge_event_list *list, size_t i) {
  return i + 1 < list->count &&
         list->events[i].buffer == list->events[i + 1].buffer;
}

static void release(const midge_event_list *list, size_t i) {
  if (!joins(list, i)) midge_buffer_release(list->events[i].buffer);
}

static void free_list(const midge_allocator *allocator, midge_event_list *list,
                      size_t from) {
  for (size_t i = from; i < list->count; i++) {
    const midge_event *event = &list->events[i];
    release(list, i);
    if (event->type == MIDGE_EVENT_ENDED) midge_gauge_free(event->origin);
  }
  midge_free(allocator, list->events, list->room * sizeof *list->events);
  *list = (midge_event_list){0};
}

void midge_event_queue_free(midge_event_queue *queue) {
  size_t on_loan = queue->next != 0 ? queue->next - 1 : 0;
  free_list(queue->allocator, &queue->taken, on_loan);
  free_list(queue->allocator, &queue->incoming, 0);
  free_list(queue->allocator, &queue->collected, 0);
  uv_cond_destroy(&queue->filled);
  uv_mutex_destroy(&queue->mutex);
}

/* An event that cannot be kept would be a message lost or a wish without an
 * end, after the server was told that all is well: better no process at all. */
static void reserve(const midge_allocator *allocator, midge_event_list *list,
                    size_t more) {
  size_t room = list->room != 0 ? list->room : ROOM_FIRST;
  while (room < list->count + more) room *= 2;
  midge_event *events =
      midge_resize(allocator, list->events, list->room * sizeof *events,
                   room * sizeof *events);
  assert(events != NULL);
  list->events = events;
  list->room = room;
}

/* A success that the program does not wait for. */
static bool is_patient(const midge_event *event) {
  return event->type == MIDGE_EVENT_DONE && event->done.status == MIDGE_OK &&
         (event->done.token & MIDGE_TOKEN_PATIENT) != 0;
}

midge_event *midge_event_queue_place(midge_event_queue *queue) {
  midge_event_list *list = &queue->collected;
  if (list->count == list->room) reserve(queue->allocator, list, 1);
  return &list->events[list->count];
}

void midge_event_queue_push(midge_event_queue *queue) {
  midge_event_list *list = &queue->collected;
  const midge_event *event = &list->events[list->count++];
  bool joined = list->count > 1 && joins(list, list->count - 2);
  if (!joined) midge_buffer_hold(event->buffer);
  if (!is_patient(event)) queue->is_urgent = true;
  if (event->origin != NULL)
    midge_gauge_push(event->origin, midge_event_cost(event));
}

static void swap(midge_event_list *a, midge_event_list *b) {
  midge_event_list c = *a;
  *a = *b;
  *b = c;
}

/* Where the lists meet, two events may hold what one is enough for. */
static void append(const midge_allocator *allocator, midge_event_list *to,
                   midge_event_list *from) {
  size_t last = to->count - 1;
  if (to->room - to->count < from->count) reserve(allocator, to, from->count);
  memcpy(to->events + to->count, from->events,
         from->count * sizeof *from->events);
  to->count += from->count;
  from->count = 0;
  if (joins(to, last)) midge_buffer_release(to->events[last].buffer);
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
    append(queue->allocator, incoming, collected);
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
  if (gauge == NULL) return false;
  size_t cost = midge_event_cost(event);
  gauge->taken += cost;
  queue->unsettled_bytes += cost;
  note_unsettled(queue, gauge);
  if (event->type == MIDGE_EVENT_ENDED) {
    bool resumed = settle_all(queue);
    midge_gauge_free(gauge);
    return resumed;
  }
  return queue->unsettled_bytes >= SETTLE_BYTES && settle_all(queue);
}

/* The event that was on loan. */
static bool settle_lent(midge_event_queue *queue) {
  if (queue->next == 0) return false;
  size_t lent = queue->next - 1;
  bool resumed = !queue->is_kept && settle(queue, &queue->taken.events[lent]);
  queue->is_kept = false;
  release(&queue->taken, lent);
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

/* A new list to take from, when the last one is empty. */
static bool refill(midge_event_queue *queue, uint64_t timeout_ms) {
  midge_event_list *taken = &queue->taken;
  taken->count = queue->next = 0;
  if (taken->room > ROOM_KEPT) free_list(queue->allocator, taken, 0);

  uv_mutex_lock(&queue->mutex);
  bool filled = queue->incoming.count != 0 ||
                (timeout_ms != 0 && wait(queue, timeout_ms));
  if (filled) swap(taken, &queue->incoming);
  queue->is_woken = false;
  uv_mutex_unlock(&queue->mutex);
  return filled;
}

bool midge_event_queue_take(midge_event_queue *queue, midge_event *event,
                            uint64_t timeout_ms, bool *resumed) {
  *resumed = settle_lent(queue);
  if (queue->next == queue->taken.count) {
    *resumed |= settle_all(queue);
    if (!refill(queue, timeout_ms)) return false;
  }
  *event = queue->taken.events[queue->next++];
  return true;
}

void midge_event_queue_keep(midge_event_queue *queue) {
  assert(queue->next != 0);
  queue->is_kept = true;
}

bool midge_event_queue_give_back(midge_event_queue *queue,
                                 const midge_event *event) {
  return settle(queue, event);
}
