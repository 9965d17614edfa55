#include "stats.h"

#include "client.h"
#include "exports.h"

static void add(napi_env env, napi_value list, double number) {
  napi_value value = NULL;
  uint32_t count = 0;
  napi_get_array_length(env, list, &count);
  napi_create_double(env, number, &value);
  napi_set_element(env, list, count, value);
}

/* stats(index): numbers in the order of lib/stats.js, then a status and a count
 * for each cause; undefined for a client that was given up. */
static napi_value stats(napi_env env, napi_callback_info info) {
  midge_environment *environment = NULL;
  napi_value index = NULL, list = NULL;
  midge_stats told;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &index, NULL, (void **)&environment);
  midge_handle *client = midge_client_argument(environment, index);
  if (client == NULL) return NULL;
  midge_client_stats(client->handle, &told);
  napi_create_array(env, &list);
  const double numbers[] = {
      (double)told.queue_messages,
      (double)told.queue_bytes,
      (double)told.in_flight,
      (double)told.bytes_received,
      (double)told.bytes_sent,
      told.attempts,
      told.connections,
      (double)told.round_trips.count,
      (double)told.round_trips.p50_ms,
      (double)told.round_trips.p90_ms,
      (double)told.round_trips.p99_ms,
      (double)told.round_trips.max_ms,
  };
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
    add(env, list, numbers[i]);
  for (int i = 0; i < MIDGE_STATS_CAUSES && told.causes[i].count != 0; i++) {
    add(env, list, told.causes[i].status);
    add(env, list, told.causes[i].count);
  }
  return list;
}

void midge_stats_export(midge_environment *environment, napi_value exports) {
  midge_export(environment, exports, "stats", stats);
}
