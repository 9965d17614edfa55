#include "engine/options.h"

#include "engine/connect.h"

enum {
  KEEP_ALIVE_S = 60,
  IN_FLIGHT_MAX = 1024,
  REPLY_TIMEOUT_MS = 30000,
  SUBSCRIBE_BATCH_MAX = 8, /* as AWS IoT */
  BREAKS_MAX = 5,
  QUEUE_MESSAGES_MAX = 1000000,
  QUEUE_BYTES_MAX = 256 << 20,
  QUEUE_MEMORY_MAX = 64 << 20,
  PARKED_BYTES_MAX = 64 << 20,
  INBOX_BYTES_MAX = 64 << 20,
};

/* Zero means the default. */
midge_session_options midge_options_with_defaults(
    const midge_session_options *given) {
  midge_session_options options = *given;
  if (options.keep_alive_s == 0) options.keep_alive_s = KEEP_ALIVE_S;
  if (options.keep_alive_off) options.keep_alive_s = 0;
  if (options.receive_max == 0) options.receive_max = UINT16_MAX;
  if (options.packet_size_max == 0 ||
      options.packet_size_max > MIDGE_PACKET_SIZE_MAX)
    options.packet_size_max = MIDGE_PACKET_SIZE_MAX;
  if (options.in_flight_max == 0) options.in_flight_max = IN_FLIGHT_MAX;
  if (options.reply_timeout_ms == 0)
    options.reply_timeout_ms = REPLY_TIMEOUT_MS;
  if (options.subscribe_batch_max == 0)
    options.subscribe_batch_max = SUBSCRIBE_BATCH_MAX;
  if (options.breaks_max == 0) options.breaks_max = BREAKS_MAX;
  if (options.queue_messages_max == 0)
    options.queue_messages_max = QUEUE_MESSAGES_MAX;
  if (options.queue_bytes_max == 0) options.queue_bytes_max = QUEUE_BYTES_MAX;
  if (options.queue_memory_max == 0)
    options.queue_memory_max = QUEUE_MEMORY_MAX;
  if (!options.durable) options.queue_memory_max = SIZE_MAX;
  if (options.parked_bytes_max == 0)
    options.parked_bytes_max = PARKED_BYTES_MAX;
  if (options.accept_by_hand)
    options.at_release = options.acknowledge_by_hand = true;
  if (options.inbox_bytes_max == 0) options.inbox_bytes_max = INBOX_BYTES_MAX;
  if (options.version != MIDGE_MQTT_5) {
    options.session_expiry_s = options.clean_start ? 0 : UINT32_MAX;
    options.alias_max = 0;
  }
  return options;
}

static midge_status check_client_id(const midge_session_options *options) {
  midge_slice id = options->client_id;
  if (id.size > UINT16_MAX) return MIDGE_EINVAL;
  if (id.size == 0 && options->version == MIDGE_MQTT_3_1) return MIDGE_EINVAL;
  if (id.size == 0 && options->version == MIDGE_MQTT_3_1_1 &&
      !options->clean_start)
    return MIDGE_EINVAL; /* [MQTT-3.1.3-7] of 3.1.1 */
  return midge_text_check(id, options->text);
}

/* Those that have an option of their own may not be in the list too. */
static midge_status check_connect_properties(
    const midge_session_options *options) {
  midge_properties properties = options->properties;
  bool method = false, data = false;
  for (size_t i = 0; i < properties.count; i++) {
    switch (properties.list[i].id) {
      case MIDGE_SESSION_EXPIRY_INTERVAL:
      case MIDGE_RECEIVE_MAXIMUM:
      case MIDGE_MAXIMUM_PACKET_SIZE:
      case MIDGE_TOPIC_ALIAS_MAXIMUM:
        return MIDGE_EINVAL;
      case MIDGE_AUTHENTICATION_METHOD:
        method = true;
        break;
      case MIDGE_AUTHENTICATION_DATA:
        data = true;
        break;
      default:
        break;
    }
  }
  if (data && !method) return MIDGE_EINVAL; /* MQTT 5, 3.1.2.11.10 */
  if (options->version != MIDGE_MQTT_5)
    return properties.count == 0 ? MIDGE_OK : MIDGE_EINVAL;
  return midge_properties_check(properties, MIDGE_CONNECT);
}

midge_status midge_options_check(const midge_session_options *options) {
  if ((unsigned)options->version > MIDGE_MQTT_3_1) return MIDGE_EINVAL;
  if (options->negotiate && options->version != MIDGE_MQTT_5)
    return MIDGE_EINVAL;
  midge_status status = check_client_id(options);
  if (status != MIDGE_OK) return status;
  status = midge_credentials_check(options->user_name, options->password,
                                   options->version, options->text);
  if (status != MIDGE_OK) return status;
  if (options->inbox && !(options->durable && options->acknowledge_by_hand))
    return MIDGE_EINVAL;
  if (options->durable_qos_0 && !options->durable) return MIDGE_EINVAL;
  status = check_connect_properties(options);
  if (status != MIDGE_OK || options->will == NULL) return status;
  return midge_will_check(options->will, options->version, options->text);
}
