/* Bytes as text, RFC 4648, section 4. */
#ifndef MIDGE_CLI_BASE64_H
#define MIDGE_CLI_BASE64_H

#include "midge/types.h"

/* Yours to free; null without memory. */
char *base64_encode(midge_slice bytes);

/* To `bytes`, which has three places for four letters; returns how many were
 * filled, or -1 if the text is not what base64_encode makes. */
long base64_decode(const char *text, size_t size, uint8_t *bytes);

#endif
