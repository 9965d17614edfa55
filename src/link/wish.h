/* What the program wants of a client: the arguments of a call, which can be
 * copied whole into one piece of memory that does not move. */
#ifndef MIDGE_LINK_WISH_H
#define MIDGE_LINK_WISH_H

#include "midge/client.h"

typedef enum midge_wish_type {
  MIDGE_WISH_OPEN, /* for the driver: the client is its from here on */
  MIDGE_WISH_CONNECT,
  MIDGE_WISH_DISCONNECT,
  MIDGE_WISH_ABORT,
  MIDGE_WISH_RECONNECT,
  MIDGE_WISH_PROCEED,
  MIDGE_WISH_CLOSE,
  MIDGE_WISH_PUBLISH,
  MIDGE_WISH_PUBLISH_BUNDLE,
  MIDGE_WISH_SUBSCRIBE,
  MIDGE_WISH_UNSUBSCRIBE,
  MIDGE_WISH_CANCEL,
  MIDGE_WISH_ACKNOWLEDGE,
  MIDGE_WISH_ANSWER,   /* acknowledge a list of messages */
  MIDGE_WISH_DELIVERY, /* acknowledge one of the inbox: the token */
  MIDGE_WISH_AUTHENTICATE,
  MIDGE_WISH_SET_WILL,
  MIDGE_WISH_HOLD,
  MIDGE_WISH_PING,
  MIDGE_WISH_POSTPONE_PING,
  MIDGE_WISH_TRACE,
  /* For the driver: facts of a transport that the program carries. */
  MIDGE_WISH_DIALED,
  MIDGE_WISH_RECEIVED,
  MIDGE_WISH_WRITTEN,
  MIDGE_WISH_ENDED,
  MIDGE_WISH_BROKEN,
} midge_wish_type;

typedef struct midge_wish {
  midge_client *client; /* whose; for the driver */
  size_t size;          /* with what follows it, rounded up; set by _copy */
  uint64_t token;       /* of publish, subscribe, unsubscribe, cancel */
  midge_wish_type type;
  uint32_t cost; /* of publish, subscribe, unsubscribe: its bytes in the queue,
                    at least 1 */
  midge_buffer *draft; /* of publish: where topic and payload have their place
                          in the message, and are not copied; or null */
  union {
    midge_publish publish;
    midge_bundle bundle;
    struct {
      const midge_subscription *list;
      size_t count;
      midge_request_options options;
    } subscribe;
    struct {
      const midge_slice *list;
      size_t count;
      midge_request_options options;
    } unsubscribe;
    struct {
      uint16_t packet_id;
      midge_reason reason;
      midge_qos qos;
      uint32_t attempt; /* whose connection brought it; 0: whichever */
    } acknowledge;
    struct {
      const midge_answer *list;
      size_t count;
      uint32_t attempt; /* as above */
    } answer;
    struct {
      midge_reason reason;
      midge_properties properties;
      bool force; /* of disconnect: wait for nothing */
    } authenticate, disconnect;
    struct {
      bool given; /* else the will is removed */
      midge_publish publish;
    } will;
    struct {
      uint32_t number; /* of the attempt that is to go on */
      midge_attempt attempt;
    } proceed;
    struct {
      uint32_t number; /* of this connect, from 1; events carry it */
    } connect;
    struct {
      bool on;
    } hold, trace;
    struct {
      uint32_t attempt;
      size_t size;       /* written */
      midge_slice bytes; /* received; or, of what is broken, a text */
      midge_slice code;  /* of what is broken */
    } told;
  };
} midge_wish;

/* Bytes that a copy takes, a multiple of the strictest alignment. */
size_t midge_wish_size(const midge_wish *wish);
/* Copy it with all it points at; `to` is aligned and has the room. The copy
 * holds the draft. */
void midge_wish_copy(midge_wish *to, const midge_wish *wish);
/* The copy is not needed any more. */
void midge_wish_release(const midge_wish *copy);
/* What it weighs beside its own size. */
size_t midge_wish_held(const midge_wish *wish);

#endif
