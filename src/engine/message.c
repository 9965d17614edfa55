#include "engine/message.h"

#include <assert.h>
#include <string.h>

#include "base/slice.h"
#include "codec/publish.h"

enum { MS_PER_S = 1000 };

/* Two properties are numbers of the message and not bytes in it. What an
 * interval of 0 means is the server's to say: nothing is shorter. */
static bool is_kept_apart(const midge_property *property) {
  if (property->id == MIDGE_MESSAGE_EXPIRY_INTERVAL)
    return property->number != 0;
  return property->id == MIDGE_TOPIC_ALIAS;
}

static size_t kept_properties_size(midge_properties properties) {
  size_t size = 0;
  for (size_t i = 0; i < properties.count; i++)
    if (!is_kept_apart(&properties.list[i]))
      size += midge_properties_size((midge_properties){&properties.list[i], 1});
  return size;
}

static uint8_t *copy_properties(midge_message *message,
                                midge_properties properties, midge_time now,
                                uint8_t *to) {
  for (size_t i = 0; i < properties.count; i++) {
    const midge_property *property = &properties.list[i];
    if (property->id == MIDGE_MESSAGE_EXPIRY_INTERVAL && property->number != 0)
      message->expires = now + (midge_time)property->number * MS_PER_S;
    if (property->id == MIDGE_TOPIC_ALIAS)
      message->alias = (uint16_t)property->number;
    if (!is_kept_apart(property))
      to = midge_properties_encode((midge_properties){property, 1}, to);
  }
  return to;
}

static midge_buffer *new_room(const midge_allocator *allocator, size_t size) {
  return midge_buffer_new(allocator, sizeof(midge_message) + size);
}

/* The message at the beginning of the buffer, which is its own from here on;
 * null for null. */
static midge_message *message_in(midge_buffer *buffer) {
  if (buffer == NULL) return NULL;
  midge_message *message = (midge_message *)(void *)buffer->data;
  memset(message, 0, sizeof *message);
  message->owner.kind = MIDGE_OWNER_MESSAGE;
  message->owner.sent_by = message->owner.answered_by = MIDGE_NEVER;
  message->buffer = buffer;
  message->expires = MIDGE_NEVER;
  return message;
}

static bool has_expiry(midge_properties properties) {
  for (size_t i = 0; i < properties.count; i++)
    if (properties.list[i].id == MIDGE_MESSAGE_EXPIRY_INTERVAL) return true;
  return false;
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
  if (!has_expiry(publish->properties)) message->expires = end;
}

static void describe(midge_message *message, const midge_publish *publish,
                     midge_slice topic) {
  message->qos = publish->qos;
  message->retain = publish->retain;
  message->label = publish->label;
  message->topic_size = (uint16_t)topic.size;
  message->payload_size = publish->payload.size;
}

midge_message *midge_message_new(const midge_allocator *allocator,
                                 const midge_publish *publish,
                                 midge_slice topic, midge_time now) {
  size_t properties_size = kept_properties_size(publish->properties);
  midge_message *message = message_in(new_room(
      allocator, topic.size + properties_size + publish->payload.size));
  if (message == NULL) return NULL;

  describe(message, publish, topic);
  message->properties_size = (uint32_t)properties_size;
  uint8_t *to = midge_slice_copy(message->bytes, topic);
  to = copy_properties(message, publish->properties, now, to);
  midge_slice_copy(to, publish->payload);
  set_limits(message, publish, now);
  return message;
}

midge_buffer *midge_message_draft(const midge_allocator *allocator,
                                  midge_publish *publish) {
  assert(publish->properties.count == 0);
  midge_slice topic = publish->topic, payload = publish->payload;
  midge_buffer *draft = new_room(allocator, topic.size + payload.size);
  if (draft == NULL) return NULL;
  uint8_t *to = draft->data + sizeof(midge_message);
  publish->topic = midge_slice_of(to, topic.size);
  to = midge_slice_copy(to, topic);
  publish->payload = midge_slice_of(to, payload.size);
  midge_slice_copy(to, payload);
  return draft;
}

midge_message *midge_message_of_draft(midge_buffer *draft,
                                      const midge_publish *publish,
                                      midge_time now) {
  midge_message *message = message_in(midge_buffer_hold(draft));
  assert(publish->topic.data == message->bytes);
  describe(message, publish, publish->topic);
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

midge_slice midge_message_content(const midge_message *message) {
  return midge_slice_of(message->bytes, midge_message_bytes(message));
}

/* --- Records ---------------------------------------------------------------
 * The head: qos and retain, alias, expiry, the time it must be sent by, the
 * publisher's label, sizes of the topic and of the properties. The body: the
 * bytes as they are. */

enum { RECORD_HEAD = 1 + 2 + 8 + 8 + 8 + 2 + 4 };

static_assert(RECORD_HEAD <= MIDGE_RECORD_HEAD_MAX, "it fits into a record");

static uint8_t *put(uint8_t *to, uint64_t number, size_t size) {
  while (size-- != 0) *to++ = (uint8_t)(number >> 8 * size);
  return to;
}

size_t midge_message_to_record(const midge_message *message, uint8_t *head) {
  uint8_t *to = head;
  to = put(to, (uint64_t)message->qos << 1 | message->retain, 1);
  to = put(to, message->alias, 2);
  to = put(to, message->expires, 8);
  to = put(to, message->owner.sent_by, 8);
  to = put(to, message->label, 8);
  to = put(to, message->topic_size, 2);
  put(to, message->properties_size, 4);
  return RECORD_HEAD;
}

static uint64_t get(const uint8_t **from, size_t size) {
  uint64_t number = 0;
  while (size-- != 0) number = number << 8 | *(*from)++;
  return number;
}

/* All but the bytes. False: no session wrote this. */
static bool read_head(midge_message *message, midge_slice head,
                      size_t body_size) {
  if (head.size != RECORD_HEAD) return false;
  const uint8_t *from = head.data;
  uint8_t flags = (uint8_t)get(&from, 1);
  message->qos = flags >> 1;
  message->retain = flags & 1;
  message->alias = (uint16_t)get(&from, 2);
  message->expires = get(&from, 8);
  message->owner.sent_by = get(&from, 8);
  message->label = get(&from, 8);
  message->topic_size = (uint16_t)get(&from, 2);
  message->properties_size = (uint32_t)get(&from, 4);
  if (message->qos > MIDGE_EXACTLY_ONCE) return false;
  uint64_t least = (uint64_t)message->topic_size + message->properties_size;
  if (least > body_size) return false;
  message->payload_size = body_size - (size_t)least;
  return true;
}

midge_message *midge_message_from_record(const midge_allocator *allocator,
                                         midge_slice head, midge_slice body,
                                         midge_status *status) {
  midge_message *message = message_in(new_room(allocator, body.size));
  *status = MIDGE_ENOMEM;
  if (message == NULL) return NULL;
  *status = MIDGE_EINVAL;
  if (!read_head(message, head, body.size)) {
    midge_message_release(message);
    return NULL;
  }
  midge_slice_copy(message->bytes, body);
  *status = MIDGE_OK;
  return message;
}

bool midge_record_message(const midge_record *record, midge_publish *publish) {
  midge_message message;
  if (record->key == 0 || record->key >> 62 != 0) return false;
  if (!read_head(&message, record->head, record->body.size)) return false;
  size_t before = (size_t)message.topic_size + message.properties_size;
  *publish = (midge_publish){
      .topic = midge_slice_of(record->body.data, message.topic_size),
      .payload = midge_slice_skip(record->body, before),
      .qos = message.qos,
      .retain = message.retain,
      .label = message.label,
  };
  return true;
}
