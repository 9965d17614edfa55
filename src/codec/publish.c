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

static size_t variable_size(size_t number) {
  if (number < 1u << 7) return 1;
  if (number < 1u << 14) return 2;
  return number < 1u << 21 ? 3 : 4;
}

/* Two properties may be numbers apart from the others. */
static size_t properties_size(const midge_publish_head *head) {
  size_t size = head->properties.size;
  if (head->expires) size += EXPIRY_SIZE;
  return head->alias != 0 ? size + ALIAS_SIZE : size;
}

static size_t head_size(midge_version version, const midge_publish_head *head) {
  size_t size = 2 + head->topic.size;
  if (head->qos != MIDGE_AT_MOST_ONCE) size += 2;
  if (version != MIDGE_MQTT_5) return size;
  size_t properties = properties_size(head);
  return size + variable_size(properties) + properties;
}

static uint8_t *put_two(uint8_t *to, uint32_t number) {
  *to++ = (uint8_t)(number >> 8);
  *to++ = (uint8_t)number;
  return to;
}

static uint8_t *put_variable(uint8_t *to, size_t number) {
  for (; number >= 0x80; number >>= 7) *to++ = (uint8_t)(number | 0x80);
  *to++ = (uint8_t)number;
  return to;
}

static uint8_t *put_properties(uint8_t *to, const midge_publish_head *head) {
  to = put_variable(to, properties_size(head));
  if (head->expires) {
    *to++ = MIDGE_MESSAGE_EXPIRY_INTERVAL;
    to = put_two(to, head->expiry_s >> 16);
    to = put_two(to, head->expiry_s);
  }
  if (head->alias != 0) {
    *to++ = MIDGE_TOPIC_ALIAS;
    to = put_two(to, head->alias);
  }
  return midge_slice_copy(to, head->properties);
}

static uint8_t *put_head(uint8_t *to, midge_version version,
                         const midge_publish_head *head) {
  to = put_two(to, (uint32_t)head->topic.size);
  to = midge_slice_copy(to, head->topic);
  if (head->qos != MIDGE_AT_MOST_ONCE) to = put_two(to, head->packet_id);
  return version == MIDGE_MQTT_5 ? put_properties(to, head) : to;
}

/* Unlike other packets it is measured apart from being written, for of all of
 * them it has to be the fastest. */
void midge_write_publish(midge_writer *writer, const midge_packet *packet) {
  midge_publish_head head = {.topic = packet->publish.topic,
                             .properties = packet->properties,
                             .packet_id = packet->publish.packet_id,
                             .qos = packet->publish.qos};
  if (head.topic.size > UINT16_MAX) writer->too_long = true;
  if (writer->to != NULL)
    put_head(writer->to + writer->size, writer->version, &head);
  writer->size += head_size(writer->version, &head);
  midge_write_bytes(writer, packet->publish.payload);
}

size_t midge_publish_size(midge_version version,
                          const midge_publish_head *head) {
  size_t remaining = head_size(version, head) + head->payload_size;
  if (remaining > MIDGE_REMAINING_LENGTH_MAX) return 0;
  return 1 + variable_size(remaining) + remaining;
}

uint8_t *midge_publish_encode_head(midge_version version,
                                   const midge_publish_head *head,
                                   uint8_t *to) {
  *to++ = midge_publish_first_byte(head->qos, head->retain, head->duplicate);
  to = put_variable(to, head_size(version, head) + head->payload_size);
  return put_head(to, version, head);
}
