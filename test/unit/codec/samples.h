/* Packets as they should be: each is accepted, and written again it is the
 * same. They were put together from the specification and not with the
 * code under test. The fuzzers start from them too. */
#ifndef MIDGE_TEST_SAMPLES_H
#define MIDGE_TEST_SAMPLES_H

#include "midge/packet.h"

typedef struct sample {
  midge_version version;
  const char *name;
  const char *notation; /* see notation.h */
} sample;

extern const sample samples_5_link[], samples_5_flow[];
extern const sample samples_3_1_1[], samples_3_1[];
extern const size_t samples_5_link_count, samples_5_flow_count;
extern const size_t samples_3_1_1_count, samples_3_1_count;

/* One after the other, all of them; null at the end. */
const sample *sample_at(size_t index);

#endif
