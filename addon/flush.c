#include "flush.h"

#include "client.h"
#include "exports.h"

static napi_value flush(napi_env env, napi_callback_info info) {
  midge_environment_push(midge_export_environment(env, info));
  return NULL;
}

/* room(index): how much more this client may publish. */
static napi_value room(napi_env env, napi_callback_info info) {
  midge_environment *environment = NULL;
  napi_value index = NULL;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &index, NULL, (void **)&environment);
  midge_environment_flush(environment);
  midge_handle *client = midge_client_argument(environment, index);
  midge_room room = {0, 0};
  if (client != NULL) room = midge_client_room(client->handle);
  midge_outgoing_set_room(&environment->outgoing, room);
  return NULL;
}

void midge_flush_export(midge_environment *environment, napi_value exports) {
  midge_export(environment, exports, "flush", flush);
  midge_export(environment, exports, "room", room);
}
