#include "engine/received.h"

#include <string.h>

#include "base/slice.h"

enum { FLAG_RETAIN = 1, FLAG_DUPLICATE = 2, FLAG_BY_ALIAS = 4 };

size_t midge_received_size(const midge_packet *publish) {
  return publish->publish.topic.size + publish->properties.size +
         publish->publish.payload.size;
}

midge_queued_message midge_received_write(midge_buffer *buffer, size_t at,
                                          const midge_packet *publish,
                                          uint16_t alias, bool by_alias) {
  midge_packet copy = *publish;
  midge_slice *slices[] = {&copy.publish.topic, &copy.properties,
                           &copy.publish.payload};
  uint8_t *to = buffer->data + at;
  for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
    uint8_t *end = midge_slice_copy(to, *slices[i]);
    slices[i]->data = to;
    to = end;
  }
  midge_queued_message message = {
      .buffer = buffer, .alias = alias, .by_alias = by_alias};
  midge_queued_fill(&message, &copy, buffer);
  return message;
}

midge_slice midge_received_content(const midge_queued_message *message) {
  return midge_slice_of(message->buffer->data + message->topic_at,
                        midge_queued_bytes(message));
}

void midge_received_write_head(const midge_queued_message *message,
                               uint8_t head[MIDGE_RECEIVED_HEAD]) {
  head[0] = message->retain ? FLAG_RETAIN : 0;
  if (message->duplicate) head[0] |= FLAG_DUPLICATE;
  if (message->by_alias) head[0] |= FLAG_BY_ALIAS;
  head[1] = (uint8_t)(message->alias >> 8);
  head[2] = (uint8_t)message->alias;
  head[3] = (uint8_t)(message->topic_size >> 8);
  head[4] = (uint8_t)message->topic_size;
  for (int i = 0; i < 4; i++)
    head[5 + i] = (uint8_t)(message->properties_size >> (24 - 8 * i));
}

bool midge_received_read(const uint8_t head[MIDGE_RECEIVED_HEAD],
                         midge_slice body, midge_received_record *read) {
  size_t topic_size = (size_t)head[3] << 8 | head[4];
  size_t properties_size = (size_t)head[5] << 24 | (size_t)head[6] << 16 |
                           (size_t)head[7] << 8 | head[8];
  if (topic_size > body.size || properties_size > body.size - topic_size)
    return false;

  midge_packet *publish = &read->publish;
  *read = (midge_received_record){.publish.type = MIDGE_PUBLISH};
  publish->publish.retain = head[0] & FLAG_RETAIN;
  publish->publish.duplicate = head[0] & FLAG_DUPLICATE;
  publish->publish.topic = midge_slice_of(body.data, topic_size);
  publish->properties = midge_slice_of(body.data + topic_size, properties_size);
  publish->publish.payload =
      midge_slice_skip(body, topic_size + properties_size);
  read->alias = (uint16_t)(head[1] << 8 | head[2]);
  read->by_alias = head[0] & FLAG_BY_ALIAS;
  return true;
}
