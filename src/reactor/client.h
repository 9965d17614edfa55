/* The inside of a client. What the calling threads need is at the top and
 * constant or atomic; the rest belongs to the reactor's thread. */
#ifndef MIDGE_REACTOR_CLIENT_H
#define MIDGE_REACTOR_CLIENT_H

#include "filter/tls.h"
#include "reactor/fault.h"
#include "reactor/headers.h"
#include "reactor/reactor.h"
#include "reactor/redirect.h"
#include "reactor/retry.h"
#include "reactor/tickets.h"
#include "reactor/url.h"

typedef struct midge_link midge_link;
typedef struct midge_dial midge_dial;

/* A wish for the connection after the one that is saying goodbye. */
typedef struct midge_deferred midge_deferred;
struct midge_deferred {
  midge_deferred *next;
  _Alignas(max_align_t) uint8_t bytes[]; /* a midge_wish */
};

/* Where the client is with its present attempt. */
typedef enum midge_phase {
  MIDGE_PHASE_IDLE,    /* no connection is asked for */
  MIDGE_PHASE_WAITING, /* for the time of the next attempt */
  MIDGE_PHASE_ASKING,  /* for midge_client_proceed */
  MIDGE_PHASE_DIALING, /* resolving and connecting */
  MIDGE_PHASE_SHAKING, /* the filters shake hands */
  MIDGE_PHASE_LINKED,  /* the session has the link */
  MIDGE_PHASE_CLOSING, /* the session is done; its last bytes leave */
} midge_phase;

struct midge_client {
  midge_reactor *reactor;
  midge_version version;
  midge_text_policy text;
  bool ends_with_connection; /* the session, if it is of MQTT 5 */
  size_t queue_messages_max, queue_bytes_max;
  atomic_size_t queue_messages, queue_bytes; /* taken and not ended */
  /* Twice the number of connects, plus one while a connection is asked for. */
  atomic_uint standing;
  midge_parcel last_parcel; /* so that closing needs no memory */
  midge_wish last_wish;

  midge_client *next, *previous; /* of the reactor's list */
  midge_client *next_wished, *next_due;
  bool is_wished, is_due;

  midge_session *session; /* null once the client has ended */
  void *context;
  midge_time told; /* the time the session knows */
  midge_tickets tickets;

  midge_url url, proxy; /* the proxy's host is null if there is none */
  midge_buffer *user_name, *password; /* null: none */
  midge_headers headers;
  midge_tls_context *tls; /* null: none was needed */
  char *local_address;    /* null: any */
  bool nagle, ask, off, lasting;
  uint32_t connect_timeout_ms, close_timeout_ms;
  midge_retry retry;
  midge_redirect redirect;

  midge_phase phase;
  midge_time phase_until; /* when the phase must be over, or MIDGE_NEVER */
  uv_timer_t timer;
  midge_time timer_at; /* when it fires, or MIDGE_NEVER */
  midge_dial *dial;    /* while DIALING */
  midge_link *link;    /* from SHAKING to CLOSING */
  uint32_t generation; /* of the last connect that came in */
  bool asked;          /* keep a connection up */
  bool goodbye;        /* the program ended this attempt */
  bool kicked;         /* the program wants the next attempt at once */
  bool leaving;        /* the handle was given up */
  bool opened;         /* the server accepted this attempt */
  midge_time opened_at;
  midge_fault fault;  /* of this attempt */
  bool has_closed;    /* the session has said so; the event is in `closed` */
  midge_event closed; /* its buffer is held */
  midge_deferred *deferred, **deferred_end;
};

/* Take the client up; on the reactor's thread. */
void midge_client_adopt(midge_client *client);
/* Let go of everything, without events; the memory goes when the timer has
 * closed. */
void midge_client_drop(midge_client *client);

#endif
