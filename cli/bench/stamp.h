/* What a payload begins with, so that who receives it knows whose it is, which
 * one, and since when it was due. */
#ifndef MIDGE_CLI_BENCH_STAMP_H
#define MIDGE_CLI_BENCH_STAMP_H

#include "midge/types.h"

enum { STAMP_SIZE = 24 };

typedef struct stamp {
  uint32_t sender;   /* one client of one process */
  uint64_t number;   /* 0, 1, 2, ... of this sender */
  uint64_t due_unix; /* nanoseconds since 1970 */
} stamp;

void stamp_write(uint8_t *payload, const stamp *from);
/* False: not one of ours. */
bool stamp_read(midge_slice payload, stamp *to);

#endif
