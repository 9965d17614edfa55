#include "engine/parking.h"

#include <string.h>

#include "base/slice.h"

void midge_parking_init(midge_parking *parking,
                        const midge_allocator *allocator) {
  *parking = (midge_parking){.allocator = allocator};
  midge_map_init(&parking->by_id, allocator);
}

void midge_parking_clear(midge_parking *parking) {
  while (parking->first != NULL) {
    midge_buffer *buffer = parking->first->message.buffer;
    midge_parking_take(parking, parking->first);
    midge_buffer_release(buffer);
  }
}

void midge_parking_free(midge_parking *parking) {
  midge_parking_clear(parking);
  midge_map_free(&parking->by_id);
}

static void fill(midge_parked *parked, const midge_packet *publish,
                 midge_buffer *buffer) {
  midge_packet copy = *publish;
  uint8_t *to = buffer->data + sizeof *parked;
  midge_slice *slices[] = {&copy.publish.topic, &copy.properties,
                           &copy.publish.payload};
  for (size_t i = 0; i < sizeof slices / sizeof *slices; i++) {
    uint8_t *end = midge_slice_copy(to, *slices[i]);
    slices[i]->data = to;
    to = end;
  }
  midge_queued_fill(&parked->message, &copy, buffer);
}

bool midge_parking_put(midge_parking *parking, midge_parked *parked) {
  uint16_t packet_id = parked->message.packet_id;
  if (!midge_map_put(&parking->by_id, packet_id, parked)) return false;
  parked->next = NULL;
  parked->previous = parking->last;
  if (parking->last != NULL) parking->last->next = parked;
  parking->last = parked;
  if (parking->first == NULL) parking->first = parked;
  parking->bytes += parked->message.buffer->size;
  return true;
}

midge_parked *midge_parking_add(midge_parking *parking,
                                const midge_packet *publish, uint16_t alias,
                                bool by_alias) {
  size_t size = publish->publish.topic.size + publish->properties.size +
                publish->publish.payload.size;
  midge_buffer *buffer =
      midge_buffer_new(parking->allocator, sizeof(midge_parked) + size);
  if (buffer == NULL) return NULL;
  midge_parked *parked = (midge_parked *)(void *)buffer->data;
  memset(parked, 0, sizeof *parked);
  fill(parked, publish, buffer);
  parked->message.buffer = buffer;
  parked->message.alias = alias;
  parked->message.by_alias = by_alias;
  if (midge_parking_put(parking, parked)) return parked;
  midge_buffer_release(buffer);
  return NULL;
}

midge_parked *midge_parking_find(const midge_parking *parking,
                                 uint16_t packet_id) {
  return midge_map_get(&parking->by_id, packet_id);
}

void midge_parking_take(midge_parking *parking, midge_parked *parked) {
  uint16_t packet_id = parked->message.packet_id;
  if (midge_parking_find(parking, packet_id) == parked)
    midge_map_remove(&parking->by_id, packet_id);
  if (parked->previous != NULL) parked->previous->next = parked->next;
  if (parked->next != NULL) parked->next->previous = parked->previous;
  if (parking->first == parked) parking->first = parked->next;
  if (parking->last == parked) parking->last = parked->previous;
  parking->bytes -= parked->message.buffer->size;
}

void midge_parking_forget_ids(midge_parking *parking) {
  midge_map_clear(&parking->by_id);
}

/* --- Records ---------------------------------------------------------------
 * The head is flags, alias, and the sizes of topic and properties. */

enum { FLAG_RETAIN = 1, FLAG_DUPLICATE = 2, FLAG_BY_ALIAS = 4 };

midge_slice midge_parked_to_record(const midge_parked *parked,
                                   uint8_t head[MIDGE_PARKED_HEAD]) {
  const midge_queued_message *message = &parked->message;
  head[0] = message->retain ? FLAG_RETAIN : 0;
  if (message->duplicate) head[0] |= FLAG_DUPLICATE;
  if (message->by_alias) head[0] |= FLAG_BY_ALIAS;
  head[1] = (uint8_t)(message->alias >> 8);
  head[2] = (uint8_t)message->alias;
  head[3] = (uint8_t)(message->topic_size >> 8);
  head[4] = (uint8_t)message->topic_size;
  for (int i = 0; i < 4; i++)
    head[5 + i] = (uint8_t)(message->properties_size >> (24 - 8 * i));
  return midge_slice_of(message->buffer->data + sizeof *parked,
                        midge_queued_bytes(message));
}

bool midge_parked_read(const midge_record *record, midge_parked_record *read) {
  const uint8_t *head = record->head.data;
  const uint8_t *bytes = record->body.data;
  size_t size = record->body.size;
  if (record->head.size != MIDGE_PARKED_HEAD) return false;
  size_t topic_size = (size_t)head[3] << 8 | head[4];
  size_t properties_size = (size_t)head[5] << 24 | (size_t)head[6] << 16 |
                           (size_t)head[7] << 8 | head[8];
  if (topic_size > size || properties_size > size - topic_size) return false;

  midge_packet *publish = &read->publish;
  *read = (midge_parked_record){.publish.type = MIDGE_PUBLISH};
  publish->publish.qos = MIDGE_EXACTLY_ONCE;
  publish->publish.packet_id = (uint16_t)record->key;
  publish->publish.retain = head[0] & FLAG_RETAIN;
  publish->publish.duplicate = head[0] & FLAG_DUPLICATE;
  publish->publish.topic = midge_slice_of(bytes, topic_size);
  bytes += topic_size;
  publish->properties = midge_slice_of(bytes, properties_size);
  bytes += properties_size;
  publish->publish.payload =
      midge_slice_of(bytes, size - topic_size - properties_size);
  read->alias = (uint16_t)(head[1] << 8 | head[2]);
  read->by_alias = head[0] & FLAG_BY_ALIAS;
  return true;
}

midge_status midge_parking_restore(midge_parking *parking,
                                   const midge_record *record) {
  midge_parked_record read;
  if (!midge_parked_read(record, &read)) return MIDGE_EINVAL;
  return midge_parking_add(parking, &read.publish, read.alias, read.by_alias) !=
                 NULL
             ? MIDGE_OK
             : MIDGE_ENOMEM;
}
