/* What the program publishes: MQTT 5, section 3.3. */
#include "engine/check.h"
#include "engine/draft.h"
#include "engine/fleeting.h"
#include "engine/publish_out.h"
#include "engine/pump.h"
#include "engine/records.h"

midge_status midge_publish_check(const midge_publish *publish,
                                 midge_version version,
                                 midge_text_policy text) {
  midge_status status =
      midge_check_properties(publish->properties, MIDGE_PUBLISH, version);
  if (status != MIDGE_OK) return status;
  if (midge_has_property(publish->properties, MIDGE_SUBSCRIPTION_IDENTIFIER))
    return MIDGE_EINVAL; /* [MQTT-3.3.4-6] */

  bool aliased = publish->topic.size == 0 &&
                 midge_has_property(publish->properties, MIDGE_TOPIC_ALIAS);
  if (!aliased) status = midge_topic_check(publish->topic, text);
  if (status != MIDGE_OK) return status;
  if ((unsigned)publish->qos > MIDGE_EXACTLY_ONCE) return MIDGE_EINVAL;
  if (publish->payload.size > MIDGE_REMAINING_LENGTH_MAX) return MIDGE_EPAYLOAD;
  return MIDGE_OK;
}

static uint16_t alias_of(midge_properties properties) {
  for (size_t i = 0; i < properties.count; i++)
    if (properties.list[i].id == MIDGE_TOPIC_ALIAS)
      return (uint16_t)properties.list[i].number;
  return 0;
}

/* The topic whole: an alias is only a shorthand of this connection. */
static midge_status whole_topic(const midge_session *session,
                                const midge_publish *publish, uint16_t alias,
                                midge_slice *topic) {
  *topic = publish->topic;
  if (alias == 0) return MIDGE_OK;
  if (session->state == MIDGE_STATE_OPEN && alias > session->limits.alias_max)
    return MIDGE_EINVAL; /* [MQTT-3.3.2-9] */
  if (topic->size != 0) return MIDGE_OK;
  midge_buffer *said = midge_aliases_topic(&session->aliases_said, alias);
  if (said == NULL) return MIDGE_EINVAL;
  *topic = midge_buffer_slice(said);
  return MIDGE_OK;
}

/* Most messages are far from any limit, and need not be measured. */
static midge_status check_size(const midge_session *session,
                               const midge_message *message) {
  uint32_t most = session->state == MIDGE_STATE_OPEN
                      ? session->limits.packet_size_max
                      : MIDGE_PACKET_SIZE_MAX;
  size_t bytes = midge_message_bytes(message);
  if (bytes < most && most - bytes >= MIDGE_MESSAGE_OVERHEAD_MAX)
    return MIDGE_OK;
  midge_message_form form = {.version = session->version, .now = session->now};
  size_t size = midge_message_size(message, &form);
  if (size == 0) return MIDGE_EPAYLOAD;
  return size > most ? MIDGE_EOVERSIZE : MIDGE_OK;
}

/* What the server on this connection takes, if it has said so. */
static midge_status check_limits(const midge_session *session,
                                 const midge_message *message) {
  const midge_limits *limits = &session->limits;
  midge_status status = check_size(session, message);
  if (status == MIDGE_EPAYLOAD) return status;
  if (session->state != MIDGE_STATE_OPEN) return MIDGE_OK;
  if (message->retain && !limits->retain) return MIDGE_ENOTSUP;
  if (message->qos > limits->qos_max && !session->options.lower_qos)
    return MIDGE_ENOTSUP;
  return status;
}

/* Of QoS 0 it would overtake those that are yet to be lowered. */
static void lower(const midge_session *session, midge_message *message) {
  midge_qos most = session->limits.qos_max;
  if (!session->options.lower_qos || session->state != MIDGE_STATE_OPEN) return;
  if (message->qos <= most) return;
  if (most == MIDGE_AT_MOST_ONCE && midge_outbox_waits(&session->outbox))
    return;
  message->qos = most;
}

static midge_status take_message(midge_session *session, midge_message *message,
                                 uint64_t token) {
  lower(session, message);
  midge_status status = check_limits(session, message);
  if (status != MIDGE_OK) return status;
  message->key = session->next_key;
  message->owner.token = token;
  if (!midge_deadlines_add(&session->deadlines, &message->owner))
    return MIDGE_ENOMEM;
  if (message->qos != MIDGE_AT_MOST_ONCE &&
      !midge_session_record_message(session, message))
    return MIDGE_ENOMEM;

  session->next_key++;
  midge_outbox_add(&session->outbox, message);
  midge_tokens_add(&session->tokens, &message->owner);
  return MIDGE_OK;
}

/* An older one that waits is of no use any more, unless it may be sent now. */
static void coalesce(midge_session *session, midge_message *message) {
  midge_message *older = midge_coalesced_put(&session->coalesced, message);
  if (older != NULL && session->state != MIDGE_STATE_OPEN)
    midge_session_finish_message(session, older, MIDGE_EREPLACED, NULL);
}

/* What names a topic by an alias maps it, unless it is refused after all. */
static midge_status take_mapping(midge_session *session, midge_message *message,
                                 const midge_publish *publish, uint64_t token) {
  midge_aliases *said = &session->aliases_said;
  if (message->alias == 0 || publish->topic.size == 0)
    return take_message(session, message, token);
  midge_buffer *before =
      midge_buffer_hold(midge_aliases_topic(said, message->alias));
  if (!midge_aliases_map(said, message->alias, publish->topic)) {
    midge_buffer_release(before);
    return MIDGE_ENOMEM;
  }
  midge_status status = take_message(session, message, token);
  if (status == MIDGE_OK)
    midge_buffer_release(before);
  else
    midge_aliases_undo(said, message->alias, before);
  return status;
}

static midge_message *new_message(midge_session *session,
                                  const midge_publish *publish,
                                  midge_slice topic, midge_buffer *draft) {
  if (draft != NULL)
    return midge_message_of_draft(draft, publish, session->now);
  return midge_message_new(&session->allocator, publish, topic, session->now);
}

midge_status midge_session_publish(midge_session *session,
                                   const midge_publish *publish,
                                   uint64_t token) {
  return midge_session_publish_draft(session, publish, NULL, token);
}

midge_status midge_session_publish_draft(midge_session *session,
                                         const midge_publish *publish,
                                         midge_buffer *draft, uint64_t token) {
  midge_slice topic;
  midge_status status = midge_publish_check(publish, session->options.version,
                                            session->options.text);
  if (status != MIDGE_OK) return status;
  if (session->state == MIDGE_STATE_LEAVING) return MIDGE_ENOCONN;
  if (midge_session_is_queue_full(session,
                                  publish->topic.size + publish->payload.size))
    return MIDGE_EQUEUE;
  status = whole_topic(session, publish, alias_of(publish->properties), &topic);
  if (status != MIDGE_OK) return status;

  midge_message *message = new_message(session, publish, topic, draft);
  if (message == NULL) return MIDGE_ENOMEM;
  status = take_mapping(session, message, publish, token);
  if (status == MIDGE_OK) {
    if (publish->coalesce) coalesce(session, message);
    midge_session_settle(session);
    midge_session_keep_fleeting(session);
    return MIDGE_OK;
  }
  midge_deadlines_remove(&session->deadlines, &message->owner);
  midge_message_release(message);
  return status;
}
