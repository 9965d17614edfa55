/* Those that wait: first come, first served. */
#ifndef MIDGE_CLI_BENCH_WAITING_H
#define MIDGE_CLI_BENCH_WAITING_H

#include <stdint.h>

/* Part of whoever waits, in one line at a time. */
typedef struct waiter {
  struct waiter *next, *previous;
  uint64_t until;
} waiter;

typedef struct waiting {
  waiter *first, *last;
} waiting;

/* To the end; `until` is not before that of the others. */
void waiting_add(waiting *line, waiter *one, uint64_t until);
/* From wherever it is in it. */
void waiting_leave(waiting *line, waiter *one);
/* The first, if its time has come; else null. */
waiter *waiting_take(waiting *line, uint64_t now);

#endif
