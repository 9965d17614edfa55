/* What can be said of a wish by itself, on any thread. */
#include "base/slice.h"
#include "engine/session.h"

enum {
  TEXT_MAX = UINT16_MAX,
  PAYLOAD_MAX = 268435455,
  RETAIN_HANDLING_MAX = 2,
};

static bool has_property(midge_properties properties, midge_property_id id) {
  for (size_t i = 0; i < properties.count; i++)
    if (properties.list[i].id == id) return true;
  return false;
}

static midge_status check_properties(midge_properties properties,
                                     unsigned packet, midge_version version) {
  if (version == MIDGE_MQTT_5)
    return midge_properties_check(properties, packet);
  return properties.count == 0 ? MIDGE_OK : MIDGE_EINVAL;
}

midge_status midge_publish_check(const midge_publish *publish,
                                 midge_version version,
                                 midge_text_policy text) {
  midge_status status =
      check_properties(publish->properties, MIDGE_PUBLISH, version);
  if (status != MIDGE_OK) return status;
  if (has_property(publish->properties, MIDGE_SUBSCRIPTION_IDENTIFIER))
    return MIDGE_EINVAL; /* [MQTT-3.3.4-6] */

  bool aliased = publish->topic.size == 0 &&
                 has_property(publish->properties, MIDGE_TOPIC_ALIAS);
  if (!aliased) status = midge_topic_check(publish->topic, text);
  if (status != MIDGE_OK) return status;
  if ((unsigned)publish->qos > MIDGE_EXACTLY_ONCE) return MIDGE_EINVAL;
  if (publish->payload.size > PAYLOAD_MAX) return MIDGE_EPAYLOAD;
  return MIDGE_OK;
}

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
  return check_properties(properties, MIDGE_SUBSCRIBE, version);
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
  return check_properties(properties, MIDGE_UNSUBSCRIBE, version);
}

midge_status midge_will_check(const midge_publish *will, midge_version version,
                              midge_text_policy text) {
  midge_status status = midge_topic_check(will->topic, text);
  if (status != MIDGE_OK) return status;
  if ((unsigned)will->qos > MIDGE_EXACTLY_ONCE) return MIDGE_EINVAL;
  if (will->payload.size > TEXT_MAX) return MIDGE_EPAYLOAD;
  return check_properties(will->properties, MIDGE_WILL, version);
}

midge_status midge_credentials_check(midge_slice user_name,
                                     midge_slice password,
                                     midge_version version,
                                     midge_text_policy text) {
  if (user_name.size > TEXT_MAX || password.size > TEXT_MAX)
    return MIDGE_EINVAL;
  if (version != MIDGE_MQTT_5 && user_name.data == NULL &&
      password.data != NULL)
    return MIDGE_EINVAL; /* [MQTT-3.1.2-22] of 3.1.1 */
  return midge_text_check(user_name, text);
}
