/* The inside of a session: its parts, and where it stands.
 *
 *   idle --_connected--> greeting --CONNACK--> open --_disconnect--> leaving
 *    ^                       |                   |                      |
 *    |                       +----------+--------+----------------------+
 *    +-------_disconnected-- closed <---+   MIDGE_EVENT_CLOSED            */
#ifndef MIDGE_ENGINE_STATE_H
#define MIDGE_ENGINE_STATE_H

#include "engine/aliases.h"
#include "engine/coalesced.h"
#include "engine/deadlines.h"
#include "engine/events.h"
#include "engine/inbox.h"
#include "engine/lodging.h"
#include "engine/outbox.h"
#include "engine/output.h"
#include "engine/receiver.h"
#include "engine/record_queue.h"
#include "engine/requests.h"
#include "engine/subscriptions.h"
#include "engine/tokens.h"
#include "engine/trips.h"
#include "midge/session.h"

typedef enum midge_state {
  MIDGE_STATE_IDLE,     /* no transport */
  MIDGE_STATE_GREETING, /* CONNECT is on its way, CONNACK is not here */
  MIDGE_STATE_OPEN,
  MIDGE_STATE_LEAVING, /* what can be finished is, then DISCONNECT */
  MIDGE_STATE_CLOSED,  /* the program was told; the output may still drain */
} midge_state;

/* A packet of four bytes or so that waits for a record to be committed. */
typedef struct midge_control {
  uint64_t position;
  midge_packet_type type;
  uint16_t packet_id;
  uint8_t reason;
  bool completes; /* PUBCOMP, and its message was known */
} midge_control;

/* How the server has ended a connection. */
typedef enum midge_break_kind {
  MIDGE_BREAK_NONE,
  MIDGE_BREAK_CLOSED,       /* the stream */
  MIDGE_BREAK_DISCONNECTED, /* with a packet */
  MIDGE_BREAK_WRONG,        /* it broke the protocol */
} midge_break_kind;

/* Connections in a row that the server has ended over one request. */
typedef struct midge_breaks {
  midge_break_kind kind; /* of this connection */
  const char *text;      /* static: what was wrong, or the reason */
  uint64_t key;          /* of the request */
  uint32_t count;        /* 0: the server has answered something since */
  size_t alone;          /* wishes that are yet sent one at a time */
  size_t kept_places;    /* of the window, meanwhile */
} midge_breaks;

struct midge_session {
  midge_session_options options; /* its slices point into the buffers below */
  midge_allocator allocator;
  midge_buffer *client_id, *user_name, *password; /* null: none */
  midge_buffer *connect_properties;               /* wire bytes, or null */
  midge_buffer *will;        /* a midge_packet_will and its bytes */
  midge_buffer *auth_method; /* null: no enhanced authentication */
  midge_version version;     /* in use: negotiation may lower it */

  midge_state state;
  uint32_t connection; /* how many there were */
  uint32_t renewed;    /* messages sent as new since the last OPENED */
  uint32_t dropped;    /* messages that ended instead */
  bool exists;         /* we have a session that the server may have too */
  bool ends;           /* the session ends with this connection */
  bool paused;         /* nobody reads from the transport */
  bool traced;         /* the program sees packets of our own business */
  bool reauthenticates;
  bool challenged; /* the server waits for our AUTH */
  bool renamed; /* the next CONNECT is another client's, and so the session */
  bool anew;    /* our part of the session is gone: the next CONNECT says so */
  bool passing; /* it did, and before MQTT 5 such a one ends with its
                   connection, though the next is to be kept */
  bool problem_information; /* the server may explain itself everywhere */
  bool patient;             /* while leaving: answers are waited for too */
  uint8_t farewell_reason;  /* while leaving */
  midge_time now;
  midge_time closed_at;    /* when the last connection ended */
  midge_limits limits;     /* of the server, on this connection */
  midge_buffer *farewell;  /* DISCONNECT, while leaving */
  midge_time patience_due; /* it leaves by then */
  midge_breaks breaks;

  midge_time greeting_due; /* CONNACK is late */
  midge_time last_sent;    /* when bytes last left */
  midge_time last_heard;   /* when bytes last came */
  midge_time progress;     /* when the output last moved or was empty */
  uint64_t ping_end;       /* where PINGREQ ends in the output; 0: none */
  midge_time ping_due;     /* it is too late to be heard; MIDGE_NEVER: no
                              answer is awaited */
  midge_trips trips;

  midge_packet_ids packet_ids;
  midge_deadlines deadlines;
  midge_tokens tokens;
  midge_outbox outbox;
  midge_coalesced coalesced;
  size_t exactly_once_max; /* of QoS 2 in flight, before MQTT 5 */
  midge_requests requests;
  midge_time fresh_until; /* some subscriptions were renewed just now */
  midge_subscriptions subscriptions;
  midge_inbox inbox;
  midge_lodging *lodging; /* null: it has taken none in yet */
  midge_receiver receiver;
  midge_output output;
  midge_ring controls; /* of midge_control */
  midge_events events;
  midge_record_queue records;
  midge_aliases aliases_in, aliases_out;
  midge_aliases aliases_said; /* what the program's publishes have mapped */
  uint64_t next_key;
  uint64_t opening;    /* records of how this connection opened end here */
  uint64_t next_order; /* of the PUBRECs */
  uint64_t next_subscription; /* for its record */
};

static inline bool midge_session_is_connected(const midge_session *session) {
  return session->state == MIDGE_STATE_GREETING ||
         session->state == MIDGE_STATE_OPEN ||
         session->state == MIDGE_STATE_LEAVING;
}

static inline bool midge_session_is_open(const midge_session *session) {
  return session->state == MIDGE_STATE_OPEN ||
         session->state == MIDGE_STATE_LEAVING;
}

/* Whether a wish of so many bytes is one too many. */
static inline bool midge_session_is_queue_full(const midge_session *session,
                                               size_t more) {
  const midge_outbox *outbox = &session->outbox;
  const midge_requests *requests = &session->requests;
  size_t most = session->options.queue_bytes_max;
  if (more > most || outbox->bytes + requests->bytes > most - more) return true;
  return outbox->count + requests->count >= session->options.queue_messages_max;
}

#endif
