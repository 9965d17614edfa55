/* Bytes on their way, in order: one direction of a connection. */
#ifndef MIDGE_TEST_PIPE_H
#define MIDGE_TEST_PIPE_H

#include "midge/packet.h"

typedef struct pipe_bytes {
  uint8_t *data;
  size_t size, room;
} pipe_bytes;

void pipe_add(pipe_bytes *to, const void *data, size_t size);
void pipe_drop(pipe_bytes *of, size_t size);
void pipe_free(pipe_bytes *of);
void pipe_packet(pipe_bytes *to, midge_version version,
                 const midge_packet *packet);
/* The first whole packet, which must be good; `size` 0 if there is none. */
size_t pipe_peek(const pipe_bytes *from, midge_version version,
                 midge_packet *packet);

#endif
