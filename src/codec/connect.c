/* CONNECT: MQTT 5, section 3.1. */
#include "codec/layout.h"
#include "codec/property.h"
#include "codec/topic.h"

enum {
  FLAG_RESERVED = 0x01,
  FLAG_CLEAN_START = 0x02,
  FLAG_WILL = 0x04,
  FLAG_WILL_QOS = 0x18,
  FLAG_WILL_RETAIN = 0x20,
  FLAG_PASSWORD = 0x40,
  FLAG_USER_NAME = 0x80,
};

typedef struct protocol {
  midge_slice name;
  uint8_t level;
} protocol;

static const protocol protocols[] = {
    [MIDGE_MQTT_5] = {{(const uint8_t *)"MQTT", 4}, 5},
    [MIDGE_MQTT_3_1_1] = {{(const uint8_t *)"MQTT", 4}, 4},
    [MIDGE_MQTT_3_1] = {{(const uint8_t *)"MQIsdp", 6}, 3},
};

/* The packet, not the caller, says which version it is written in. */
static midge_version read_protocol(midge_cursor *cursor) {
  midge_slice name = midge_read_binary(cursor);
  uint8_t level = midge_read_byte(cursor);
  for (int i = 0; i <= MIDGE_MQTT_3_1; i++)
    if (level == protocols[i].level &&
        midge_slice_equal(name, protocols[i].name))
      return (midge_version)i;
  midge_cursor_fail(cursor, MIDGE_REASON_UNSUPPORTED_PROTOCOL_VERSION,
                    "an unknown protocol name or version");
  return MIDGE_MQTT_5;
}

/* [MQTT-3.1.2-3, -11, -12, -13]; before MQTT 5 a password needs a user name
 * [MQTT-3.1.2-22 of 3.1.1]. */
static uint8_t read_connect_flags(midge_cursor *cursor) {
  uint8_t flags = midge_read_byte(cursor);
  bool fine = (flags & FLAG_RESERVED) == 0;
  if ((flags & FLAG_WILL) == 0)
    fine = fine && (flags & (FLAG_WILL_QOS | FLAG_WILL_RETAIN)) == 0;
  if ((flags & FLAG_WILL_QOS) == FLAG_WILL_QOS) fine = false;
  if (cursor->version != MIDGE_MQTT_5 && (flags & FLAG_PASSWORD) != 0)
    fine = fine && (flags & FLAG_USER_NAME) != 0;
  if (!fine)
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "connect flags that contradict each other");
  return flags;
}

/* MQTT 3.1.1 wants a clean session with it [MQTT-3.1.3-8 of 3.1.1], and 3.1
 * has none that is empty. */
static midge_slice read_client_id(midge_cursor *cursor, bool clean_start) {
  midge_slice client_id = midge_read_text(cursor);
  bool may_be_empty = cursor->version == MIDGE_MQTT_5 ||
                      (cursor->version == MIDGE_MQTT_3_1_1 && clean_start);
  if (client_id.size == 0 && !may_be_empty)
    midge_cursor_fail(cursor, MIDGE_REASON_CLIENT_IDENTIFIER_NOT_VALID,
                      "an empty client identifier");
  return client_id;
}

static midge_packet_will read_will(midge_cursor *cursor, uint8_t flags) {
  midge_packet_will will = {
      .qos = (midge_qos)((flags & FLAG_WILL_QOS) >> 3),
      .retain = (flags & FLAG_WILL_RETAIN) != 0,
  };
  will.properties = midge_read_properties(cursor, MIDGE_WILL);
  will.topic = midge_read_binary(cursor);
  if (will.topic.size == 0)
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "a will without a topic");
  midge_judge_topic(cursor, will.topic);
  will.payload = midge_read_binary(cursor);
  return will;
}

void midge_read_connect(midge_cursor *cursor, midge_packet *packet) {
  cursor->version = packet->connect.version = read_protocol(cursor);
  uint8_t flags = read_connect_flags(cursor);
  packet->connect.clean_start = (flags & FLAG_CLEAN_START) != 0;
  packet->connect.has_will = (flags & FLAG_WILL) != 0;
  packet->connect.keep_alive_s = midge_read_two_bytes(cursor);
  packet->properties = midge_read_properties(cursor, MIDGE_CONNECT);
  packet->connect.client_id =
      read_client_id(cursor, packet->connect.clean_start);
  if ((flags & FLAG_WILL) != 0) packet->connect.will = read_will(cursor, flags);
  if ((flags & FLAG_USER_NAME) != 0)
    packet->connect.user_name = midge_read_text(cursor);
  if ((flags & FLAG_PASSWORD) != 0)
    packet->connect.password = midge_read_binary(cursor);
}

static uint8_t connect_flags(const midge_packet *packet) {
  uint8_t flags = 0;
  if (packet->connect.clean_start) flags |= FLAG_CLEAN_START;
  if (packet->connect.user_name.data != NULL) flags |= FLAG_USER_NAME;
  if (packet->connect.password.data != NULL) flags |= FLAG_PASSWORD;
  if (!packet->connect.has_will) return flags;

  flags |= FLAG_WILL;
  flags |= (uint8_t)(packet->connect.will.qos << 3);
  if (packet->connect.will.retain) flags |= FLAG_WILL_RETAIN;
  return flags;
}

void midge_write_connect(midge_writer *writer, const midge_packet *packet) {
  const midge_packet_will *will = &packet->connect.will;
  writer->version = packet->connect.version;
  midge_write_binary(writer, protocols[writer->version].name);
  midge_write_byte(writer, protocols[writer->version].level);
  midge_write_byte(writer, connect_flags(packet));
  midge_write_two_bytes(writer, packet->connect.keep_alive_s);
  midge_write_properties(writer, packet->properties);
  midge_write_binary(writer, packet->connect.client_id);
  if (packet->connect.has_will) {
    midge_write_properties(writer, will->properties);
    midge_write_binary(writer, will->topic);
    midge_write_binary(writer, will->payload);
  }
  if (packet->connect.user_name.data != NULL)
    midge_write_binary(writer, packet->connect.user_name);
  if (packet->connect.password.data != NULL)
    midge_write_binary(writer, packet->connect.password);
}
