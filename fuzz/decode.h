/* What must hold when a stream of packets is decoded, whatever it is. */
#ifndef MIDGE_FUZZ_DECODE_H
#define MIDGE_FUZZ_DECODE_H

#include "midge/packet.h"

void decode_stream(midge_version version, midge_slice stream);

#endif
