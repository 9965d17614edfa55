#include "engine/parking.h"

#include <assert.h>
#include <stdalign.h>

void midge_parking_init(midge_parking *parking,
                        const midge_allocator *allocator) {
  *parking = (midge_parking){0};
  midge_map_init(&parking->by_id, allocator);
}

static void stop_sharing(midge_parking *parking) {
  midge_buffer_release(parking->shared);
  parking->shared = NULL;
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
  stop_sharing(parking); /* one that was not put may have begun it */
  midge_map_free(&parking->by_id);
}

/* How much of the limit it takes. */
static size_t size_of(const midge_parked *parked) {
  return sizeof *parked + midge_queued_bytes(&parked->message);
}

bool midge_parking_put(midge_parking *parking, midge_parked *parked) {
  size_t count = parking->by_id.count + parking->unmapped_count + 1;
  if (!midge_map_reserve(&parking->by_id, count)) return false;
  if (parking->unmapped_count++ == 0) parking->unmapped = parked;
  parked->next = NULL;
  parked->previous = parking->last;
  if (parking->last != NULL) parking->last->next = parked;
  parking->last = parked;
  if (parking->first == NULL) parking->first = parked;
  parking->bytes += size_of(parked);
  return true;
}

/* A buffer, held for the caller, with so much room from `at` on; null when
 * there is no memory. */
static midge_buffer *take_room(midge_parking *parking, size_t size,
                               size_t *at) {
  if (size > MIDGE_PARKED_TOGETHER / 2)
    return midge_buffer_new(parking->by_id.allocator, size);
  if (parking->shared == NULL || size > MIDGE_PARKED_TOGETHER - parking->used) {
    stop_sharing(parking);
    parking->shared =
        midge_buffer_new(parking->by_id.allocator, MIDGE_PARKED_TOGETHER);
    parking->used = 0;
  }
  *at = parking->used;
  size_t rest = size % alignof(midge_parked);
  parking->used += rest == 0 ? size : size + alignof(midge_parked) - rest;
  return midge_buffer_hold(parking->shared);
}

midge_parked *midge_parking_add(midge_parking *parking,
                                const midge_packet *publish, uint16_t alias,
                                bool by_alias) {
  size_t at = 0;
  size_t size = sizeof(midge_parked) + midge_received_size(publish);
  midge_buffer *buffer = take_room(parking, size, &at);
  if (buffer == NULL) return NULL;
  midge_parked *parked = (midge_parked *)(void *)(buffer->data + at);
  at += sizeof *parked;
  parked->message = midge_received_write(buffer, at, publish, alias, by_alias);
  if (midge_parking_put(parking, parked)) return parked;
  midge_buffer_release(buffer);
  return NULL;
}

/* There is room for them. */
static void map_all(midge_parking *parking) {
  for (midge_parked *parked = parking->unmapped; parked != NULL;
       parked = parked->next) {
    bool put =
        midge_map_put(&parking->by_id, parked->message.packet_id, parked);
    assert(put);
    (void)put;
  }
  parking->unmapped = NULL;
  parking->unmapped_count = 0;
}

midge_parked *midge_parking_find(midge_parking *parking, uint16_t packet_id) {
  midge_parked *oldest = parking->first;
  if (oldest != NULL && oldest == parking->unmapped &&
      oldest->message.packet_id == packet_id)
    return oldest;
  map_all(parking);
  return midge_map_get(&parking->by_id, packet_id);
}

static void forget_id(midge_parking *parking, const midge_parked *parked) {
  uint16_t packet_id = parked->message.packet_id;
  if (midge_parking_find(parking, packet_id) != parked) return;
  if (parked != parking->unmapped) {
    midge_map_remove(&parking->by_id, packet_id);
    return;
  }
  parking->unmapped = parked->next;
  parking->unmapped_count--;
}

void midge_parking_take(midge_parking *parking, midge_parked *parked) {
  forget_id(parking, parked);
  if (parked->previous != NULL) parked->previous->next = parked->next;
  if (parked->next != NULL) parked->next->previous = parked->previous;
  if (parking->first == parked) parking->first = parked->next;
  if (parking->last == parked) parking->last = parked->previous;
  parking->bytes -= size_of(parked);
  if (parking->first == NULL) stop_sharing(parking);
}

void midge_parking_forget_ids(midge_parking *parking) {
  midge_map_clear(&parking->by_id);
  parking->unmapped = NULL;
  parking->unmapped_count = 0;
}

/* --- Records --- */

midge_slice midge_parked_to_record(const midge_parked *parked,
                                   uint8_t head[MIDGE_RECEIVED_HEAD]) {
  midge_received_write_head(&parked->message, head);
  return midge_received_content(&parked->message);
}

bool midge_parked_read(const midge_record *record,
                       midge_received_record *read) {
  if (record->head.size != MIDGE_RECEIVED_HEAD ||
      !midge_received_read(record->head.data, record->body, read))
    return false;
  read->publish.publish.qos = MIDGE_EXACTLY_ONCE;
  read->publish.publish.packet_id = (uint16_t)record->key;
  return true;
}

midge_status midge_parking_restore(midge_parking *parking,
                                   const midge_record *record) {
  midge_received_record read;
  if (!midge_parked_read(record, &read)) return MIDGE_EINVAL;
  return midge_parking_add(parking, &read.publish, read.alias, read.by_alias) !=
                 NULL
             ? MIDGE_OK
             : MIDGE_ENOMEM;
}
