#include "engine/publish_out.h"

#include "base/slice.h"
#include "engine/alone.h"
#include "engine/bundle.h"
#include "engine/closing.h"
#include "engine/control.h"
#include "engine/keep.h"
#include "engine/records.h"
#include "engine/tell.h"

enum { PAYLOAD_LARGE = 4096 }; /* is shown where it lies, without a copy */

/* --- The end of a message --- */

/* From here on no newer one takes its place. */
static void forget_coalesced(midge_session *session, midge_message *message) {
  if (message->coalesced != 0)
    midge_coalesced_remove(&session->coalesced, message);
}

void midge_session_finish_message(midge_session *session,
                                  midge_message *message, midge_status status,
                                  const midge_packet *answer) {
  midge_done done = {.token = message->owner.token,
                     .status = status,
                     .packet_id = message->owner.packet_id,
                     .answer = answer};
  if (message->count != 0) {
    done.token = message->first_token;
    done.count = message->count;
  }
  if (answer != NULL) done.reasons = midge_reason_slice(answer->ack.reason);
  forget_coalesced(session, message);
  midge_packet_ids_drop(&session->packet_ids, &message->owner);
  midge_deadlines_remove(&session->deadlines, &message->owner);
  midge_tokens_remove(&session->tokens, &message->owner);
  midge_outbox_remove(&session->outbox, message);
  midge_session_record_end(session, message);
  midge_session_done(session, &done);
  midge_message_release(message);
}

void midge_session_end_message(midge_session *session, midge_message *message,
                               midge_status status) {
  if (!midge_message_is_known(message)) {
    midge_session_finish_message(session, message, status, NULL);
    return;
  }
  midge_done done = {.token = message->owner.token,
                     .status = status,
                     .packet_id = message->owner.packet_id};
  midge_deadlines_remove(&session->deadlines, &message->owner);
  midge_tokens_drop(&session->tokens, &message->owner);
  midge_outbox_end(&session->outbox, message);
  midge_session_done(session, &done);
}

/* Of what nobody waits for, QoS 0 that did not leave is let go of. */
static void drop_ended_leaving(midge_session *session) {
  midge_message *next;
  for (midge_message *m = session->outbox.leaving.first; m != NULL; m = next) {
    next = m->next;
    if (m->ended) midge_session_finish_message(session, m, MIDGE_OK, NULL);
  }
}

/* And of QoS 1 and 2 those that the server cannot have. */
static void drop_ended_publishes(midge_session *session) {
  midge_message *next;
  if (session->outbox.ended == 0) return;
  for (midge_message *m = session->outbox.publishes.first;
       m != session->outbox.entry; m = next) {
    next = m->next;
    if (m->ended && !m->duplicate)
      midge_session_finish_message(session, m, MIDGE_OK, NULL);
  }
}

void midge_session_rewind_messages(midge_session *session) {
  drop_ended_leaving(session);
  midge_message *first = session->outbox.leaving.first;
  midge_outbox_rewind(&session->outbox, session->output.sent);
  if (first != NULL && first->count != 0) midge_bundle_rewind(session, first);
  drop_ended_publishes(session);
}

void midge_session_finish_sent(midge_session *session) {
  midge_message *message;
  while ((message = session->outbox.leaving.first) != NULL &&
         message->end <= session->output.sent)
    midge_session_finish_message(session, message, MIDGE_OK, NULL);
}

static midge_status status_of(uint8_t reason) {
  return reason < 0x80 ? MIDGE_OK : (midge_status)-reason;
}

/* Why this is no acknowledgement of what its identifier is of. */
static const char *wrong_ack(const midge_owner *owner, midge_packet_type type) {
  const midge_message *message = (const midge_message *)(const void *)owner;
  if (owner->kind != MIDGE_OWNER_MESSAGE || !midge_message_is_known(message))
    return "an acknowledgement of another kind than the packet";
  if (type == MIDGE_PUBACK)
    return "the server answered PUBACK to a PUBLISH of QoS 2";
  if (message->qos == MIDGE_EXACTLY_ONCE)
    return "the server answered PUBCOMP to a PUBLISH of QoS 2";
  return type == MIDGE_PUBREC
             ? "the server answered PUBREC to a PUBLISH of QoS 1"
             : "the server answered PUBCOMP to a PUBLISH of QoS 1";
}

/* The message of this identifier, if an acknowledgement of `qos` may come for
 * it. Null breaks the connection unless the identifier is unknown. */
static midge_message *acknowledged(midge_session *session,
                                   const midge_packet *packet, midge_qos qos,
                                   bool *known) {
  midge_owner *owner =
      midge_packet_ids_owner(&session->packet_ids, packet->ack.packet_id);
  *known = owner != NULL;
  if (owner == NULL) return NULL;

  midge_message *message = (midge_message *)(void *)owner;
  if (owner->kind == MIDGE_OWNER_MESSAGE && message->qos == qos &&
      midge_message_is_known(message))
    return message;
  midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                      wrong_ack(owner, packet->type));
  return NULL;
}

void midge_session_puback(midge_session *session, const midge_packet *packet) {
  bool known;
  midge_message *message =
      acknowledged(session, packet, MIDGE_AT_LEAST_ONCE, &known);
  if (message == NULL) return;
  midge_trips_end(&session->trips, message->key, session->now);
  midge_session_note_answer(session);
  midge_session_finish_message(session, message, status_of(packet->ack.reason),
                               packet);
}

void midge_session_pubrec(midge_session *session, const midge_packet *packet) {
  bool known;
  uint16_t packet_id = packet->ack.packet_id;
  midge_message *message =
      acknowledged(session, packet, MIDGE_EXACTLY_ONCE, &known);
  /* Of an error nothing is left to release [MQTT-4.4.0-2]. */
  if (!known && packet->ack.reason < 0x80)
    midge_session_control(session, MIDGE_PUBREL, packet_id,
                          MIDGE_REASON_PACKET_IDENTIFIER_NOT_FOUND);
  if (message == NULL) return;
  midge_trips_end(&session->trips, message->key, session->now);
  /* PUBREC itself is no progress: a session that ends with its connection
   * begins the message anew on the next one. */
  if (packet->ack.reason >= 0x80 && message->state == MIDGE_MESSAGE_PUBLISHED) {
    midge_session_note_answer(session);
    midge_session_finish_message(session, message,
                                 status_of(packet->ack.reason), packet);
    return;
  }
  if (message->state == MIDGE_MESSAGE_PUBLISHED) {
    midge_outbox_release(&session->outbox, message);
    midge_session_record_mark(session, message);
  }
  midge_session_control(session, MIDGE_PUBREL, packet_id, 0);
}

void midge_session_pubcomp(midge_session *session, const midge_packet *packet) {
  bool known;
  midge_message *message =
      acknowledged(session, packet, MIDGE_EXACTLY_ONCE, &known);
  if (message == NULL) return;
  if (message->state != MIDGE_MESSAGE_RELEASED) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                        wrong_ack(&message->owner, MIDGE_PUBCOMP));
    return;
  }
  midge_session_note_answer(session);
  /* "Packet Identifier not found" means that the server was done before. */
  midge_session_finish_message(session, message, MIDGE_OK, packet);
}

/* What left whole, perhaps in a former life. */
static void drop(midge_session *session, midge_message *message) {
  session->dropped++;
  midge_session_finish_message(session, message, MIDGE_ESESSION, NULL);
}

void midge_session_renew(midge_session *session) {
  midge_outbox *outbox = &session->outbox;
  bool drops = session->options.drop_in_flight;
  midge_message *next;
  for (midge_message *m = outbox->publishes.first; m != outbox->entry;
       m = next) {
    next = m->next;
    if (m->ended) { /* its flow is over with the session */
      midge_session_finish_message(session, m, MIDGE_OK, NULL);
      continue;
    }
    if (drops && m->duplicate) {
      drop(session, m);
      continue;
    }
    midge_packet_ids_drop(&session->packet_ids, &m->owner);
    midge_session_record_unmark(session, m);
  }
  midge_deadlines_rewind(&session->deadlines);
  uint32_t renewed = midge_outbox_renew(outbox);
  if (!drops) session->renewed += renewed; /* else they were never sent */
  midge_session_release_all_kept(session);
  midge_session_forget_inbound(session);
  midge_events_free_stranded(&session->events); /* nobody sends it again */
  session->exists = false;
}

void midge_session_expire_messages(midge_session *session) {
  midge_outbox *outbox = &session->outbox;
  if (session->now < outbox->next_expiry) return;

  midge_message *const starts[] = {
      outbox->fleeting.first, outbox->publishes.first, outbox->behind.first};
  outbox->next_expiry = MIDGE_NEVER;
  for (int i = 0; i < 3; i++) {
    midge_message *next;
    for (midge_message *m = starts[i]; m != NULL; m = next) {
      next = m->next;
      if (midge_message_is_known(m)) continue; /* [MQTT-4.3.3-7] */
      if (m->expires <= session->now)
        midge_session_finish_message(session, m, MIDGE_EEXPIRED, NULL);
      else
        midge_outbox_note_expiry(outbox, m);
    }
  }
}

/* --- Showing --- */

/* Whether the server takes this message now, as it is written in `form`, whose
 * size is filled in. */
static midge_status judge(const midge_session *session,
                          const midge_message *message,
                          midge_message_form *form) {
  const midge_limits *limits = &session->limits;
  if (!message->duplicate && (message->expires <= session->now ||
                              message->owner.sent_by <= session->now))
    return MIDGE_EEXPIRED;
  if (message->qos > limits->qos_max) return MIDGE_ENOTSUP;
  if (message->retain && !limits->retain) return MIDGE_ENOTSUP;
  form->size = midge_message_size(message, form);
  if (form->size == 0 || form->size > limits->packet_size_max)
    return MIDGE_EOVERSIZE;
  return MIDGE_OK;
}

/* Use a topic alias if we may; a message sent again has its topic whole. */
static void use_alias(midge_session *session, const midge_message *message,
                      midge_message_form *form) {
  midge_aliases *aliases = &session->aliases_out;
  if (form->version != MIDGE_MQTT_5 || message->duplicate) return;
  if (aliases->max == 0) return;

  midge_slice topic = midge_message_topic(message);
  uint16_t alias = message->alias <= aliases->max ? message->alias : 0;
  if (alias == 0 && session->options.alias_auto)
    alias = midge_aliases_choose(aliases, topic);
  if (alias == 0) return;

  midge_message_form with = *form;
  with.alias = alias;
  with.omit_topic = midge_aliases_maps(aliases, alias, topic);
  with.size = midge_message_size(message, &with);
  if (with.size > session->limits.packet_size_max) return;
  if (!with.omit_topic && !midge_aliases_map(aliases, alias, topic)) return;
  *form = with;
}

static bool write_message(midge_session *session, midge_message *message,
                          const midge_message_form *form) {
  midge_output *output = &session->output;
  midge_slice payload = midge_message_payload(message);
  bool large = payload.size >= PAYLOAD_LARGE;
  size_t written = large ? form->size - payload.size : form->size;
  if (large && !midge_output_prepare(output)) return false;
  uint8_t *to = midge_output_reserve(output, written);
  if (to == NULL) return false;

  to = midge_message_encode_head(message, form, to);
  if (!large) midge_slice_copy(to, payload);
  midge_output_commit(output, written);
  if (large) midge_output_append(output, message->buffer, payload);
  return true;
}

void midge_session_show_message(midge_session *session,
                                midge_message *message) {
  if (message->count != 0) {
    if (!midge_bundle_show(session, message))
      midge_bundle_open(session, message);
    return;
  }
  midge_message_form form = {.version = session->version, .now = session->now};
  midge_status status = judge(session, message, &form);
  if (status != MIDGE_OK) {
    midge_session_finish_message(session, message, status, NULL);
    return;
  }
  use_alias(session, message, &form);
  if (!write_message(session, message, &form)) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  forget_coalesced(session, message);
  message->end = session->output.appended;
  midge_outbox_show(&session->outbox, message);
  if (message->qos != MIDGE_AT_MOST_ONCE)
    midge_trips_begin(&session->trips, message->key, session->now);
}

/* The program allows a lower QoS than it asked for: take the server's. The
 * message keeps its place. True if that is now among those of QoS 0; `lowered`
 * is the last one of which that is true, for all of them at once are many. */
static bool lower_qos(midge_session *session, midge_message *message,
                      midge_message **lowered) {
  midge_outbox *outbox = &session->outbox;
  midge_qos most = session->limits.qos_max;
  if (!session->options.lower_qos || message->qos <= most) return false;
  if (most == MIDGE_AT_MOST_ONCE) {
    midge_session_record_end(session, message);
    message->recorded = false;
    /* As QoS 0 with a record, which it was told to have. */
    bool waits = session->options.durable_qos_0;
    message->position = waits ? session->records.written : 0;
    if (message->key < outbox->passed)
      message->key = outbox->passed = session->next_key++;
    midge_outbox_lower(outbox, message, *lowered);
    *lowered = message;
    return true;
  }
  message->qos = most;
  if (!midge_session_record_message(session, message))
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
  return false;
}

/* Before MQTT 5 a server cannot say how many it takes, and mosquitto loses what
 * is more of QoS 2 than its max_inflight_messages, 20 by default, and
 * acknowledges it all the same. */
static bool may_be_too_many(const midge_session *session,
                            const midge_message *message) {
  return session->version != MIDGE_MQTT_5 &&
         message->qos == MIDGE_EXACTLY_ONCE &&
         session->outbox.exactly_once >= session->exactly_once_max;
}

void midge_session_admit(midge_session *session) {
  midge_outbox *outbox = &session->outbox;
  midge_message *lowered = NULL;
  size_t most = session->options.in_flight_max;
  if (most > session->limits.receive_max) most = session->limits.receive_max;
  midge_outbox_refill(outbox);
  while (outbox->entry != NULL && outbox->in_flight < most) {
    midge_message *message = outbox->entry;
    if (lower_qos(session, message, &lowered)) continue;
    if (may_be_too_many(session, message)) return;
    if (!midge_packet_ids_take(&session->packet_ids, &message->owner)) return;
    midge_outbox_enter(outbox, message);
    midge_session_record_mark(session, message);
  }
}

midge_message *midge_session_next_publish(const midge_session *session) {
  midge_message *message = session->outbox.cursor;
  if (message == NULL || message->state != MIDGE_MESSAGE_PUBLISHED) return NULL;
  if (session->outbox.window == 0) return NULL; /* [MQTT-3.3.4-7] */
  bool safe = midge_record_queue_have(&session->records, message->position);
  return safe ? message : NULL;
}
