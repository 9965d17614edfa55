/* SUBSCRIBE and UNSUBSCRIBE on their way: each waits for the connection, then
 * for its answer. */
#ifndef MIDGE_ENGINE_REQUESTS_H
#define MIDGE_ENGINE_REQUESTS_H

#include "engine/packet_ids.h"
#include "midge/session.h"

typedef struct midge_request midge_request;

struct midge_request {
  midge_owner owner; /* of its token, and an identifier once it was sent */
  midge_request *previous, *next;
  midge_packet_type type; /* MIDGE_SUBSCRIBE or MIDGE_UNSUBSCRIBE */
  uint64_t key;           /* order of sending, together with messages */
  midge_time due;         /* when the answer is late; MIDGE_NEVER: unsent */
  bool ended;             /* nobody waits; its identifier stays in use */
  uint32_t count;         /* filters */
  size_t filters_size, properties_size;
  uint8_t bytes[]; /* the filters as on the wire, properties */
};

typedef struct midge_requests {
  const midge_allocator *allocator;
  midge_request *first, *last; /* in order of key; ended ones too */
  midge_request *unsent;       /* the first that was not sent */
} midge_requests;

void midge_requests_init(midge_requests *requests,
                         const midge_allocator *allocator);
void midge_requests_free(midge_requests *requests);

/* Null when there is no memory. Not yet in the list. */
midge_request *midge_request_new(midge_requests *requests,
                                 midge_packet_type type, size_t filters_size,
                                 size_t properties_size);
/* Behind all others. */
void midge_requests_add(midge_requests *requests, midge_request *request);
/* Behind `behind`, or before all others if that is null: a subscription
 * renewed, before anything was sent. */
void midge_requests_insert(midge_requests *requests, midge_request *behind,
                           midge_request *request);
/* Out of the list, and freed. Its identifier must have been dropped. */
void midge_requests_remove(midge_requests *requests, midge_request *request);
/* The first unsent one was sent. */
void midge_requests_sent(midge_requests *requests, midge_time due);
/* The connection is gone: all are unsent. */
void midge_requests_rewind(midge_requests *requests);

midge_packet midge_request_packet(const midge_request *request);

#endif
