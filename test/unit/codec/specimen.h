/* Each property with a value that is good, values that are not, and where MQTT
 * 5 allows it: table 2-4, typed in once more. */
#ifndef MIDGE_TEST_SPECIMEN_H
#define MIDGE_TEST_SPECIMEN_H

#include "midge/packet.h"

typedef struct specimen {
  const char *good; /* identifier and value */
  uint32_t packets; /* a set of MIDGE_IN(...) */
  midge_reason why; /* the bad ones are refused */
  const char *bad[4];
} specimen;

extern const specimen specimens[];
extern const size_t specimen_count;

/* A packet for properties to stand in: notation around them. */
typedef struct container {
  unsigned packet; /* a packet type or MIDGE_WILL */
  const char *first, *before, *after;
} container;

extern const container containers[];
extern const size_t container_count;

/* The container with these properties, as notation; static. `claimed` is the
 * property length to write: -1 for the true one. */
const char *container_fill(const container *box, const char *properties,
                           int claimed);

#endif
