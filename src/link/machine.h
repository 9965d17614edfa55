/* The inside of a link. *Desired* stands beside *actual*: wishes set the one,
 * facts move the other, and conclude() in attempt.c compares them whenever an
 * attempt has ended. */
#ifndef MIDGE_LINK_MACHINE_H
#define MIDGE_LINK_MACHINE_H

#include "base/buffer.h"
#include "base/ring.h"
#include "base/slice.h"
#include "filter/stack.h"
#include "filter/tls.h"
#include "link/headers.h"
#include "link/link.h"
#include "link/places.h"
#include "link/retry.h"
#include "link/tickets.h"

/* Where the client is with its present attempt. */
typedef enum midge_phase {
  MIDGE_PHASE_IDLE,    /* no connection is asked for */
  MIDGE_PHASE_WAITING, /* for the time of the next attempt */
  MIDGE_PHASE_ASKING,  /* for MIDGE_WISH_PROCEED */
  MIDGE_PHASE_DIALING, /* a transport is wanted */
  MIDGE_PHASE_SHAKING, /* the filters shake hands */
  MIDGE_PHASE_LINKED,  /* the session has the transport */
  MIDGE_PHASE_CLOSING, /* the session is done; its last bytes leave */
  MIDGE_PHASE_OVER,    /* ENDED was told */
} midge_phase;

enum { MIDGE_PHASES = MIDGE_PHASE_OVER + 1 };

typedef enum midge_desire {
  MIDGE_DESIRE_DOWN,
  MIDGE_DESIRE_UP,
} midge_desire;

/* A wish for the connection after the one that is saying goodbye. */
typedef struct midge_deferred {
  struct midge_deferred *next;
  _Alignas(max_align_t) uint8_t bytes[]; /* a midge_wish */
} midge_deferred;

struct midge_link {
  const midge_allocator *allocator;
  const midge_allocator *patient; /* for what cannot be refused */
  midge_session *session;
  void *context;
  midge_time now;  /* the driver's */
  midge_time told; /* the session's, which lags behind its deadline */

  /* As the options say. */
  midge_version version;
  bool nagle, ask, off, lasting;
  bool is_silent;       /* without PINGREQ */
  bool by_hand;         /* the program carries the transport: no filters */
  bool has_default_tls; /* nothing was said about it */
  uint32_t connect_timeout_ms, close_timeout_ms;
  size_t held_max;     /* bytes of held messages at which reading stops */
  char *local_address; /* null: any */
  midge_url *proxy;    /* null: none */
  midge_headers headers;
  midge_tls_context *tls;             /* null: none was needed yet */
  midge_buffer *user_name, *password; /* null: those of the URL */

  bool is_restoring; /* the session is not whole yet: nothing is wished of it */
  midge_status store_fault; /* why the store could not be read, or MIDGE_OK */
  bool is_paused;           /* the program has fallen behind */
  midge_desire desire;
  midge_phase phase;
  midge_time phase_until; /* when the phase is over, or MIDGE_NEVER */
  uint32_t attempt;       /* the last that began */
  uint32_t session_since; /* the one that began the server's session */
  uint32_t connect;       /* the MIDGE_WISH_CONNECT that is served */
  midge_places places;
  midge_retry retry;

  /* Of this attempt. */
  midge_time opened_at;     /* MIDGE_NEVER: the server did not accept it */
  midge_stack stack;        /* from SHAKING on; empty for a plain connection */
  bool is_heard;            /* the server has said something */
  bool is_stuck;            /* filters could not take all that came */
  bool is_shut;             /* all is written, goodbye was said */
  bool is_renewed;          /* given up for a new one, which follows at once */
  bool is_reading;          /* what the session was told */
  const midge_fault *fault; /* while its end is told: why */
  midge_buffer *ending;     /* while CLOSING: of what the session said; held, or
                               null */

  midge_tickets tickets;
  midge_freed queued; /* taken and not ended */
  midge_freed freed;  /* ended since the driver asked */
  midge_ring events;  /* of midge_event; older than what the session has */
  midge_buffer *lent; /* of the event told last; held, or null */
  midge_deferred *deferred, **deferred_end;
};

static inline midge_slice midge_link_bytes_of(const midge_buffer *buffer) {
  return buffer != NULL ? midge_buffer_slice(buffer) : MIDGE_NO_SLICE;
}

#endif
