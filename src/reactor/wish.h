/* A wish on its way to the reactor: the arguments of a call, copied whole into
 * one piece of memory that does not move. */
#ifndef MIDGE_REACTOR_WISH_H
#define MIDGE_REACTOR_WISH_H

#include "midge/client.h"

typedef enum midge_wish_type {
  MIDGE_WISH_OPEN, /* the client belongs to the reactor from here on */
  MIDGE_WISH_CONNECT,
  MIDGE_WISH_DISCONNECT,
  MIDGE_WISH_ABORT,
  MIDGE_WISH_RECONNECT,
  MIDGE_WISH_PROCEED,
  MIDGE_WISH_CLOSE,
  MIDGE_WISH_PUBLISH,
  MIDGE_WISH_SUBSCRIBE,
  MIDGE_WISH_UNSUBSCRIBE,
  MIDGE_WISH_CANCEL,
  MIDGE_WISH_ACKNOWLEDGE,
  MIDGE_WISH_AUTHENTICATE,
  MIDGE_WISH_SET_WILL,
} midge_wish_type;

typedef struct midge_wish {
  midge_client *client;
  size_t size;    /* with what follows it, rounded up; set by _copy */
  uint64_t token; /* of publish, subscribe, unsubscribe, cancel */
  midge_wish_type type;
  uint32_t cost; /* of publish: its bytes in the queue, at least 1 */
  union {
    midge_publish publish;
    struct {
      const midge_subscription *list;
      size_t count;
      midge_properties properties;
    } subscribe;
    struct {
      const midge_slice *list;
      size_t count;
      midge_properties properties;
    } unsubscribe;
    struct {
      uint16_t packet_id;
      midge_reason reason;
    } acknowledge;
    struct {
      midge_reason reason;
      midge_properties properties;
    } authenticate, disconnect;
    struct {
      bool given; /* else the will is removed */
      midge_publish publish;
    } will;
    midge_attempt proceed;
    struct {
      uint32_t generation; /* of the client's standing */
    } connect;
    struct {
      bool asked; /* a connection was asked for when this was called */
    } abort, close;
  };
} midge_wish;

/* Bytes that a copy takes, a multiple of the strictest alignment. */
size_t midge_wish_size(const midge_wish *wish);
/* Copy it with all it points at; `to` is aligned and has the room. */
void midge_wish_copy(midge_wish *to, const midge_wish *wish);

#endif
