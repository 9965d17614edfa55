#include "wake.h"

#include <sched.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "busy_poll.h"
#include "host.h"

#define UV_READABLE 1 /* in every version 1 */
#define NS_IN_S 1000000000

/* Pieces of memory of their own, as they end when the loop says so. */
typedef struct bell {
  napi_async_cleanup_hook_handle hook;
  int open; /* handles: its own, and those of ears */
  alignas(max_align_t) uint8_t async[]; /* a uv_async_t of Node's */
} bell;

typedef struct ear {
  midge_wake *wake;
  bell *bell;
  int epoll;
  int open;       /* handles */
  bool has_cores; /* one to poll on, and one for who is waited for */
  midge_busy_poll polling;
  /* A uv_idle_t of Node's: while it is on the loop does not sleep. */
  void *idle;
  alignas(max_align_t) uint8_t poll[]; /* a uv_poll_t, and then that */
} ear;

struct midge_wake {
  napi_env env;
  const midge_wake_turns *turns;
  void *context;
  napi_threadsafe_function function;
  midge_host host;
  napi_async_context origin; /* what JavaScript's hooks see of turns */
  bell *bell;                /* null: there is no such loop, or it is closed */
  ear *ear;                  /* null: the loop polls nothing for us */
};

/* --- By Node-API's function --- */

/* `env` is null when the environment is going. */
static void on_call(napi_env env, napi_value unused, void *context,
                    void *data) {
  midge_wake *wake = context;
  (void)unused;
  (void)data;
  if (env != NULL) wake->turns->take(wake->context, false);
}

/* --- By Node's loop --- */

/* What a program may set is the first field of every handle. */
static void **data_of(void *async) {
  return async;
}

static void turn(midge_wake *wake, bool read) {
  napi_handle_scope handles = NULL;
  napi_callback_scope scope = NULL;
  wake->turns->cork(wake->context, true);
  napi_open_handle_scope(wake->env, &handles);
  napi_open_callback_scope(wake->env, NULL, wake->origin, &scope);
  wake->turns->take(wake->context, read);
  napi_close_callback_scope(wake->env, scope);
  napi_close_handle_scope(wake->env, handles);
  wake->turns->cork(wake->context, false);
}

static void on_awake(void *async) {
  turn(*data_of(async), false);
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * NS_IN_S + (uint64_t)now.tv_nsec;
}

/* Who is waited for may have been put on the same core. */
static void on_idle(void *idle) {
  ear *listening = *data_of(idle);
  if (midge_busy_poll_goes_on(&listening->polling, now_ns()))
    sched_yield();
  else
    listening->wake->host.idle_stop(idle);
}

static void on_readable(void *poll, int status, int events) {
  ear *listening = *data_of(poll);
  midge_wake *wake = listening->wake;
  (void)status;
  (void)events;
  midge_busy_poll_note(&listening->polling, now_ns());
  if (wake->turns->read(wake->context)) turn(wake, true);
  if (wake->ear != listening) return; /* that turn was its last */
  if (listening->has_cores &&
      midge_busy_poll_begin(&listening->polling, now_ns()))
    wake->host.idle_start(listening->idle, on_idle);
}

/* Node waits for the environment's end until the hook is removed. */
static void let_go(bell *closed) {
  if (--closed->open > 0) return;
  napi_remove_async_cleanup_hook(closed->hook);
  free(closed);
}

static void on_bell_closed(void *async) {
  let_go(*data_of(async));
}

static void on_ear_closed(void *handle) {
  ear *closed = *data_of(handle);
  if (--closed->open > 0) return;
  let_go(closed->bell);
  free(closed);
}

/* The loop has let go of the descriptor when `close` returns; who has few of
 * them needs it before the loop's next turn. */
void midge_wake_cease(midge_wake *wake) {
  ear *closing = wake->ear;
  if (closing == NULL) return;
  wake->ear = NULL;
  wake->host.close(closing->poll, on_ear_closed);
  wake->host.close(closing->idle, on_ear_closed);
  close(closing->epoll);
}

/* Nobody sends any more. */
static void close_bell(napi_async_cleanup_hook_handle hook, void *data) {
  midge_wake *wake = data;
  bell *closing = wake->bell;
  (void)hook; /* the same as its own */
  wake->bell = NULL;
  napi_async_destroy(wake->env, wake->origin);
  midge_wake_cease(wake);
  *data_of(closing->async) = closing;
  wake->host.close(closing->async, on_bell_closed);
}

static bool begin_poll(const midge_host *host, ear *made) {
  made->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (made->epoll < 0) return false;
  if (host->poll_init(host->loop, made->poll, made->epoll) != 0) {
    close(made->epoll);
    return false;
  }
  host->idle_init(host->loop, made->idle);
  host->unref(made->poll);
  host->unref(made->idle);
  *data_of(made->poll) = *data_of(made->idle) = made;
  host->poll_start(made->poll, UV_READABLE, on_readable);
  made->open = 2;
  return true;
}

static bool has_cores(void) {
  cpu_set_t cores;
  return sched_getaffinity(0, sizeof cores, &cores) != 0 ||
         CPU_COUNT(&cores) > 1;
}

static size_t aligned(size_t size) {
  const size_t unit = alignof(max_align_t);
  return (size + unit - 1) / unit * unit;
}

/* Without it the reactor reads everything. */
int midge_wake_listen(midge_wake *wake) {
  if (wake->bell == NULL) return 0;
  size_t poll_size = aligned(wake->host.poll_size);
  ear *made = calloc(1, sizeof *made + poll_size + wake->host.idle_size);
  if (made == NULL) return 0;
  made->idle = made->poll + poll_size;
  if (!begin_poll(&wake->host, made)) {
    free(made);
    return 0;
  }
  made->has_cores = has_cores();
  made->wake = wake;
  made->bell = wake->bell;
  made->bell->open++;
  wake->ear = made;
  return made->epoll;
}

static bool hang(midge_wake *wake, bell *hung, napi_value resource,
                 napi_value name) {
  const midge_host *host = &wake->host;
  if (napi_add_async_cleanup_hook(wake->env, close_bell, wake, &hung->hook) !=
      napi_ok) {
    return false;
  }
  if (napi_async_init(wake->env, resource, name, &wake->origin) != napi_ok)
    goto Exit;
  if (host->async_init(host->loop, hung->async, on_awake) != 0) goto ExitInit;
  host->unref(hung->async);
  *data_of(hung->async) = wake;
  hung->open = 1;
  return true;
ExitInit:
  napi_async_destroy(wake->env, wake->origin);
Exit:
  napi_remove_async_cleanup_hook(hung->hook);
  return false;
}

/* Without it there is the function. */
static void hang_bell(midge_wake *wake, napi_value resource, napi_value name) {
  if (!midge_host_find(&wake->host, wake->env)) return;
  bell *hung = calloc(1, sizeof *hung + wake->host.async_size);
  if (hung == NULL) return;
  if (hang(wake, hung, resource, name))
    wake->bell = hung;
  else
    free(hung);
}

/* --- Both --- */

midge_wake *midge_wake_open(napi_env env, napi_value resource,
                            const midge_wake_turns *turns, void *context) {
  napi_value name = NULL;
  midge_wake *wake = calloc(1, sizeof *wake);
  if (wake == NULL) return NULL;
  *wake = (midge_wake){.env = env, .turns = turns, .context = context};
  napi_create_string_utf8(env, "midge", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, NULL, resource, name, 0, 1, NULL,
                                      NULL, wake, on_call,
                                      &wake->function) != napi_ok) {
    free(wake);
    return NULL;
  }
  napi_unref_threadsafe_function(env, wake->function);
  hang_bell(wake, resource, name);
  return wake;
}

void midge_wake_free(midge_wake *wake) {
  free(wake);
}

/* A full queue means that a call is on its way already; a closing one that
 * nobody listens any more. */
void midge_wake_send(midge_wake *wake) {
  if (wake->bell != NULL)
    wake->host.async_send(wake->bell->async);
  else
    (void)napi_call_threadsafe_function(wake->function, NULL,
                                        napi_tsfn_nonblocking);
}

void midge_wake_keep_alive(midge_wake *wake, bool on) {
  if (on)
    napi_ref_threadsafe_function(wake->env, wake->function);
  else
    napi_unref_threadsafe_function(wake->env, wake->function);
}
