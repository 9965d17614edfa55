#include "client.h"

#include "exports.h"
#include "options.h"
#include "properties.h"

#define ARGUMENTS_MAX 7
#define TEXT_SIZE 256

/* A call from JavaScript, with what it needs until it returns. */
typedef struct native_call {
  midge_environment *environment;
  midge_handle *client; /* named by the first argument, or null */
  napi_value args[ARGUMENTS_MAX];
  midge_scratch scratch;
} native_call;

static void begin(native_call *call, napi_env env, napi_callback_info info) {
  size_t count = ARGUMENTS_MAX;
  call->scratch = (midge_scratch){.env = env};
  napi_get_cb_info(env, info, &count, call->args, NULL,
                   (void **)&call->environment);
  midge_environment_flush(call->environment);
  call->client = midge_client_argument(call->environment, call->args[0]);
}

static napi_value finish(native_call *call, midge_status status) {
  midge_scratch_free(&call->scratch);
  return midge_export_status(call->scratch.env, status);
}

static uint32_t number(const native_call *call, int argument) {
  uint32_t value = 0;
  napi_get_value_uint32(call->scratch.env, call->args[argument], &value);
  return value;
}

static bool flag(const native_call *call, int argument) {
  bool value = false;
  napi_get_value_bool(call->scratch.env, call->args[argument], &value);
  return value;
}

static uint64_t token(const native_call *call, int argument) {
  double value = 0;
  napi_get_value_double(call->scratch.env, call->args[argument], &value);
  return (uint64_t)value;
}

midge_handle *midge_client_argument(midge_environment *environment,
                                    napi_value argument) {
  uint32_t index = UINT32_MAX;
  napi_get_value_uint32(environment->env, argument, &index);
  return midge_environment_client(environment, index);
}

/* What cannot be is told in words: setText(text) of lib/ gets them. */
static void tell(native_call *call, napi_value function, const char *text) {
  napi_env env = call->scratch.env;
  napi_value receiver = NULL, value = NULL;
  if (text[0] == '\0') return;
  napi_get_undefined(env, &receiver);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  napi_call_function(env, receiver, function, 1, &value, NULL);
}

static midge_status open_client(native_call *call, midge_handle *client,
                                const midge_client_options *options) {
  char text[TEXT_SIZE] = "";
  midge_status status = midge_client_open(
      &client->handle, call->environment->reactor, options, text, sizeof text);
  if (status != MIDGE_OK) tell(call, call->args[6], text);
  return status;
}

/* What every client has stands in the arguments, the rest in a list. */
static void read_options(native_call *call, midge_client_options *options) {
  midge_scratch *scratch = &call->scratch;
  *options = (midge_client_options){
      .url = midge_scratch_bytes(scratch, call->args[0])};
  midge_session_options *session = &options->session;
  session->client_id = midge_scratch_bytes(scratch, call->args[1]);
  session->user_name = midge_scratch_bytes(scratch, call->args[2]);
  session->password = midge_scratch_bytes(scratch, call->args[3]);
  session->keep_alive_s = (uint16_t)number(call, 4);
  session->keep_alive_off = session->keep_alive_s == 0;
  session->adopt_session = true;
  midge_options_read(scratch, call->args[5], options);
}

static midge_status start_reactor(native_call *call) {
  midge_status status = midge_environment_start(call->environment);
  if (status == MIDGE_EERRNO)
    tell(call, call->args[6],
         "midge's own thread cannot start: no file descriptor or no thread is "
         "left. Close some, or raise the limit (ulimit -n, ulimit -u)");
  return status;
}

/* open(url, clientId, userName, password, keepAlive, settings, setText): the
 * index, or an error. */
static napi_value open(napi_env env, napi_callback_info info) {
  native_call call;
  midge_client_options options;
  begin(&call, env, info);
  call.scratch.secret = true;
  read_options(&call, &options);
  if (call.scratch.failed) return finish(&call, MIDGE_ENOMEM);
  midge_status status = start_reactor(&call);
  if (status != MIDGE_OK) return finish(&call, status);
  midge_handle *client = midge_environment_add(call.environment);
  if (client == NULL) return finish(&call, MIDGE_ENOMEM);
  options.session.context = client;
  client->asks = options.ask;
  status = open_client(&call, client, &options);
  if (status != MIDGE_OK) {
    midge_environment_discard(call.environment, client);
    return finish(&call, status);
  }
  midge_scratch_free(&call.scratch);
  napi_value index = NULL;
  napi_create_uint32(env, client->index, &index);
  return index;
}

/* The last event of a client frees what stands for it here. */
static napi_value close(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  midge_client_close(call.client->handle);
  call.client->handle = NULL;
  return finish(&call, MIDGE_OK);
}

static napi_value connect(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  midge_status status = midge_client_connect(call.client->handle);
  if (status == MIDGE_OK) call.client->connects++;
  return finish(&call, status);
}

/* disconnect(index, reason, properties, force) */
static napi_value disconnect(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  midge_properties properties =
      midge_properties_read(&call.scratch, call.args[2]);
  if (call.scratch.failed) return finish(&call, MIDGE_ENOMEM);
  midge_status status = midge_client_disconnect(call.client->handle,
                                                (midge_reason)number(&call, 1),
                                                properties, flag(&call, 3));
  return finish(&call, status);
}

/* abort(index): as disconnect, but without DISCONNECT. */
static napi_value abort_client(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  midge_client_abort(call.client->handle);
  return finish(&call, MIDGE_OK);
}

/* acknowledge(index, packetId, reason, qos, attempt) */
static napi_value acknowledge(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  return finish(&call, midge_client_acknowledge(
                           call.client->handle, (uint16_t)number(&call, 1),
                           (midge_reason)number(&call, 2),
                           (midge_qos)number(&call, 3), number(&call, 4)));
}

/* acknowledgeDelivery(index, delivery) */
static napi_value acknowledge_delivery(napi_env env, napi_callback_info info) {
  native_call call;
  double delivery = 0;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  napi_get_value_double(env, call.args[1], &delivery);
  return finish(&call, midge_client_acknowledge_delivery(call.client->handle,
                                                         (uint64_t)delivery));
}

/* lastStored(index): the highest token of what a former life has stored. */
static napi_value last_stored(napi_env env, napi_callback_info info) {
  native_call call;
  napi_value value = NULL;
  begin(&call, env, info);
  double token = 0;
  if (call.client != NULL)
    token = (double)midge_client_last_stored(call.client->handle);
  napi_create_double(env, token, &value);
  return value;
}

/* hold(index, on) */
static napi_value hold(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  midge_client_hold(call.client->handle, flag(&call, 1));
  return finish(&call, MIDGE_OK);
}

static napi_value ping(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  return finish(&call, midge_client_ping(call.client->handle));
}

static napi_value postpone_ping(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  return finish(&call, midge_client_postpone_ping(call.client->handle));
}

/* trace(index, on) */
static napi_value trace(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  return finish(&call, midge_client_trace(call.client->handle, flag(&call, 1)));
}

/* cancel(index, token) */
static napi_value cancel(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  return finish(&call,
                midge_client_cancel(call.client->handle, token(&call, 1)));
}

static napi_value reconnect(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  return finish(&call, midge_client_reconnect(call.client->handle));
}

/* Options of a filter in one number: qos | no local << 2 | retain as
 * published << 3 | retain handling << 4, as on the wire. */
static const midge_subscription *subscriptions(native_call *call,
                                               napi_value filters,
                                               napi_value options,
                                               size_t *count) {
  const midge_slice *texts =
      midge_scratch_texts(&call->scratch, filters, count);
  midge_subscription *list =
      midge_scratch_take(&call->scratch, *count * sizeof *list);
  if (list == NULL) return NULL;
  for (uint32_t i = 0; i < *count; i++) {
    napi_value value = NULL;
    uint32_t bits = 0;
    napi_get_element(call->scratch.env, options, i, &value);
    napi_get_value_uint32(call->scratch.env, value, &bits);
    list[i] = (midge_subscription){.filter = texts[i],
                                   .qos = (midge_qos)(bits & 3),
                                   .no_local = (bits & 4) != 0,
                                   .retain_as_published = (bits & 8) != 0,
                                   .retain_handling = bits >> 4 & 3};
  }
  return list;
}

/* Three arguments: properties, ttl, timeout. */
static midge_request_options request_options(native_call *call, int argument) {
  return (midge_request_options){
      .properties = midge_properties_read(&call->scratch, call->args[argument]),
      .ttl_ms = number(call, argument + 1),
      .timeout_ms = number(call, argument + 2),
  };
}

/* subscribe(index, token, filters, options, properties, ttl, timeout) */
static napi_value subscribe(napi_env env, napi_callback_info info) {
  native_call call;
  size_t count = 0;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  const midge_subscription *list =
      subscriptions(&call, call.args[2], call.args[3], &count);
  midge_request_options options = request_options(&call, 4);
  if (call.scratch.failed) return finish(&call, MIDGE_ENOMEM);
  return finish(&call, midge_client_subscribe(call.client->handle, list, count,
                                              options, token(&call, 1)));
}

/* unsubscribe(index, token, filters, properties, ttl, timeout) */
static napi_value unsubscribe(napi_env env, napi_callback_info info) {
  native_call call;
  size_t count = 0;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  const midge_slice *filters =
      midge_scratch_texts(&call.scratch, call.args[2], &count);
  midge_request_options options = request_options(&call, 3);
  if (call.scratch.failed) return finish(&call, MIDGE_ENOMEM);
  return finish(&call,
                midge_client_unsubscribe(call.client->handle, filters, count,
                                         options, token(&call, 1)));
}

/* An object with names; null for none. */
static const midge_identity *read_identity(midge_scratch *scratch,
                                           napi_value object) {
  if (object == NULL) return NULL;
  midge_identity *identity = midge_scratch_take(scratch, sizeof *identity);
  if (identity == NULL) return NULL;
  *identity = (midge_identity){
      .client_id = midge_scratch_text(scratch, object, "clientId"),
      .clean_start = midge_scratch_flag(scratch, object, "clean"),
      .keep_alive_s =
          (uint16_t)midge_scratch_number(scratch, object, "keepAlive"),
  };
  identity->keep_alive_off = identity->keep_alive_s == 0;
  return identity;
}

/* proceed(index, attempt, {url, userName, password, headers, identity, tls});
 * undefined for nothing new. */
static napi_value proceed(napi_env env, napi_callback_info info) {
  native_call call;
  napi_valuetype type = napi_undefined;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  napi_typeof(env, call.args[2], &type);
  if (type == napi_undefined)
    return finish(&call, midge_client_proceed(call.client->handle,
                                              number(&call, 1), NULL));
  midge_scratch *scratch = &call.scratch;
  scratch->secret = true;
  napi_value object = call.args[2];
  midge_attempt attempt = {
      .url = midge_scratch_text(scratch, object, "url"),
      .user_name = midge_scratch_text(scratch, object, "userName"),
      .password = midge_scratch_text(scratch, object, "password"),
  };
  attempt.headers = midge_scratch_texts(
      scratch, midge_scratch_field(scratch, object, "headers"),
      &attempt.header_count);
  attempt.identity =
      read_identity(scratch, midge_scratch_field(scratch, object, "identity"));
  midge_tls_options tls = {0};
  napi_value security = midge_scratch_field(scratch, object, "tls");
  midge_options_read_tls(scratch, security, &tls);
  if (security != NULL) attempt.tls = &tls;
  if (scratch->failed) return finish(&call, MIDGE_ENOMEM);
  return finish(&call, midge_client_proceed(call.client->handle,
                                            number(&call, 1), &attempt));
}

/* authenticate(index, reason, properties) */
static napi_value authenticate(napi_env env, napi_callback_info info) {
  native_call call;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  midge_properties properties =
      midge_properties_read(&call.scratch, call.args[2]);
  if (call.scratch.failed) return finish(&call, MIDGE_ENOMEM);
  return finish(&call, midge_client_authenticate(call.client->handle,
                                                 (midge_reason)number(&call, 1),
                                                 properties));
}

/* setWill(index, will); null or undefined removes it. */
static napi_value set_will(napi_env env, napi_callback_info info) {
  native_call call;
  napi_valuetype type = napi_undefined;
  begin(&call, env, info);
  if (call.client == NULL) return finish(&call, MIDGE_ENOCONN);
  napi_typeof(env, call.args[1], &type);
  const midge_publish *will = midge_options_read_will(
      &call.scratch, type == napi_object ? call.args[1] : NULL);
  if (call.scratch.failed) return finish(&call, MIDGE_ENOMEM);
  return finish(&call, midge_client_set_will(call.client->handle, will));
}

void midge_client_export(midge_environment *environment, napi_value exports) {
  midge_export(environment, exports, "open", open);
  midge_export(environment, exports, "close", close);
  midge_export(environment, exports, "connect", connect);
  midge_export(environment, exports, "disconnect", disconnect);
  midge_export(environment, exports, "reconnect", reconnect);
  midge_export(environment, exports, "abort", abort_client);
  midge_export(environment, exports, "acknowledge", acknowledge);
  midge_export(environment, exports, "acknowledgeDelivery",
               acknowledge_delivery);
  midge_export(environment, exports, "lastStored", last_stored);
  midge_export(environment, exports, "hold", hold);
  midge_export(environment, exports, "ping", ping);
  midge_export(environment, exports, "postponePing", postpone_ping);
  midge_export(environment, exports, "trace", trace);
  midge_export(environment, exports, "cancel", cancel);
  midge_export(environment, exports, "subscribe", subscribe);
  midge_export(environment, exports, "unsubscribe", unsubscribe);
  midge_export(environment, exports, "proceed", proceed);
  midge_export(environment, exports, "authenticate", authenticate);
  midge_export(environment, exports, "setWill", set_will);
}
