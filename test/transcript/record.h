/* Transcripts as other clients can play them: each line as it stands, and what
 * the server sends as bytes. MIDGE_TEST_RECORD names the file that they are
 * added to; each transcript begins with a line `transcript`. */
#ifndef MIDGE_TEST_RECORD_H
#define MIDGE_TEST_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False when nobody wants it. */
bool record_begin(void);
void record_end(void);
/* Nothing is written outside of a transcript. */
void record_line(const char *text);
void record_sent(const uint8_t *bytes, size_t size);

#endif
