/* The beginning and the end of a session. */
#include "engine/session.h"

#include "base/slice.h"

enum {
  KEEP_ALIVE_S = 60,
  IN_FLIGHT_MAX = 1024,
  EXACTLY_ONCE_MAX = 19, /* mosquitto counts 20, and QoS 1 needs one */
  REPLY_TIMEOUT_MS = 30000,
  QUEUE_MESSAGES_MAX = 1000000,
  QUEUE_BYTES_MAX = 256 << 20,
};

static const uint32_t PACKET_SIZE_MAX = 268435460;

/* Zero means the default. */
static midge_session_options with_defaults(const midge_session_options *given) {
  midge_session_options options = *given;
  if (options.keep_alive_s == 0) options.keep_alive_s = KEEP_ALIVE_S;
  if (options.keep_alive_off) options.keep_alive_s = 0;
  if (options.receive_max == 0) options.receive_max = UINT16_MAX;
  if (options.packet_size_max == 0 || options.packet_size_max > PACKET_SIZE_MAX)
    options.packet_size_max = PACKET_SIZE_MAX;
  if (options.in_flight_max == 0) options.in_flight_max = IN_FLIGHT_MAX;
  if (options.reply_timeout_ms == 0)
    options.reply_timeout_ms = REPLY_TIMEOUT_MS;
  if (options.queue_messages_max == 0)
    options.queue_messages_max = QUEUE_MESSAGES_MAX;
  if (options.queue_bytes_max == 0) options.queue_bytes_max = QUEUE_BYTES_MAX;
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

static midge_status check_options(const midge_session_options *options) {
  if ((unsigned)options->version > MIDGE_MQTT_3_1) return MIDGE_EINVAL;
  if (options->negotiate && options->version != MIDGE_MQTT_5)
    return MIDGE_EINVAL;
  midge_status status = check_client_id(options);
  if (status != MIDGE_OK) return status;
  status = midge_credentials_check(options->user_name, options->password,
                                   options->version, options->text);
  if (status != MIDGE_OK) return status;
  status = check_connect_properties(options);
  if (status != MIDGE_OK || options->will == NULL) return status;
  return midge_will_check(options->will, options->version, options->text);
}

/* The properties of CONNECT: our options', then the program's. */
static bool keep_connect_properties(midge_session *session) {
  const midge_session_options *options = &session->options;
  midge_property own[4];
  size_t count = 0;
  if (options->session_expiry_s != 0)
    own[count++] = (midge_property){.id = MIDGE_SESSION_EXPIRY_INTERVAL,
                                    .number = options->session_expiry_s};
  if (options->receive_max != UINT16_MAX)
    own[count++] = (midge_property){.id = MIDGE_RECEIVE_MAXIMUM,
                                    .number = options->receive_max};
  if (options->packet_size_max != PACKET_SIZE_MAX)
    own[count++] = (midge_property){.id = MIDGE_MAXIMUM_PACKET_SIZE,
                                    .number = options->packet_size_max};
  if (options->alias_max != 0)
    own[count++] = (midge_property){.id = MIDGE_TOPIC_ALIAS_MAXIMUM,
                                    .number = options->alias_max};
  midge_properties ours = {own, count};
  session->connect_properties = midge_buffer_new(
      &session->allocator,
      midge_properties_size(ours) + midge_properties_size(options->properties));
  if (session->connect_properties == NULL) return false;
  uint8_t *to =
      midge_properties_encode(ours, session->connect_properties->data);
  midge_properties_encode(options->properties, to);
  return true;
}

static bool keep(midge_session *session, midge_buffer **place,
                 midge_slice bytes) {
  *place = midge_buffer_copy(&session->allocator, bytes);
  return *place != NULL;
}

static midge_status keep_options(midge_session *session) {
  const midge_session_options *options = &session->options;
  midge_property property;
  if (options->client_id.size != 0 &&
      !keep(session, &session->client_id, options->client_id))
    return MIDGE_ENOMEM;
  if (!keep_connect_properties(session)) return MIDGE_ENOMEM;
  midge_slice wire = midge_buffer_slice(session->connect_properties);
  if (midge_property_find(wire, MIDGE_AUTHENTICATION_METHOD, &property) &&
      !keep(session, &session->auth_method, property.value))
    return MIDGE_ENOMEM;
  if (midge_property_find(wire, MIDGE_REQUEST_PROBLEM_INFORMATION, &property))
    session->problem_information = property.number != 0;
  midge_status status = midge_session_keep_will(session, options->will);
  if (status != MIDGE_OK) return status;
  return midge_session_set_credentials(session, options->user_name,
                                       options->password);
}

static void init(midge_session *session, const midge_allocator *allocator) {
  session->allocator = *allocator;
  allocator = &session->allocator;
  session->version = session->options.version;
  session->problem_information = true;
  session->next_key = 1;
  session->next_order = 1;
  midge_session_clear_times(session);
  midge_packet_ids_init(&session->packet_ids, allocator);
  midge_outbox_init(&session->outbox);
  midge_requests_init(&session->requests, allocator);
  midge_subscriptions_init(&session->subscriptions, allocator);
  midge_inbox_init(&session->inbox, allocator);
  midge_receiver_init(&session->receiver, allocator);
  midge_output_init(&session->output, allocator);
  midge_ring_init(&session->controls, allocator, sizeof(midge_control));
  midge_events_init(&session->events, allocator);
  midge_records_init(&session->records, allocator, session->options.durable);
  midge_aliases_init(&session->aliases_in, allocator);
  midge_aliases_init(&session->aliases_out, allocator);
  midge_aliases_init(&session->aliases_said, allocator);
  midge_aliases_reset(&session->aliases_said, UINT16_MAX);
}

/* What the options pointed at is the caller's again. */
static void forget_pointers(midge_session_options *options) {
  options->client_id = options->user_name = options->password = MIDGE_NO_SLICE;
  options->will = NULL;
  options->properties = (midge_properties){NULL, 0};
  options->allocator = NULL;
}

midge_status midge_session_new(midge_session **session,
                               const midge_session_options *given) {
  const midge_allocator *allocator =
      midge_allocator_or_default(given->allocator);
  midge_session_options options = with_defaults(given);
  midge_status status = check_options(&options);
  if (status != MIDGE_OK) return status;
  midge_session *made = midge_allocate_zero(allocator, sizeof *made);
  if (made == NULL) return MIDGE_ENOMEM;

  made->options = options;
  made->exactly_once_max =
      given->in_flight_max != 0 ? given->in_flight_max : EXACTLY_ONCE_MAX;
  init(made, allocator);
  status = keep_options(made);
  forget_pointers(&made->options);
  if (status != MIDGE_OK) {
    midge_session_free(made);
    return status;
  }
  *session = made;
  return MIDGE_OK;
}

void midge_session_free(midge_session *session) {
  if (session == NULL) return;
  midge_buffer_release(session->client_id);
  midge_buffer_release(session->user_name);
  midge_buffer_release(session->password);
  midge_buffer_release(session->connect_properties);
  midge_buffer_release(session->will);
  midge_buffer_release(session->auth_method);
  midge_buffer_release(session->farewell);
  midge_outbox_free(&session->outbox);
  midge_requests_free(&session->requests);
  midge_packet_ids_free(&session->packet_ids);
  midge_subscriptions_free(&session->subscriptions);
  midge_inbox_free(&session->inbox);
  midge_receiver_clear(&session->receiver);
  midge_output_free(&session->output);
  midge_ring_free(&session->controls);
  midge_events_free(&session->events);
  midge_records_free(&session->records);
  midge_aliases_reset(&session->aliases_in, 0);
  midge_aliases_reset(&session->aliases_out, 0);
  midge_aliases_reset(&session->aliases_said, 0);
  midge_allocator allocator = session->allocator;
  midge_free(&allocator, session, sizeof *session);
}
