#include "engine/kept.h"

#include <assert.h>

#include "base/slice.h"

enum { FLAG_QOS_2 = 8, FLAG_HOLDS_ID = 16 };

static_assert((MIDGE_RECEIVED_FLAGS & (FLAG_QOS_2 | FLAG_HOLDS_ID)) == 0,
              "they share a byte");

void midge_keeping_init(midge_keeping *keeping,
                        const midge_allocator *allocator) {
  *keeping = (midge_keeping){.allocator = allocator};
  midge_map_init(&keeping->by_number, allocator);
  midge_map_init(&keeping->by_id, allocator);
}

void midge_keeping_free(midge_keeping *keeping) {
  while (keeping->first != NULL) midge_keeping_remove(keeping, keeping->first);
  midge_map_free(&keeping->by_number);
  midge_map_free(&keeping->by_id);
}

midge_kept *midge_keeping_add(midge_keeping *keeping,
                              const midge_packet *publish, uint16_t alias,
                              bool by_alias) {
  size_t size = sizeof(midge_kept) + midge_received_size(publish);
  midge_buffer *buffer = midge_buffer_new(keeping->allocator, size);
  if (buffer == NULL) return NULL;
  midge_kept *kept = (midge_kept *)(void *)buffer->data;
  *kept = (midge_kept){.previous = keeping->last};
  kept->message =
      midge_received_write(buffer, sizeof *kept, publish, alias, by_alias);
  if (keeping->last != NULL) keeping->last->next = kept;
  keeping->last = kept;
  if (keeping->first == NULL) keeping->first = kept;
  if (keeping->untold == NULL) keeping->untold = kept;
  if (keeping->waits == NULL) keeping->waits = kept;
  keeping->waiting_bytes += midge_kept_bytes(kept);
  return kept;
}

bool midge_keeping_admit(midge_keeping *keeping, uint64_t number) {
  midge_kept *kept = keeping->waits;
  bool once = kept->message.qos == MIDGE_EXACTLY_ONCE;
  if (once && !midge_map_put(&keeping->by_id, kept->message.packet_id, kept))
    return false;
  if (!midge_map_put(&keeping->by_number, (uint32_t)number, kept)) {
    if (once) midge_map_remove(&keeping->by_id, kept->message.packet_id);
    return false;
  }
  kept->holds_id = once;
  kept->number = number;
  keeping->waits = kept->next;
  keeping->waiting_bytes -= midge_kept_bytes(kept);
  keeping->bytes += midge_kept_bytes(kept);
  return true;
}

midge_kept *midge_keeping_find(const midge_keeping *keeping, uint64_t number) {
  midge_kept *kept = midge_map_get(&keeping->by_number, (uint32_t)number);
  return kept != NULL && kept->number == number ? kept : NULL;
}

midge_kept *midge_keeping_holder(const midge_keeping *keeping,
                                 uint16_t packet_id) {
  return midge_map_get(&keeping->by_id, packet_id);
}

void midge_keeping_release(midge_keeping *keeping, midge_kept *kept) {
  if (!kept->holds_id) return;
  kept->holds_id = false;
  midge_map_remove(&keeping->by_id, kept->message.packet_id);
}

void midge_keeping_remove(midge_keeping *keeping, midge_kept *kept) {
  midge_keeping_release(keeping, kept);
  if (kept->number != 0) {
    midge_map_remove(&keeping->by_number, (uint32_t)kept->number);
    keeping->bytes -= midge_kept_bytes(kept);
  } else {
    keeping->waiting_bytes -= midge_kept_bytes(kept);
  }
  if (keeping->untold == kept) keeping->untold = kept->next;
  if (keeping->waits == kept) keeping->waits = kept->next;
  if (kept->previous != NULL) kept->previous->next = kept->next;
  if (kept->next != NULL) kept->next->previous = kept->previous;
  if (keeping->first == kept) keeping->first = kept->next;
  if (keeping->last == kept) keeping->last = kept->previous;
  midge_buffer_release(kept->message.buffer);
}

/* --- Records ---------------------------------------------------------------
 * That of a message received, with two flags more and the identifier. */

midge_slice midge_kept_to_record(const midge_kept *kept,
                                 uint8_t head[MIDGE_KEPT_HEAD]) {
  const midge_queued_message *message = &kept->message;
  midge_received_write_head(message, head);
  if (message->qos == MIDGE_EXACTLY_ONCE) head[0] |= FLAG_QOS_2;
  if (kept->holds_id) head[0] |= FLAG_HOLDS_ID;
  head[MIDGE_RECEIVED_HEAD] = (uint8_t)(message->packet_id >> 8);
  head[MIDGE_RECEIVED_HEAD + 1] = (uint8_t)message->packet_id;
  return midge_received_content(message);
}

bool midge_kept_read(const midge_record *record, midge_received_record *read,
                     bool *holds_id) {
  const uint8_t *head = record->head.data;
  if (record->head.size != MIDGE_KEPT_HEAD ||
      !midge_received_read(head, record->body, read))
    return false;
  read->publish.publish.qos =
      head[0] & FLAG_QOS_2 ? MIDGE_EXACTLY_ONCE : MIDGE_AT_LEAST_ONCE;
  read->publish.publish.packet_id = (uint16_t)(head[MIDGE_RECEIVED_HEAD] << 8 |
                                               head[MIDGE_RECEIVED_HEAD + 1]);
  *holds_id = head[0] & FLAG_HOLDS_ID;
  return read->publish.publish.packet_id != 0;
}
