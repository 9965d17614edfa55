/* Events on their way out: the reactor collects, one thread takes.
 *
 *     reactor's thread          under the lock        the reader's thread
 *     [collected] -- flush -->   [incoming]  -- swap -->   [taken]
 *
 * Whole lists change hands, so that the lock is taken once for many events.
 * What an event weighs counts from the flush until the reader is done with it;
 * too much pauses the reading of sockets. */
#ifndef MIDGE_REACTOR_EVENT_QUEUE_H
#define MIDGE_REACTOR_EVENT_QUEUE_H

#include <stdatomic.h>
#include <uv.h>

#include "base/allocator.h"
#include "midge/client.h"

typedef struct midge_event_list {
  midge_event *events;
  size_t room;
  size_t count;
} midge_event_list;

typedef struct midge_event_queue {
  const midge_allocator *allocator;
  midge_event_list collected; /* reactor's thread */
  size_t collected_bytes;
  midge_event_list taken; /* reader's thread */
  size_t next;            /* of `taken`; those before it are done with */
  size_t settled_bytes;   /* of those, not yet given back */
  uv_mutex_t mutex;
  uv_cond_t filled;
  midge_event_list incoming; /* under the mutex */
  bool waiting;              /* under the mutex: the reader sleeps */
  size_t bytes_max;
  atomic_size_t bytes;
  atomic_bool paused;
} midge_event_queue;

/* 0, or an error of libuv. `bytes_max` 0 means 16 MiB. */
int midge_event_queue_init(midge_event_queue *queue,
                           const midge_allocator *allocator, size_t bytes_max);
/* Releases what nobody took; both threads are done. */
void midge_event_queue_free(midge_event_queue *queue);

/* Holds the event's buffer. */
void midge_event_queue_push(midge_event_queue *queue, const midge_event *event);
/* Hand over what was collected. True: there was nothing, so wake the reader. */
bool midge_event_queue_flush(midge_event_queue *queue);
/* Whether the reader has fallen behind. It stays so until the reader has
 * taken half, who is then told to ring. */
bool midge_event_queue_pause(midge_event_queue *queue);

/* The next event, on loan until the next call; waits up to `timeout_ms`.
 * `resumed`: the reader has caught up, ring the reactor. */
MIDGE_CHECKED bool midge_event_queue_take(midge_event_queue *queue,
                                          midge_event *event,
                                          uint64_t timeout_ms, bool *resumed);

#endif
