/* Play a transcript: lines that say what happens to a session and what must
 * come out of it. README.md in this folder lists them.
 *
 * It is played whole; then once for every byte of what the server sends, cut
 * there, copied and in buffers that are lent; then with the server's bytes one
 * at a time; then with the output taken one byte at a time. Every run must give
 * the same packets, byte by byte, and the same events. */
#ifndef MIDGE_TEST_TRANSCRIPT_H
#define MIDGE_TEST_TRANSCRIPT_H

#include "transcript/driver.h"

typedef struct transcript_cut {
  size_t at;   /* cut what the server sends behind this byte; 0: nowhere */
  bool all;    /* cut it behind every byte */
  bool output; /* take the output one byte at a time */
  bool lent;   /* the server's bytes come in buffers that may be kept */
} transcript_cut;

/* Lines told to a driver one after the other: for a test in C that has more to
 * say than a transcript can. False after the first failure, which is in the
 * driver. The server's bytes are told with the next line that is not one. */
typedef struct teller {
  driver *driver;
  transcript_cut cut;
  uint8_t *bytes; /* what the server sends next */
  size_t size;
  size_t before;  /* bytes the server sent before these */
  bool expecting; /* the last line was an expectation */
} teller;

bool transcript_tell(teller *to, const char *lines);
/* All that came out must have been expected. */
bool transcript_end(teller *to);

/* The whole thing, in all cuts. On failure it prints where and why. */
bool transcript_play(const char *title, const char *lines);

#endif
