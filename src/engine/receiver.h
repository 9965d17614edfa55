/* The server's bytes until they make a packet. Packets are decoded where the
 * bytes lie, and events that point there hold the buffer. */
#ifndef MIDGE_ENGINE_RECEIVER_H
#define MIDGE_ENGINE_RECEIVER_H

#include "base/buffer.h"

typedef struct midge_receiver {
  const midge_allocator *allocator;
  midge_buffer *buffer;    /* null when no byte waits */
  size_t begin, end;       /* the bytes that wait */
  bool is_lent;            /* others write behind them */
  uint32_t packet_size;    /* of the packet that has begun, 0: not yet known */
  midge_slice known_topic; /* of a packet that was in this buffer, or empty */
  midge_time begun;        /* when it began */
  midge_time moved;        /* when bytes last came */
} midge_receiver;

void midge_receiver_init(midge_receiver *receiver,
                         const midge_allocator *allocator);
/* Drop the bytes that wait. */
void midge_receiver_clear(midge_receiver *receiver);

/* Add bytes from the server; false when there is no memory. Room grows with
 * the bytes that came, never with those that were announced. Bytes that lie
 * where _room said are not copied. */
MIDGE_CHECKED bool midge_receiver_add(midge_receiver *receiver,
                                      midge_slice bytes);
/* Where the next bytes may be written, `*size` of them, `most` at most: they
 * are all of the packet that has begun. Null when little of that is missing,
 * or there is no memory. */
uint8_t *midge_receiver_room(midge_receiver *receiver, size_t most,
                             size_t *size);
/* As _add without a copy, of bytes that lie in `buffer`; none wait. What is
 * behind them there stays the caller's. */
void midge_receiver_lend(midge_receiver *receiver, midge_slice bytes,
                         midge_buffer *buffer);
/* Of `bytes` that come next, how many at most belong to the packet that has
 * begun. */
size_t midge_receiver_missing(const midge_receiver *receiver,
                              midge_slice bytes);
/* The bytes that wait; `size` of them are done with. */
midge_slice midge_receiver_bytes(const midge_receiver *receiver);
void midge_receiver_take(midge_receiver *receiver, size_t size);

static inline bool midge_receiver_waits(const midge_receiver *receiver) {
  return receiver->begin != receiver->end;
}

#endif
