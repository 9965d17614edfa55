/* What the program subscribes to: MQTT 5, sections 3.8 and 3.10. */
#include "engine/check.h"
#include "engine/pump.h"
#include "engine/renewals.h"

enum { RETAIN_HANDLING_MAX = 2 };

static midge_status check_subscription(const midge_subscription *one,
                                       midge_version version,
                                       midge_text_policy text) {
  midge_status status = midge_filter_check(one->filter, text);
  if (status != MIDGE_OK) return status;
  if ((unsigned)one->qos > MIDGE_EXACTLY_ONCE) return MIDGE_EINVAL;
  if (one->retain_handling > RETAIN_HANDLING_MAX) return MIDGE_EINVAL;
  if (version != MIDGE_MQTT_5 &&
      (one->no_local || one->retain_as_published || one->retain_handling))
    return MIDGE_EINVAL;
  if (one->no_local && midge_filter_is_shared(one->filter))
    return MIDGE_EINVAL; /* [MQTT-3.8.3-4] */
  return MIDGE_OK;
}

midge_status midge_subscribe_check(const midge_subscription *subscriptions,
                                   size_t count, midge_properties properties,
                                   midge_version version,
                                   midge_text_policy text) {
  if (count == 0) return MIDGE_EINVAL; /* [MQTT-3.8.3-2] */
  for (size_t i = 0; i < count; i++) {
    midge_status status = check_subscription(&subscriptions[i], version, text);
    if (status != MIDGE_OK) return status;
  }
  return midge_check_properties(properties, MIDGE_SUBSCRIBE, version);
}

midge_status midge_unsubscribe_check(const midge_slice *filters, size_t count,
                                     midge_properties properties,
                                     midge_version version,
                                     midge_text_policy text) {
  if (count == 0) return MIDGE_EINVAL; /* [MQTT-3.10.3-2] */
  for (size_t i = 0; i < count; i++) {
    midge_status status = midge_filter_check(filters[i], text);
    if (status != MIDGE_OK) return status;
  }
  return midge_check_properties(properties, MIDGE_UNSUBSCRIBE, version);
}

static uint8_t options_of(const midge_subscription *subscription) {
  return (uint8_t)(subscription->qos | subscription->no_local << 2 |
                   subscription->retain_as_published << 3 |
                   subscription->retain_handling << 4);
}

/* A request of this size, its options read; null with `*status`. */
static midge_request *request_of(midge_session *session, midge_packet_type type,
                                 size_t size,
                                 const midge_request_options *options,
                                 midge_status *status) {
  size_t properties_size = midge_properties_size(options->properties);
  *status = MIDGE_ENOCONN;
  if (session->state == MIDGE_STATE_LEAVING) return NULL;
  *status = MIDGE_EQUEUE;
  if (midge_session_is_queue_full(session, size + properties_size)) return NULL;
  *status = MIDGE_ENOMEM;
  midge_request *request =
      midge_request_new(&session->requests, type, size, properties_size);
  if (request == NULL) return NULL;
  if (options->ttl_ms != 0)
    request->owner.sent_by = session->now + options->ttl_ms;
  if (options->timeout_ms != 0)
    request->owner.answered_by = session->now + options->timeout_ms;
  midge_properties_encode(options->properties, request->bytes + size);
  if (midge_deadlines_add(&session->deadlines, &request->owner)) return request;
  midge_request_free(&session->requests, request);
  return NULL;
}

static midge_status take(midge_session *session, midge_request *request,
                         size_t count, uint64_t token) {
  request->count = (uint32_t)count;
  request->owner.token = token;
  request->key = session->next_key++;
  midge_requests_add(&session->requests, request);
  midge_tokens_add(&session->tokens, &request->owner);
  midge_session_settle(session);
  return MIDGE_OK;
}

midge_status midge_session_subscribe(midge_session *session,
                                     const midge_subscription *subscriptions,
                                     size_t count,
                                     midge_request_options options,
                                     uint64_t token) {
  midge_status status =
      midge_subscribe_check(subscriptions, count, options.properties,
                            session->options.version, session->options.text);
  if (status != MIDGE_OK) return status;
  size_t size = 0;
  for (size_t i = 0; i < count; i++)
    size += 2 + subscriptions[i].filter.size + 1;
  midge_request *request =
      request_of(session, MIDGE_SUBSCRIBE, size, &options, &status);
  if (request == NULL) return status;
  uint8_t *to = request->bytes;
  for (size_t i = 0; i < count; i++) {
    to = midge_put_filter(to, subscriptions[i].filter);
    *to++ = options_of(&subscriptions[i]);
  }
  return take(session, request, count, token);
}

midge_status midge_session_unsubscribe(midge_session *session,
                                       const midge_slice *filters, size_t count,
                                       midge_request_options options,
                                       uint64_t token) {
  midge_status status =
      midge_unsubscribe_check(filters, count, options.properties,
                              session->options.version, session->options.text);
  if (status != MIDGE_OK) return status;
  size_t size = 0;
  for (size_t i = 0; i < count; i++) size += 2 + filters[i].size;
  midge_request *request =
      request_of(session, MIDGE_UNSUBSCRIBE, size, &options, &status);
  if (request == NULL) return status;
  uint8_t *to = request->bytes;
  for (size_t i = 0; i < count; i++) to = midge_put_filter(to, filters[i]);
  return take(session, request, count, token);
}
