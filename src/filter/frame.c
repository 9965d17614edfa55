#include "filter/frame.h"

#include <string.h>

#include "base/slice.h"

enum {
  FIN = 0x80,
  RESERVED = 0x70,
  OPCODE = 0x0f,
  MASKED = 0x80,
  SIZE = 0x7f,
  TWO_BYTES = 126, /* the size follows */
  EIGHT_BYTES = 127,
};

/* Bytes of the header, as far as it is known. */
static size_t header_size(const midge_frame_reader *reader) {
  if (reader->count < 2) return 2;
  switch (reader->bytes[1] & SIZE) {
    case TWO_BYTES:
      return 4;
    case EIGHT_BYTES:
      return 10;
    default:
      return 2;
  }
}

static bool read_size(const uint8_t *header, uint64_t *size) {
  unsigned form = header[1] & SIZE;
  size_t bytes = form == EIGHT_BYTES ? 8 : 2;
  *size = form;
  if (form < TWO_BYTES) return true;
  *size = 0;
  for (size_t i = 0; i < bytes; i++) *size = *size << 8 | header[2 + i];
  if (form == TWO_BYTES) return *size >= TWO_BYTES;
  return *size > UINT16_MAX && *size <= INT64_MAX;
}

midge_frame_outcome midge_frame_read(midge_frame_reader *reader,
                                     midge_slice *bytes, midge_frame *frame) {
  uint8_t *header = reader->bytes;
  while (reader->count < header_size(reader)) {
    if (bytes->size == 0) return MIDGE_FRAME_PARTIAL;
    header[reader->count++] = bytes->data[0];
    *bytes = midge_slice_skip(*bytes, 1);
  }
  reader->count = 0;
  frame->opcode = header[0] & OPCODE;
  frame->fin = (header[0] & FIN) != 0;
  frame->reserved = (header[0] & RESERVED) != 0;
  frame->masked = (header[1] & MASKED) != 0;
  return read_size(header, &frame->size) ? MIDGE_FRAME_WHOLE
                                         : MIDGE_FRAME_MALFORMED;
}

static uint8_t *put_number(uint8_t *to, uint64_t number, unsigned bytes) {
  while (bytes-- != 0) *to++ = (uint8_t)(number >> 8 * bytes);
  return to;
}

uint8_t *midge_frame_write(uint8_t *to, midge_opcode opcode, uint64_t size,
                           const uint8_t mask[MIDGE_FRAME_MASK_SIZE]) {
  *to++ = (uint8_t)(FIN | (unsigned)opcode);
  if (size < TWO_BYTES) {
    *to++ = (uint8_t)(MASKED | size);
  } else if (size <= UINT16_MAX) {
    *to++ = MASKED | TWO_BYTES;
    to = put_number(to, size, 2);
  } else {
    *to++ = MASKED | EIGHT_BYTES;
    to = put_number(to, size, 8);
  }
  memcpy(to, mask, MIDGE_FRAME_MASK_SIZE);
  return to + MIDGE_FRAME_MASK_SIZE;
}

void midge_frame_mask(uint8_t *to, midge_slice bytes,
                      const uint8_t mask[MIDGE_FRAME_MASK_SIZE], size_t at) {
  const uint8_t *from = bytes.data;
  uint8_t turned[8]; /* the mask twice, as it stands at the first byte */
  uint64_t eight, word;
  size_t i = 0;
  for (size_t j = 0; j < sizeof turned; j++) turned[j] = mask[(at + j) % 4];
  memcpy(&eight, turned, sizeof eight);
  for (; bytes.size - i >= sizeof word; i += sizeof word) {
    memcpy(&word, from + i, sizeof word);
    word ^= eight;
    memcpy(to + i, &word, sizeof word);
  }
  for (; i < bytes.size; i++) to[i] = from[i] ^ turned[i % 8];
}
