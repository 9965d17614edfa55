/* Bytes between a reader and a writer: appended at the end, taken from the
 * start. What lies between moves only when room is asked for. */
#ifndef MIDGE_BENCH_BYTES_H
#define MIDGE_BENCH_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* data[start..end) is filled; start <= end <= capacity. */
typedef struct sink_bytes {
  uint8_t *data;
  size_t start, end, capacity;
} sink_bytes;

bool bytes_init(sink_bytes *bytes, size_t capacity);
void bytes_free(sink_bytes *bytes);

/* Room for `size` more behind the end; null if there is not that much. */
uint8_t *bytes_room(sink_bytes *bytes, size_t size);
void bytes_put(sink_bytes *bytes, const void *data, size_t size);
void bytes_take(sink_bytes *bytes, size_t size);

/* A length as MQTT writes it; returns what is behind it. */
uint8_t *bytes_put_length(uint8_t *to, size_t length);

static inline size_t bytes_filled(const sink_bytes *bytes) {
  return bytes->end - bytes->start;
}

static inline size_t bytes_free_room(const sink_bytes *bytes) {
  return bytes->capacity - bytes_filled(bytes);
}

#endif
