/* Packets as people write them down:
 *
 *     30 07 00 01 't' 'on' 61 *3
 *
 * is hexadecimal bytes, text between quotes, and `*3` says that the byte before
 * it stands there three times. */
#ifndef MIDGE_TEST_NOTATION_H
#define MIDGE_TEST_NOTATION_H

#include "midge/types.h"

/* A block of exactly the right size, so that a sanitizer sees who reads on.
 * free() it. */
uint8_t *notation_read(const char *notation, size_t *size);

#endif
