#include "reactor/loop.h"

#include <assert.h>

enum {
  PATIENCE_MS = 10, /* of a success that nobody waits for */
};

midge_time midge_reactor_now(const midge_reactor *reactor) {
  return reactor->epoch + uv_now(&reactor->loop);
}

static void on_awake(uv_idle_t *idle) {
  (void)idle;
}

void midge_reactor_stay_awake(midge_reactor *reactor) {
  uv_idle_start(&reactor->awake, on_awake);
}

/* Weyl's sequence, well mixed (splitmix64): the system is asked once, when the
 * reactor starts, and not for each client. */
uint64_t midge_reactor_random(midge_reactor *reactor) {
  uint64_t x = atomic_fetch_add(&reactor->dice, UINT64_C(0x9e3779b97f4a7c15));
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

/* --- Wishes in --- */

void midge_reactor_ring(midge_reactor *reactor) {
  midge_bell_ring(&reactor->bell);
}

midge_status midge_reactor_wish(midge_reactor *reactor,
                                const midge_wish *wish) {
  bool needed;
  midge_status status = midge_mailbox_put(&reactor->mailbox, wish, &needed);
  if (needed) midge_reactor_ring(reactor);
  return status;
}

void midge_reactor_wish_lent(midge_reactor *reactor, midge_parcel *parcel,
                             const midge_wish *wish) {
  bool needed;
  midge_mailbox_put_lent(&reactor->mailbox, parcel, wish, &needed);
  if (needed) midge_reactor_ring(reactor);
}

/* --- Events out --- */

midge_event *midge_reactor_place(midge_reactor *reactor) {
  return midge_event_queue_place(&reactor->events);
}

void midge_reactor_push(midge_reactor *reactor) {
  midge_event_queue_push(&reactor->events);
  /* A full block does not wait for the round's end. */
  if (reactor->events.collected.count >= MIDGE_BLOCK_EVENTS)
    midge_reactor_flush(reactor);
}

static void wake(midge_reactor *reactor) {
  if (reactor->wake != NULL) reactor->wake(reactor->context);
}

static void on_overdue(uv_timer_t *timer) {
  midge_reactor *reactor = timer->data;
  if (midge_event_queue_hurry(&reactor->events)) wake(reactor);
}

void midge_reactor_flush(midge_reactor *reactor) {
  if (midge_event_queue_flush(&reactor->events)) wake(reactor);
  /* What was handed over with a wake is not overdue any more. */
  uv_timer_t *timer = &reactor->overdue;
  if (!reactor->events.is_quiet)
    uv_timer_stop(timer);
  else if (!uv_is_active((const uv_handle_t *)timer))
    uv_timer_start(timer, on_overdue, PATIENCE_MS, 0);
}
