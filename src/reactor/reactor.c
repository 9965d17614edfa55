/* The thread: its loop, its beginning and its end. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "reactor/near.h"

enum {
  MS_IN_S = 1000,
  US_IN_MS = 1000,
  NS_IN_MS = 1000000,
  SLEEP_MIN_MS = 100, /* of the machine, that is worth a look */
  GOODBYE_MS = 200,
  TURN_BYTES = 256 * 1024,   /* of wishes, before clients have their turn */
  ROUND_BYTES = 1024 * 1024, /* of wishes, before sockets have theirs */
  SWEEP_MS = 1000,           /* what was not used for so long is given back */
  DESCRIPTORS = 8, /* what the first loop and its bell open, and one more */
};

/* --- Wishes in --- */

static void turn_wished(midge_reactor *reactor) {
  while (reactor->wished != NULL) {
    midge_client *client = reactor->wished;
    reactor->wished = client->next_wished;
    client->is_wished = false;
    midge_member_turn(client);
  }
}

/* As many as clients wait for at most; returns what they weighed. */
static size_t make_wishes(midge_parcel *parcel) {
  size_t size = 0;
  midge_wish *wish;
  while (size < TURN_BYTES && (wish = midge_parcel_next(parcel)) != NULL) {
    midge_client *client = wish->client;
    size += wish->size + midge_wish_held(wish);
    if (wish->type == MIDGE_WISH_OPEN)
      midge_member_adopt(client);
    else
      midge_member_wish(client, wish);
    midge_wish_release(wish);
    midge_member_owe(client);
  }
  return size;
}

/* The first are on their way before the last have been looked at, and small
 * ones leave together. */
static void take_wishes(midge_reactor *reactor) {
  midge_parcel *parcel;
  size_t size = 0, next_turn = TURN_BYTES;
  while (size < ROUND_BYTES &&
         (parcel = midge_reactor_parcel(reactor)) != NULL) {
    midge_reactor_wake(reactor); /* it need not wait for them */
    size += make_wishes(parcel);
    midge_reactor_drop_taken(reactor);
    if (size < next_turn) continue;
    turn_wished(reactor);
    next_turn = size + TURN_BYTES;
  }
  turn_wished(reactor);
}

/* --- The loop --- */

static void on_patience(uv_timer_t *timer) {
  (void)timer; /* the wait is over */
}

/* The end waits for those who say goodbye, half of the time for what they wait
 * for, and half for DISCONNECT to leave and the server to close. */
static void wait_for_goodbyes(midge_reactor *reactor, bool waits) {
  midge_time now = midge_reactor_now(reactor);
  bool hurry = now + reactor->goodbye_ms / 2 >= reactor->stop_at;
  midge_client *next;
  for (midge_client *c = reactor->clients; c != NULL; c = next) {
    next = c->next;
    waits |= midge_member_leaves(c, hurry);
  }
  if (!waits || now >= reactor->stop_at) {
    uv_stop(&reactor->loop);
    return;
  }
  midge_time step =
      hurry ? reactor->stop_at : reactor->stop_at - reactor->goodbye_ms / 2;
  uv_timer_start(&reactor->watch, on_patience, step > now ? step - now : 0, 0);
}

static void on_sweep(uv_timer_t *timer) {
  midge_reactor *reactor = timer->data;
  if (!midge_pool_sweep(reactor->pool)) uv_timer_stop(timer);
}

/* A reactor at rest is not woken for it. */
static void see_to_pool(midge_reactor *reactor) {
  if (reactor->pool == NULL) return;
  if (uv_is_active((const uv_handle_t *)&reactor->sweep)) return;
  if (midge_pool_kept(reactor->pool) <= MIDGE_POOL_IDLE) return;
  uv_timer_start(&reactor->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

/* Before each wait. */
static void on_sleep(uv_prepare_t *prepare) {
  midge_reactor *reactor = prepare->data;
  midge_reactor_enter(reactor);
  reactor->round++;
  take_wishes(reactor);
  midge_reactor_flush(reactor);
  midge_near_heed(reactor);
  bool more =
      reactor->parcels != NULL || !midge_mailbox_sleep(&reactor->mailbox);
  if (more) midge_reactor_stay_awake(reactor);
  if (reactor->stop_at != MIDGE_NEVER) wait_for_goodbyes(reactor, more);
  see_to_pool(reactor);
  midge_reactor_leave(reactor);
}

static midge_time read_ms(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (midge_time)time.tv_sec * MS_IN_S +
         (midge_time)time.tv_nsec / NS_IN_MS;
}

/* The loop's clock stands still while the machine sleeps; servers, and the
 * expiry of messages, do not. The wall's clock would tell, and may be set. */
static midge_time read_asleep_ms(void) {
  midge_time awake = read_ms(CLOCK_MONOTONIC);
  midge_time all = read_ms(CLOCK_BOOTTIME);
  return all > awake ? all - awake : 0;
}

static void notice_sleep(midge_reactor *reactor) {
  midge_time asleep = read_asleep_ms();
  if (asleep < reactor->asleep_ms + SLEEP_MIN_MS) return;
  reactor->epoch += asleep - reactor->asleep_ms;
  reactor->asleep_ms = asleep;
  midge_client *next;
  for (midge_client *c = reactor->clients; c != NULL; c = next) {
    next = c->next;
    midge_member_wake(c);
  }
}

/* After each wait, when the sockets were read. */
static void on_waken(uv_check_t *check) {
  midge_reactor *reactor = check->data;
  midge_reactor_enter(reactor);
  uv_idle_stop(&reactor->awake);
  notice_sleep(reactor);
  while (reactor->due != NULL) {
    midge_client *client = reactor->due;
    reactor->due = client->next_due;
    client->is_due = false;
    midge_member_wake(client);
  }
  midge_reactor_flush(reactor);
  midge_near_choose(reactor);
}

/* Somebody took events: who was held back may read again. */
static void turn_held_back(midge_reactor *reactor) {
  if (!uv_is_active((const uv_handle_t *)&reactor->watch)) return;
  midge_client *next;
  for (midge_client *c = reactor->clients; c != NULL; c = next) {
    next = c->next;
    if (midge_member_is_held_back(c)) midge_member_turn(c);
  }
}

/* Some store has news. */
static void turn_kept(midge_reactor *reactor) {
  midge_client *next;
  for (midge_client *c = reactor->kept; c != NULL; c = next) {
    next = c->next_kept;
    midge_member_hear(c);
  }
}

static void on_bell(uv_poll_t *bell, int status, int events) {
  (void)status;
  (void)events;
  midge_reactor *reactor = bell->data;
  midge_reactor_enter(reactor);
  turn_held_back(reactor);
  turn_kept(reactor);
  if (!atomic_load(&reactor->stopping)) return;
  if (reactor->stop_at != MIDGE_NEVER) return;
  reactor->stop_at = midge_reactor_now(reactor) + reactor->goodbye_ms;
  midge_reactor_stay_awake(reactor); /* what was wished before comes first */
}

/* --- The end --- */

static void count_open(uv_handle_t *handle, void *context) {
  (void)handle;
  ++*(size_t *)context;
}

static bool has_open_handles(midge_reactor *reactor) {
  size_t count = 0;
  uv_walk(&reactor->loop, count_open, &count);
  return count != 0;
}

/* Clients whose opening waits in the mailbox are ours to free as well. */
static void adopt_rest(midge_reactor *reactor) {
  midge_parcel *parcel;
  while ((parcel = midge_reactor_parcel(reactor)) != NULL) {
    midge_wish *wish;
    while ((wish = midge_parcel_next(parcel)) != NULL) {
      if (wish->type == MIDGE_WISH_OPEN) midge_member_adopt(wish->client);
      midge_wish_release(wish);
    }
    midge_reactor_drop_taken(reactor);
  }
}

/* Let go of everything but lookups that cannot be stopped. */
static void clear(midge_reactor *reactor) {
  midge_reactor_enter(reactor);
  reactor->wake = NULL; /* nobody takes events any more */
  adopt_rest(reactor);
  while (reactor->clients != NULL) midge_member_drop(reactor->clients);
  midge_bell_close(&reactor->bell);
  uv_close((uv_handle_t *)&reactor->sleep, NULL);
  uv_close((uv_handle_t *)&reactor->waken, NULL);
  uv_close((uv_handle_t *)&reactor->awake, NULL);
  uv_close((uv_handle_t *)&reactor->watch, NULL);
  uv_close((uv_handle_t *)&reactor->stay, NULL);
  uv_close((uv_handle_t *)&reactor->overdue, NULL);
  uv_close((uv_handle_t *)&reactor->sweep, NULL);
  while (has_open_handles(reactor) || reactor->cancelled != 0)
    uv_run(&reactor->loop, UV_RUN_ONCE);
}

static void leave(midge_reactor *reactor) {
  if (atomic_fetch_sub(&reactor->parties, 1) != 1) return;
  uv_sem_destroy(&reactor->stopped);
  midge_bell_free(&reactor->bell);
  uv_mutex_destroy(&reactor->lease);
  midge_free(&midge_allocator_default, reactor, sizeof *reactor);
}

static void run(void *context) {
  midge_reactor *reactor = context;
  uv_run(&reactor->loop, UV_RUN_DEFAULT);
  clear(reactor);
  reactor->lingers = reactor->lookups != 0;
  uv_sem_post(&reactor->stopped);
  if (reactor->lookups != 0) uv_run(&reactor->loop, UV_RUN_DEFAULT);
  int error = uv_loop_close(&reactor->loop);
  assert(error == 0);
  midge_reactor_leave(reactor);
  leave(reactor);
}

/* A thread that waits for a lookup is left to itself: it owns nothing any more
 * but its loop. */
void midge_reactor_stop(midge_reactor *reactor) {
  atomic_store(&reactor->stopping, true);
  midge_reactor_ring(reactor);
  uv_sem_wait(&reactor->stopped);
  midge_event_queue_free(&reactor->events);
  midge_mailbox_free(&reactor->mailbox);
  midge_reads_free(&reactor->reads);
  midge_pool_release(reactor->pool);
  if (reactor->lingers)
    pthread_detach(reactor->thread);
  else
    uv_thread_join(&reactor->thread);
  leave(reactor);
}

/* --- The beginning --- */

/* Whether there are as many as are opened now. libuv ends the process when
 * there are some, but none for the signals of its first loop, and forgets
 * others. */
static int probe_descriptors(void) {
  int files[DESCRIPTORS], count = 0, error = 0;
  while (count < DESCRIPTORS && error == 0) {
    files[count] = eventfd(0, EFD_CLOEXEC);
    if (files[count] < 0)
      error = uv_translate_sys_error(errno);
    else
      count++;
  }
  while (count > 0) close(files[--count]);
  return error;
}

static int init_loop(midge_reactor *reactor) {
  int error = probe_descriptors();
  if (error != 0) return error;
  error = uv_loop_init(&reactor->loop);
  if (error != 0) return error;
  error = midge_bell_hang(&reactor->bell, &reactor->loop, on_bell);
  if (error != 0) {
    uv_loop_close(&reactor->loop);
    return error;
  }
  uv_prepare_init(&reactor->loop, &reactor->sleep);
  uv_check_init(&reactor->loop, &reactor->waken);
  uv_idle_init(&reactor->loop, &reactor->awake);
  uv_timer_init(&reactor->loop, &reactor->watch);
  midge_near_watch(reactor);
  uv_timer_init(&reactor->loop, &reactor->overdue);
  uv_timer_init(&reactor->loop, &reactor->sweep);
  reactor->bell.poll.data = reactor->sleep.data = reactor;
  reactor->waken.data = reactor->watch.data = reactor->overdue.data = reactor;
  reactor->sweep.data = reactor;
  uv_prepare_start(&reactor->sleep, on_sleep);
  uv_check_start(&reactor->waken, on_waken);
  return 0;
}

/* Seconds since 1970 and the loop's own clock meet once, here; from then on
 * time only moves forward. */
static void set_clock(midge_reactor *reactor) {
  uv_timeval64_t unix_time;
  int error = uv_gettimeofday(&unix_time);
  assert(error == 0);
  reactor->epoch = (uint64_t)unix_time.tv_sec * MS_IN_S +
                   (uint64_t)unix_time.tv_usec / US_IN_MS -
                   uv_now(&reactor->loop);
  reactor->asleep_ms = read_asleep_ms();
}

static void cast_dice(midge_reactor *reactor) {
  uint64_t seed = 0;
  if (uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL) != 0)
    seed = uv_hrtime();
  atomic_init(&reactor->dice, seed);
}

/* Signals are for the program's threads; and a write to a socket that was
 * closed is an error, not the end of the process. */
static int start_thread(midge_reactor *reactor) {
  sigset_t blocked, before;
  sigfillset(&blocked);
  static const int faults[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                               SIGABRT, SIGTRAP, SIGPROF};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
    sigdelset(&blocked, faults[i]);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  int error = uv_thread_create(&reactor->thread, run, reactor);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error;
}

/* A pool would hide from a sanitizer what is used after it was freed. */
static bool choose_allocator(midge_reactor *reactor,
                             const midge_allocator *given) {
#if defined(__SANITIZE_ADDRESS__)
  bool is_pooled = false;
#else
  bool is_pooled = given == NULL;
#endif
  reactor->allocator = *midge_allocator_or_default(given);
  if (!is_pooled) return true;
  reactor->pool = midge_pool_new();
  if (reactor->pool == NULL) return false;
  reactor->allocator = midge_pool_allocator(reactor->pool);
  return true;
}

midge_status midge_reactor_start(midge_reactor **started,
                                 const midge_reactor_options *options) {
  /* Not the program's allocator: a lookup may hold it after the stop. */
  midge_reactor *reactor =
      midge_allocate_zero(&midge_allocator_default, sizeof *reactor);
  midge_status status = MIDGE_ENOMEM;
  if (reactor == NULL) return status;
  if (!choose_allocator(reactor, options->allocator)) goto Exit;
  reactor->patient = midge_patient(&reactor->allocator);
  if (!midge_reads_init(&reactor->reads, &reactor->allocator)) goto Exit;
  reactor->wake = options->wake;
  reactor->context = options->context;
  reactor->helps = options->helps;
  if (options->helps) reactor->epoll = options->epoll;
  reactor->goodbye_ms =
      options->goodbye_ms != 0 ? options->goodbye_ms : GOODBYE_MS;
  reactor->stop_at = MIDGE_NEVER;
  atomic_init(&reactor->stopping, false);
  atomic_init(&reactor->parties, 2);

  status = MIDGE_EERRNO;
  if (midge_event_queue_init(&reactor->events, &reactor->patient) != 0)
    goto Exit;
  if (midge_mailbox_init(&reactor->mailbox, &reactor->allocator) != 0)
    goto ExitEvents;
  if (uv_sem_init(&reactor->stopped, 0) != 0) goto ExitMailbox;
  if (uv_mutex_init(&reactor->lease) != 0) goto ExitSemaphore;
  if (init_loop(reactor) != 0) goto ExitLease;
  set_clock(reactor);
  cast_dice(reactor);
  if (start_thread(reactor) == 0) {
    *started = reactor;
    return MIDGE_OK;
  }

  clear(reactor);
  midge_reactor_leave(reactor);
  uv_loop_close(&reactor->loop);
  midge_bell_free(&reactor->bell);
ExitLease:
  uv_mutex_destroy(&reactor->lease);
ExitSemaphore:
  uv_sem_destroy(&reactor->stopped);
ExitMailbox:
  midge_mailbox_free(&reactor->mailbox);
ExitEvents:
  midge_event_queue_free(&reactor->events);
Exit:
  midge_reads_free(&reactor->reads);
  midge_pool_release(reactor->pool);
  midge_free(&midge_allocator_default, reactor, sizeof *reactor);
  return status;
}

/* --- Taking events --- */

static bool take(midge_reactor *reactor, midge_event *event,
                 uint64_t timeout_ms) {
  bool resumed;
  bool taken =
      midge_event_queue_take(&reactor->events, event, timeout_ms, &resumed);
  if (resumed) midge_reactor_ring(reactor);
  if (!taken) midge_help_note(reactor);
  return taken;
}

/* The reactor is rung before the wait: what is waited for may need it. */
bool midge_reactor_wait(midge_reactor *reactor, midge_event *event,
                        uint64_t timeout_ms) {
  if (take(reactor, event, 0)) return true;
  if (timeout_ms == 0) return false;
  midge_reactor_uncork(reactor);
  midge_near_block(reactor, true);
  bool taken = take(reactor, event, timeout_ms);
  midge_near_block(reactor, false);
  return taken;
}

bool midge_reactor_event(midge_reactor *reactor, midge_event *event) {
  return take(reactor, event, 0);
}

bool midge_reactor_more(midge_reactor *reactor, midge_event *event) {
  bool resumed;
  bool taken = midge_event_queue_more(&reactor->events, event, &resumed);
  if (resumed) midge_reactor_ring(reactor);
  return taken;
}

void midge_reactor_keep(midge_reactor *reactor) {
  midge_event_queue_keep(&reactor->events);
}

void midge_reactor_give_back(midge_reactor *reactor, const midge_event *event) {
  if (midge_event_queue_give_back(&reactor->events, event))
    midge_reactor_ring(reactor);
}
