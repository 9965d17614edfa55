#include "engine/message.h"

#include <string.h>

#include "base/slice.h"
#include "codec/publish.h"

enum { MS_PER_S = 1000 };

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
  message->owner.sent_by = message->owner.answered_by = MIDGE_NEVER;
  message->buffer = buffer;
  message->expires = MIDGE_NEVER;
  return message;
}

/* What waits too long is of no use: a time to live is an expiry too, unless
 * one is given. */
static void set_limits(midge_message *message, const midge_publish *publish,
                       midge_time now) {
  if (publish->ttl_ms == 0 && publish->timeout_ms == 0) return;
  midge_owner *owner = &message->owner;
  if (publish->timeout_ms != 0) owner->answered_by = now + publish->timeout_ms;
  owner->sent_by = message->expires;
  if (publish->ttl_ms == 0) return;
  midge_time end = now + publish->ttl_ms;
  if (end < owner->sent_by) owner->sent_by = end;
  if (message->expires == MIDGE_NEVER) message->expires = end;
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
  set_limits(message, publish, now);
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

/* What is left of its life, in whole seconds. A message that was sent once is
 * sent again whatever its age [MQTT-4.3.3-7], with the shortest life. */
static uint32_t expiry_left_s(const midge_message *message, midge_time now) {
  if (message->expires <= now) return 1;
  return (uint32_t)((message->expires - now + MS_PER_S - 1) / MS_PER_S);
}

static midge_publish_head head_of(const midge_message *message,
                                  const midge_message_form *form) {
  midge_publish_head head = {
      .properties = midge_message_properties(message),
      .expires = message->expires != MIDGE_NEVER,
      .alias = form->alias,
      .packet_id = message->owner.packet_id,
      .qos = message->qos,
      .retain = message->retain,
      .duplicate = message->duplicate,
      .payload_size = message->payload_size,
  };
  if (!form->omit_topic) head.topic = midge_message_topic(message);
  if (head.expires) head.expiry_s = expiry_left_s(message, form->now);
  return head;
}

size_t midge_message_size(const midge_message *message,
                          const midge_message_form *form) {
  midge_publish_head head = head_of(message, form);
  return midge_publish_size(form->version, &head);
}

uint8_t *midge_message_encode_head(const midge_message *message,
                                   const midge_message_form *form,
                                   uint8_t *to) {
  midge_publish_head head = head_of(message, form);
  return midge_publish_encode_head(form->version, &head, to);
}

/* --- Records ---------------------------------------------------------------
 * qos and retain, alias, expiry, sizes, the time it must be sent by if that is
 * not the expiry, then the bytes as they are. */

enum {
  RECORD_HEAD = 1 + 2 + 8 + 2 + 4,
  RECORD_TIME = 8,
  FLAG_TIME = 1 << 3, /* the time is there */
};

static uint8_t *put_two(uint8_t *to, uint16_t number) {
  *to++ = (uint8_t)(number >> 8);
  *to++ = (uint8_t)number;
  return to;
}

static uint8_t *put_four(uint8_t *to, uint32_t number) {
  to = put_two(to, (uint16_t)(number >> 16));
  return put_two(to, (uint16_t)number);
}

static uint8_t *put_time(uint8_t *to, midge_time time) {
  to = put_four(to, (uint32_t)(time >> 32));
  return put_four(to, (uint32_t)time);
}

midge_buffer *midge_message_to_record(const midge_message *message,
                                      const midge_allocator *allocator) {
  size_t size =
      message->topic_size + message->properties_size + message->payload_size;
  midge_time sent_by = message->owner.sent_by;
  bool timed = sent_by != MIDGE_NEVER && sent_by != message->expires;
  midge_buffer *record = midge_buffer_new(
      allocator, RECORD_HEAD + (timed ? RECORD_TIME : 0) + size);
  if (record == NULL) return NULL;

  uint8_t *to = record->data;
  *to++ =
      (uint8_t)((timed ? FLAG_TIME : 0) | message->qos << 1 | message->retain);
  to = put_two(to, message->alias);
  to = put_time(to, message->expires);
  to = put_two(to, message->topic_size);
  to = put_four(to, message->properties_size);
  if (timed) to = put_time(to, sent_by);
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
  midge_time sent_by = MIDGE_NEVER;
  if (flags & FLAG_TIME) {
    if (size < RECORD_TIME) return NULL;
    sent_by = get(&from, RECORD_TIME);
    size -= RECORD_TIME;
  }
  midge_qos qos = (flags & ~FLAG_TIME) >> 1;
  if (qos < MIDGE_AT_LEAST_ONCE || qos > MIDGE_EXACTLY_ONCE) return NULL;
  if ((uint64_t)topic_size + properties_size > size) return NULL;

  midge_message *message = message_of_size(allocator, size);
  *status = MIDGE_ENOMEM;
  if (message == NULL) return NULL;
  message->qos = qos;
  message->retain = flags & 1;
  message->alias = alias;
  message->expires = expires;
  message->owner.sent_by = sent_by;
  message->topic_size = topic_size;
  message->properties_size = properties_size;
  message->payload_size = size - topic_size - properties_size;
  midge_slice_copy(message->bytes, midge_slice_of(from, size));
  *status = MIDGE_OK;
  return message;
}
