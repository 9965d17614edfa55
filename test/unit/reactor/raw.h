/* A server without a thread: one connection, whose bytes the test reads and
 * writes itself, on loopback at a free port. */
#ifndef MIDGE_TEST_RAW_H
#define MIDGE_TEST_RAW_H

#include "midge/types.h"
#include "unit/harness.h"

typedef struct raw {
  int listener, socket;
  char url[64];
} raw;

void raw_listen(raw *r);
/* Waits for the client. */
void raw_accept(raw *r);
void raw_close(raw *r);
/* Reads until `bytes` are among what came. */
void raw_read_until(raw *r, midge_slice bytes);
/* Reads to the client's end of the stream; how many bytes came. */
size_t raw_read_to_end(raw *r);
void raw_write(raw *r, midge_slice bytes);

#endif
