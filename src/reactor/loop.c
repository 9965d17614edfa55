#include "reactor/loop.h"

#include <pthread.h>
#include <time.h>

enum {
  CORKED_MAX = 16 * 1024, /* bytes; more is worth both threads */
  PATIENCE_MS = 10,       /* of a success that nobody waits for */
  FEW_EVENTS = 4,
  NS_IN_MS = 1000000,
  NS_IN_S = 1000000000,
};

static void wake(midge_reactor *reactor) {
  if (reactor->wake != NULL) reactor->wake(reactor->context);
}

void midge_reactor_wake(midge_reactor *reactor) {
  if (reactor->is_wake_due) wake(reactor);
  reactor->is_wake_due = false;
}

/* --- The lease --- */

void midge_reactor_enter(midge_reactor *reactor) {
  if (reactor->is_held) return;
  uv_mutex_lock(&reactor->lease);
  reactor->is_held = true;
}

void midge_reactor_leave(midge_reactor *reactor) {
  if (!reactor->is_held) return;
  bool wakes = reactor->is_wake_due;
  reactor->is_wake_due = false;
  reactor->is_held = false;
  uv_mutex_unlock(&reactor->lease);
  if (wakes) wake(reactor);
}

static void begin_loan(midge_reactor *reactor) {
  reactor->is_lent = true;
  reactor->is_owed = false;
}

bool midge_reactor_borrow(midge_reactor *reactor) {
  if (uv_mutex_trylock(&reactor->lease) != 0) return false;
  begin_loan(reactor);
  return true;
}

bool midge_reactor_borrow_soon(midge_reactor *reactor) {
  struct timespec until;
  if (midge_reactor_borrow(reactor)) return true;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += NS_IN_MS;
  until.tv_sec += until.tv_nsec / NS_IN_S;
  until.tv_nsec %= NS_IN_S;
  if (pthread_mutex_timedlock(&reactor->lease, &until) != 0) return false;
  begin_loan(reactor);
  return true;
}

bool midge_reactor_end_loan(midge_reactor *reactor) {
  midge_reactor_flush(reactor);
  bool rings = reactor->is_owed;
  bool wakes = reactor->is_wake_due;
  reactor->is_lent = reactor->is_wake_due = false;
  uv_mutex_unlock(&reactor->lease);
  if (rings) midge_reactor_ring(reactor);
  return wakes;
}

void midge_reactor_return(midge_reactor *reactor) {
  if (midge_reactor_end_loan(reactor)) wake(reactor);
}

/* The loop's clock is the system's at its last wait, and its thread's alone. */
midge_time midge_reactor_now(midge_reactor *reactor) {
  uint64_t clock_ms =
      reactor->is_lent ? uv_hrtime() / NS_IN_MS : uv_now(&reactor->loop);
  if (clock_ms > reactor->clock_ms) reactor->clock_ms = clock_ms;
  return reactor->epoch + reactor->clock_ms;
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

/* Wishes of a turn may leave together, if they are not too many; while some
 * connection is near the reactor looks for them now and then, and not after.
 * Large publishes wait for each other alone: others may be urgent. */
static void wait_for_more(midge_reactor *reactor, const midge_wish *wish,
                          bool needed) {
  reactor->is_ring_due |= needed;
  reactor->corked_bytes += midge_wish_size(wish) + midge_wish_held(wish);
  reactor->is_gathering &= wish->draft != NULL && wish->publish.followed;
  size_t most = reactor->is_gathering ? MIDGE_GATHERED_MAX : CORKED_MAX;
  bool waits = reactor->is_gathering || atomic_load(&reactor->near_count) != 0;
  if (waits && reactor->corked_bytes <= most) return;
  if (reactor->is_ring_due) midge_reactor_ring(reactor);
  reactor->is_corked = reactor->is_gathering = reactor->is_ring_due = false;
}

midge_status midge_reactor_wish(midge_reactor *reactor,
                                const midge_wish *wish) {
  bool needed;
  midge_status status = midge_mailbox_put(&reactor->mailbox, wish, &needed);
  if (reactor->is_corked)
    wait_for_more(reactor, wish, needed);
  else if (needed)
    midge_reactor_ring(reactor);
  return status;
}

midge_parcel *midge_reactor_parcel(midge_reactor *reactor) {
  if (reactor->parcels == NULL)
    reactor->parcels = midge_mailbox_take(&reactor->mailbox);
  return reactor->parcels;
}

void midge_reactor_drop_taken(midge_reactor *reactor) {
  midge_parcel *parcel = reactor->parcels;
  if (!midge_parcel_is_taken(parcel)) return;
  reactor->parcels = parcel->next;
  midge_mailbox_give_back(&reactor->mailbox, parcel);
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
  if (reactor->events.collected.count < MIDGE_BLOCK_EVENTS) return;
  if (reactor->is_lent) return; /* who has it takes them next */
  midge_reactor_flush(reactor);
  midge_reactor_wake(reactor);
}

static void on_overdue(uv_timer_t *timer) {
  midge_reactor *reactor = timer->data;
  midge_reactor_enter(reactor);
  reactor->is_overdue_set = false;
  reactor->is_wake_due |= midge_event_queue_hurry(&reactor->events);
}

/* What was handed over with a wake is not overdue any more. */
static void set_overdue(midge_reactor *reactor) {
  bool is_quiet = reactor->events.is_quiet;
  if (is_quiet == reactor->is_overdue_set) return;
  if (reactor->is_lent) {
    reactor->is_owed |= is_quiet; /* one that is not needed does no harm */
    return;
  }
  reactor->is_overdue_set = is_quiet;
  if (is_quiet)
    uv_timer_start(&reactor->overdue, on_overdue, PATIENCE_MS, 0);
  else
    uv_timer_stop(&reactor->overdue);
}

/* To few events there may be an answer at once, and then the lease is free;
 * many are a reason to be quick. */
void midge_reactor_flush(midge_reactor *reactor) {
  size_t count = reactor->events.collected.count;
  bool wakes = midge_event_queue_flush(&reactor->events);
  reactor->is_wake_due |= wakes;
  set_overdue(reactor);
  if (reactor->is_lent) return;
  if (count > FEW_EVENTS) midge_reactor_wake(reactor);
  if (count != 0 && reactor->flushed == 0) reactor->has_woken = wakes;
  reactor->flushed += count;
}
