/* PUBLISH: MQTT 5, section 3.3. */
#include "codec/layout.h"
#include "codec/property.h"
#include "codec/topic.h"

/* An empty topic name stands for a topic alias, and for nothing before
 * MQTT 5. */
static void judge_empty_topic(midge_cursor *cursor,
                              const midge_packet *packet) {
  midge_property alias;
  if (cursor->version != MIDGE_MQTT_5)
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "an empty topic name");
  if (!midge_property_find(packet->properties, MIDGE_TOPIC_ALIAS, &alias))
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      "neither a topic name nor a topic alias");
}

/* DUP with QoS 0 [MQTT-3.3.1-2] does no harm and is let through. */
void midge_read_publish(midge_cursor *cursor, midge_packet *packet) {
  packet->publish.qos = (midge_qos)(cursor->flags >> 1 & 3);
  packet->publish.retain = (cursor->flags & MIDGE_FLAG_RETAIN) != 0;
  packet->publish.duplicate = (cursor->flags & MIDGE_FLAG_DUPLICATE) != 0;
  packet->publish.topic = midge_read_binary(cursor);
  midge_judge_topic(cursor, packet->publish.topic);
  if (packet->publish.qos != MIDGE_AT_MOST_ONCE)
    packet->publish.packet_id = midge_read_packet_id(cursor);
  packet->properties = midge_read_properties(cursor, MIDGE_PUBLISH);
  packet->publish.payload = midge_read_rest(cursor);
  if (packet->publish.topic.size == 0) judge_empty_topic(cursor, packet);
}

void midge_write_publish(midge_writer *writer, const midge_packet *packet) {
  midge_write_binary(writer, packet->publish.topic);
  if (packet->publish.qos != MIDGE_AT_MOST_ONCE)
    midge_write_two_bytes(writer, packet->publish.packet_id);
  midge_write_properties(writer, packet->properties);
  midge_write_bytes(writer, packet->publish.payload);
}
