#include "transport.h"

#include "client.h"
#include "exports.h"
#include "scratch.h"

#define ARGUMENTS_MAX 4
#define HOLD_BACK 1 /* what `received` returns when reading is to stop */

/* What each of these functions takes first: a client, and its attempt. */
typedef struct fact {
  midge_client *client; /* null: it was given up */
  uint32_t attempt;
  napi_value args[ARGUMENTS_MAX];
} fact;

static fact begin(napi_env env, napi_callback_info info) {
  fact told = {0};
  midge_environment *environment = NULL;
  size_t count = ARGUMENTS_MAX;
  napi_get_cb_info(env, info, &count, told.args, NULL, (void **)&environment);
  midge_handle *client = midge_client_argument(environment, told.args[0]);
  if (client != NULL) told.client = client->handle;
  napi_get_value_uint32(env, told.args[1], &told.attempt);
  return told;
}

/* dialed(index, attempt) */
static napi_value dialed(napi_env env, napi_callback_info info) {
  fact told = begin(env, info);
  midge_status status = MIDGE_ENOCONN;
  if (told.client != NULL)
    status = midge_client_dialed(told.client, told.attempt);
  return midge_export_status(env, status);
}

/* received(index, attempt, bytes): a status, or HOLD_BACK. */
static napi_value received(napi_env env, napi_callback_info info) {
  fact told = begin(env, info);
  midge_status status = MIDGE_ENOCONN;
  void *data = NULL;
  size_t size = 0;
  napi_get_typedarray_info(env, told.args[2], NULL, &size, &data, NULL, NULL);
  if (told.client == NULL) return midge_export_status(env, status);
  status = midge_client_received(told.client, told.attempt,
                                 (midge_slice){data, size});
  if (status != MIDGE_OK) return midge_export_status(env, status);
  napi_value answer = NULL;
  bool goes_on = midge_client_reading(told.client);
  napi_create_int32(env, goes_on ? 0 : HOLD_BACK, &answer);
  return answer;
}

/* written(index, attempt, size) */
static napi_value written(napi_env env, napi_callback_info info) {
  fact told = begin(env, info);
  midge_status status = MIDGE_ENOCONN;
  uint32_t size = 0;
  napi_get_value_uint32(env, told.args[2], &size);
  if (told.client != NULL)
    status = midge_client_written(told.client, told.attempt, size);
  return midge_export_status(env, status);
}

/* ended(index, attempt) */
static napi_value ended(napi_env env, napi_callback_info info) {
  fact told = begin(env, info);
  midge_status status = MIDGE_ENOCONN;
  if (told.client != NULL)
    status = midge_client_ended(told.client, told.attempt);
  return midge_export_status(env, status);
}

/* broken(index, attempt, code, text); of a socket too: it is dropped. */
static napi_value broken(napi_env env, napi_callback_info info) {
  fact told = begin(env, info);
  midge_scratch scratch = {.env = env};
  midge_status status = MIDGE_ENOCONN;
  midge_slice code = midge_scratch_bytes(&scratch, told.args[2]);
  midge_slice text = midge_scratch_bytes(&scratch, told.args[3]);
  if (told.client != NULL)
    status = midge_client_broken(told.client, told.attempt, code, text);
  midge_scratch_free(&scratch);
  return midge_export_status(env, status);
}

void midge_transport_export(midge_environment *environment,
                            napi_value exports) {
  midge_export(environment, exports, "dialed", dialed);
  midge_export(environment, exports, "received", received);
  midge_export(environment, exports, "written", written);
  midge_export(environment, exports, "ended", ended);
  midge_export(environment, exports, "broken", broken);
}
