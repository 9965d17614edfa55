#include "wake.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "host.h"

#define UV_READABLE 1 /* in every version 1 */

/* Its own piece of memory, as it ends when the loop says so. */
typedef struct bell {
  napi_async_cleanup_hook_handle hook;
  int open;   /* handles */
  int epoll;  /* what the second one polls, or 0 */
  void *poll; /* a uv_poll_t of Node's, behind the first one; or null */
  alignas(max_align_t) uint8_t async[]; /* a uv_async_t of Node's */
} bell;

struct midge_wake {
  napi_env env;
  const midge_wake_turns *turns;
  void *context;
  napi_threadsafe_function function;
  midge_host host;
  napi_async_context origin; /* what JavaScript's hooks see of turns */
  bell *bell;                /* null: there is no such loop, or it is closed */
};

/* --- By Node-API's function --- */

/* `env` is null when the environment is going. */
static void on_call(napi_env env, napi_value unused, void *context,
                    void *data) {
  midge_wake *wake = context;
  (void)unused;
  (void)data;
  if (env != NULL) wake->turns->take(wake->context);
}

/* --- By Node's loop --- */

/* What a program may set is the first field of every handle. */
static void **data_of(void *async) {
  return async;
}

static void turn(midge_wake *wake) {
  napi_handle_scope handles = NULL;
  napi_callback_scope scope = NULL;
  wake->turns->cork(wake->context, true);
  napi_open_handle_scope(wake->env, &handles);
  napi_open_callback_scope(wake->env, NULL, wake->origin, &scope);
  wake->turns->take(wake->context);
  napi_close_callback_scope(wake->env, scope);
  napi_close_handle_scope(wake->env, handles);
  wake->turns->cork(wake->context, false);
}

static void on_awake(void *async) {
  turn(*data_of(async));
}

static void on_readable(void *poll, int status, int events) {
  midge_wake *wake = *data_of(poll);
  (void)status;
  (void)events;
  if (wake->turns->read(wake->context)) turn(wake);
}

static void on_closed(void *handle) {
  bell *closed = *data_of(handle);
  if (--closed->open > 0) return;
  if (closed->epoll != 0) close(closed->epoll);
  napi_remove_async_cleanup_hook(closed->hook);
  free(closed);
}

static void close_handle(const midge_host *host, bell *closing, void *handle) {
  *data_of(handle) = closing;
  host->close(handle, on_closed);
}

/* Node waits for its end until the hook is removed. Nobody sends any more. */
static void close_bell(napi_async_cleanup_hook_handle hook, void *data) {
  midge_wake *wake = data;
  bell *closing = wake->bell;
  (void)hook; /* the same as its own */
  wake->bell = NULL;
  napi_async_destroy(wake->env, wake->origin);
  close_handle(&wake->host, closing, closing->async);
  if (closing->poll != NULL) close_handle(&wake->host, closing, closing->poll);
}

/* The next place for a handle of any kind. */
static size_t round_up(size_t size) {
  return (size + alignof(max_align_t) - 1) / alignof(max_align_t) *
         alignof(max_align_t);
}

/* Without it the reactor reads everything. */
static void hang_poll(midge_wake *wake, bell *hung) {
  const midge_host *host = &wake->host;
  void *poll = hung->async + round_up(host->async_size);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return;
  if (host->poll_init(host->loop, poll, epoll) != 0) {
    close(epoll);
    return;
  }
  hung->epoll = epoll;
  hung->poll = poll;
  hung->open++;
  host->unref(poll);
  *data_of(poll) = wake;
  host->poll_start(poll, UV_READABLE, on_readable);
}

static bool hang(midge_wake *wake, bell *hung, napi_value name) {
  const midge_host *host = &wake->host;
  if (napi_add_async_cleanup_hook(wake->env, close_bell, wake, &hung->hook) !=
      napi_ok) {
    return false;
  }
  if (napi_async_init(wake->env, NULL, name, &wake->origin) != napi_ok)
    goto Exit;
  if (host->async_init(host->loop, hung->async, on_awake) != 0) goto ExitInit;
  host->unref(hung->async);
  *data_of(hung->async) = wake;
  hung->open = 1;
  hang_poll(wake, hung);
  return true;
ExitInit:
  napi_async_destroy(wake->env, wake->origin);
Exit:
  napi_remove_async_cleanup_hook(hung->hook);
  return false;
}

/* Without it there is the function. */
static void hang_bell(midge_wake *wake, napi_value name) {
  if (!midge_host_find(&wake->host, wake->env)) return;
  bell *hung = calloc(
      1, sizeof *hung + round_up(wake->host.async_size) + wake->host.poll_size);
  if (hung == NULL) return;
  if (hang(wake, hung, name))
    wake->bell = hung;
  else
    free(hung);
}

/* --- Both --- */

midge_wake *midge_wake_open(napi_env env, const midge_wake_turns *turns,
                            void *context) {
  napi_value name = NULL;
  midge_wake *wake = calloc(1, sizeof *wake);
  if (wake == NULL) return NULL;
  *wake = (midge_wake){.env = env, .turns = turns, .context = context};
  napi_create_string_utf8(env, "midge", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL,
                                      wake, on_call,
                                      &wake->function) != napi_ok) {
    free(wake);
    return NULL;
  }
  napi_unref_threadsafe_function(env, wake->function);
  hang_bell(wake, name);
  return wake;
}

int midge_wake_epoll(const midge_wake *wake) {
  return wake->bell != NULL ? wake->bell->epoll : 0;
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
