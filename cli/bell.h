/* What wakes the program: the reactor, and signals that ask it to end. There is
 * one in a process. */
#ifndef MIDGE_CLI_BELL_H
#define MIDGE_CLI_BELL_H

#include <stdbool.h>

/* From here on SIGINT and SIGTERM ring it, the second time they end the
 * process; a pipe that nobody reads is an error of write. False: no file
 * descriptor is left. */
bool bell_open(void);
/* From any thread, and from a signal's handler. */
void bell_ring(void *context);
/* It is heard: it rings again when there is more. */
void bell_hear(void);

/* Readable while it rings. */
int bell_file(void);
/* Whether a signal came. */
bool bell_asks_for_end(void);

void bell_close(void);

#endif
