#include "stamp.h"

#include <string.h>

static const uint8_t MARK[] = {'m', 'd', 'g', 1};

static void put(uint8_t *to, uint64_t number, unsigned size) {
  for (unsigned i = 0; i < size; i++) to[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t get(const uint8_t *from, unsigned size) {
  uint64_t number = 0;
  for (unsigned i = size; i-- > 0;) number = number << 8 | from[i];
  return number;
}

void stamp_write(uint8_t *payload, const stamp *from) {
  memcpy(payload, MARK, sizeof MARK);
  put(payload + 4, from->sender, 4);
  put(payload + 8, from->number, 8);
  put(payload + 16, from->due_unix, 8);
}

bool stamp_read(midge_slice payload, stamp *to) {
  if (payload.size < STAMP_SIZE || memcmp(payload.data, MARK, sizeof MARK) != 0)
    return false;
  *to = (stamp){(uint32_t)get(payload.data + 4, 4), get(payload.data + 8, 8),
                get(payload.data + 16, 8)};
  return true;
}
