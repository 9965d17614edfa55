#include "publish.h"

#include "client.h"
#include "exports.h"
#include "options.h"
#include "properties.h"

#define TOPIC_ROOM 512
#define TEXT_ROOM 4096
#define UTF8_MAX 4 /* bytes of a character */

/* A string on the stack when it fits, else in the scratch. Node-API cuts what
 * does not fit at a whole character, so a buffer with less than one character
 * left may hold only a part. */
static midge_slice string(midge_scratch *scratch, napi_value value, char *room,
                          size_t size) {
  size_t length = 0;
  napi_get_value_string_utf8(scratch->env, value, room, size, &length);
  if (length + UTF8_MAX >= size) return midge_scratch_bytes(scratch, value);
  return (midge_slice){(const uint8_t *)room, length};
}

static midge_slice bytes(napi_env env, napi_value value) {
  void *data = NULL;
  size_t size = 0;
  napi_get_typedarray_info(env, value, NULL, &size, &data, NULL, NULL);
  return (midge_slice){data, size};
}

enum {
  FLAG_QOS = 3,
  FLAG_RETAIN = 4,
  FLAG_TEXT = 8,   /* the payload is a string */
  FLAG_BYTES = 16, /* the payload is a Uint8Array; neither: empty */
  FLAG_COALESCE = 32,
  FLAG_PATIENT = 64,  /* nobody waits for its success */
  FLAG_FOLLOWED = 128 /* the end of this turn is said by flush */
};

/* publish(index, token, flags, topic, payload, properties, ttl, timeout) */
static napi_value publish(napi_env env, napi_callback_info info) {
  char topic_room[TOPIC_ROOM], text_room[TEXT_ROOM];
  midge_environment *environment = NULL;
  midge_scratch scratch = {.env = env};
  napi_value args[8];
  size_t count = 8;
  double token = 0;
  uint32_t flags = 0;
  napi_get_cb_info(env, info, &count, args, NULL, (void **)&environment);
  midge_environment_flush(environment);
  midge_handle *client = midge_client_argument(environment, args[0]);
  if (client == NULL) return midge_export_status(env, MIDGE_ENOCONN);
  napi_get_value_double(env, args[1], &token);
  napi_get_value_uint32(env, args[2], &flags);
  uint64_t patient = flags & FLAG_PATIENT ? MIDGE_TOKEN_PATIENT : 0;

  midge_publish wish = {
      .topic = string(&scratch, args[3], topic_room, sizeof topic_room),
      .qos = (midge_qos)(flags & FLAG_QOS),
      .retain = (flags & FLAG_RETAIN) != 0,
      .coalesce = (flags & FLAG_COALESCE) != 0,
      .followed = (flags & FLAG_FOLLOWED) != 0,
  };
  if (flags & FLAG_BYTES) wish.payload = bytes(env, args[4]);
  if (flags & FLAG_TEXT) {
    wish.payload = string(&scratch, args[4], text_room, sizeof text_room);
  }
  if (count > 5) {
    wish.properties = midge_properties_read(&scratch, args[5]);
    napi_get_value_uint32(env, args[6], &wish.ttl_ms);
    napi_get_value_uint32(env, args[7], &wish.timeout_ms);
  }
  midge_status status = scratch.failed
                            ? MIDGE_ENOMEM
                            : midge_client_publish(client->handle, &wish,
                                                   (uint64_t)token | patient);
  midge_scratch_free(&scratch);
  return midge_export_status(env, status);
}

/* checkWill(will, version, lenient) */
static napi_value check_will(napi_env env, napi_callback_info info) {
  midge_scratch scratch = {.env = env};
  napi_value args[3];
  size_t count = 3;
  uint32_t version = 0;
  bool lenient = false;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  napi_get_value_uint32(env, args[1], &version);
  napi_get_value_bool(env, args[2], &lenient);
  const midge_publish *will = midge_options_read_will(&scratch, args[0]);
  midge_status status =
      will == NULL || scratch.failed
          ? MIDGE_ENOMEM
          : midge_will_check(will, (midge_version)version,
                             lenient ? MIDGE_TEXT_LENIENT : MIDGE_TEXT_STRICT);
  midge_scratch_free(&scratch);
  return midge_export_status(env, status);
}

void midge_publish_export(midge_environment *environment, napi_value exports) {
  midge_export(environment, exports, "publish", publish);
  midge_export(environment, exports, "checkWill", check_will);
}
