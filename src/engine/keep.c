#include "engine/keep.h"

#include "base/slice.h"
#include "engine/records.h"
#include "engine/tell.h"

/* Numbers are given out once in all lives of a store: so many are granted at a
 * time, and what is left of a grant at the end of a life is never given. */
enum { GRANT = 65536, GRANT_HEAD = 8 + 8 };

/* --- Records --- */

static bool record(midge_session *session, const midge_kept *kept) {
  uint8_t head[MIDGE_KEPT_HEAD];
  midge_slice content = midge_kept_to_record(kept, head);
  return midge_record_queue_put(
      &session->records, MIDGE_KEY_KEPT | kept->number,
      midge_slice_of(head, sizeof head), content, kept->message.buffer);
}

/* Its record says something else now. */
static void record_again(midge_session *session, const midge_kept *kept) {
  if (!record(session, kept)) midge_session_fail(session, MIDGE_ENOMEM, NULL);
}

static void put_number(uint8_t *to, uint64_t number) {
  for (int i = 0; i < 8; i++) to[i] = (uint8_t)(number >> (56 - 8 * i));
}

static uint64_t get_number(const uint8_t *from) {
  uint64_t number = 0;
  for (int i = 0; i < 8; i++) number = number << 8 | from[i];
  return number;
}

/* The next number, and that it was given. False when there is no memory. */
static bool give_number(midge_session *session, uint64_t *number) {
  midge_keeping *keeping = &session->lodging->keeping;
  uint64_t newest = keeping->newest;
  if (newest < keeping->given_before) newest = keeping->given_before;
  *number = newest + 1;
  if ((uint32_t)*number == 0) ++*number; /* the map knows no 0 */
  if (*number <= keeping->granted) return true;
  uint8_t head[GRANT_HEAD];
  uint64_t epoch = keeping->epoch != 0 ? keeping->epoch : session->now | 1;
  put_number(head, epoch);
  put_number(head + 8, *number + GRANT);
  if (!midge_record_queue_put(&session->records, MIDGE_KEY_INBOUND,
                              midge_slice_of(head, sizeof head), MIDGE_NO_SLICE,
                              NULL))
    return false;
  keeping->epoch = epoch;
  keeping->granted = *number + GRANT;
  return true;
}

/* --- In --- */

bool midge_session_keep(midge_session *session, const midge_packet *publish,
                        uint16_t alias, bool by_alias) {
  if (midge_keeping_add(&session->lodging->keeping, publish, alias, by_alias) !=
      NULL)
    return true;
  midge_session_fail(session, MIDGE_ENOMEM, NULL);
  return false;
}

/* It has not come: the server sends it again. */
static void drop(midge_session *session, midge_kept *kept) {
  if (kept->message.qos == MIDGE_EXACTLY_ONCE)
    midge_inbox_remove(&session->inbox, kept->message.packet_id);
  midge_keeping_remove(&session->lodging->keeping, kept);
}

/* One is let in whatever its size. */
static bool has_room(const midge_session *session, const midge_kept *kept) {
  const midge_keeping *keeping = &session->lodging->keeping;
  size_t most = session->options.inbox_bytes_max;
  return keeping->bytes == 0 || keeping->bytes + midge_kept_bytes(kept) <= most;
}

bool midge_session_keep_next(midge_session *session, midge_kept **next) {
  if (session->lodging == NULL) return false;
  midge_keeping *keeping = &session->lodging->keeping;
  midge_kept *kept = *next = keeping->waits;
  uint64_t number;
  if (kept == NULL || !has_room(session, kept)) return false;
  if (!midge_session_is_open(session)) return false;
  if (!give_number(session, &number) || !midge_keeping_admit(keeping, number) ||
      !record(session, kept)) {
    drop(session, kept);
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return false;
  }
  keeping->newest = number;
  kept->position = session->records.written;
  return true;
}

/* --- To the program --- */

static bool tell(midge_session *session, const midge_kept *kept) {
  midge_events *events = &session->events;
  midge_queued_message told = kept->message;
  midge_queued_message *queued = midge_events_push_message(events, told.buffer);
  if (queued == NULL) return false;
  told.order = queued->order;
  told.joins = queued->joins;
  told.owed = (midge_owed){.kept = true};
  told.delivery = kept->number;
  *queued = told;
  events->bytes += midge_queued_bytes(&told);
  return true;
}

void midge_session_tell_kept(midge_session *session) {
  if (session->lodging == NULL) return;
  midge_keeping *keeping = &session->lodging->keeping;
  while (keeping->is_open && keeping->untold != NULL) {
    midge_kept *kept = keeping->untold;
    if (kept->number == 0) return;
    if (!midge_record_queue_have(&session->records, kept->position)) return;
    if (!tell(session, kept)) return; /* with the next commit */
    keeping->untold = kept->next;
  }
}

void midge_session_tell_no_kept(midge_session *session) {
  if (session->lodging != NULL) session->lodging->keeping.is_open = false;
}

void midge_session_begin_to_tell_kept(midge_session *session) {
  if (session->lodging != NULL) session->lodging->keeping.is_open = true;
  midge_session_tell_kept(session);
}

static bool is_told(const midge_keeping *keeping, const midge_kept *kept) {
  return keeping->untold == NULL || kept->number < keeping->untold->number ||
         keeping->untold->number == 0;
}

/* Of QoS 2 the identifier stays known until PUBREL, by a record of its own
 * that is there before the message's is gone. */
bool midge_session_let_go(midge_session *session, uint64_t number) {
  if (session->lodging == NULL) return false;
  midge_keeping *keeping = &session->lodging->keeping;
  midge_kept *kept = midge_keeping_find(keeping, number);
  if (kept == NULL || !is_told(keeping, kept)) return false;
  if (kept->holds_id)
    midge_session_record_inbound(session, kept->message.packet_id, true);
  midge_session_delete_record(session, MIDGE_KEY_KEPT | number);
  midge_keeping_remove(keeping, kept);
  return true;
}

/* --- Identifiers --- */

void midge_session_release_kept(midge_session *session, uint16_t packet_id) {
  if (session->lodging == NULL) return;
  midge_kept *kept =
      midge_keeping_holder(&session->lodging->keeping, packet_id);
  if (kept == NULL) return;
  midge_keeping_release(&session->lodging->keeping, kept);
  record_again(session, kept);
}

void midge_session_release_all_kept(midge_session *session) {
  if (session->lodging == NULL) return;
  for (midge_kept *kept = session->lodging->keeping.first; kept != NULL;
       kept = kept->next)
    if (kept->holds_id)
      midge_session_release_kept(session, kept->message.packet_id);
}

void midge_session_drop_waiting(midge_session *session) {
  if (session->lodging == NULL) return;
  midge_keeping *keeping = &session->lodging->keeping;
  while (keeping->waits != NULL) drop(session, keeping->waits);
}

/* --- Of a former life --- */

midge_status midge_session_restore_kept(midge_session *session,
                                        const midge_record *given) {
  midge_keeping *keeping = &session->lodging->keeping;
  midge_received_record read;
  bool holds_id;
  uint64_t number = given->key & ~MIDGE_KEY_KEPT;
  if (number <= keeping->newest || (uint32_t)number == 0 ||
      !midge_kept_read(given, &read, &holds_id))
    return MIDGE_EINVAL;
  midge_kept *kept =
      midge_keeping_add(keeping, &read.publish, read.alias, read.by_alias);
  if (kept == NULL) return MIDGE_ENOMEM;
  uint16_t packet_id = kept->message.packet_id;
  midge_kept *holder = midge_keeping_holder(keeping, packet_id);
  bool once = kept->message.qos == MIDGE_EXACTLY_ONCE;
  if (once && holder != NULL) midge_keeping_release(keeping, holder);
  if (!midge_keeping_admit(keeping, number) ||
      (holds_id && !midge_inbox_set_state(&session->inbox, packet_id,
                                          MIDGE_INBOUND_ANSWERED))) {
    midge_keeping_remove(keeping, kept);
    return MIDGE_ENOMEM;
  }
  if (!holds_id) midge_keeping_release(keeping, kept);
  keeping->newest = number;
  return MIDGE_OK;
}

midge_status midge_session_restore_keeping(midge_session *session,
                                           const midge_record *given) {
  midge_keeping *keeping = &session->lodging->keeping;
  if (given->head.size != GRANT_HEAD) return MIDGE_EINVAL;
  keeping->epoch = get_number(given->head.data);
  keeping->granted = get_number(given->head.data + 8);
  keeping->given_before = keeping->granted;
  return MIDGE_OK;
}
