#include "engine/records.h"

#include <assert.h>

#include "base/slice.h"

enum { CHECKSUM_SIZE = 4 };

struct waiting_record {
  uint64_t position, key;
  midge_buffer *value; /* null: delete */
};

void midge_records_init(midge_records *records,
                        const midge_allocator *allocator, bool durable) {
  *records = (midge_records){.allocator = allocator, .durable = durable};
  midge_ring_init(&records->waiting, allocator, sizeof(struct waiting_record));
}

void midge_records_free(midge_records *records) {
  midge_buffer_release(records->shown);
  while (records->waiting.count != 0) {
    struct waiting_record *oldest = midge_ring_at(&records->waiting, 0);
    midge_buffer_release(oldest->value);
    midge_ring_pop(&records->waiting);
  }
  midge_ring_free(&records->waiting);
}

bool midge_records_put(midge_records *records, uint64_t key,
                       midge_buffer *value) {
  assert(records->durable || value == NULL);
  if (!records->durable) return true;

  struct waiting_record *newest = midge_ring_push(&records->waiting);
  if (newest == NULL) {
    midge_buffer_release(value);
    return false;
  }
  *newest = (struct waiting_record){++records->written, key, value};
  return true;
}

bool midge_records_next(midge_records *records, midge_record *record) {
  midge_buffer_release(records->shown);
  records->shown = NULL;
  if (records->waiting.count == 0) return false;

  struct waiting_record *oldest = midge_ring_at(&records->waiting, 0);
  records->shown = oldest->value;
  record->position = oldest->position;
  record->key = oldest->key;
  record->value = oldest->value == NULL ? MIDGE_NO_SLICE
                                        : midge_buffer_slice(oldest->value);
  midge_ring_pop(&records->waiting);
  return true;
}

/* FNV-1a: enough to tell a damaged record from a good one. */
static uint32_t checksum(midge_slice bytes) {
  uint32_t sum = UINT32_C(2166136261);
  for (size_t i = 0; i < bytes.size; i++)
    sum = (sum ^ bytes.data[i]) * UINT32_C(16777619);
  return sum;
}

midge_buffer *midge_record_seal(midge_records *records, midge_slice bytes) {
  midge_buffer *value =
      midge_buffer_new(records->allocator, CHECKSUM_SIZE + bytes.size);
  if (value == NULL) return NULL;
  uint32_t sum = checksum(bytes);
  for (int i = 0; i < CHECKSUM_SIZE; i++)
    value->data[i] = (uint8_t)(sum >> (8 * i));
  midge_slice_copy(value->data + CHECKSUM_SIZE, bytes);
  return value;
}

bool midge_record_open(midge_slice value, midge_slice *bytes) {
  if (value.size < CHECKSUM_SIZE) return false;
  uint32_t sum = 0;
  for (int i = 0; i < CHECKSUM_SIZE; i++)
    sum |= (uint32_t)value.data[i] << (8 * i);
  *bytes = midge_slice_skip(value, CHECKSUM_SIZE);
  return checksum(*bytes) == sum;
}
