/* The messages of a recording, one after the other: those that are wanted, as
 * they are to be published. */
#ifndef MIDGE_CLI_REEL_H
#define MIDGE_CLI_REEL_H

#include "input.h"
#include "recording.h"

typedef struct cli_reel {
  const cli_settings *settings;
  const char *name; /* of the file, for people */
  cli_input input;
  size_t line;       /* the number of the last one that was taken */
  cli_recorded next; /* the message at hand */
  bool has_next;
  bool at_end;     /* nothing more can be read */
  uint64_t faults; /* lines that could not be played, and were told of */
  bool lacks_properties;
  uint8_t *topic; /* of the message at hand, if it has a prefix */
} cli_reel;

/* Opens it in the place of standard input, and reads its first line, of which
 * `reel` is zero before. False: it is no recording, and that was said. */
bool reel_open(cli_reel *reel, const cli_settings *settings);
/* One read of the file, when there is something to read; false: it failed. */
bool reel_read(cli_reel *reel);
/* Whether there is a message at hand, among what was read. */
bool reel_find(cli_reel *reel);
/* Done with the message at hand. */
void reel_drop(cli_reel *reel);
/* To the first message again; false: it cannot be, and that was said. */
bool reel_rewind(cli_reel *reel);
void reel_close(cli_reel *reel);

#endif
