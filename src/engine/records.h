/* What must survive, as records; and back again. Their keys, by the highest
 * bits:
 *
 *   000 sequence  a message of QoS 1 or 2: its content
 *   001 sequence  one of QoS 0
 *   01 sequence   the same message's packet identifier, and whether PUBREC came
 *   10 packet id  a QoS 2 message of the server that PUBREL has not ended; with
 *                 its content, if the program has yet to get it
 *   10 0          the durable inbox: which numbers it has given
 *   101 number    a message in it
 *   11 0          the session itself: whether there is one, how long the server
 *                 keeps it, since when, and its client id
 *   11 number     a subscription: the filter and its options
 *
 * src/journal/key.h has every byte of them. */
#ifndef MIDGE_ENGINE_RECORDS_H
#define MIDGE_ENGINE_RECORDS_H

#include "engine/state.h"

#define MIDGE_KEY_FLEETING (UINT64_C(1) << 61)
#define MIDGE_KEY_MARK (UINT64_C(1) << 62)
#define MIDGE_KEY_INBOUND (UINT64_C(2) << 62)
#define MIDGE_KEY_KEPT (UINT64_C(5) << 61)
#define MIDGE_KEY_SESSION (UINT64_C(3) << 62)
#define MIDGE_KEY_KINDS (UINT64_C(3) << 62)

/* Sizes of heads. */
enum {
  MIDGE_PRESENT_HEAD = 1,          /* little more than that it is there */
  MIDGE_MARK_HEAD = 1 + 2 + 8,     /* state, identifier, order of PUBREC */
  MIDGE_SESSION_HEAD = 1 + 4 + 8,  /* flags, expiry, offline since */
  MIDGE_SUBSCRIPTION_HEAD = 1 + 2, /* options, size of the filter */
};

enum { MIDGE_RECORD_EXISTS = 1, MIDGE_RECORD_ANEW = 2 }; /* of a session */

/* Of a message of the server that the program has: PUBREC, or PUBREL came. */
enum { MIDGE_RECORD_ANSWERED = 1, MIDGE_RECORD_COMPLETED = 2 };

/* Whether it says that there is a session. */
bool midge_record_is_session(const midge_record *record);

typedef struct midge_mark {
  midge_message_state state; /* PUBLISHED or RELEASED */
  uint16_t packet_id;
  uint64_t order; /* of the PUBREC among the others */
  bool let_go;    /* there was none, and PUBREL frees the identifier */
} midge_mark;

/* What the head of a mark says. False: no session wrote this. */
bool midge_mark_read(midge_slice head, midge_mark *mark);

/* The content of a message that was just taken. False: no memory. */
MIDGE_CHECKED bool midge_session_record_message(midge_session *session,
                                                midge_message *message);
/* One of QoS 0 has none from the next commit on. False: no memory, and it has;
 * the connection ends. */
MIDGE_CHECKED bool midge_session_take_back(midge_session *session,
                                           midge_message *message);
/* Its identifier and state, which it has now; unmark: it waits again. */
void midge_session_record_mark(midge_session *session, midge_message *message);
void midge_session_record_unmark(midge_session *session,
                                 midge_message *message);
void midge_session_record_end(midge_session *session, midge_message *message);
void midge_session_record_inbound(midge_session *session, uint16_t packet_id,
                                  bool received);
void midge_session_record_completed(midge_session *session, uint16_t packet_id);
void midge_session_record_parked(midge_session *session,
                                 const midge_parked *parked);
void midge_session_forget_inbound(midge_session *session);
/* Tell of every message whose record is committed by now. */
void midge_session_tell_stored(midge_session *session);
/* What is known of the session itself, and its client identifier. */
void midge_session_record_session(midge_session *session);
/* A subscription is granted, as midge_subscriptions_remember; it is gone. */
MIDGE_CHECKED bool midge_session_remember(midge_session *session,
                                          midge_packet_filter filter,
                                          midge_slice properties);
void midge_session_forget(midge_session *session, midge_slice filter);
void midge_session_delete_record(midge_session *session, uint64_t key);

#endif
