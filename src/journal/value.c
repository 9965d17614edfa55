#include "journal/value.h"

#include <zlib.h>

#include "base/slice.h"

enum { PREFIX = 1 + 4 + 4 };

static uint32_t checksum(midge_slice bytes) {
  return bytes.size == 0 ? 0 : (uint32_t)crc32_z(0, bytes.data, bytes.size);
}

static void put_four(uint8_t *to, uint32_t number) {
  for (int i = 0; i < 4; i++) to[i] = (uint8_t)(number >> (24 - 8 * i));
}

static uint32_t get_four(const uint8_t *from) {
  uint32_t number = 0;
  for (int i = 0; i < 4; i++) number = number << 8 | from[i];
  return number;
}

size_t midge_value_size(midge_slice head, midge_slice body) {
  return PREFIX + head.size + body.size;
}

void midge_value_write(uint8_t *to, midge_slice head, midge_slice body) {
  to[0] = (uint8_t)head.size;
  put_four(to + 1, checksum(head));
  put_four(to + 5, checksum(body));
  midge_slice_copy(midge_slice_copy(to + PREFIX, head), body);
}

bool midge_value_read(midge_slice value, midge_slice *head, midge_slice *body) {
  if (value.size < PREFIX) return false;
  uint8_t size = value.data[0];
  midge_slice rest = midge_slice_skip(value, PREFIX);
  if (rest.size < size) return false;
  *head = midge_slice_of(rest.data, size);
  *body = midge_slice_skip(rest, size);
  return checksum(*head) == get_four(value.data + 1) &&
         checksum(*body) == get_four(value.data + 5);
}
