/* A second opinion on UTF-8, slow and made otherwise: table 3-7 of the Unicode
 * Standard, row by row. */
#ifndef MIDGE_TEST_REFERENCE_H
#define MIDGE_TEST_REFERENCE_H

#include "base/utf8.h"

midge_utf8 reference_utf8_check(midge_slice text);
/* Writes a code point of at most U+10FFFF, surrogate or not. */
size_t reference_encode(uint32_t character, uint8_t to[4]);

#endif
