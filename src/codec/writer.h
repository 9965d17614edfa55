/* Writing a packet. The same function measures and writes: a writer without
 * room only counts. */
#ifndef MIDGE_CODEC_WRITER_H
#define MIDGE_CODEC_WRITER_H

#include "base/slice.h"
#include "midge/packet.h"

typedef struct midge_writer {
  uint8_t *to; /* null: count only */
  size_t size; /* written or counted so far */
  midge_version version;
  bool too_long; /* something does not fit into its length field */
} midge_writer;

static inline void midge_write_byte(midge_writer *writer, uint8_t byte) {
  if (writer->to != NULL) writer->to[writer->size] = byte;
  writer->size++;
}

static inline void midge_write_two_bytes(midge_writer *writer, uint32_t value) {
  midge_write_byte(writer, (uint8_t)(value >> 8));
  midge_write_byte(writer, (uint8_t)value);
}

static inline void midge_write_four_bytes(midge_writer *writer,
                                          uint32_t value) {
  midge_write_two_bytes(writer, value >> 16);
  midge_write_two_bytes(writer, value);
}

static inline void midge_write_variable(midge_writer *writer, size_t value) {
  for (; value >= 0x80; value >>= 7)
    midge_write_byte(writer, (uint8_t)(value | 0x80));
  midge_write_byte(writer, (uint8_t)value);
}

static inline void midge_write_bytes(midge_writer *writer, midge_slice bytes) {
  if (writer->to != NULL) midge_slice_copy(writer->to + writer->size, bytes);
  writer->size += bytes.size;
}

/* Binary Data or a UTF-8 Encoded String. */
static inline void midge_write_binary(midge_writer *writer, midge_slice bytes) {
  if (bytes.size > UINT16_MAX) writer->too_long = true;
  midge_write_two_bytes(writer, (uint32_t)bytes.size);
  midge_write_bytes(writer, bytes);
}

#endif
