#include "engine/records.h"

#include "base/slice.h"
#include "engine/tell.h"

/* A mark: state, packet identifier, and the order of the PUBRECs. */
enum { MARK_SIZE = 1 + 2 + 8 };

/* The head of a record that says nothing but that it is there. */
static const uint8_t present[] = {1};

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

static void delete_record(midge_session *session, uint64_t key) {
  if (session->records.durable) put_or_fail(session, key, MIDGE_NO_SLICE);
}

bool midge_session_record_message(midge_session *session,
                                  midge_message *message) {
  if (!session->records.durable) return true;
  if (message->qos == MIDGE_AT_MOST_ONCE) return true;

  uint8_t head[MIDGE_RECORD_HEAD_MAX];
  size_t size = midge_message_to_record(message, head);
  if (!midge_record_queue_put(&session->records, message->key,
                              midge_slice_of(head, size),
                              midge_message_content(message), message->buffer))
    return false;
  message->recorded = true;
  message->position = session->records.written;
  return true;
}

void midge_session_record_mark(midge_session *session, midge_message *message) {
  if (!session->records.durable) return;
  uint64_t order = session->next_order++;
  message->order = order;
  uint8_t mark[MARK_SIZE] = {(uint8_t)message->state,
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
  delete_record(session, message->key | MIDGE_KEY_MARK);
}

void midge_session_record_end(midge_session *session, midge_message *message) {
  if (!message->recorded) return;
  /* In this order: a mark without a message is harmless, a message without
   * its mark would be sent as new. */
  delete_record(session, message->key);
  midge_session_record_unmark(session, message);
}

void midge_session_record_inbound(midge_session *session, uint16_t packet_id,
                                  bool received) {
  if (!session->records.durable) return;
  uint64_t key = MIDGE_KEY_INBOUND | packet_id;
  if (received)
    put_or_fail(session, key, midge_slice_of(present, sizeof present));
  else
    delete_record(session, key);
}

/* Under the same key: the message itself, until the program has it. */
void midge_session_record_parked(midge_session *session,
                                 const midge_parked *parked) {
  if (!session->records.durable) return;
  uint8_t head[MIDGE_PARKED_HEAD];
  midge_slice content = midge_parked_to_record(parked, head);
  if (!midge_record_queue_put(
          &session->records, MIDGE_KEY_INBOUND | parked->message.packet_id,
          midge_slice_of(head, sizeof head), content, parked->message.buffer))
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
}

void midge_session_forget_inbound(midge_session *session) {
  const midge_map *map = &session->inbox.received;
  for (size_t i = 0; i < map->room && session->records.durable; i++)
    if (map->places[i].key != 0)
      midge_session_record_inbound(session, (uint16_t)map->places[i].key,
                                   false);
  midge_inbox_forget(&session->inbox);
  midge_parking_forget_ids(&session->parking);
}

void midge_session_record_session(midge_session *session) {
  bool knew = session->exists;
  session->exists = true;
  if (!session->records.durable || knew) return;
  midge_slice client_id = MIDGE_NO_SLICE; /* as in a clean session of 3.1.1 */
  if (session->client_id != NULL)
    client_id = midge_buffer_slice(session->client_id);
  if (!midge_record_queue_put(&session->records, MIDGE_KEY_SESSION,
                              midge_slice_of(present, sizeof present),
                              client_id, session->client_id))
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
}

void midge_session_tell_stored(midge_session *session) {
  midge_message **next = &session->outbox.unstored;
  if (!session->records.durable) return;
  while (*next != NULL &&
         midge_record_queue_have(&session->records, (*next)->position)) {
    uint64_t token = (*next)->owner.token;
    midge_queued_event *queued = NULL;
    if (token != 0)
      queued = midge_events_push(&session->events, MIDGE_EVENT_STORED);
    if (token != 0 && queued == NULL) return; /* with the next commit */
    if (queued != NULL) queued->event.stored.token = token;
    *next = (*next)->next;
  }
}

/* --- Restoring ---------------------------------------------------------------
 */

static midge_status restore_message(midge_session *session,
                                    const midge_record *record,
                                    uint64_t token) {
  uint64_t key = record->key;
  midge_status status;
  midge_message *newest = session->outbox.publishes.last;
  if (newest != NULL && key <= newest->key) return MIDGE_EINVAL;
  midge_message *message = midge_message_from_record(
      &session->allocator, record->head, record->body, &status);
  if (message == NULL) return status;
  if (midge_topic_check(midge_message_topic(message), MIDGE_TEXT_LENIENT) !=
      MIDGE_OK) {
    midge_message_release(message);
    return MIDGE_EINVAL;
  }
  message->key = key;
  message->owner.token = token;
  message->recorded = true;
  if (!midge_deadlines_add(&session->deadlines, &message->owner)) {
    midge_message_release(message);
    return MIDGE_ENOMEM;
  }
  midge_outbox_add(&session->outbox, message);
  session->outbox.unstored = NULL; /* it is */
  midge_tokens_add(&session->tokens, &message->owner);
  if (session->next_key <= key) session->next_key = key + 1;
  return MIDGE_OK;
}

/* Marks come in the order of the messages, so the search goes on from
 * `entry`. */
static midge_message *message_to_mark(midge_session *session, uint64_t key) {
  midge_message *message = session->outbox.entry;
  while (message != NULL && message->key < key) message = message->next;
  return message != NULL && message->key == key ? message : NULL;
}

bool midge_mark_read(midge_slice head, midge_mark *mark) {
  if (head.size != MARK_SIZE) return false;
  *mark = (midge_mark){
      .state = head.data[0],
      .packet_id = (uint16_t)(head.data[1] << 8 | head.data[2]),
  };
  for (int i = 0; i < 8; i++) mark->order = mark->order << 8 | head.data[3 + i];
  return mark->state == MIDGE_MESSAGE_PUBLISHED ||
         mark->state == MIDGE_MESSAGE_RELEASED;
}

static midge_status restore_mark(midge_session *session, uint64_t key,
                                 midge_slice head) {
  midge_mark mark;
  midge_message *message = message_to_mark(session, key);
  if (!midge_mark_read(head, &mark)) return MIDGE_EINVAL;
  if (message == NULL || message != session->outbox.entry) {
    /* Those in flight are the oldest: a crash came between two records. */
    delete_record(session, key | MIDGE_KEY_MARK);
    return MIDGE_OK;
  }
  if (!midge_packet_ids_retake(&session->packet_ids, &message->owner,
                               mark.packet_id))
    return MIDGE_EINVAL;

  message->marked = true;
  message->duplicate = true;
  midge_outbox_enter(&session->outbox, message);
  if (mark.state == MIDGE_MESSAGE_RELEASED)
    midge_outbox_release_in_order(&session->outbox, message, mark.order);
  if (session->next_order <= mark.order) session->next_order = mark.order + 1;
  return MIDGE_OK;
}

static midge_status restore_inbound(midge_session *session, uint64_t number,
                                    const midge_record *record) {
  if (number == 0 || number > UINT16_MAX) return MIDGE_EINVAL;
  uint16_t packet_id = (uint16_t)number;
  midge_inbox *inbox = &session->inbox;
  bool parked = record->head.size != sizeof present;
  if (parked && midge_inbox_state(inbox, packet_id) != MIDGE_INBOUND_NEW)
    return MIDGE_EINVAL;
  if (!midge_inbox_set_state(
          inbox, packet_id,
          parked ? MIDGE_INBOUND_PARKED : MIDGE_INBOUND_ANSWERED))
    return MIDGE_ENOMEM;
  if (!parked) return MIDGE_OK;
  midge_status status = midge_parking_restore(&session->parking, record);
  if (status != MIDGE_OK) midge_inbox_remove(inbox, packet_id);
  return status;
}

static midge_status restore_session(midge_session *session,
                                    midge_slice client_id) {
  session->exists = true;
  if (session->client_id != NULL || client_id.size == 0) return MIDGE_OK;
  session->client_id = midge_buffer_copy(&session->allocator, client_id);
  return session->client_id != NULL ? MIDGE_OK : MIDGE_ENOMEM;
}

midge_status midge_session_restore(midge_session *session,
                                   const midge_record *record, uint64_t token) {
  uint64_t number = record->key & ~MIDGE_KEY_KINDS;
  if (!session->options.durable || session->connection != 0)
    return MIDGE_EINVAL;
  if (record->head.size == 0) return MIDGE_EINVAL;
  switch (record->key & MIDGE_KEY_KINDS) {
    case 0:
      return number != 0 ? restore_message(session, record, token)
                         : MIDGE_EINVAL;
    case MIDGE_KEY_MARK:
      return restore_mark(session, number, record->head);
    case MIDGE_KEY_INBOUND:
      return restore_inbound(session, number, record);
    default:
      return restore_session(session, record->body);
  }
}
