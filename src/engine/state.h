/* The inside of a session: its parts, and what they say to each other. The
 * public functions are in facts.c, wishes.c and answers.c; what a packet means
 * in dispatch.c and the files it calls.
 *
 *   idle --_connected--> greeting --CONNACK--> open --_disconnect--> leaving
 *    ^                       |                   |                      |
 *    |                       +----------+--------+----------------------+
 *    +-------_disconnected-- closed <---+   MIDGE_EVENT_CLOSED            */
#ifndef MIDGE_ENGINE_SESSION_H
#define MIDGE_ENGINE_SESSION_H

#include "engine/aliases.h"
#include "engine/events.h"
#include "engine/inbox.h"
#include "engine/outbox.h"
#include "engine/output.h"
#include "engine/receiver.h"
#include "engine/records.h"
#include "engine/requests.h"
#include "engine/subscriptions.h"
#include "midge/session.h"

typedef enum midge_state {
  MIDGE_STATE_IDLE,     /* no transport */
  MIDGE_STATE_GREETING, /* CONNECT is on its way, CONNACK is not here */
  MIDGE_STATE_OPEN,
  MIDGE_STATE_LEAVING, /* QoS 0 is flushed, then DISCONNECT */
  MIDGE_STATE_CLOSED,  /* the program was told; the output may still drain */
} midge_state;

/* A packet of four bytes or so that waits for a record to be committed. */
typedef struct midge_control {
  uint64_t position;
  midge_packet_type type;
  uint16_t packet_id;
  uint8_t reason;
} midge_control;

struct midge_session {
  midge_session_options options; /* its slices point into the buffers below */
  midge_allocator allocator;
  midge_buffer *client_id, *user_name, *password; /* null: none */
  midge_buffer *connect_properties;               /* wire bytes */
  midge_buffer *will;        /* a midge_packet_will and its bytes */
  midge_buffer *auth_method; /* null: no enhanced authentication */
  midge_version version;     /* in use: negotiation may lower it */

  midge_state state;
  uint32_t connection; /* how many there were */
  uint32_t renewed;    /* messages sent as new since the last OPENED */
  bool exists;         /* we have a session that the server may have too */
  bool ends;           /* the session ends with this connection */
  bool paused;         /* nobody reads from the transport */
  bool reauthenticates;
  bool challenged; /* the server waits for our AUTH */
  bool anew; /* our part of the session is gone: the next CONNECT says so */
  bool problem_information; /* the server may explain itself everywhere */
  midge_time now;
  midge_time closed_at;   /* when the last connection ended */
  midge_limits limits;    /* of the server, on this connection */
  midge_buffer *farewell; /* DISCONNECT, while leaving */
  uint8_t farewell_reason;

  midge_time greeting_due; /* CONNACK is late */
  midge_time last_sent;    /* when bytes last left */
  midge_time progress;     /* when the output last moved or was empty */
  uint64_t ping_end;       /* where PINGREQ ends in the output; 0: none */
  midge_time ping_due;     /* PINGRESP is late; MIDGE_NEVER: none awaited */

  midge_packet_ids packet_ids;
  midge_outbox outbox;
  size_t exactly_once_max; /* of QoS 2 in flight, before MQTT 5 */
  midge_requests requests;
  midge_subscriptions subscriptions;
  midge_inbox inbox;
  midge_receiver receiver;
  midge_output output;
  midge_ring controls; /* of midge_control */
  midge_events events;
  midge_records records;
  midge_aliases aliases_in, aliases_out;
  midge_aliases aliases_said; /* what the program's publishes have mapped */
  uint64_t next_key;
  uint64_t opening;    /* records of how this connection opened end here */
  uint64_t next_order; /* of the PUBRECs */
};

/* --- check.c
 * ------------------------------------------------------------------ */

MIDGE_CHECKED midge_status midge_will_check(const midge_publish *will,
                                            midge_version version,
                                            midge_text_policy text);
MIDGE_CHECKED midge_status midge_credentials_check(midge_slice user_name,
                                                   midge_slice password,
                                                   midge_version version,
                                                   midge_text_policy text);

/* --- connect.c: CONNECT and CONNACK --------------------------------------- */

/* Keeps a copy of `will`; null removes it. */
MIDGE_CHECKED midge_status midge_session_keep_will(midge_session *session,
                                                   const midge_publish *will);
void midge_session_greet(midge_session *session);
void midge_session_connack(midge_session *session, const midge_packet *packet);
/* A server of 3.x that refuses MQTT 5 says so in its own words. */
bool midge_session_is_old_refusal(const midge_session *session,
                                  midge_slice bytes, bool *whole);
void midge_session_refused_version(midge_session *session);

/* --- close.c: how a connection ends --------------------------------------- */

typedef struct midge_closing {
  midge_side by;
  midge_status status;
  uint8_t reason;
  bool lasting;
  const char *text;       /* static, or null */
  midge_slice said;       /* what the server said instead, or empty */
  midge_slice properties; /* in the receiver's buffer */
} midge_closing;

/* The program is told, and nothing more happens on this connection. */
void midge_session_close(midge_session *session, const midge_closing *closing);
/* The server broke the protocol: DISCONNECT if it may be sent, and close. */
void midge_session_break(midge_session *session, midge_reason reason,
                         const char *text);
/* It is our own fault or the network's. */
void midge_session_fail(midge_session *session, midge_status status,
                        const char *text);
void midge_session_server_disconnect(midge_session *session,
                                     const midge_packet *packet);
/* Append the DISCONNECT that was wished for, and close. */
void midge_session_say_farewell(midge_session *session);
/* Whether `reason` of CONNACK or DISCONNECT heals by itself. */
bool midge_reason_is_lasting(midge_packet_type type, uint8_t reason);

/* --- dispatch.c: what the server's packets mean --------------------------- */

void midge_session_process(midge_session *session);

/* --- authenticate.c ------------------------------------------------------- */

void midge_session_auth(midge_session *session, const midge_packet *packet);
bool midge_session_method_matches(const midge_session *session,
                                  midge_slice properties);

/* --- publish_out.c: the outbox meets the server --------------------------- */

void midge_session_puback(midge_session *session, const midge_packet *packet);
void midge_session_pubrec(midge_session *session, const midge_packet *packet);
void midge_session_pubcomp(midge_session *session, const midge_packet *packet);
/* Show the messages and requests that may go now. */
void midge_session_pump(midge_session *session);
/* The output moved: QoS 0 that is out is done. */
void midge_session_finish_sent(midge_session *session);
/* A session begins anew: what was in flight is sent as new. */
void midge_session_renew(midge_session *session);
void midge_session_expire_messages(midge_session *session);
/* A message ends, well or not. */
void midge_session_finish_message(midge_session *session,
                                  midge_message *message, midge_status status,
                                  const midge_packet *answer);

/* --- publish_in.c: the server's messages ---------------------------------- */

void midge_session_publish_in(midge_session *session,
                              const midge_packet *packet);
void midge_session_pubrel(midge_session *session, const midge_packet *packet);
/* A message was handed out: answer it unless that is done by hand. */
void midge_session_handed_out(midge_session *session,
                              const midge_queued_event *queued);
void midge_session_pay_debts(midge_session *session);

/* --- subscribe.c ---------------------------------------------------------- */

void midge_session_suback(midge_session *session, const midge_packet *packet);
void midge_session_unsuback(midge_session *session, const midge_packet *packet);
/* Show the first unsent request. */
void midge_session_show_request(midge_session *session);
void midge_session_subscribe_again(midge_session *session);
void midge_session_expire_requests(midge_session *session);
void midge_session_finish_request(midge_session *session,
                                  midge_request *request, midge_status status,
                                  const midge_packet *answer);
/* Ended requests give their identifiers back, the others are unsent. */
void midge_session_rewind_requests(midge_session *session);

/* --- control.c: small packets, in order, when their records are safe -------
 */

void midge_session_control(midge_session *session, midge_packet_type type,
                           uint16_t packet_id, uint8_t reason);
void midge_session_show_controls(midge_session *session);
/* Write one packet into the output. False: it is larger than the server takes,
 * or memory ran out (then the connection was failed). */
bool midge_session_show(midge_session *session, const midge_packet *packet);

/* --- time.c ----------------------------------------------------------------
 */

void midge_session_check_time(midge_session *session);
midge_time midge_session_next_time(const midge_session *session);
void midge_session_bytes_left(midge_session *session);
/* What was in the way of PINGRESP is gone. */
void midge_session_await_pingresp(midge_session *session);
void midge_session_clear_times(midge_session *session);
void midge_session_restart_times(midge_session *session);

/* --- journal.c --------------------------------------------------------------
 */

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
void midge_session_forget_inbound(midge_session *session);
/* There is a session, and this is its client identifier. */
void midge_session_record_session(midge_session *session);

/* --- shared ------------------------------------------------------------------
 */

static inline bool midge_session_is_connected(const midge_session *session) {
  return session->state == MIDGE_STATE_GREETING ||
         session->state == MIDGE_STATE_OPEN ||
         session->state == MIDGE_STATE_LEAVING;
}

static inline bool midge_session_is_open(const midge_session *session) {
  return session->state == MIDGE_STATE_OPEN ||
         session->state == MIDGE_STATE_LEAVING;
}

/* The end of a wish; `answer` is the packet that ended it, or null. Token 0
 * asks for no event. */
typedef struct midge_done {
  uint64_t token;
  midge_status status;
  midge_slice reasons;
  uint16_t packet_id;
  const midge_packet *answer;
} midge_done;
void midge_session_done(midge_session *session, const midge_done *done);
/* Everything that waits ends with this status; QoS 0 in the output stays. */
void midge_session_finish_all(midge_session *session, midge_status status);
/* The end of every fact and wish: show what may be shown. */
void midge_session_settle(midge_session *session);

#endif
