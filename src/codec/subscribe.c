/* SUBSCRIBE and UNSUBSCRIBE: MQTT 5, sections 3.8 and 3.10. */
#include "codec/layout.h"
#include "codec/property.h"
#include "codec/topic.h"

enum {
  OPTION_QOS = 0x03,
  OPTION_NO_LOCAL = 0x04,
  OPTION_RETAIN_HANDLING = 0x30,
  OPTION_RESERVED = 0xC0,
  OPTION_RESERVED_BEFORE_5 = 0xFC,
};

/* [MQTT-3.8.3-4, -5]; QoS 3 and retain handling 3 are protocol errors. */
static void judge_options(midge_cursor *cursor, midge_slice filter,
                          uint8_t options) {
  uint8_t reserved = cursor->version == MIDGE_MQTT_5 ? OPTION_RESERVED
                                                     : OPTION_RESERVED_BEFORE_5;
  if ((options & reserved) != 0)
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "reserved subscription options that are set");
  if ((options & OPTION_QOS) == OPTION_QOS)
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      "a subscription with QoS 3");
  if ((options & OPTION_RETAIN_HANDLING) == OPTION_RETAIN_HANDLING)
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      "a subscription with retain handling 3");
  if ((options & OPTION_NO_LOCAL) != 0 && midge_filter_is_shared(filter))
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      "a shared subscription with no local");
}

static midge_packet_filter read_filter(midge_cursor *cursor,
                                       midge_packet_type type) {
  midge_packet_filter filter = {.filter = midge_read_binary(cursor)};
  if (type == MIDGE_SUBSCRIBE) filter.options = midge_read_byte(cursor);
  return filter;
}

/* At least one filter [MQTT-3.8.3-2, 3.10.3-2]. */
static midge_slice read_filters(midge_cursor *cursor, midge_packet_type type) {
  midge_cursor start = *cursor;
  if (midge_cursor_left(cursor) == 0)
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR, "no topic filter");
  while (midge_cursor_left(cursor) != 0) {
    midge_packet_filter filter = read_filter(cursor, type);
    midge_judge_filter(cursor, filter.filter);
    judge_options(cursor, filter.filter, filter.options);
  }
  return midge_read_rest(&start);
}

bool midge_filter_next(midge_slice *rest, midge_packet_type type,
                       midge_packet_filter *filter) {
  if (rest->size == 0) return false;
  midge_cursor cursor = {.at = rest->data, .end = rest->data + rest->size};
  *filter = read_filter(&cursor, type);
  if (cursor.fault != NULL) return false;
  *rest = midge_read_rest(&cursor);
  return true;
}

void midge_read_subscribe(midge_cursor *cursor, midge_packet *packet) {
  packet->subscribe.duplicate = (cursor->flags & MIDGE_FLAG_DUPLICATE) != 0;
  packet->subscribe.packet_id = midge_read_packet_id(cursor);
  packet->properties = midge_read_properties(cursor, MIDGE_SUBSCRIBE);
  packet->subscribe.filters = read_filters(cursor, MIDGE_SUBSCRIBE);
}

void midge_write_subscribe(midge_writer *writer, const midge_packet *packet) {
  midge_write_two_bytes(writer, packet->subscribe.packet_id);
  midge_write_properties(writer, packet->properties);
  midge_write_bytes(writer, packet->subscribe.filters);
}

void midge_read_unsubscribe(midge_cursor *cursor, midge_packet *packet) {
  packet->unsubscribe.duplicate = (cursor->flags & MIDGE_FLAG_DUPLICATE) != 0;
  packet->unsubscribe.packet_id = midge_read_packet_id(cursor);
  packet->properties = midge_read_properties(cursor, MIDGE_UNSUBSCRIBE);
  packet->unsubscribe.filters = read_filters(cursor, MIDGE_UNSUBSCRIBE);
}

void midge_write_unsubscribe(midge_writer *writer, const midge_packet *packet) {
  midge_write_two_bytes(writer, packet->unsubscribe.packet_id);
  midge_write_properties(writer, packet->properties);
  midge_write_bytes(writer, packet->unsubscribe.filters);
}
