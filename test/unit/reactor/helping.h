/* A program that lends its thread to the reactor, or does not, for tests: who
 * sends a message of QoS 0 wakes the program, and so it shows who has. */
#ifndef MIDGE_TEST_HELPING_H
#define MIDGE_TEST_HELPING_H

#include "program.h"

/* Like program_start(), which it calls: the program is this thread's. */
void helping_start(program *p, const char *url,
                   const midge_client_options *options, bool lends_itself);
/* Of a broker, and open. */
void helping_open(program *p, broker *b, bool lends_itself);
/* How often it was woken on its own thread since, or since they were
 * forgotten. */
size_t woken_here(void);
void forget_wakes(void);
/* It is the program's thread that asks. */
bool is_here(void);

/* Takes all there is now, and so wants to be woken again. */
void take_all(program *p);
/* Publishes some by `publish`, which moves the count on, and waits for them,
 * until it is woken on its own thread: so many in all. */
unsigned long publish_until_woken_here(program *p,
                                       void (*publish)(program *p,
                                                       unsigned long *count));

#endif
