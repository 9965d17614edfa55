#include "bytes.h"

#include <stdlib.h>
#include <string.h>

bool bytes_init(sink_bytes *bytes, size_t capacity) {
  bytes->data = malloc(capacity);
  bytes->start = bytes->end = 0;
  bytes->capacity = bytes->data ? capacity : 0;
  return bytes->data != NULL;
}

void bytes_free(sink_bytes *bytes) {
  free(bytes->data);
  bytes->data = NULL;
  bytes->start = bytes->end = bytes->capacity = 0;
}

uint8_t *bytes_room(sink_bytes *bytes, size_t size) {
  if (bytes_free_room(bytes) < size) return NULL;
  if (bytes->capacity - bytes->end < size) {
    memmove(bytes->data, bytes->data + bytes->start, bytes_filled(bytes));
    bytes->end -= bytes->start;
    bytes->start = 0;
  }
  return bytes->data + bytes->end;
}

void bytes_put(sink_bytes *bytes, const void *data, size_t size) {
  uint8_t *room = bytes_room(bytes, size);
  if (!room) abort(); /* the callers keep their answers below the capacity */
  memcpy(room, data, size);
  bytes->end += size;
}

void bytes_take(sink_bytes *bytes, size_t size) {
  bytes->start += size;
  if (bytes->start == bytes->end) bytes->start = bytes->end = 0;
}

uint8_t *bytes_put_length(uint8_t *to, size_t length) {
  do {
    uint8_t byte = length & 0x7f;
    length >>= 7;
    *to++ = length ? byte | 0x80 : byte;
  } while (length);
  return to;
}
