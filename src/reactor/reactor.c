#include "reactor/reactor.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>

#include "reactor/client.h"
#include "reactor/turn.h"

enum {
  FLUSH_COUNT = 256, /* events that do not wait for the end of the round */
  MS_IN_S = 1000,
  US_IN_MS = 1000,
};

midge_time midge_reactor_now(const midge_reactor *reactor) {
  return reactor->epoch + uv_now(&reactor->loop);
}

/* --- Events out --- */

void midge_reactor_push(midge_reactor *reactor, const midge_event *event) {
  midge_event_queue_push(&reactor->events, event);
  if (reactor->events.collected.count >= FLUSH_COUNT)
    midge_reactor_flush(reactor);
}

/* Stop reading from all sockets, or go on, when that has changed. */
static void control_flow(midge_reactor *reactor) {
  bool paused = midge_event_queue_pause(&reactor->events);
  if (paused == reactor->paused) return;
  reactor->paused = paused;
  for (midge_client *c = reactor->clients; c != NULL; c = c->next)
    midge_client_flow(c);
}

void midge_reactor_flush(midge_reactor *reactor) {
  if (midge_event_queue_flush(&reactor->events) && reactor->wake != NULL)
    reactor->wake(reactor->context);
  control_flow(reactor);
}

/* --- Wishes in --- */

static void ring(midge_reactor *reactor, bool needed) {
  if (!needed) return;
  int error = uv_async_send(&reactor->ring);
  assert(error == 0);
}

midge_status midge_reactor_wish(midge_reactor *reactor,
                                const midge_wish *wish) {
  bool needed;
  midge_status status = midge_mailbox_put(&reactor->mailbox, wish, &needed);
  ring(reactor, needed);
  return status;
}

void midge_reactor_wish_lent(midge_reactor *reactor, midge_parcel *parcel,
                             const midge_wish *wish) {
  bool needed;
  midge_mailbox_put_lent(&reactor->mailbox, parcel, wish, &needed);
  ring(reactor, needed);
}

/* A client whose session was told something is owed a turn. */
static void note_wished(midge_reactor *reactor, midge_client *client) {
  if (client->is_wished) return;
  client->is_wished = true;
  client->next_wished = reactor->wished;
  reactor->wished = client;
}

static void turn_wished(midge_reactor *reactor) {
  while (reactor->wished != NULL) {
    midge_client *client = reactor->wished;
    reactor->wished = client->next_wished;
    client->is_wished = false;
    midge_client_turn(client);
  }
}

/* Turns are taken after each parcel: its wishes are then still at hand, and
 * the first are on their way before the last have been looked at. */
static void take_wishes(midge_reactor *reactor) {
  midge_parcel *parcel = midge_mailbox_take(&reactor->mailbox);
  while (parcel != NULL) {
    midge_parcel *next = parcel->next;
    size_t at = 0;
    midge_wish *wish;
    while ((wish = midge_parcel_next(parcel, &at)) != NULL) {
      midge_client *client = wish->client;
      note_wished(reactor, client);
      if (wish->type == MIDGE_WISH_OPEN)
        midge_client_adopt(client);
      else
        midge_client_tell(client, wish);
    }
    midge_mailbox_give_back(&reactor->mailbox, parcel);
    turn_wished(reactor);
    parcel = next;
  }
}

/* --- The loop --- */

static void on_awake(uv_idle_t *idle) {
  (void)idle;
}

static void stay_awake(midge_reactor *reactor) {
  uv_idle_start(&reactor->awake, on_awake);
}

void midge_reactor_due(midge_reactor *reactor, midge_client *client) {
  stay_awake(reactor);
  if (client->is_due) return;
  client->is_due = true;
  client->next_due = reactor->due;
  reactor->due = client;
}

/* Before each wait. */
static void on_sleep(uv_prepare_t *prepare) {
  midge_reactor *reactor = prepare->data;
  take_wishes(reactor);
  midge_reactor_flush(reactor);
  if (!midge_mailbox_sleep(&reactor->mailbox)) stay_awake(reactor);
}

/* After each wait, when the sockets were read. */
static void on_waken(uv_check_t *check) {
  midge_reactor *reactor = check->data;
  uv_idle_stop(&reactor->awake);
  while (reactor->due != NULL) {
    midge_client *client = reactor->due;
    reactor->due = client->next_due;
    client->is_due = false;
    midge_client_wake(client);
  }
  midge_reactor_flush(reactor);
}

static void on_ring(uv_async_t *async) {
  midge_reactor *reactor = async->data;
  if (atomic_load(&reactor->stopping)) uv_stop(&reactor->loop);
  control_flow(reactor);
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

/* A client that was opened and closed at once, or never taken up. */
static void adopt_rest(midge_reactor *reactor) {
  midge_parcel *parcel = midge_mailbox_take(&reactor->mailbox);
  while (parcel != NULL) {
    midge_parcel *next = parcel->next;
    size_t at = 0;
    midge_wish *wish;
    while ((wish = midge_parcel_next(parcel, &at)) != NULL)
      if (wish->type == MIDGE_WISH_OPEN) midge_client_adopt(wish->client);
    midge_mailbox_give_back(&reactor->mailbox, parcel);
    parcel = next;
  }
}

/* Let go of everything but lookups that cannot be stopped. */
static void clear(midge_reactor *reactor) {
  adopt_rest(reactor);
  while (reactor->clients != NULL) midge_client_drop(reactor->clients);
  uv_close((uv_handle_t *)&reactor->ring, NULL);
  uv_close((uv_handle_t *)&reactor->sleep, NULL);
  uv_close((uv_handle_t *)&reactor->waken, NULL);
  uv_close((uv_handle_t *)&reactor->awake, NULL);
  while (has_open_handles(reactor) || reactor->cancelled != 0)
    uv_run(&reactor->loop, UV_RUN_ONCE);
}

static void leave(midge_reactor *reactor) {
  if (atomic_fetch_sub(&reactor->parties, 1) != 1) return;
  uv_sem_destroy(&reactor->stopped);
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
  leave(reactor);
}

/* A thread that waits for a lookup is left to itself: it owns nothing any more
 * but its loop. */
void midge_reactor_stop(midge_reactor *reactor) {
  atomic_store(&reactor->stopping, true);
  ring(reactor, true);
  uv_sem_wait(&reactor->stopped);
  midge_event_queue_free(&reactor->events);
  midge_mailbox_free(&reactor->mailbox);
  if (reactor->lingers)
    pthread_detach(reactor->thread);
  else
    uv_thread_join(&reactor->thread);
  leave(reactor);
}

/* --- The beginning --- */

static int init_loop(midge_reactor *reactor) {
  int error = uv_loop_init(&reactor->loop);
  if (error != 0) return error;
  error = uv_async_init(&reactor->loop, &reactor->ring, on_ring);
  if (error != 0) {
    uv_loop_close(&reactor->loop);
    return error;
  }
  uv_prepare_init(&reactor->loop, &reactor->sleep);
  uv_check_init(&reactor->loop, &reactor->waken);
  uv_idle_init(&reactor->loop, &reactor->awake);
  reactor->ring.data = reactor->sleep.data = reactor->waken.data = reactor;
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

midge_status midge_reactor_start(midge_reactor **started,
                                 const midge_reactor_options *options) {
  /* Not the program's allocator: a lookup may hold it after the stop. */
  midge_reactor *reactor =
      midge_allocate_zero(&midge_allocator_default, sizeof *reactor);
  if (reactor == NULL) return MIDGE_ENOMEM;
  reactor->allocator = *midge_allocator_or_default(options->allocator);
  reactor->wake = options->wake;
  reactor->context = options->context;
  atomic_init(&reactor->stopping, false);
  atomic_init(&reactor->parties, 2);

  if (midge_event_queue_init(&reactor->events, &reactor->allocator,
                             options->event_bytes_max) != 0)
    goto Exit;
  if (midge_mailbox_init(&reactor->mailbox, &reactor->allocator) != 0)
    goto ExitEvents;
  if (uv_sem_init(&reactor->stopped, 0) != 0) goto ExitMailbox;
  if (init_loop(reactor) != 0) goto ExitSemaphore;
  set_clock(reactor);
  if (start_thread(reactor) == 0) {
    *started = reactor;
    return MIDGE_OK;
  }

  clear(reactor);
  uv_loop_close(&reactor->loop);
ExitSemaphore:
  uv_sem_destroy(&reactor->stopped);
ExitMailbox:
  midge_mailbox_free(&reactor->mailbox);
ExitEvents:
  midge_event_queue_free(&reactor->events);
Exit:
  midge_free(&midge_allocator_default, reactor, sizeof *reactor);
  return MIDGE_EERRNO;
}

/* --- Taking events --- */

bool midge_reactor_wait(midge_reactor *reactor, midge_event *event,
                        uint64_t timeout_ms) {
  bool resumed;
  bool taken =
      midge_event_queue_take(&reactor->events, event, timeout_ms, &resumed);
  ring(reactor, resumed);
  return taken;
}

bool midge_reactor_event(midge_reactor *reactor, midge_event *event) {
  return midge_reactor_wait(reactor, event, 0);
}
