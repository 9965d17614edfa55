/* PUBLISH: MQTT 5, section 3.3. */
#include "codec/publish.h"

#include "codec/layout.h"
#include "codec/property.h"
#include "codec/topic.h"

enum {
  EXPIRY_SIZE = 5, /* identifier and four bytes */
  ALIAS_SIZE = 3,  /* identifier and two bytes */
};

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

/* Two properties may be numbers apart from the others. */
static inline void write_head_properties(midge_writer *writer,
                                         const midge_publish_head *head) {
  size_t size = head->properties.size;
  if (head->expires) size += EXPIRY_SIZE;
  if (head->alias != 0) size += ALIAS_SIZE;
  midge_write_variable(writer, size);
  if (head->expires) {
    midge_write_byte(writer, MIDGE_MESSAGE_EXPIRY_INTERVAL);
    midge_write_four_bytes(writer, head->expiry_s);
  }
  if (head->alias != 0) {
    midge_write_byte(writer, MIDGE_TOPIC_ALIAS);
    midge_write_two_bytes(writer, head->alias);
  }
  midge_write_bytes(writer, head->properties);
}

static inline void write_head(midge_writer *writer,
                              const midge_publish_head *head) {
  midge_write_binary(writer, head->topic);
  if (head->qos != MIDGE_AT_MOST_ONCE)
    midge_write_two_bytes(writer, head->packet_id);
  if (writer->version == MIDGE_MQTT_5) write_head_properties(writer, head);
}

void midge_write_publish(midge_writer *writer, const midge_packet *packet) {
  write_head(writer,
             &(midge_publish_head){.topic = packet->publish.topic,
                                   .properties = packet->properties,
                                   .packet_id = packet->publish.packet_id,
                                   .qos = packet->publish.qos});
  midge_write_bytes(writer, packet->publish.payload);
}

static size_t remaining_length(midge_version version,
                               const midge_publish_head *head) {
  midge_writer writer = {.version = version};
  write_head(&writer, head);
  return writer.size + head->payload_size;
}

size_t midge_publish_size(midge_version version,
                          const midge_publish_head *head) {
  size_t remaining = remaining_length(version, head);
  if (remaining > MIDGE_REMAINING_LENGTH_MAX) return 0;
  midge_writer writer = {.size = 1 + remaining};
  midge_write_variable(&writer, remaining);
  return writer.size;
}

uint8_t *midge_publish_encode_head(midge_version version,
                                   const midge_publish_head *head,
                                   uint8_t *to) {
  midge_writer writer = {.to = to, .version = version};
  midge_write_byte(&writer, midge_publish_first_byte(head->qos, head->retain,
                                                     head->duplicate));
  midge_write_variable(&writer, remaining_length(version, head));
  write_head(&writer, head);
  return to + writer.size;
}
