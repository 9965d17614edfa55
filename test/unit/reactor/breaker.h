/* Breaks the connections of a client and looks at its numbers, from a thread of
 * its own. */
#ifndef MIDGE_TEST_BREAKER_H
#define MIDGE_TEST_BREAKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "program.h"

typedef struct breaker {
  broker *server;
  midge_client *client;
  unsigned pause_us; /* between two times */
  pthread_t thread;
  atomic_bool stops;
} breaker;

/* Until _stop: it is in the thread's hands meanwhile. */
void breaker_start(breaker *it, broker *server, midge_client *client,
                   unsigned pause_us);
void breaker_stop(breaker *it);

#endif
