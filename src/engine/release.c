#include "engine/release.h"

#include "engine/control.h"
#include "engine/records.h"
#include "engine/tell.h"

static midge_lodging *lodging_of(midge_session *session) {
  return midge_lodging_at(&session->lodging, &session->allocator);
}

/* The identifier's place in the map is reused, so memory cannot lack. */
static void move_to(midge_session *session, uint16_t packet_id,
                    midge_inbound_state state) {
  bool set = midge_inbox_set_state(&session->inbox, packet_id, state);
  (void)set;
}

/* Its session is lost: it owes nothing. */
static bool is_orphan(midge_session *session, const midge_parked *parked) {
  uint16_t packet_id = parked->message.packet_id;
  return midge_parking_find(&session->lodging->parking, packet_id) != parked;
}

/* Of this session, or of the one before. False when there is no memory, and it
 * stays where it is. */
static bool tell(midge_session *session, midge_parked *parked, bool orphan) {
  midge_events *events = &session->events;
  const midge_queued_message *message = &parked->message;
  midge_queued_message *told =
      midge_events_push_message(events, message->buffer);
  if (told == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return false;
  }
  uint32_t order = told->order;
  uint32_t life = session->inbox.life - (orphan ? 1 : 0);
  *told = *message;
  told->order = order;
  told->joins = false; /* it holds the buffer, or one before it does */
  told->owed = (midge_owed){.life = life, .released = true};
  events->bytes += midge_queued_bytes(told);
  midge_parking_take(&session->lodging->parking, parked);
  return true;
}

static bool tell_early(midge_session *session, midge_parked *parked) {
  bool orphan = is_orphan(session, parked);
  uint16_t packet_id = parked->message.packet_id;
  if (!tell(session, parked, orphan)) return false;
  if (!orphan) move_to(session, packet_id, MIDGE_INBOUND_RELEASED);
  return true;
}

static void make_room(midge_session *session) {
  midge_parking *parking = &session->lodging->parking;
  while (parking->bytes > session->options.parked_bytes_max)
    if (!tell_early(session, parking->first)) return;
}

void midge_session_park(midge_session *session, const midge_packet *publish,
                        uint16_t alias, bool by_alias, midge_buffer *buffer) {
  uint16_t packet_id = publish->publish.packet_id;
  midge_lodging *lodging = lodging_of(session);
  midge_parked *parked = NULL;
  if (session->records.durable) buffer = NULL; /* a record is of one piece */
  if (lodging != NULL)
    parked =
        midge_parking_add(&lodging->parking, publish, alias, by_alias, buffer);
  if (parked == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  if (!midge_inbox_set_state(&session->inbox, packet_id,
                             MIDGE_INBOUND_PARKED)) {
    midge_parking_take(&lodging->parking, parked);
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  midge_session_record_parked(session, parked);
  if (midge_session_is_open(session)) {
    midge_session_control(session, MIDGE_PUBREC, packet_id, 0);
    make_room(session);
    return;
  }
  /* No memory for the record: the server was told nothing. */
  midge_parking_take(&lodging->parking, parked);
  midge_inbox_remove(&session->inbox, packet_id);
}

bool midge_session_propose(midge_session *session, const midge_packet *publish,
                           uint16_t alias, bool by_alias) {
  midge_events *events = &session->events;
  midge_lodging *lodging = lodging_of(session);
  midge_parked *parked = NULL;
  if (lodging != NULL)
    parked =
        midge_parking_add(&lodging->proposed, publish, alias, by_alias, NULL);
  if (parked == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return false;
  }
  midge_queued_message told = parked->message;
  midge_queued_message *queued = midge_events_push_message(events, told.buffer);
  if (queued == NULL) {
    midge_parking_take(&lodging->proposed, parked);
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return false;
  }
  told.order = queued->order;
  told.joins = false;
  told.proposed = true;
  told.owed = (midge_owed){.debt = midge_inbox_newest(&session->inbox),
                           .life = session->inbox.life};
  *queued = told;
  events->bytes += midge_queued_bytes(&told);
  return true;
}

bool midge_session_decide(midge_session *session, uint16_t packet_id,
                          bool accepted) {
  midge_parking *proposed = &session->lodging->proposed;
  midge_parked *parked = midge_parking_find(proposed, packet_id);
  midge_parked *taken = NULL;
  if (accepted)
    taken = midge_parking_put(&session->lodging->parking, &parked->message);
  midge_parking_take(proposed, parked);
  if (!accepted) return false;

  if (taken != NULL) {
    move_to(session, packet_id, MIDGE_INBOUND_PARKED);
    midge_session_record_parked(session, taken);
    make_room(session);
    return true;
  }
  midge_inbox_remove(&session->inbox, packet_id); /* it comes again */
  midge_session_fail(session, MIDGE_ENOMEM, NULL);
  return true;
}

void midge_session_withdraw(midge_session *session, uint16_t packet_id) {
  if (session->lodging == NULL) return;
  midge_parked *parked =
      midge_parking_find(&session->lodging->proposed, packet_id);
  if (parked != NULL) midge_parking_take(&session->lodging->proposed, parked);
}

void midge_session_release(midge_session *session, uint16_t packet_id) {
  midge_parked *parked =
      midge_parking_find(&session->lodging->parking, packet_id);
  if (tell(session, parked, false))
    midge_inbox_release(&session->inbox, packet_id);
}

void midge_session_released_again(midge_session *session, uint16_t packet_id) {
  midge_inbox *inbox = &session->inbox;
  if (midge_inbox_owes_completion(inbox, packet_id))
    midge_inbox_free_place(inbox); /* of a PUBLISH that was repeated */
  else
    midge_inbox_owe_completion(inbox, packet_id);
}

void midge_session_complete(midge_session *session, uint16_t packet_id) {
  midge_inbox *inbox = &session->inbox;
  if (!midge_session_is_open(session) ||
      !midge_inbox_owes_completion(inbox, packet_id)) {
    /* On this connection PUBREL has yet to come, or never will. */
    move_to(session, packet_id, MIDGE_INBOUND_ANSWERED);
    midge_session_record_inbound(session, packet_id, true);
    return;
  }
  midge_inbox_free_place(inbox);
  midge_inbox_remove(inbox, packet_id);
  midge_session_record_inbound(session, packet_id, false);
  midge_session_control(session, MIDGE_PUBCOMP, packet_id, 0);
}

void midge_session_release_orphans(midge_session *session) {
  midge_parked *next;
  if (session->lodging == NULL) return;
  for (midge_parked *parked = session->lodging->parking.first; parked != NULL;
       parked = next) {
    next = parked->next;
    if (is_orphan(session, parked) && !tell(session, parked, true)) return;
  }
}
