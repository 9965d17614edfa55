#include "simulate/pipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pipe_add(pipe_bytes *to, const void *data, size_t size) {
  if (to->size + size > to->room) {
    to->room = 2 * (to->size + size);
    to->data = realloc(to->data, to->room);
  }
  if (size != 0) memcpy(to->data + to->size, data, size);
  to->size += size;
}

void pipe_drop(pipe_bytes *of, size_t size) {
  if (size == 0) return;
  memmove(of->data, of->data + size, of->size - size);
  of->size -= size;
}

void pipe_free(pipe_bytes *of) {
  free(of->data);
  *of = (pipe_bytes){0};
}

void pipe_packet(pipe_bytes *to, midge_version version,
                 const midge_packet *packet) {
  size_t size = midge_packet_size(version, packet);
  uint8_t *bytes = malloc(size);
  midge_packet_encode(version, packet, bytes);
  pipe_add(to, bytes, size);
  free(bytes);
}

size_t pipe_peek(const pipe_bytes *from, midge_version version,
                 midge_packet *packet) {
  if (from->size == 0) return 0;
  midge_decode_result result =
      midge_packet_decode(&(midge_decode_options){.version = version},
                          (midge_slice){from->data, from->size}, packet);
  if (result.outcome == MIDGE_REFUSED) {
    fprintf(stderr, "a packet that is none: %s\n", result.text);
    abort();
  }
  return result.outcome == MIDGE_DECODED ? result.size : 0;
}
