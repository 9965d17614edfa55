#include "routes.h"

#include "exports.h"
#include "scratch.h"

/* The next filter of a table: its size in two bytes, high one first, and the
 * filter. False at the end. */
static bool next_filter(midge_slice *rest, midge_slice *filter) {
  if (rest->size < 2) return false;
  *filter = (midge_slice){rest->data + 2,
                          (size_t)(rest->data[0] << 8 | rest->data[1])};
  size_t size = filter->size + 2;
  if (rest->size < size) return false;
  *rest = (midge_slice){rest->data + size, rest->size - size};
  return true;
}

/* match(table, topic): the places of the filters that match it. */
static napi_value match(napi_env env, napi_callback_info info) {
  midge_scratch scratch = {.env = env};
  napi_value args[2], places = NULL;
  size_t count = 2;
  uint32_t place = 0, found = 0;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  midge_slice topic = midge_scratch_bytes(&scratch, args[1]);
  midge_slice filter, rest = midge_scratch_bytes(&scratch, args[0]);
  napi_create_array(env, &places);
  for (; next_filter(&rest, &filter); place++) {
    napi_value value = NULL;
    if (!midge_filter_matches(filter, topic)) continue;
    napi_create_uint32(env, place, &value);
    napi_set_element(env, places, found++, value);
  }
  midge_scratch_free(&scratch);
  return places;
}

void midge_routes_export(midge_environment *environment, napi_value exports) {
  midge_export(environment, exports, "match", match);
}
