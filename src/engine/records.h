/* What must survive, as records; and back again. Their keys, by the two
 * highest bits:
 *
 *   00 sequence   a message: its content
 *   01 sequence   the same message's packet identifier, and whether PUBREC came
 *   10 packet id  a QoS 2 message of the server that PUBREL has not ended; with
 *                 its content, if the program has yet to get it
 *   11 0          the session itself: that there is one, and its client id */
#ifndef MIDGE_ENGINE_RECORDS_H
#define MIDGE_ENGINE_RECORDS_H

#include "engine/state.h"

#define MIDGE_KEY_MARK (UINT64_C(1) << 62)
#define MIDGE_KEY_INBOUND (UINT64_C(2) << 62)
#define MIDGE_KEY_SESSION (UINT64_C(3) << 62)
#define MIDGE_KEY_KINDS (UINT64_C(3) << 62)

typedef struct midge_mark {
  midge_message_state state; /* PUBLISHED or RELEASED */
  uint16_t packet_id;
  uint64_t order; /* of the PUBREC among the others */
} midge_mark;

/* What the head of a mark says. False: no session wrote this. */
bool midge_mark_read(midge_slice head, midge_mark *mark);

/* The content of a message that was just taken. False: no memory. */
MIDGE_CHECKED bool midge_session_record_message(midge_session *session,
                                                midge_message *message);
/* Its identifier and state, which it has now; unmark: it waits again. */
void midge_session_record_mark(midge_session *session, midge_message *message);
void midge_session_record_unmark(midge_session *session,
                                 midge_message *message);
void midge_session_record_end(midge_session *session, midge_message *message);
void midge_session_record_inbound(midge_session *session, uint16_t packet_id,
                                  bool received);
void midge_session_record_parked(midge_session *session,
                                 const midge_parked *parked);
void midge_session_forget_inbound(midge_session *session);
/* Tell of every message whose record is committed by now. */
void midge_session_tell_stored(midge_session *session);
/* There is a session, and this is its client identifier. */
void midge_session_record_session(midge_session *session);

#endif
