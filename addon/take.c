#include "take.h"

#include "exports.h"

enum { FEW_EVENTS = 4 }; /* that are dealt with soon */

/* Behind few events it comes back for others, and need not be woken for them,
 * above all not for the end of its own answers; while it deals with many it is
 * to know of others at once. */
static bool rests(const midge_batch *batch) {
  return batch->count == 0 || batch->count > FEW_EVENTS;
}

static void fill(midge_environment *environment, napi_env env) {
  midge_batch *batch = &environment->batch;
  midge_event event;
  bool stashed = false;
  while (!midge_batch_is_full(batch) &&
         midge_environment_next(environment, &event, rests(batch), &stashed)) {
    midge_batch_add(batch, env, &event);
    if (stashed) midge_environment_give_back(environment, &event);
  }
}

static napi_value take(napi_env env, napi_callback_info info) {
  midge_environment *environment = midge_export_environment(env, info);
  midge_batch *batch = &environment->batch;
  napi_value count = NULL;
  midge_environment_flush(environment);
  midge_environment_sweep(environment);
  midge_batch_begin(batch, env);
  fill(environment, env);
  napi_create_uint32(env, midge_batch_end(batch, env), &count);
  return count;
}

void midge_take_export(midge_environment *environment, napi_value exports) {
  midge_export(environment, exports, "take", take);
}
