#include "batches.h"

#include <stdio.h>

enum { BODY_MAX = 400 };

uint64_t low, high;
static uint8_t bodies[2 * BODY_MAX];

int batches_set_up(void **state) {
  low = high = 1;
  for (size_t i = 0; i < sizeof bodies; i++) bodies[i] = (uint8_t)(i * 7);
  return store_set_up(state);
}

midge_slice body_of(uint64_t key) {
  return (midge_slice){bodies + key % BODY_MAX, key * 37 % BODY_MAX};
}

void write_batch(midge_store *store, size_t puts, size_t deletions) {
  static midge_waiting_record records[2 * BATCH_MAX];
  midge_explanation why;
  size_t count = 0;
  for (size_t i = 0; i < puts; i++) {
    records[count] = record_of(high, "");
    records[count++].body = body_of(high++);
  }
  for (size_t i = 0; i < deletions && low < high; i++)
    records[count++] = deletion_of(low++);
  assert_int_equal(midge_store_write(store, records, count, &why), MIDGE_OK);
}

const char *data_path(void) {
  static char name[128];
  snprintf(name, sizeof name, "%s/data.mdb", store_path());
  return name;
}

midge_soundness soundness_of(bool records) {
  midge_soundness soundness;
  assert_int_equal(midge_pages_check(data_path(), records, NULL, &soundness),
                   0);
  return soundness;
}
