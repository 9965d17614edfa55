/* What the tests of the codec say over and over. */
#ifndef MIDGE_TEST_EXPECT_H
#define MIDGE_TEST_EXPECT_H

#include "midge/packet.h"
#include "unit/harness.h"

/* The notation is one packet and no more; it is accepted; written again it is
 * the same. What the packet points at lives until the next call. */
midge_packet accept(midge_version version, const char *notation);
midge_packet accept_lenient(midge_version version, const char *notation);

/* The notation is refused for this reason. */
void refuse(midge_version version, const char *notation, midge_reason reason);

/* The packet is written like this. */
void expect_written(midge_version version, const midge_packet *packet,
                    const char *notation);

/* If `bytes` are accepted, writing the packet gives the same bytes. Returns
 * whether they were. */
bool survives(const midge_decode_options *options, midge_slice bytes);

void expect_text(midge_slice slice, const char *text);

#endif
