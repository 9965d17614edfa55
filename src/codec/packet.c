/* The fixed header, and the way from it to the body: MQTT 5, section 2.1. */
#include "codec/layout.h"
#include "codec/publish.h"

enum { LENGTH_MAX = MIDGE_REMAINING_LENGTH_MAX };

/* What the fixed header can tell of a type, and who does the rest. */
typedef struct layout {
  uint8_t flags;              /* the low half of the first byte: 2.1.3 */
  uint32_t shortest, longest; /* body in MQTT 5 */
  uint32_t shortest_before_5, longest_before_5; /* and before */
  midge_reader *read;
  midge_writing *write;
} layout;

static void read_nothing(midge_cursor *cursor, midge_packet *packet) {
  (void)cursor;
  (void)packet;
}

static void write_nothing(midge_writer *writer, const midge_packet *packet) {
  (void)writer;
  (void)packet;
}

#define CODE(name) midge_read_##name, midge_write_##name

static const layout layouts[16] = {
    [MIDGE_CONNECT] = {0, 12, LENGTH_MAX, 12, LENGTH_MAX, CODE(connect)},
    [MIDGE_CONNACK] = {0, 3, LENGTH_MAX, 2, 2, CODE(connack)},
    [MIDGE_PUBLISH] = {0, 3, LENGTH_MAX, 2, LENGTH_MAX, CODE(publish)},
    [MIDGE_PUBACK] = {0, 2, LENGTH_MAX, 2, 2, CODE(ack)},
    [MIDGE_PUBREC] = {0, 2, LENGTH_MAX, 2, 2, CODE(ack)},
    [MIDGE_PUBREL] = {2, 2, LENGTH_MAX, 2, 2, CODE(ack)},
    [MIDGE_PUBCOMP] = {0, 2, LENGTH_MAX, 2, 2, CODE(ack)},
    [MIDGE_SUBSCRIBE] = {2, 3, LENGTH_MAX, 2, LENGTH_MAX, CODE(subscribe)},
    [MIDGE_SUBACK] = {0, 3, LENGTH_MAX, 2, LENGTH_MAX, CODE(suback)},
    [MIDGE_UNSUBSCRIBE] = {2, 3, LENGTH_MAX, 2, LENGTH_MAX, CODE(unsubscribe)},
    [MIDGE_UNSUBACK] = {0, 3, LENGTH_MAX, 2, 2, CODE(unsuback)},
    [MIDGE_PINGREQ] = {0, 0, 0, 0, 0, read_nothing, write_nothing},
    [MIDGE_PINGRESP] = {0, 0, 0, 0, 0, read_nothing, write_nothing},
    [MIDGE_DISCONNECT] = {0, 0, LENGTH_MAX, 0, 0, CODE(disconnect)},
    [MIDGE_AUTH] = {0, 0, LENGTH_MAX, 0, 0, CODE(auth)},
};

/* MQTT 3.1 may repeat these with DUP set. */
static bool may_be_duplicate(midge_version version, midge_packet_type type) {
  return version == MIDGE_MQTT_3_1 &&
         (type == MIDGE_PUBREL || type == MIDGE_SUBSCRIBE ||
          type == MIDGE_UNSUBSCRIBE);
}

static void judge_first_byte(midge_cursor *cursor, midge_packet_type type) {
  bool known =
      type != 0 && (type != MIDGE_AUTH || cursor->version == MIDGE_MQTT_5);
  if (!known)
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "an unknown packet type");
  if (type == MIDGE_PUBLISH) {
    if ((cursor->flags & 6) == 6) /* [MQTT-3.3.1-4] */
      midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                        "PUBLISH with QoS 3");
    return;
  }
  uint8_t flags = cursor->flags;
  if (may_be_duplicate(cursor->version, type))
    flags &= (uint8_t)~MIDGE_FLAG_DUPLICATE;
  if (flags != layouts[type].flags) /* [MQTT-2.1.3-1] */
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "reserved flags of the fixed header");
}

/* Whether the remaining length is there to its last byte, or so long already
 * that it is wrong. */
static bool length_has_come(midge_slice bytes) {
  for (size_t i = 1; i < bytes.size; i++)
    if (bytes.data[i] < 0x80 || i == 4) return true;
  return false;
}

static void judge_length(midge_cursor *cursor, midge_packet_type type,
                         uint32_t length) {
  const layout *row = &layouts[type];
  bool is_5 = cursor->version == MIDGE_MQTT_5;
  uint32_t shortest = is_5 ? row->shortest : row->shortest_before_5;
  uint32_t longest = is_5 ? row->longest : row->longest_before_5;
  if (type == MIDGE_PUBLISH && (cursor->flags & 6) != 0) shortest += 2;
  if (length >= shortest && length <= longest) return;
  /* The form of 3.x, which some servers send all the same. */
  bool is_old = type == MIDGE_UNSUBACK && length == row->shortest_before_5;
  midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                    is_old ? "an UNSUBACK without reason codes"
                           : "a remaining length that this packet cannot have");
}

/* Judge as much of the fixed header as is there. Returns the size of the whole
 * packet, or 0 if that is not known yet. */
static size_t read_fixed_header(midge_cursor *cursor, midge_slice bytes,
                                uint32_t size_max, midge_packet *packet) {
  uint8_t first = midge_read_byte(cursor);
  packet->type = (midge_packet_type)(first >> 4);
  cursor->flags = first & 0x0F;
  judge_first_byte(cursor, packet->type);
  if (cursor->fault != NULL || !length_has_come(bytes)) return 0;

  uint32_t length = midge_read_variable(cursor);
  judge_length(cursor, packet->type, length);
  if (cursor->fault != NULL) return 0;
  size_t size = (size_t)(cursor->at - bytes.data) + length;
  if (size > size_max)
    midge_cursor_fail(cursor, MIDGE_REASON_PACKET_TOO_LARGE,
                      "a packet larger than we accept");
  return size;
}

static midge_decode_result refused(const midge_cursor *cursor) {
  return (midge_decode_result){.outcome = MIDGE_REFUSED,
                               .reason = cursor->reason,
                               .text = cursor->fault};
}

midge_decode_result midge_packet_decode(const midge_decode_options *options,
                                        midge_slice bytes,
                                        midge_packet *packet) {
  midge_decode_result result = {.outcome = MIDGE_NEED_MORE};
  if (bytes.size == 0) return result;

  uint32_t size_max = options->packet_size_max;
  if (size_max == 0) size_max = MIDGE_PACKET_SIZE_MAX;
  midge_cursor cursor = {.at = bytes.data,
                         .end = bytes.data + bytes.size,
                         .version = options->version,
                         .policy = options->text,
                         .known_topic = options->known_topic};
  *packet = (midge_packet){0};
  result.size = read_fixed_header(&cursor, bytes, size_max, packet);
  if (cursor.fault != NULL) return refused(&cursor);
  if (result.size == 0 || result.size > bytes.size) return result;

  cursor.end = bytes.data + result.size;
  layouts[packet->type].read(&cursor, packet);
  if (cursor.at != cursor.end)
    midge_cursor_fail(&cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "bytes after the end of the packet's fields");
  if (cursor.fault != NULL) return refused(&cursor);
  result.outcome = MIDGE_DECODED;
  return result;
}

/* The length of the body; over LENGTH_MAX if it cannot be written. */
static size_t measure(midge_version version, const midge_packet *packet) {
  midge_writer writer = {.version = version};
  layouts[packet->type].write(&writer, packet);
  return writer.too_long ? (size_t)LENGTH_MAX + 1 : writer.size;
}

size_t midge_packet_size(midge_version version, const midge_packet *packet) {
  size_t length = measure(version, packet);
  if (length > LENGTH_MAX) return 0;
  midge_writer writer = {.size = 1 + length};
  midge_write_variable(&writer, length);
  return writer.size;
}

static uint8_t first_byte(const midge_packet *packet) {
  if (packet->type == MIDGE_PUBLISH)
    return midge_publish_first_byte(packet->publish.qos, packet->publish.retain,
                                    packet->publish.duplicate);
  unsigned flags = layouts[packet->type].flags;
  bool duplicate = false;
  if (packet->type == MIDGE_PUBREL) duplicate = packet->ack.duplicate;
  if (packet->type == MIDGE_SUBSCRIBE) duplicate = packet->subscribe.duplicate;
  if (packet->type == MIDGE_UNSUBSCRIBE)
    duplicate = packet->unsubscribe.duplicate;
  if (duplicate) flags |= MIDGE_FLAG_DUPLICATE;
  return (uint8_t)((unsigned)packet->type << 4 | flags);
}

uint8_t *midge_packet_encode(midge_version version, const midge_packet *packet,
                             uint8_t *to) {
  midge_writer writer = {.to = to, .version = version};
  midge_write_byte(&writer, first_byte(packet));
  midge_write_variable(&writer, measure(version, packet));
  layouts[packet->type].write(&writer, packet);
  return to + writer.size;
}
