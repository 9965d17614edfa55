#include "environment.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "exports.h"

void midge_environment_poke(midge_environment *environment) {
  midge_wake_send(environment->wake);
}

/* On the reactor's thread. */
static void poke(void *context) {
  midge_environment_poke(context);
}

/* --- On JavaScript's thread --- */

static bool read_near(void *context) {
  midge_environment *environment = context;
  return environment->reactor != NULL &&
         midge_reactor_read(environment->reactor);
}

static void cork(void *context, bool on) {
  midge_environment *environment = context;
  environment->is_turning = on;
  if (environment->reactor == NULL) return;
  if (on)
    midge_reactor_cork(environment->reactor);
  else
    midge_reactor_uncork(environment->reactor);
}

static void run_turn(void *context, bool read) {
  midge_environment *environment = context;
  napi_env env = environment->env;
  napi_value function = NULL, receiver = NULL, result = NULL, error = NULL;
  napi_value by_us = NULL;
  bool pending = false;
  if (environment->turn == NULL) return;
  napi_get_reference_value(env, environment->turn, &function);
  napi_get_undefined(env, &receiver);
  napi_get_boolean(env, read, &by_us);
  napi_call_function(env, receiver, function, 1, &by_us, &result);
  napi_is_exception_pending(env, &pending);
  if (!pending) return;
  if (napi_get_and_clear_last_exception(env, &error) != napi_ok) return;
  /* Deno, when it ends over an exception that it was told, throws null. */
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, error, &type) != napi_ok || type == napi_null) return;
  napi_fatal_exception(env, error);
}

static const midge_wake_turns turns = {
    .read = read_near, .take = run_turn, .cork = cork};

static void clean_up(void *data) {
  midge_environment_stop(data);
}

static void free_environment(midge_environment *environment) {
  napi_env env = environment->env;
  midge_environment_stop(environment);
  if (environment->turn != NULL) {
    napi_delete_reference(env, environment->turn);
    napi_delete_reference(env, environment->nothing);
    midge_outgoing_free(&environment->outgoing, env);
    midge_answers_free(&environment->answers, env);
    midge_batch_free(&environment->batch, env);
  }
  midge_wake_free(environment->wake);
  free(environment->clients);
  free(environment->free);
  free(environment->ended);
  free(environment);
}

static void finalize(napi_env env, void *data, void *hint) {
  midge_environment *environment = data;
  (void)env;
  (void)hint;
  while (environment != NULL) {
    midge_environment *next = environment->next;
    free_environment(environment);
    environment = next;
  }
}

static bool has_clients(const midge_environment *environment) {
  return environment->free_count + environment->ended_count !=
         environment->client_room;
}

/* What a test file has left behind needs no thread and no descriptor. It has
 * them again with its next client. */
static void rest(midge_environment *environment) {
  if (environment->reactor == NULL || has_clients(environment)) return;
  if (environment->stash.count != 0) return;
  midge_reactor_stop(environment->reactor);
  environment->reactor = NULL;
  midge_wake_cease(environment->wake);
}

midge_environment *midge_environment_another(midge_environment *environment) {
  midge_environment *other = calloc(1, sizeof *other);
  for (midge_environment *one = environment; one != NULL; one = one->next)
    rest(one);
  if (other == NULL) return NULL;
  *other =
      (midge_environment){.env = environment->env, .next = environment->next};
  environment->next = other;
  return other;
}

midge_environment *midge_environment_new(napi_env env) {
  midge_environment *environment = calloc(1, sizeof *environment);
  if (environment == NULL) return NULL;
  environment->env = env;
  if (napi_set_instance_data(env, environment, finalize, NULL) != napi_ok) {
    free(environment);
    return NULL;
  }
  return environment;
}

/* They were accepted, so that they end like others, on a later turn. */
static void refuse(midge_environment *environment, midge_handle *client,
                   const midge_outgoing_run *run, midge_status status) {
  midge_event event = {.type = MIDGE_EVENT_DONE, .context = client};
  event.done.token = run->token;
  event.done.count = run->bundle.count;
  event.done.status = status;
  bool stashed = midge_stash_push(&environment->stash, &event);
  assert(stashed); /* else they would have no end */
  midge_environment_poke(environment);
}

/* What comes too late is nobody's. */
static void flush_answers(midge_environment *environment) {
  midge_answers_run run;
  if (!midge_answers_take(&environment->answers, &run)) return;
  midge_handle *client = midge_environment_client(environment, run.index);
  if (client == NULL) return;
  midge_status status = midge_client_acknowledge_list(client->handle, run.list,
                                                      run.count, run.attempt);
  (void)status;
}

void midge_environment_flush(midge_environment *environment) {
  midge_outgoing_run run;
  flush_answers(environment);
  if (!midge_outgoing_take(&environment->outgoing, &run)) return;
  midge_handle *client = midge_environment_client(environment, run.index);
  if (client == NULL) return; /* the environment has been stopped */
  midge_status status =
      midge_client_publish_bundle(client->handle, &run.bundle, run.token);
  if (status != MIDGE_OK) refuse(environment, client, &run, status);
}

void midge_environment_push(midge_environment *environment) {
  bool is_turning = environment->is_turning;
  midge_environment_flush(environment);
  cork(environment, false);
  if (is_turning) cork(environment, true);
}

/* The hook is added after the function it protects: hooks run in reverse, so
 * the reactor's thread is gone before what it would call. */
static bool open_wake(midge_environment *environment) {
  napi_value resource = NULL;
  napi_get_reference_value(environment->env, environment->nothing, &resource);
  environment->wake =
      midge_wake_open(environment->env, resource, &turns, environment);
  return environment->wake != NULL &&
         napi_add_env_cleanup_hook(environment->env, clean_up, environment) ==
             napi_ok;
}

midge_status midge_environment_start(midge_environment *environment) {
  if (environment->stopped) return MIDGE_ECLOSED;
  if (environment->reactor != NULL) return MIDGE_OK;
  if (environment->wake == NULL && !open_wake(environment)) {
    return MIDGE_EERRNO;
  }
  midge_status status = midge_reactor_start(
      &environment->reactor,
      &(midge_reactor_options){.wake = poke,
                               .context = environment,
                               .helps = true,
                               .epoll = midge_wake_listen(environment->wake)});
  if (status != MIDGE_OK) midge_wake_cease(environment->wake);
  return status;
}

static void drop_stash(midge_environment *environment) {
  midge_event event;
  while (midge_stash_pop(&environment->stash, &event)) {
    midge_environment_give_back(environment, &event);
  }
  midge_stash_free(&environment->stash);
}

void midge_environment_stop(midge_environment *environment) {
  midge_environment_flush(environment);
  environment->stopped = true;
  drop_stash(environment);
  if (environment->reactor != NULL) midge_reactor_stop(environment->reactor);
  environment->reactor = NULL;
  for (uint32_t i = 0; i < environment->client_room; i++) {
    free(environment->clients[i]);
    environment->clients[i] = NULL;
  }
  environment->ended_count = 0;
}

static bool widen(void **list, size_t size) {
  void *wider = realloc(*list, size);
  if (wider == NULL) return false;
  *list = wider;
  return true;
}

/* Lower indices are given out first. */
static bool more_clients(midge_environment *environment) {
  uint32_t old = environment->client_room;
  uint32_t room = old == 0 ? 16 : old * 2;
  if (room > CLIENTS_MAX ||
      !widen((void **)&environment->clients,
             room * sizeof *environment->clients) ||
      !widen((void **)&environment->free, room * sizeof *environment->free) ||
      !widen((void **)&environment->ended, room * sizeof *environment->ended)) {
    return false;
  }
  memset(environment->clients + old, 0,
         (room - old) * sizeof *environment->clients);
  for (uint32_t index = room; index > old; index--) {
    environment->free[environment->free_count++] = index - 1;
  }
  environment->client_room = room;
  return true;
}

midge_handle *midge_environment_add(midge_environment *environment) {
  if (environment->free_count == 0 && !more_clients(environment)) return NULL;
  midge_handle *client = calloc(1, sizeof *client);
  if (client == NULL) return NULL;
  client->index = environment->free[--environment->free_count];
  environment->clients[client->index] = client;
  return client;
}

midge_handle *midge_environment_client(midge_environment *environment,
                                       uint32_t index) {
  if (index >= environment->client_room) return NULL;
  midge_handle *client = environment->clients[index];
  return client == NULL || client->handle == NULL ? NULL : client;
}

void midge_environment_discard(midge_environment *environment,
                               midge_handle *client) {
  environment->clients[client->index] = NULL;
  environment->free[environment->free_count++] = client->index;
  free(client);
}

/* An index is given out again only after JavaScript has seen the events that
 * still carry it. There is room: no client ends twice. */
static void end(midge_environment *environment, midge_handle *client) {
  client->handle = NULL;
  environment->ended[environment->ended_count++] = client;
}

void midge_environment_sweep(midge_environment *environment) {
  for (uint32_t i = 0; i < environment->ended_count; i++) {
    midge_environment_discard(environment, environment->ended[i]);
  }
  environment->ended_count = 0;
}

static void note(const midge_event *event) {
  midge_handle *client = event->context;
  if (event->type == MIDGE_EVENT_OPENED) client->opened = true;
  if (event->type == MIDGE_EVENT_CLOSED) client->opened = false;
}

bool midge_environment_wait(midge_environment *environment, midge_event *event,
                            uint64_t timeout_ms) {
  if (environment->reactor == NULL) return false;
  if (!midge_reactor_wait(environment->reactor, event, timeout_ms))
    return false;
  note(event);
  return true;
}

bool midge_environment_stash(midge_environment *environment,
                             const midge_event *event) {
  if (!midge_stash_push(&environment->stash, event)) return false;
  midge_reactor_keep(environment->reactor);
  return true;
}

static bool take(midge_environment *environment, midge_event *event,
                 bool rests) {
  midge_reactor *reactor = environment->reactor;
  if (reactor == NULL) return false;
  if (rests ? !midge_reactor_event(reactor, event)
            : !midge_reactor_more(reactor, event)) {
    return false;
  }
  note(event);
  return true;
}

bool midge_environment_next(midge_environment *environment, midge_event *event,
                            bool rests, bool *stashed) {
  *stashed = midge_stash_pop(&environment->stash, event);
  if (!*stashed && !take(environment, event, rests)) return false;
  if (event->type == MIDGE_EVENT_ENDED) end(environment, event->context);
  return true;
}

void midge_environment_give_back(midge_environment *environment,
                                 const midge_event *event) {
  midge_reactor_give_back(environment->reactor, event);
  midge_buffer_release(event->buffer);
}

/* setup(turn, nothing, records, extras, strings, outgoing records, words,
 * answers); nothing.hasRef() says whether a client keeps the process alive */
static napi_value setup(napi_env env, napi_callback_info info) {
  midge_environment *environment = NULL;
  napi_value args[8];
  size_t count = 8;
  napi_get_cb_info(env, info, &count, args, NULL, (void **)&environment);
  napi_create_reference(env, args[0], 1, &environment->turn);
  napi_create_reference(env, args[1], 1, &environment->nothing);
  midge_batch_set_up(&environment->batch, env, args + 2);
  midge_outgoing_set_up(&environment->outgoing, env, args + 5);
  midge_answers_set_up(&environment->answers, env, args[7]);
  return NULL;
}

static napi_value stop(napi_env env, napi_callback_info info) {
  midge_environment_stop(midge_export_environment(env, info));
  return NULL;
}

/* Whether an open client keeps the process alive. */
static napi_value ref(napi_env env, napi_callback_info info) {
  midge_environment *environment = midge_export_environment(env, info);
  if (environment->wake != NULL) {
    midge_wake_keep_alive(environment->wake, true);
  }
  return NULL;
}

static napi_value unref(napi_env env, napi_callback_info info) {
  midge_environment *environment = midge_export_environment(env, info);
  if (environment->wake != NULL) {
    midge_wake_keep_alive(environment->wake, false);
  }
  return NULL;
}

/* What a callback threw goes where an exception without a catch goes, at
 * once, and the caller lives on if a handler wants it to. */
static napi_value raise(napi_env env, napi_callback_info info) {
  napi_value error = NULL;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &error, NULL, NULL);
  napi_fatal_exception(env, error);
  return NULL;
}

void midge_environment_export(midge_environment *environment,
                              napi_value exports) {
  midge_export(environment, exports, "setup", setup);
  midge_export(environment, exports, "stop", stop);
  midge_export(environment, exports, "ref", ref);
  midge_export(environment, exports, "unref", unref);
  midge_export(environment, exports, "raise", raise);
}
