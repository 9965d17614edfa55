/* Events on their way out: the reactor collects, one thread takes.
 *
 *     reactor's thread          under the lock         the reader's thread
 *     [collected] -- flush -->   [incoming]  -- add -->   [turns]
 *
 * Whole blocks change hands, so that the lock is taken once for many events,
 * and the reader has them in turns over the clients. What an event weighs is
 * counted by its client's gauge, its `origin`, until the reader is done with
 * it. */
#ifndef MIDGE_REACTOR_EVENT_QUEUE_H
#define MIDGE_REACTOR_EVENT_QUEUE_H

#include <uv.h>

#include "midge/client.h"
#include "reactor/turns.h"

typedef struct midge_event_queue {
  const midge_allocator *allocator;
  midge_event_list collected; /* reactor's thread, as the next two */
  bool is_urgent;             /* the reader is to know at once */
  bool is_quiet;     /* events were handed over that nobody was woken for */
  midge_turns turns; /* reader's thread, as the next five */
  midge_event_list empty; /* what is exchanged for the incoming ones */
  bool is_lent;           /* the event whose turn it is */
  bool is_kept;           /* and it is given back later */
  midge_gauge *unsettled; /* of clients whose events were taken */
  size_t unsettled_bytes;
  uv_mutex_t mutex;
  uv_cond_t filled;
  midge_event_list incoming; /* under the mutex, as the next two */
  bool waiting;              /* the reader sleeps */
  bool is_woken; /* it takes, or will, until there is nothing any more */
} midge_event_queue;

/* 0, or an error of libuv. The allocator is one that does not fail, as one that
 * waits until there is memory. */
int midge_event_queue_init(midge_event_queue *queue,
                           const midge_allocator *allocator);
/* Releases what nobody took, and the gauge of each ENDED that is among it; both
 * threads are done. */
void midge_event_queue_free(midge_event_queue *queue);

/* Where the next event is to be written; nothing is pushed yet. */
midge_event *midge_event_queue_place(midge_event_queue *queue);
/* It was written there, and its `origin` set. Holds its buffer. */
void midge_event_queue_push(midge_event_queue *queue);
/* Hand over what was collected. True: wake the reader. Successes that nobody
 * waits for wait for other events, until there are many of them. */
bool midge_event_queue_flush(midge_event_queue *queue);
/* With the next flush the reader is to know of all there is. */
void midge_event_queue_urge(midge_event_queue *queue);
/* What nobody was woken for has waited long enough. True: wake the reader. */
bool midge_event_queue_hurry(midge_event_queue *queue);

/* The next event, on loan until the next call; waits up to `timeout_ms`.
 * `resumed`: the reader has caught up with some client, ring the reactor. */
MIDGE_CHECKED bool midge_event_queue_take(midge_event_queue *queue,
                                          midge_event *event,
                                          uint64_t timeout_ms, bool *resumed);
/* The same, if there is one now; without one the reader is not woken yet, as he
 * comes back for what there is then. */
MIDGE_CHECKED bool midge_event_queue_more(midge_event_queue *queue,
                                          midge_event *event, bool *resumed);
/* He waits to be woken. */
bool midge_event_queue_rests(midge_event_queue *queue);
/* The event on loan counts until it is given back, when its buffer is the
 * reader's own. True: ring the reactor. */
void midge_event_queue_keep(midge_event_queue *queue);
MIDGE_CHECKED bool midge_event_queue_give_back(midge_event_queue *queue,
                                               const midge_event *event);

#endif
