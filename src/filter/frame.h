/* The frames of WebSocket: RFC 6455, section 5.2. */
#ifndef MIDGE_FILTER_FRAME_H
#define MIDGE_FILTER_FRAME_H

#include "midge/types.h"

enum {
  MIDGE_FRAME_MASK_SIZE = 4,
  MIDGE_FRAME_UNMASKED_MAX = 10, /* bytes of a header without its mask */
  MIDGE_FRAME_HEADER_MAX = MIDGE_FRAME_UNMASKED_MAX + MIDGE_FRAME_MASK_SIZE,
};

/* RFC 6455, section 11.8. Those of control frames have this bit. */
typedef enum midge_opcode {
  MIDGE_FRAME_CONTINUATION = 0,
  MIDGE_FRAME_TEXT = 1,
  MIDGE_FRAME_BINARY = 2,
  MIDGE_FRAME_CONTROL = 8,
  MIDGE_FRAME_CLOSE = 8,
  MIDGE_FRAME_PING = 9,
  MIDGE_FRAME_PONG = 10,
} midge_opcode;

/* What a header says. */
typedef struct midge_frame {
  uint8_t opcode; /* any of 0 to 15 */
  bool fin;
  bool reserved; /* one of the three bits that are for extensions */
  bool masked;   /* four bytes of mask follow */
  uint64_t size; /* of the payload */
} midge_frame;

/* A header that comes in pieces. Zero awaits its first byte. */
typedef struct midge_frame_reader {
  uint8_t bytes[MIDGE_FRAME_UNMASKED_MAX];
  size_t count;
} midge_frame_reader;

typedef enum midge_frame_outcome {
  MIDGE_FRAME_PARTIAL,   /* all bytes were taken, and more are needed */
  MIDGE_FRAME_WHOLE,     /* the reader awaits the next header */
  MIDGE_FRAME_MALFORMED, /* not the shortest form of a size, or over 2^63 */
} midge_frame_outcome;

/* Takes what belongs to the header, without a mask, off the front of `bytes`;
 * the frame is filled in when it is whole. */
midge_frame_outcome midge_frame_read(midge_frame_reader *reader,
                                     midge_slice *bytes, midge_frame *frame);

/* The header of a masked frame that is a message of its own; returns its end,
 * MIDGE_FRAME_HEADER_MAX bytes behind `to` at most. */
uint8_t *midge_frame_write(uint8_t *to, midge_opcode opcode, uint64_t size,
                           const uint8_t mask[MIDGE_FRAME_MASK_SIZE]);

/* Masks bytes which stand `at` places behind the beginning of the payload, into
 * `to`; RFC 6455, section 5.3. The same again takes the mask off. */
void midge_frame_mask(uint8_t *to, midge_slice bytes,
                      const uint8_t mask[MIDGE_FRAME_MASK_SIZE], size_t at);

#endif
