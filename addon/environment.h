/* What one JavaScript environment (the main thread or a worker, once for each
 * copy of lib/ or of the addon that it loads) owns: a reactor, its clients, and
 * the way back to JavaScript. Nothing here is static, and nothing outlives it.
 */
#ifndef MIDGE_ADDON_ENVIRONMENT_H
#define MIDGE_ADDON_ENVIRONMENT_H

#include <node_api.h>

#include "answers.h"
#include "batch.h"
#include "handle.h"
#include "midge/client.h"
#include "outgoing.h"
#include "stash.h"
#include "wake.h"

#define CLIENTS_MAX (1u << 24)

typedef struct midge_environment {
  napi_env env;
  struct midge_environment *next; /* of another copy of lib/ */
  bool claimed;                   /* by a copy of lib/ */
  midge_reactor *reactor; /* null before the first client and once stopped */
  bool stopped;
  bool is_turning; /* JavaScript deals with events */
  midge_wake *wake;
  napi_ref turn;          /* the function of lib/ that takes batches */
  napi_ref nothing;       /* a function of lib/ that does nothing */
  midge_handle **clients; /* by index; null where there is none */
  uint32_t *free;         /* the indices that are not in use */
  midge_handle **ended;   /* their indices are free once this batch was taken */
  uint32_t client_room, free_count, ended_count;
  midge_stash stash;
  midge_outgoing outgoing;
  midge_answers answers;
  midge_batch batch;
} midge_environment;

/* Null when there is no memory. */
midge_environment *midge_environment_new(napi_env env);
/* Another of the same JavaScript environment, which ends with this one. Those
 * without clients have no thread from here on, until they have one. */
midge_environment *midge_environment_another(midge_environment *environment);

/* The reactor is started by the first client. */
midge_status midge_environment_start(midge_environment *environment);
/* Drops every connection and joins the thread. Wishes made after this are
 * refused, nothing crashes: it may happen inside a callback. */
void midge_environment_stop(midge_environment *environment);

/* Null when there is no memory or no index left. */
midge_handle *midge_environment_add(midge_environment *environment);
/* Take what JavaScript has published and not yet handed over. Every call that
 * says or waits for something comes after it. */
void midge_environment_flush(midge_environment *environment);
/* As _flush, and what was wished in this turn leaves now. */
void midge_environment_push(midge_environment *environment);
/* Have JavaScript take events, on a later turn of its loop. */
void midge_environment_poke(midge_environment *environment);

/* The live client with that index, or null. */
midge_handle *midge_environment_client(midge_environment *environment,
                                       uint32_t index);
void midge_environment_discard(midge_environment *environment,
                               midge_handle *client);
/* Give back the clients that ended before this batch. */
void midge_environment_sweep(midge_environment *environment);

/* The next event of the reactor, past the stash. */
bool midge_environment_wait(midge_environment *environment, midge_event *event,
                            uint64_t timeout_ms);
/* Put the event that was waited for last into the stash, where it counts as
 * not yet taken: a flood stops at its client's high-water mark. */
bool midge_environment_stash(midge_environment *environment,
                             const midge_event *event);
/* The next event in order, from the stash first: then it is `stashed`, and to
 * be given back. When there is none JavaScript is poked for those that come,
 * if it `rests`. */
bool midge_environment_next(midge_environment *environment, midge_event *event,
                            bool rests, bool *stashed);
void midge_environment_give_back(midge_environment *environment,
                                 const midge_event *event);

/* JavaScript: setup, stop, ref, unref, raise. */
void midge_environment_export(midge_environment *environment,
                              napi_value exports);

#endif
