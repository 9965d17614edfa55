#include "wait.h"

#include <time.h>

#include "client.h"
#include "exports.h"

/* How long the thread sleeps before it looks whether it is to end: a worker
 * may be terminated at any time. */
#define NAP_MS 100

enum goal {
  GOAL_OPENED, /* connected, or the first attempt failed */
  GOAL_DONE,   /* the wish has ended, or the connection has */
  GOAL_CLOSED, /* disconnected for good */
  GOAL_OTHER,  /* as GOAL_DONE; it may have been while another was waited for */
};

typedef struct awaited {
  const midge_handle *client; /* and the last connect that was asked of it */
  enum goal goal;
  uint64_t token;
  bool was_opened; /* the connection that we may lose was there */
  napi_value why;  /* what a connection that has ended says; or null */
} awaited;

typedef struct verdict {
  bool reached;
  uint32_t asks; /* the attempt that waits for midge_client_proceed, or 0 */
  midge_status status;
} verdict;

/* A refused filter is a refusal of the whole call. */
static midge_status answer(const midge_event *event) {
  if (event->done.status != MIDGE_OK) return event->done.status;
  for (size_t i = 0; i < event->done.reasons.size; i++) {
    uint8_t reason = event->done.reasons.data[i];
    if (reason >= MIDGE_REASON_UNSPECIFIED_ERROR) return -(int)reason;
  }
  return MIDGE_OK;
}

static verdict judge_closed(const awaited *waiting, const midge_event *event) {
  bool last = event->closed.retry_ms == MIDGE_NEVER;
  verdict outcome = {.status = event->closed.status};
  switch (waiting->goal) {
    case GOAL_OPENED:
      outcome.reached = true;
      break;
    case GOAL_DONE:
      /* A failed attempt is not yet a lost connection. */
      outcome.reached = waiting->was_opened || last;
      break;
    case GOAL_CLOSED:
      outcome.reached = last;
      return outcome;
    case GOAL_OTHER:
      return outcome; /* it has become GOAL_DONE */
  }
  if (outcome.status == MIDGE_OK) outcome.status = MIDGE_ECLOSED;
  return outcome;
}

/* What is left of a connect that was given up says nothing of this one. */
static bool is_meant(const awaited *waiting, const midge_event *event) {
  if (event->context != waiting->client) return false;
  return event->type == MIDGE_EVENT_DONE ||
         event->connect == waiting->client->connects;
}

static verdict judge(awaited *waiting, const midge_event *event) {
  verdict outcome = {0};
  if (!is_meant(waiting, event)) return outcome;
  switch (event->type) {
    case MIDGE_EVENT_CONNECTING:
      if (waiting->goal == GOAL_OPENED && waiting->client->asks) {
        outcome.asks = event->attempt;
      }
      return outcome;
    case MIDGE_EVENT_OPENED:
      waiting->was_opened = true;
      outcome.reached = waiting->goal == GOAL_OPENED;
      return outcome;
    case MIDGE_EVENT_DONE:
      outcome.reached =
          waiting->goal == GOAL_DONE && event->done.token == waiting->token;
      if (outcome.reached) outcome.status = answer(event);
      return outcome;
    case MIDGE_EVENT_CLOSED:
      return judge_closed(waiting, event);
    default:
      return outcome;
  }
}

static verdict judge_stash(const awaited *waiting, const midge_stash *stash) {
  verdict outcome = {0};
  for (size_t i = 0; i < stash->count && !outcome.reached; i++) {
    const midge_event *event = midge_stash_at(stash, i);
    outcome.reached = event->context == waiting->client &&
                      event->type == MIDGE_EVENT_DONE &&
                      event->done.token == waiting->token;
    if (outcome.reached) outcome.status = answer(event);
  }
  return outcome;
}

static uint64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* JavaScript cannot run in an environment that is being ended. */
static bool is_ending(midge_environment *environment) {
  napi_env env = environment->env;
  napi_value function = NULL, receiver = NULL;
  napi_get_reference_value(env, environment->nothing, &function);
  napi_get_undefined(env, &receiver);
  return napi_call_function(env, receiver, function, 0, NULL, NULL) != napi_ok;
}

static napi_value text_value(napi_env env, midge_slice text) {
  napi_value value = NULL;
  napi_create_string_utf8(env, text.size == 0 ? "" : (const char *)text.data,
                          text.size, &value);
  return value;
}

/* [status, text, code, the server's reason]; null: there is no more than the
 * status. */
static napi_value explain(napi_env env, const midge_event *event,
                          midge_status status) {
  if (event->type != MIDGE_EVENT_CLOSED || status == MIDGE_OK) return NULL;
  napi_value list = NULL, reason = NULL;
  if (napi_create_array(env, &list) != napi_ok) return NULL;
  napi_set_element(env, list, 0, midge_export_status(env, status));
  napi_set_element(env, list, 1, text_value(env, event->closed.text));
  napi_set_element(env, list, 2, text_value(env, event->closed.code));
  if (event->closed.by == MIDGE_SIDE_SERVER && event->closed.has_reason) {
    napi_create_uint32(env, event->closed.reason, &reason);
    napi_set_element(env, list, 3, reason);
  }
  return list;
}

/* More than 0: the attempt that asks. */
static double wait_for(midge_environment *environment, awaited *waiting,
                       uint64_t timeout_ms) {
  uint64_t start = now_ms(), look = start + NAP_MS;
  midge_event event;
  if (waiting->goal == GOAL_OTHER) {
    verdict known = judge_stash(waiting, &environment->stash);
    if (known.reached) return known.status;
    waiting->goal = GOAL_DONE;
  }
  for (;;) {
    uint64_t now = now_ms();
    if (now - start >= timeout_ms) return MIDGE_ETIMEOUT;
    if (now >= look && is_ending(environment)) return MIDGE_ECLOSED;
    if (now >= look) look = now + NAP_MS;
    uint64_t left = timeout_ms - (now - start);
    if (!midge_environment_wait(environment, &event,
                                left < NAP_MS ? left : NAP_MS)) {
      continue;
    }
    verdict outcome = judge(waiting, &event);
    if (outcome.asks != 0) return outcome.asks;
    if (outcome.reached)
      waiting->why = explain(environment->env, &event, outcome.status);
    if (!midge_environment_stash(environment, &event)) return MIDGE_ENOMEM;
    if (outcome.reached) return outcome.status;
  }
}

/* wait(index, goal, token, timeout): the outcome, as a list with what is known
 * of it if a connection has ended, or the number of an attempt that asks for
 * credentials. */
static napi_value wait(napi_env env, napi_callback_info info) {
  midge_environment *environment = NULL;
  napi_value args[4];
  size_t count = 4;
  uint32_t goal = 0;
  double token = 0, timeout_ms = 0;
  napi_get_cb_info(env, info, &count, args, NULL, (void **)&environment);
  midge_environment_flush(environment);
  midge_handle *client = midge_client_argument(environment, args[0]);
  if (client == NULL) return midge_export_status(env, MIDGE_ENOCONN);
  napi_get_value_uint32(env, args[1], &goal);
  napi_get_value_double(env, args[2], &token);
  napi_get_value_double(env, args[3], &timeout_ms);
  awaited waiting = {.client = client,
                     .goal = (enum goal)goal,
                     .token = (uint64_t)token,
                     .was_opened = client->opened};
  double outcome = wait_for(environment, &waiting, (uint64_t)timeout_ms);
  if (waiting.why != NULL && outcome != MIDGE_ENOMEM) return waiting.why;
  napi_value value = NULL;
  napi_create_double(env, outcome, &value);
  return value;
}

void midge_wait_export(midge_environment *environment, napi_value exports) {
  midge_export(environment, exports, "wait", wait);
}
