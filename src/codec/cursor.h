/* Reading a packet: a place in its bytes that moves forward.
 *
 * A packet is read straight through, as its section of the specification is
 * written; nobody asks after every field whether it was there. The first fault
 * is kept and moves the cursor to the end, so that what is read after it is
 * zero or empty and loops come to their end. */
#ifndef MIDGE_CODEC_CURSOR_H
#define MIDGE_CODEC_CURSOR_H

#include "base/slice.h"
#include "base/utf8.h"
#include "midge/packet.h"

typedef struct midge_cursor {
  const uint8_t *at;
  const uint8_t *end;
  midge_version version;
  midge_text_policy policy;
  midge_slice known_topic; /* judged before, or empty */
  uint8_t flags;           /* the low half of the packet's first byte */
  midge_reason reason;
  const char *fault; /* null: well so far */
} midge_cursor;

static inline void midge_cursor_fail(midge_cursor *cursor, midge_reason reason,
                                     const char *fault) {
  if (cursor->fault != NULL) return;
  cursor->reason = reason;
  cursor->fault = fault;
  cursor->at = cursor->end;
}

static inline size_t midge_cursor_left(const midge_cursor *cursor) {
  return (size_t)(cursor->end - cursor->at);
}

/* The next `size` bytes; null, and a fault, if there are fewer. */
static inline const uint8_t *midge_cursor_take(midge_cursor *cursor,
                                               size_t size) {
  if (midge_cursor_left(cursor) < size) {
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "the packet ends inside a field");
    return NULL;
  }
  const uint8_t *taken = cursor->at;
  cursor->at += size;
  return taken;
}

static inline uint8_t midge_read_byte(midge_cursor *cursor) {
  const uint8_t *bytes = midge_cursor_take(cursor, 1);
  return bytes == NULL ? 0 : bytes[0];
}

static inline uint16_t midge_read_two_bytes(midge_cursor *cursor) {
  const uint8_t *bytes = midge_cursor_take(cursor, 2);
  return (uint16_t)(bytes == NULL ? 0 : bytes[0] << 8 | bytes[1]);
}

static inline uint32_t midge_read_four_bytes(midge_cursor *cursor) {
  uint32_t high = midge_read_two_bytes(cursor);
  return high << 16 | midge_read_two_bytes(cursor);
}

/* A Variable Byte Integer: at most four bytes and no more than it needs
 * [MQTT-1.5.5-1]. */
static inline uint32_t midge_read_variable(midge_cursor *cursor) {
  uint32_t value = 0;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    uint8_t byte = midge_read_byte(cursor);
    value |= (byte & 0x7Fu) << shift;
    if (byte >= 0x80) continue;
    if (byte != 0 || shift == 0) return value;
    break;
  }
  midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                    "a variable byte integer that is too long");
  return 0;
}

static inline midge_slice midge_read_bytes(midge_cursor *cursor, size_t size) {
  const uint8_t *bytes = midge_cursor_take(cursor, size);
  return bytes == NULL ? MIDGE_NO_SLICE : midge_slice_of(bytes, size);
}

static inline midge_slice midge_read_rest(midge_cursor *cursor) {
  return midge_read_bytes(cursor, midge_cursor_left(cursor));
}

/* Binary Data: MQTT 5, section 1.5.6. */
static inline midge_slice midge_read_binary(midge_cursor *cursor) {
  return midge_read_bytes(cursor, midge_read_two_bytes(cursor));
}

static inline bool midge_text_is_fine(midge_slice text,
                                      midge_text_policy policy) {
  midge_utf8 verdict = midge_utf8_check(text);
  return verdict == MIDGE_UTF8_PLAIN ||
         (verdict == MIDGE_UTF8_ODD && policy == MIDGE_TEXT_LENIENT);
}

static inline void midge_judge_text(midge_cursor *cursor, midge_slice text) {
  if (midge_text_is_fine(text, cursor->policy)) return;
  midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                    "text that is not UTF-8 as MQTT allows it");
}

/* A UTF-8 Encoded String: MQTT 5, section 1.5.4. */
static inline midge_slice midge_read_text(midge_cursor *cursor) {
  midge_slice text = midge_read_binary(cursor);
  midge_judge_text(cursor, text);
  return text;
}

/* A Packet Identifier is not 0 [MQTT-2.2.1-3, -4]. */
static inline uint16_t midge_read_packet_id(midge_cursor *cursor) {
  uint16_t packet_id = midge_read_two_bytes(cursor);
  if (packet_id == 0)
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      "packet identifier 0");
  return packet_id;
}

#endif
