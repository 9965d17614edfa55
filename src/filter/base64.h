/* Base64 with padding (RFC 4648, 4). */
#ifndef MIDGE_FILTER_BASE64_H
#define MIDGE_FILTER_BASE64_H

#include "midge/types.h"

#define MIDGE_BASE64_SIZE(size) (((size) + 2) / 3 * 4)

/* Writes MIDGE_BASE64_SIZE(bytes.size) characters, without a terminator. */
void midge_base64(uint8_t *to, midge_slice bytes);

#endif
