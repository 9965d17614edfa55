#include "engine/parking.h"

#include <assert.h>

/* Bytes of a page; the first is for who has few, and others are of a size that
 * reactors keep. */
enum { PAGE_FIRST = 512, PAGE = 4096 };

void midge_parking_init(midge_parking *parking,
                        const midge_allocator *allocator) {
  *parking = (midge_parking){0};
  midge_map_init(&parking->by_id, allocator);
}

static void stop_sharing(midge_parking *parking) {
  midge_buffer_release(parking->shared);
  parking->shared = NULL;
}

/* Nothing waits: what there was for it goes. */
static void rest(midge_parking *parking) {
  stop_sharing(parking);
  while (parking->pages != NULL) {
    midge_parked_page *page = parking->pages;
    parking->pages = page->next;
    midge_free(parking->by_id.allocator, page, page->size);
  }
  parking->free = NULL;
}

void midge_parking_clear(midge_parking *parking) {
  while (parking->first != NULL) midge_parking_take(parking, parking->first);
}

void midge_parking_free(midge_parking *parking) {
  midge_parking_clear(parking);
  rest(parking); /* one that was not put may have begun something */
  midge_map_free(&parking->by_id);
}

/* --- Places --- */

static void give_place(midge_parking *parking, midge_parked *place) {
  place->next = parking->free;
  parking->free = place;
}

static bool add_page(midge_parking *parking) {
  size_t size = parking->pages == NULL ? PAGE_FIRST : PAGE;
  midge_parked_page *page = midge_allocate(parking->by_id.allocator, size);
  if (page == NULL) return false;
  page->next = parking->pages;
  page->size = size;
  parking->pages = page;
  size_t count = (size - sizeof *page) / sizeof *page->places;
  while (count-- != 0) give_place(parking, &page->places[count]);
  return true;
}

static midge_parked *take_place(midge_parking *parking) {
  if (parking->free == NULL && !add_page(parking)) return NULL;
  midge_parked *place = parking->free;
  parking->free = place->next;
  return place;
}

/* --- Buffers --- */

/* The newest one does. */
static void hold_buffer(midge_parking *parking, midge_parked *parked) {
  midge_buffer *buffer = parked->message.buffer;
  midge_parked *before = parked->previous;
  parked->message.joins = false;
  if (before != NULL && before->message.buffer == buffer) {
    before->message.joins = true;
    return;
  }
  midge_buffer_hold(buffer);
  parking->held += buffer->size;
}

/* It goes: who let it hold the buffer does so himself. */
static void release_buffer(midge_parking *parking, midge_parked *parked) {
  midge_parked *before = parked->previous;
  if (parked->message.joins) return;
  if (before != NULL && before->message.joins) {
    before->message.joins = false;
    return;
  }
  parking->held -= parked->message.buffer->size;
  midge_buffer_release(parked->message.buffer);
}

/* A message that stays where it lies is not to hold much that is not its. */
static bool may_stay(const midge_parking *parking, const midge_buffer *buffer,
                     const midge_packet *publish) {
  const midge_parked *last = parking->last;
  if (last != NULL && last->message.buffer == buffer) return true;
  return buffer->size <= 2 * midge_received_size(publish) ||
         parking->held + buffer->size <= MIDGE_PARKED_HELD_MAX;
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
  parking->used += size;
  return midge_buffer_hold(parking->shared);
}

/* --- Messages --- */

/* How much of the limit it takes. */
static size_t size_of(const midge_parked *parked) {
  return sizeof *parked + midge_queued_bytes(&parked->message);
}

/* The newest, whose message is to be filled in; null when there is no memory.
 */
static midge_parked *add_place(midge_parking *parking) {
  size_t count = parking->by_id.count + parking->unmapped_count + 1;
  if (!midge_map_reserve(&parking->by_id, count)) return NULL;
  midge_parked *parked = take_place(parking);
  if (parked == NULL) return NULL;
  if (parking->unmapped_count++ == 0) parking->unmapped = parked;
  parked->next = NULL;
  parked->previous = parking->last;
  if (parking->last != NULL) parking->last->next = parked;
  parking->last = parked;
  if (parking->first == NULL) parking->first = parked;
  return parked;
}

static void filled(midge_parking *parking, midge_parked *parked) {
  hold_buffer(parking, parked);
  parking->bytes += size_of(parked);
}

midge_parked *midge_parking_put(midge_parking *parking,
                                const midge_queued_message *message) {
  midge_parked *parked = add_place(parking);
  if (parked == NULL) return NULL;
  parked->message = *message;
  filled(parking, parked);
  return parked;
}

static midge_parked *add_copy(midge_parking *parking,
                              const midge_packet *publish, uint16_t alias,
                              bool by_alias) {
  size_t at = 0;
  midge_buffer *copy = take_room(parking, midge_received_size(publish), &at);
  if (copy == NULL) return NULL;
  midge_queued_message message =
      midge_received_write(copy, at, publish, alias, by_alias);
  midge_parked *parked = midge_parking_put(parking, &message);
  midge_buffer_release(copy); /* they hold it themselves */
  return parked;
}

midge_parked *midge_parking_add(midge_parking *parking,
                                const midge_packet *publish, uint16_t alias,
                                bool by_alias, midge_buffer *buffer) {
  if (buffer == NULL || !may_stay(parking, buffer, publish))
    return add_copy(parking, publish, alias, by_alias);
  midge_parked *parked = add_place(parking);
  if (parked == NULL) return NULL;
  midge_queued_message *message = &parked->message;
  message->buffer = buffer;
  message->alias = alias;
  message->by_alias = by_alias;
  midge_queued_fill(message, publish, buffer);
  filled(parking, parked);
  return parked;
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
  if (parked == parking->unmapped) {
    parking->unmapped = parked->next;
    parking->unmapped_count--;
    return;
  }
  if (midge_parking_find(parking, packet_id) == parked)
    midge_map_remove(&parking->by_id, packet_id);
}

void midge_parking_take(midge_parking *parking, midge_parked *parked) {
  forget_id(parking, parked);
  release_buffer(parking, parked);
  if (parked->previous != NULL) parked->previous->next = parked->next;
  if (parked->next != NULL) parked->next->previous = parked->previous;
  if (parking->first == parked) parking->first = parked->next;
  if (parking->last == parked) parking->last = parked->previous;
  parking->bytes -= size_of(parked);
  give_place(parking, parked);
  if (parking->first == NULL) rest(parking);
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
  return midge_parking_add(parking, &read.publish, read.alias, read.by_alias,
                           NULL) != NULL
             ? MIDGE_OK
             : MIDGE_ENOMEM;
}
