/* A session that comes back from its records. */
#include "base/slice.h"
#include "engine/keep.h"
#include "engine/publish_out.h"
#include "engine/pump.h"
#include "engine/records.h"

/* A message behind those that are there; null with `*status`. */
static midge_message *new_message(midge_session *session,
                                  const midge_record *record, uint64_t token,
                                  midge_status *status) {
  bool fleeting = (record->key & MIDGE_KEY_FLEETING) != 0;
  uint64_t key = record->key & ~MIDGE_KEY_FLEETING;
  const midge_message *newest =
      fleeting ? session->outbox.fleeting.last : session->outbox.publishes.last;
  *status = MIDGE_EINVAL;
  if (key == 0 || (newest != NULL && key <= newest->key)) return NULL;
  midge_message *message = midge_message_from_record(
      &session->allocator, record->head, record->body, status);
  if (message == NULL) return NULL;
  message->key = key;
  message->owner.token = token;
  message->recorded = true;
  *status = MIDGE_EINVAL;
  if ((message->qos == MIDGE_AT_MOST_ONCE) != fleeting) goto Exit;
  if (midge_topic_check(midge_message_topic(message), MIDGE_TEXT_LENIENT) !=
      MIDGE_OK)
    goto Exit;
  *status = MIDGE_ENOMEM;
  if (!midge_deadlines_add(&session->deadlines, &message->owner)) goto Exit;
  *status = MIDGE_OK;
  return message;
Exit:
  midge_message_release(message);
  return NULL;
}

static void add_message(midge_session *session, midge_message *message) {
  midge_outbox_add_stored(&session->outbox, message);
  midge_tokens_add(&session->tokens, &message->owner);
}

static midge_status restore_message(midge_session *session,
                                    const midge_record *record,
                                    uint64_t token) {
  midge_status status;
  midge_message *message = new_message(session, record, token, &status);
  if (message == NULL) return status;
  add_message(session, message);
  if (session->next_key <= message->key) session->next_key = message->key + 1;
  return MIDGE_OK;
}

/* Marks come in the order of the messages, so the search goes on from
 * `entry`. */
static midge_message *message_to_mark(midge_session *session, uint64_t key) {
  midge_message *message = session->outbox.entry;
  while (message != NULL && message->key < key) message = message->next;
  return message != NULL && message->key == key ? message : NULL;
}

static midge_status restore_mark(midge_session *session, uint64_t key,
                                 midge_slice head) {
  midge_mark mark;
  midge_message *message = message_to_mark(session, key);
  if (!midge_mark_read(head, &mark)) return MIDGE_EINVAL;
  if (message == NULL || message != session->outbox.entry) {
    /* Those in flight are the oldest: a crash came between two records. */
    midge_session_delete_record(session, key | MIDGE_KEY_MARK);
    return MIDGE_OK;
  }
  midge_status status = midge_packet_ids_retake(
      &session->packet_ids, &message->owner, mark.packet_id);
  if (status != MIDGE_OK) return status;
  message->marked = true;
  message->duplicate = true;
  message->let_go = mark.let_go;
  midge_outbox_enter(&session->outbox, message);
  if (mark.state == MIDGE_MESSAGE_RELEASED)
    midge_outbox_release_in_order(&session->outbox, message, mark.order);
  if (session->next_order <= mark.order) session->next_order = mark.order + 1;
  return MIDGE_OK;
}

static midge_inbound_state recorded_state(midge_slice head) {
  if (head.size != MIDGE_PRESENT_HEAD) return MIDGE_INBOUND_PARKED;
  return head.data[0] == MIDGE_RECORD_COMPLETED ? MIDGE_INBOUND_COMPLETED
                                                : MIDGE_INBOUND_ANSWERED;
}

static midge_status restore_inbound(midge_session *session, uint64_t number,
                                    const midge_record *record) {
  if ((record->key & MIDGE_KEY_KEPT) == MIDGE_KEY_KEPT)
    return midge_session_restore_kept(session, record);
  if (number == 0) return midge_session_restore_keeping(session, record);
  if (number > UINT16_MAX) return MIDGE_EINVAL;
  uint16_t packet_id = (uint16_t)number;
  midge_inbox *inbox = &session->inbox;
  midge_inbound_state state = recorded_state(record->head);
  bool parked = state == MIDGE_INBOUND_PARKED;
  if (parked && midge_inbox_state(inbox, packet_id) != MIDGE_INBOUND_NEW)
    return MIDGE_EINVAL;
  if (!midge_inbox_set_state(inbox, packet_id, state)) return MIDGE_ENOMEM;
  if (!parked) return MIDGE_OK;
  midge_status status =
      midge_parking_restore(&session->lodging->parking, record);
  if (status != MIDGE_OK) midge_inbox_remove(inbox, packet_id);
  return status;
}

static uint64_t get(const uint8_t *from, size_t size) {
  uint64_t number = 0;
  while (size-- != 0) number = number << 8 | *from++;
  return number;
}

/* The first version wrote nothing but that there is one. */
static midge_status restore_session(midge_session *session, midge_slice head,
                                    midge_slice client_id) {
  session->exists = true;
  session->closed_at = MIDGE_NEVER;
  session->limits.session_expiry_s = UINT32_MAX;
  if (head.size == MIDGE_SESSION_HEAD) {
    session->exists = (head.data[0] & MIDGE_RECORD_EXISTS) != 0;
    session->anew = (head.data[0] & MIDGE_RECORD_ANEW) != 0;
    session->limits.session_expiry_s = (uint32_t)get(head.data + 1, 4);
    session->closed_at = get(head.data + 5, 8);
  } else if (head.size != MIDGE_PRESENT_HEAD) {
    return MIDGE_EINVAL;
  }
  if (session->client_id != NULL || client_id.size == 0) return MIDGE_OK;
  session->client_id = midge_buffer_copy(&session->allocator, client_id);
  return session->client_id != NULL ? MIDGE_OK : MIDGE_ENOMEM;
}

static midge_status restore_subscription(midge_session *session,
                                         const midge_record *record) {
  midge_subscriptions *all = &session->subscriptions;
  uint64_t number = record->key & ~MIDGE_KEY_KINDS;
  if (record->head.size != MIDGE_SUBSCRIPTION_HEAD) return MIDGE_EINVAL;
  size_t size = (size_t)get(record->head.data + 1, 2);
  if (size > record->body.size) return MIDGE_EINVAL;
  midge_packet_filter filter = {
      .filter = midge_slice_of(record->body.data, size),
      .options = record->head.data[0]};
  if (midge_filter_check(filter.filter, MIDGE_TEXT_LENIENT) != MIDGE_OK ||
      midge_subscriptions_find(all, filter.filter) != NULL)
    return MIDGE_EINVAL;
  if (session->next_subscription <= number)
    session->next_subscription = number + 1;
  if (session->options.forget_subscriptions) {
    midge_session_delete_record(session, record->key);
    return MIDGE_OK;
  }
  if (!midge_subscriptions_remember(all, filter,
                                    midge_slice_skip(record->body, size)))
    return MIDGE_ENOMEM;
  midge_subscriptions_find(all, filter.filter)->key = record->key;
  return MIDGE_OK;
}

midge_status midge_session_restore(midge_session *session,
                                   const midge_record *record, uint64_t token) {
  uint64_t number = record->key & ~MIDGE_KEY_KINDS;
  if (!session->options.durable || session->connection != 0)
    return MIDGE_EINVAL;
  if (record->head.size == 0) return MIDGE_EINVAL;
  switch (record->key & MIDGE_KEY_KINDS) {
    case 0:
      return restore_message(session, record, token);
    case MIDGE_KEY_MARK:
      return restore_mark(session, number, record->head);
    case MIDGE_KEY_INBOUND:
      return restore_inbound(session, number, record);
    default:
      return number == 0 ? restore_session(session, record->head, record->body)
                         : restore_subscription(session, record);
  }
}

/* The former life has told that they were given up; the server never had
 * them. */
static void end_let_go(midge_session *session) {
  for (midge_message *m = session->outbox.releases.first; m != NULL;
       m = m->release_next)
    if (m->let_go) midge_session_end_message(session, m, MIDGE_EBREAKS);
}

void midge_session_restored(midge_session *session, bool stale) {
  bool is_online = session->exists && session->closed_at == MIDGE_NEVER;
  end_let_go(session);
  if (is_online) session->closed_at = session->now;
  if (stale) {
    midge_session_renew(session);
    session->anew = true;
  }
  if (is_online || stale) midge_session_record_session(session);
}

/* --- What stays in the journal for now --- */

void midge_session_restore_absent(midge_session *session,
                                  const midge_absence *absence) {
  midge_outbox *outbox = &session->outbox;
  outbox->absent = (midge_absent){
      .first = absence->first,
      .last = absence->last,
      .count = absence->count,
      .bytes = absence->bytes,
  };
  outbox->count += absence->count;
  outbox->bytes += absence->bytes;
  if (session->next_key <= absence->last) session->next_key = absence->last + 1;
}

bool midge_session_wants(midge_session *session, uint64_t *first,
                         uint64_t *last) {
  midge_outbox *outbox = &session->outbox;
  midge_absent *absent = &outbox->absent;
  if (absent->count == 0 || absent->asked) return false;
  if (!midge_outbox_has_room(outbox)) return false;
  absent->asked = true;
  *first = absent->first;
  *last = absent->last;
  return true;
}

midge_status midge_session_load(midge_session *session,
                                const midge_record *record, uint64_t token) {
  midge_outbox *outbox = &session->outbox;
  midge_status status;
  if (!outbox->absent.asked) return MIDGE_ECLOSED;
  if (record->key > outbox->absent.last) return MIDGE_EINVAL;
  midge_message *message = new_message(session, record, token, &status);
  if (message == NULL) return status;
  midge_outbox_come_back(outbox, message);
  add_message(session, message);
  return MIDGE_OK;
}

midge_absence midge_session_loaded(midge_session *session, uint64_t key) {
  midge_absent *absent = &session->outbox.absent;
  midge_absence lost = {0};
  absent->asked = false;
  absent->first = key + 1;
  if (key >= absent->last) {
    lost.count = absent->count;
    lost.bytes = absent->bytes;
    midge_outbox_forget_absent(&session->outbox);
  }
  midge_session_settle(session);
  return lost;
}
