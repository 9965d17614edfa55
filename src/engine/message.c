#include "engine/message.h"

#include <assert.h>
#include <string.h>

#include "base/slice.h"

enum {
  MS_PER_S = 1000,
  EXPIRY_SIZE = 5, /* identifier and four bytes */
  ALIAS_SIZE = 3,  /* identifier and two bytes */
  REMAINING_LENGTH_MAX = 268435455,
};

/* Two properties are numbers of the message and not bytes in it. */
static bool is_kept_apart(midge_property_id id) {
  return id == MIDGE_MESSAGE_EXPIRY_INTERVAL || id == MIDGE_TOPIC_ALIAS;
}

static size_t kept_properties_size(midge_properties properties) {
  size_t size = 0;
  for (size_t i = 0; i < properties.count; i++)
    if (!is_kept_apart(properties.list[i].id))
      size += midge_properties_size((midge_properties){&properties.list[i], 1});
  return size;
}

static uint8_t *copy_properties(midge_message *message,
                                midge_properties properties, midge_time now,
                                uint8_t *to) {
  for (size_t i = 0; i < properties.count; i++) {
    const midge_property *property = &properties.list[i];
    if (property->id == MIDGE_MESSAGE_EXPIRY_INTERVAL)
      message->expires = now + (midge_time)property->number * MS_PER_S;
    if (property->id == MIDGE_TOPIC_ALIAS)
      message->alias = (uint16_t)property->number;
    if (!is_kept_apart(property->id))
      to = midge_properties_encode((midge_properties){property, 1}, to);
  }
  return to;
}

static midge_message *message_of_size(const midge_allocator *allocator,
                                      size_t size) {
  midge_buffer *buffer =
      midge_buffer_new(allocator, sizeof(midge_message) + size);
  if (buffer == NULL) return NULL;
  midge_message *message = (midge_message *)(void *)buffer->data;
  memset(message, 0, sizeof *message);
  message->owner.kind = MIDGE_OWNER_MESSAGE;
  message->buffer = buffer;
  message->expires = MIDGE_NEVER;
  return message;
}

midge_message *midge_message_new(const midge_allocator *allocator,
                                 const midge_publish *publish,
                                 midge_slice topic, midge_time now) {
  size_t properties_size = kept_properties_size(publish->properties);
  midge_message *message = message_of_size(
      allocator, topic.size + properties_size + publish->payload.size);
  if (message == NULL) return NULL;

  message->qos = publish->qos;
  message->retain = publish->retain;
  message->topic_size = (uint16_t)topic.size;
  message->properties_size = (uint32_t)properties_size;
  message->payload_size = publish->payload.size;
  uint8_t *to = midge_slice_copy(message->bytes, topic);
  to = copy_properties(message, publish->properties, now, to);
  midge_slice_copy(to, publish->payload);
  return message;
}

void midge_message_release(midge_message *message) {
  midge_buffer_release(message->buffer);
}

midge_slice midge_message_topic(const midge_message *message) {
  return midge_slice_of(message->bytes, message->topic_size);
}

midge_slice midge_message_properties(const midge_message *message) {
  return midge_slice_of(message->bytes + message->topic_size,
                        message->properties_size);
}

midge_slice midge_message_payload(const midge_message *message) {
  return midge_slice_of(
      message->bytes + message->topic_size + message->properties_size,
      message->payload_size);
}

static size_t variable_size(size_t number) {
  if (number < 1u << 7) return 1;
  if (number < 1u << 14) return 2;
  return number < 1u << 21 ? 3 : 4;
}

static size_t properties_on_wire(const midge_message *message,
                                 const midge_message_form *form) {
  size_t size = message->properties_size;
  if (message->expires != MIDGE_NEVER) size += EXPIRY_SIZE;
  if (form->alias != 0) size += ALIAS_SIZE;
  return size;
}

static size_t remaining_length(const midge_message *message,
                               const midge_message_form *form) {
  size_t size = 2 + message->payload_size;
  if (!form->omit_topic) size += message->topic_size;
  if (message->qos != MIDGE_AT_MOST_ONCE) size += 2;
  if (form->version != MIDGE_MQTT_5) return size;

  size_t properties = properties_on_wire(message, form);
  return size + variable_size(properties) + properties;
}

size_t midge_message_size(const midge_message *message,
                          const midge_message_form *form) {
  size_t remaining = remaining_length(message, form);
  if (remaining > REMAINING_LENGTH_MAX) return 0;
  return 1 + variable_size(remaining) + remaining;
}

static uint8_t *put_two(uint8_t *to, uint16_t number) {
  *to++ = (uint8_t)(number >> 8);
  *to++ = (uint8_t)number;
  return to;
}

static uint8_t *put_four(uint8_t *to, uint32_t number) {
  to = put_two(to, (uint16_t)(number >> 16));
  return put_two(to, (uint16_t)number);
}

static uint8_t *put_variable(uint8_t *to, size_t number) {
  while (number >= 0x80) {
    *to++ = (uint8_t)(number | 0x80);
    number >>= 7;
  }
  *to++ = (uint8_t)number;
  return to;
}

/* What is left of its life, in whole seconds. A message that was sent once is
 * sent again whatever its age [MQTT-4.3.3-7], with the shortest life. */
static uint32_t expiry_left_s(const midge_message *message, midge_time now) {
  if (message->expires <= now) return 1;
  return (uint32_t)((message->expires - now + MS_PER_S - 1) / MS_PER_S);
}

static uint8_t *encode_properties(const midge_message *message,
                                  const midge_message_form *form, uint8_t *to) {
  to = put_variable(to, properties_on_wire(message, form));
  if (message->expires != MIDGE_NEVER) {
    *to++ = MIDGE_MESSAGE_EXPIRY_INTERVAL;
    to = put_four(to, expiry_left_s(message, form->now));
  }
  if (form->alias != 0) {
    *to++ = MIDGE_TOPIC_ALIAS;
    to = put_two(to, form->alias);
  }
  return midge_slice_copy(to, midge_message_properties(message));
}

uint8_t *midge_message_encode_head(const midge_message *message,
                                   const midge_message_form *form,
                                   uint8_t *to) {
  *to++ = (uint8_t)(MIDGE_PUBLISH << 4 | message->duplicate << 3 |
                    message->qos << 1 | message->retain);
  to = put_variable(to, remaining_length(message, form));
  midge_slice topic =
      form->omit_topic ? MIDGE_NO_SLICE : midge_message_topic(message);
  to = put_two(to, (uint16_t)topic.size);
  to = midge_slice_copy(to, topic);
  if (message->qos != MIDGE_AT_MOST_ONCE)
    to = put_two(to, message->owner.packet_id);
  if (form->version != MIDGE_MQTT_5) return to;
  return encode_properties(message, form, to);
}

/* --- Records ---------------------------------------------------------------
 * qos and retain, alias, expiry, sizes, then the bytes as they are. */

enum { RECORD_HEAD = 1 + 2 + 8 + 2 + 4 };

midge_buffer *midge_message_to_record(const midge_message *message,
                                      const midge_allocator *allocator) {
  size_t size =
      message->topic_size + message->properties_size + message->payload_size;
  midge_buffer *record = midge_buffer_new(allocator, RECORD_HEAD + size);
  if (record == NULL) return NULL;

  uint8_t *to = record->data;
  *to++ = (uint8_t)(message->qos << 1 | message->retain);
  to = put_two(to, message->alias);
  to = put_four(to, (uint32_t)(message->expires >> 32));
  to = put_four(to, (uint32_t)message->expires);
  to = put_two(to, message->topic_size);
  to = put_four(to, message->properties_size);
  midge_slice_copy(to, midge_slice_of(message->bytes, size));
  return record;
}

static uint64_t get(const uint8_t **from, size_t size) {
  uint64_t number = 0;
  while (size-- != 0) number = number << 8 | *(*from)++;
  return number;
}

midge_message *midge_message_from_record(const midge_allocator *allocator,
                                         midge_slice value,
                                         midge_status *status) {
  *status = MIDGE_EINVAL;
  if (value.size < RECORD_HEAD) return NULL;
  const uint8_t *from = value.data;
  uint8_t flags = (uint8_t)get(&from, 1);
  uint16_t alias = (uint16_t)get(&from, 2);
  midge_time expires = get(&from, 8);
  uint16_t topic_size = (uint16_t)get(&from, 2);
  uint32_t properties_size = (uint32_t)get(&from, 4);
  size_t size = value.size - RECORD_HEAD;
  midge_qos qos = flags >> 1;
  if (qos < MIDGE_AT_LEAST_ONCE || qos > MIDGE_EXACTLY_ONCE) return NULL;
  if ((uint64_t)topic_size + properties_size > size) return NULL;

  midge_message *message = message_of_size(allocator, size);
  *status = MIDGE_ENOMEM;
  if (message == NULL) return NULL;
  message->qos = qos;
  message->retain = flags & 1;
  message->alias = alias;
  message->expires = expires;
  message->topic_size = topic_size;
  message->properties_size = properties_size;
  message->payload_size = size - topic_size - properties_size;
  midge_slice_copy(message->bytes, midge_slice_of(from, size));
  *status = MIDGE_OK;
  return message;
}
