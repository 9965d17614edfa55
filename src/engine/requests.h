/* SUBSCRIBE and UNSUBSCRIBE on their way: each waits for the connection, then
 * for its answer.
 *
 *   [shown] [shown] [joins] [part] [part] [wished] [wished] ...
 *                                   ^ unsent
 *
 * Most are one packet. One that joins has none of its own: each of its filters
 * is in another's packet, which renews it, or is a part of this one. It ends
 * when the last of them is answered. */
#ifndef MIDGE_ENGINE_REQUESTS_H
#define MIDGE_ENGINE_REQUESTS_H

#include "base/buffer.h"
#include "engine/packet_ids.h"
#include "midge/session.h"

typedef struct midge_request midge_request;

typedef enum midge_request_origin {
  MIDGE_REQUEST_WISHED,
  MIDGE_REQUEST_RENEWS, /* by ourselves: nobody waits for it alone */
  MIDGE_REQUEST_PART,   /* some filters of the one before, on this connection */
} midge_request_origin;

/* A filter of another request that this packet asks for too. */
typedef struct midge_join {
  struct midge_join *next;
  midge_request *request;
  uint32_t from; /* the filter's place here */
  uint32_t to;   /* and its place there */
} midge_join;

struct midge_request {
  midge_owner owner; /* of its token, and an identifier once it was sent */
  midge_request *previous, *next;
  midge_packet_type type; /* MIDGE_SUBSCRIBE or MIDGE_UNSUBSCRIBE */
  midge_request_origin origin;
  uint64_t key;      /* order of sending, together with messages; 0: renews */
  midge_time due;    /* when the answer is late; MIDGE_NEVER: nobody cares */
  bool shown;        /* on this connection, itself or what it joins */
  bool ended;        /* nobody waits; its identifier stays in use */
  bool given_up;     /* the server has broken too many connections over it */
  midge_join *joins; /* those who wait for the answer to this packet */
  midge_join *last_join;
  midge_buffer *answers; /* of one that joins: a reason code per filter */
  uint32_t awaited;      /* of these, how many are to come */
  midge_status status;   /* what they come to */
  uint32_t count;        /* filters */
  size_t filters_size, properties_size;
  uint8_t bytes[]; /* the filters as on the wire, properties */
};

typedef struct midge_requests {
  const midge_allocator *allocator;
  midge_request *first, *last; /* in order of key; ended ones too */
  midge_request *unsent;       /* the first that was not shown */
  midge_request *awaited;      /* the first shown one that may be late */
  size_t renewals;             /* unanswered */
  size_t unsubscribes;         /* that wait or are on their way */
  size_t count; /* of those that were wished, and how many bytes they have */
  size_t bytes;
  size_t ended; /* of these, how many nobody waits for */
} midge_requests;

void midge_requests_init(midge_requests *requests,
                         const midge_allocator *allocator);
void midge_requests_free(midge_requests *requests);

/* Null when there is no memory. Not yet in the list. */
midge_request *midge_request_new(midge_requests *requests,
                                 midge_packet_type type, size_t filters_size,
                                 size_t properties_size);
/* Not in the list, and not to be. */
void midge_request_free(midge_requests *requests, midge_request *request);
/* Behind all others. */
void midge_requests_add(midge_requests *requests, midge_request *request);
/* Behind `behind`, or before all others if that is null; not among those that
 * were shown. */
void midge_requests_insert(midge_requests *requests, midge_request *behind,
                           midge_request *request);
/* Out of the list, and freed. Its identifier must have been dropped. */
void midge_requests_remove(midge_requests *requests, midge_request *request);
/* The first unsent one was shown. */
void midge_requests_sent(midge_requests *requests, midge_time due);
/* Nobody waits any longer for one that was shown. */
void midge_requests_end(midge_requests *requests, midge_request *request);
/* The connection is gone: all are unsent, and nothing is joined. */
void midge_requests_rewind(midge_requests *requests);

/* A reason code for each of its filters, 0 until it is answered. False: no
 * memory. */
MIDGE_CHECKED bool midge_request_add_answers(midge_requests *requests,
                                             midge_request *request);
/* One filter of `request` is asked for with `packet`. False: no memory. */
MIDGE_CHECKED bool midge_requests_join(midge_requests *requests,
                                       midge_request *packet, uint32_t from,
                                       midge_request *request, uint32_t to);
/* The next that has joined this packet; false when there is none left. */
bool midge_requests_take_join(midge_requests *requests, midge_request *packet,
                              midge_join *join);

midge_packet midge_request_packet(const midge_request *request);

#endif
