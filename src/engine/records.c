#include "engine/records.h"

#include "base/slice.h"
#include "engine/tell.h"

static const uint8_t answered[MIDGE_PRESENT_HEAD] = {MIDGE_RECORD_ANSWERED};
static const uint8_t completed[MIDGE_PRESENT_HEAD] = {MIDGE_RECORD_COMPLETED};

static bool put(midge_session *session, uint64_t key, midge_slice head) {
  return midge_record_queue_put(&session->records, key, head, MIDGE_NO_SLICE,
                                NULL);
}

/* A record that an answer to the server rests on: without memory for it the
 * connection ends before the answer. */
static void put_or_fail(midge_session *session, uint64_t key,
                        midge_slice head) {
  if (!put(session, key, head)) midge_session_fail(session, MIDGE_ENOMEM, NULL);
}

void midge_session_delete_record(midge_session *session, uint64_t key) {
  if (session->records.durable) put_or_fail(session, key, MIDGE_NO_SLICE);
}

static uint64_t key_of(const midge_message *message) {
  return message->qos == MIDGE_AT_MOST_ONCE ? message->key | MIDGE_KEY_FLEETING
                                            : message->key;
}

bool midge_session_record_message(midge_session *session,
                                  midge_message *message) {
  if (!session->records.durable) return true;
  uint8_t head[MIDGE_RECORD_HEAD_MAX];
  size_t size = midge_message_to_record(message, head);
  if (!midge_record_queue_put(&session->records, key_of(message),
                              midge_slice_of(head, size),
                              midge_message_content(message), message->buffer))
    return false;
  message->recorded = true;
  message->position = session->records.written;
  return true;
}

bool midge_session_take_back(midge_session *session, midge_message *message) {
  if (!put(session, key_of(message), MIDGE_NO_SLICE)) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return false;
  }
  message->recorded = false;
  message->position = session->records.written;
  return true;
}

/* As a state: released, without PUBREC. */
enum { LET_GO = 3 };

void midge_session_record_mark(midge_session *session, midge_message *message) {
  if (!session->records.durable) return;
  uint64_t order = session->next_order++;
  message->order = order;
  uint8_t state = message->let_go ? LET_GO : (uint8_t)message->state;
  uint8_t mark[MIDGE_MARK_HEAD] = {state,
                                   (uint8_t)(message->owner.packet_id >> 8),
                                   (uint8_t)message->owner.packet_id};
  for (int i = 0; i < 8; i++) mark[3 + i] = (uint8_t)(order >> (56 - 8 * i));
  put_or_fail(session, message->key | MIDGE_KEY_MARK,
              midge_slice_of(mark, sizeof mark));
  message->marked = true;
  message->position = session->records.written;
}

void midge_session_record_unmark(midge_session *session,
                                 midge_message *message) {
  if (!message->marked) return;
  message->marked = false;
  midge_session_delete_record(session, message->key | MIDGE_KEY_MARK);
}

void midge_session_record_end(midge_session *session, midge_message *message) {
  if (!message->recorded) return;
  /* In this order: a mark without a message is harmless, a message without
   * its mark would be sent as new. */
  midge_session_delete_record(session, key_of(message));
  midge_session_record_unmark(session, message);
}

void midge_session_record_inbound(midge_session *session, uint16_t packet_id,
                                  bool received) {
  if (!session->records.durable) return;
  uint64_t key = MIDGE_KEY_INBOUND | packet_id;
  if (received)
    put_or_fail(session, key, midge_slice_of(answered, sizeof answered));
  else
    midge_session_delete_record(session, key);
}

void midge_session_record_completed(midge_session *session,
                                    uint16_t packet_id) {
  if (!session->records.durable) return;
  put_or_fail(session, MIDGE_KEY_INBOUND | packet_id,
              midge_slice_of(completed, sizeof completed));
}

/* Under the same key: the message itself, until the program has it. */
void midge_session_record_parked(midge_session *session,
                                 const midge_parked *parked) {
  if (!session->records.durable) return;
  uint8_t head[MIDGE_RECEIVED_HEAD];
  midge_slice content = midge_parked_to_record(parked, head);
  if (!midge_record_queue_put(
          &session->records, MIDGE_KEY_INBOUND | parked->message.packet_id,
          midge_slice_of(head, sizeof head), content, parked->message.buffer))
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
}

void midge_session_forget_inbound(midge_session *session) {
  const midge_sparse *received = &session->inbox.received;
  for (uint32_t id = 0;
       session->records.durable && midge_sparse_next(received, &id); id++)
    midge_session_record_inbound(session, (uint16_t)id, false);
  midge_inbox_forget(&session->inbox);
  if (session->lodging == NULL) return;
  midge_parking_forget_ids(&session->lodging->parking);
  midge_parking_clear(
      &session->lodging->proposed); /* nobody was told of these */
}

void midge_session_record_session(midge_session *session) {
  if (!session->records.durable) return;
  bool offline = !midge_session_is_connected(session);
  midge_time since = offline ? session->closed_at : MIDGE_NEVER;
  uint32_t expiry_s = session->version == MIDGE_MQTT_5
                          ? session->limits.session_expiry_s
                          : UINT32_MAX; /* nobody says */
  uint8_t head[MIDGE_SESSION_HEAD] = {
      (uint8_t)((session->exists && !session->passing) * MIDGE_RECORD_EXISTS +
                session->anew * MIDGE_RECORD_ANEW)};
  for (int i = 0; i < 4; i++) head[1 + i] = (uint8_t)(expiry_s >> (24 - 8 * i));
  for (int i = 0; i < 8; i++) head[5 + i] = (uint8_t)(since >> (56 - 8 * i));
  midge_slice client_id = MIDGE_NO_SLICE; /* as in a clean session of 3.1.1 */
  if (session->client_id != NULL)
    client_id = midge_buffer_slice(session->client_id);
  if (!midge_record_queue_put(&session->records, MIDGE_KEY_SESSION,
                              midge_slice_of(head, sizeof head), client_id,
                              session->client_id))
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
}

bool midge_record_is_session(const midge_record *record) {
  return record->key == MIDGE_KEY_SESSION && record->head.size != 0 &&
         (record->head.data[0] & MIDGE_RECORD_EXISTS) != 0;
}

/* --- Subscriptions --- */

static bool record_subscription(midge_session *session,
                                const midge_remembered *one) {
  uint8_t head[MIDGE_SUBSCRIPTION_HEAD] = {one->options,
                                           (uint8_t)(one->filter_size >> 8),
                                           (uint8_t)one->filter_size};
  size_t size = (size_t)one->filter_size + one->properties_size;
  midge_buffer *body =
      midge_buffer_copy(&session->allocator, midge_slice_of(one->bytes, size));
  if (body == NULL) return false;
  bool put = midge_record_queue_put(&session->records, one->key,
                                    midge_slice_of(head, sizeof head),
                                    midge_buffer_slice(body), body);
  midge_buffer_release(body);
  return put;
}

bool midge_session_remember(midge_session *session, midge_packet_filter filter,
                            midge_slice properties) {
  midge_subscriptions *all = &session->subscriptions;
  if (!session->records.durable || session->options.forget_subscriptions)
    return midge_subscriptions_remember(all, filter, properties);
  const midge_remembered *before = midge_subscriptions_find(all, filter.filter);
  uint64_t key = before != NULL ? before->key : 0;
  bool is_same =
      before != NULL && before->options == filter.options &&
      midge_slice_equal(midge_remembered_properties(before), properties);
  if (!midge_subscriptions_remember(all, filter, properties)) return false;
  midge_remembered *one = midge_subscriptions_find(all, filter.filter);
  one->key = key;
  if (is_same) return true;
  if (key == 0) one->key = MIDGE_KEY_SESSION | session->next_subscription++;
  return record_subscription(session, one);
}

void midge_session_forget(midge_session *session, midge_slice filter) {
  midge_subscriptions *all = &session->subscriptions;
  const midge_remembered *one = midge_subscriptions_find(all, filter);
  if (one == NULL) return;
  if (one->key != 0) midge_session_delete_record(session, one->key);
  midge_subscriptions_forget(all, filter);
}

bool midge_mark_read(midge_slice head, midge_mark *mark) {
  if (head.size != MIDGE_MARK_HEAD) return false;
  *mark = (midge_mark){
      .state = head.data[0],
      .packet_id = (uint16_t)(head.data[1] << 8 | head.data[2]),
  };
  for (int i = 0; i < 8; i++) mark->order = mark->order << 8 | head.data[3 + i];
  mark->let_go = head.data[0] == LET_GO;
  if (mark->let_go) mark->state = MIDGE_MESSAGE_RELEASED;
  return mark->state == MIDGE_MESSAGE_PUBLISHED ||
         mark->state == MIDGE_MESSAGE_RELEASED;
}

/* Whether a message that is behind, and stored, need not be in memory: nobody
 * may ask for it by time or by topic. */
static bool can_leave(const midge_session *session,
                      const midge_message *message) {
  return message == session->outbox.behind.first && message->owner.place == 0 &&
         message->coalesced == 0;
}

/* Those of QoS 0 that wait and have a record. */
static void tell_fleeting(midge_session *session) {
  midge_outbox *outbox = &session->outbox;
  midge_message *message;
  while ((message = outbox->unstored_fleeting) != NULL) {
    if (!midge_record_queue_have(&session->records, message->position)) return;
    if (message->recorded && message->owner.token != 0) {
      midge_queued_event *queued =
          midge_events_push(&session->events, MIDGE_EVENT_STORED);
      if (queued == NULL) return; /* with the next commit */
      queued->event.stored.token = message->owner.token;
    }
    midge_outbox_told_stored(outbox, message);
  }
}

void midge_session_tell_stored(midge_session *session) {
  midge_outbox *outbox = &session->outbox;
  midge_message *message;
  if (!session->records.durable) return;
  tell_fleeting(session);
  while ((message = outbox->unstored) != NULL &&
         midge_record_queue_have(&session->records, message->position)) {
    bool leaves = can_leave(session, message);
    midge_queued_event *queued = NULL;
    if (message->owner.token != 0) {
      queued = midge_events_push(&session->events, MIDGE_EVENT_STORED);
      if (queued == NULL) return; /* with the next commit */
      queued->event.stored.token = message->owner.token;
      if (leaves) queued->event.stored.left = midge_message_bytes(message);
    }
    midge_outbox_told_stored(outbox, message);
    if (!leaves) continue;
    midge_tokens_remove(&session->tokens, &message->owner);
    midge_outbox_leave(outbox, message);
  }
}
