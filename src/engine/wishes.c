/* What you want. */
#include <assert.h>

#include "base/slice.h"
#include "codec/reason.h"
#include "engine/session.h"

void midge_session_done(midge_session *session, const midge_done *done) {
  if (done->token == 0) return;
  midge_queued_event *queued =
      midge_events_push(&session->events, MIDGE_EVENT_DONE);
  if (queued == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  queued->connection = session->connection;
  queued->event.done.token = done->token;
  queued->event.done.status = done->status;
  queued->event.done.reasons = done->reasons;
  queued->event.done.packet_id = done->packet_id;
  if (done->answer == NULL) return;
  queued->event.properties = done->answer->properties;
  queued->event.buffer = midge_buffer_hold(session->receiver.buffer);
}

void midge_session_finish_all(midge_session *session, midge_status status) {
  midge_outbox *outbox = &session->outbox;
  while (outbox->fleeting.first != NULL)
    midge_session_finish_message(session, outbox->fleeting.first, status, NULL);
  while (outbox->publishes.first != NULL)
    midge_session_finish_message(session, outbox->publishes.first, status,
                                 NULL);
  while (session->requests.first != NULL)
    midge_session_finish_request(session, session->requests.first, status,
                                 NULL);
}

/* --- Publish -----------------------------------------------------------------
 */

static uint16_t alias_of(midge_properties properties) {
  for (size_t i = 0; i < properties.count; i++)
    if (properties.list[i].id == MIDGE_TOPIC_ALIAS)
      return (uint16_t)properties.list[i].number;
  return 0;
}

/* The topic whole: an alias is only a shorthand of this connection. */
static midge_status whole_topic(midge_session *session,
                                const midge_publish *publish,
                                midge_slice *topic) {
  uint16_t alias = alias_of(publish->properties);
  *topic = publish->topic;
  if (alias == 0) return MIDGE_OK;
  if (session->state == MIDGE_STATE_OPEN && alias > session->limits.alias_max)
    return MIDGE_EINVAL; /* [MQTT-3.3.2-9] */
  if (topic->size != 0) {
    bool mapped = midge_aliases_map(&session->aliases_said, alias, *topic);
    return mapped ? MIDGE_OK : MIDGE_ENOMEM;
  }
  midge_buffer *said = midge_aliases_topic(&session->aliases_said, alias);
  if (said == NULL) return MIDGE_EINVAL;
  *topic = midge_buffer_slice(said);
  return MIDGE_OK;
}

static bool is_queue_full(const midge_session *session, size_t more) {
  const midge_outbox *outbox = &session->outbox;
  size_t most = session->options.queue_bytes_max;
  return outbox->count >= session->options.queue_messages_max || more > most ||
         outbox->bytes > most - more;
}

/* What the server on this connection takes, if it has said so. */
static midge_status check_limits(const midge_session *session,
                                 const midge_message *message) {
  const midge_limits *limits = &session->limits;
  midge_message_form form = {.version = session->version, .now = session->now};
  size_t size = midge_message_size(message, &form);
  if (size == 0) return MIDGE_EPAYLOAD;
  if (session->state != MIDGE_STATE_OPEN) return MIDGE_OK;
  if (message->retain && !limits->retain) return MIDGE_ENOTSUP;
  if (message->qos > limits->qos_max) return MIDGE_ENOTSUP;
  return size > limits->packet_size_max ? MIDGE_EOVERSIZE : MIDGE_OK;
}

static midge_status take_message(midge_session *session, midge_message *message,
                                 uint64_t token) {
  if (session->options.lower_qos && session->state == MIDGE_STATE_OPEN &&
      message->qos > session->limits.qos_max)
    message->qos = session->limits.qos_max;
  midge_status status = check_limits(session, message);
  if (status != MIDGE_OK) return status;
  message->key = session->next_key;
  message->token = token;
  if (!midge_session_record_message(session, message)) return MIDGE_ENOMEM;

  session->next_key++;
  midge_outbox_add(&session->outbox, message);
  return MIDGE_OK;
}

midge_status midge_session_publish(midge_session *session,
                                   const midge_publish *publish,
                                   uint64_t token) {
  midge_slice topic;
  midge_status status = midge_publish_check(publish, session->options.version,
                                            session->options.text);
  if (status != MIDGE_OK) return status;
  if (session->state == MIDGE_STATE_LEAVING) return MIDGE_ENOCONN;
  if (is_queue_full(session, publish->topic.size + publish->payload.size))
    return MIDGE_EQUEUE;
  status = whole_topic(session, publish, &topic);
  if (status != MIDGE_OK) return status;

  midge_message *message =
      midge_message_new(&session->allocator, publish, topic, session->now);
  if (message == NULL) return MIDGE_ENOMEM;
  status = take_message(session, message, token);
  if (status == MIDGE_OK)
    midge_session_settle(session);
  else
    midge_message_release(message);
  return status;
}

static midge_message *find_token(midge_message_list *list, uint64_t token) {
  midge_message *message = list->first;
  while (message != NULL && message->token != token) message = message->next;
  return message;
}

midge_status midge_session_cancel(midge_session *session, uint64_t token) {
  if (token == 0) return MIDGE_EINVAL;
  midge_message *message = find_token(&session->outbox.fleeting, token);
  if (message == NULL) message = find_token(&session->outbox.publishes, token);
  if (message == NULL || midge_message_is_known(message)) return MIDGE_EINVAL;
  midge_session_finish_message(session, message, MIDGE_ECANCELLED, NULL);
  midge_session_settle(session);
  return MIDGE_OK;
}

/* --- Disconnect --------------------------------------------------------------
 */

static midge_status check_farewell(const midge_session *session,
                                   midge_reason reason,
                                   midge_properties properties,
                                   uint32_t *expiry_s) {
  *expiry_s = session->limits.session_expiry_s;
  if (session->version != MIDGE_MQTT_5)
    return reason == 0 && properties.count == 0 ? MIDGE_OK : MIDGE_EINVAL;
  if (!midge_reason_is_for((uint8_t)reason, MIDGE_DISCONNECT))
    return MIDGE_EINVAL;
  midge_status status = midge_properties_check(properties, MIDGE_DISCONNECT);
  if (status != MIDGE_OK) return status;
  for (size_t i = 0; i < properties.count; i++) {
    const midge_property *property = &properties.list[i];
    if (property->id == MIDGE_SERVER_REFERENCE) return MIDGE_EINVAL;
    if (property->id != MIDGE_SESSION_EXPIRY_INTERVAL) continue;
    if (session->options.session_expiry_s == 0 && property->number != 0)
      return MIDGE_EINVAL; /* MQTT 5, 3.14.2.2.2 */
    *expiry_s = property->number;
  }
  return MIDGE_OK;
}

/* DISCONNECT as bytes; null when there is no memory. */
static midge_buffer *encode_farewell(const midge_session *session,
                                     midge_reason reason,
                                     midge_properties properties) {
  midge_buffer *wire =
      midge_buffer_new(&session->allocator, midge_properties_size(properties));
  if (wire == NULL) return NULL;
  midge_properties_encode(properties, wire->data);
  midge_packet packet = {.type = MIDGE_DISCONNECT};
  packet.properties = midge_buffer_slice(wire);
  packet.disconnect.reason = (uint8_t)reason;
  midge_buffer *farewell = midge_buffer_new(
      &session->allocator, midge_packet_size(session->version, &packet));
  if (farewell != NULL)
    midge_packet_encode(session->version, &packet, farewell->data);
  midge_buffer_release(wire);
  return farewell;
}

static bool ends_with_connection(const midge_session *session,
                                 uint32_t expiry_s) {
  return session->version == MIDGE_MQTT_5 ? expiry_s == 0
                                          : session->options.clean_start;
}

/* QoS 0 that waits is flushed; the rest of an ending session is over. */
static void finish_acknowledged(midge_session *session) {
  while (session->outbox.publishes.first != NULL)
    midge_session_finish_message(session, session->outbox.publishes.first,
                                 MIDGE_ECLOSED, NULL);
  while (session->requests.first != NULL)
    midge_session_finish_request(session, session->requests.first,
                                 MIDGE_ECLOSED, NULL);
}

static midge_status end_without_connection(midge_session *session) {
  uint32_t expiry_s = session->connection != 0
                          ? session->limits.session_expiry_s
                          : session->options.session_expiry_s;
  if (ends_with_connection(session, expiry_s)) {
    midge_session_finish_all(session, MIDGE_ECLOSED);
    session->ends = true; /* what is in the output ends with it */
  }
  return MIDGE_ENOCONN;
}

midge_status midge_session_disconnect(midge_session *session,
                                      midge_reason reason,
                                      midge_properties properties,
                                      uint32_t patience_ms) {
  uint32_t expiry_s;
  (void)patience_ms;
  if (session->state == MIDGE_STATE_LEAVING) return MIDGE_EINVAL;
  if (!midge_session_is_connected(session))
    return end_without_connection(session);
  midge_status status = check_farewell(session, reason, properties, &expiry_s);
  if (status != MIDGE_OK) return status;
  midge_buffer *farewell = encode_farewell(session, reason, properties);
  if (farewell == NULL) return MIDGE_ENOMEM;
  if (farewell->size > session->limits.packet_size_max) {
    midge_buffer_release(farewell);
    return MIDGE_EOVERSIZE;
  }

  session->farewell = farewell;
  session->farewell_reason = (uint8_t)reason;
  session->limits.session_expiry_s = expiry_s;
  session->ends = ends_with_connection(session, expiry_s);
  if (session->ends) finish_acknowledged(session);
  if (session->ends && session->state == MIDGE_STATE_GREETING)
    midge_session_finish_all(session, MIDGE_ECLOSED);
  /* Without memory to tell of them the connection has failed by now. */
  if (session->state == MIDGE_STATE_GREETING)
    midge_session_say_farewell(session);
  else if (session->state == MIDGE_STATE_OPEN)
    session->state = MIDGE_STATE_LEAVING;
  midge_session_settle(session);
  return MIDGE_OK;
}

void midge_session_abandon(midge_session *session) {
  session->records.durable = false; /* what is written stays written */
  midge_session_finish_all(session, MIDGE_ECLOSED);
  while (session->outbox.leaving.first != NULL)
    midge_session_finish_message(session, session->outbox.leaving.first,
                                 MIDGE_ECLOSED, NULL);
}

/* --- For the next connection
 * -------------------------------------------------- */

midge_status midge_session_set_will(midge_session *session,
                                    const midge_publish *will) {
  if (will != NULL) {
    midge_status status =
        midge_will_check(will, session->options.version, session->options.text);
    if (status != MIDGE_OK) return status;
  }
  return midge_session_keep_will(session, will);
}

midge_status midge_session_set_credentials(midge_session *session,
                                           midge_slice user_name,
                                           midge_slice password) {
  midge_status status = midge_credentials_check(
      user_name, password, session->options.version, session->options.text);
  if (status != MIDGE_OK) return status;

  midge_buffer *name = NULL, *secret = NULL;
  if (user_name.data != NULL)
    name = midge_buffer_copy(&session->allocator, user_name);
  if (password.data != NULL)
    secret = midge_buffer_copy(&session->allocator, password);
  if ((user_name.data != NULL && name == NULL) ||
      (password.data != NULL && secret == NULL)) {
    midge_buffer_release(name);
    midge_buffer_release(secret);
    return MIDGE_ENOMEM;
  }
  midge_buffer_release(session->user_name);
  midge_buffer_release(session->password);
  session->user_name = name;
  session->password = secret;
  return MIDGE_OK;
}
