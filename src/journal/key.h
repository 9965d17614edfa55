/* A record's key as LMDB holds it: big-endian, so that the order in the file is
 * that of the numbers. */
#ifndef MIDGE_JOURNAL_KEY_H
#define MIDGE_JOURNAL_KEY_H

#include <lmdb.h>

#include "base/slice.h"

enum { MIDGE_STORE_KEY_SIZE = 8 };

/* `room` lives as long as the value. */
static inline MDB_val midge_store_key(uint8_t room[MIDGE_STORE_KEY_SIZE],
                                      uint64_t key) {
  for (int i = 0; i < MIDGE_STORE_KEY_SIZE; i++)
    room[i] = (uint8_t)(key >> (56 - 8 * i));
  return (MDB_val){MIDGE_STORE_KEY_SIZE, room};
}

static inline uint64_t midge_store_key_number(MDB_val value) {
  const uint8_t *bytes = value.mv_data;
  uint64_t key = 0;
  for (size_t i = 0; i < value.mv_size; i++) key = key << 8 | bytes[i];
  return key;
}

#endif
