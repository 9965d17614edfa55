/* Nanoseconds. Times of the run are on a clock that never runs backwards; in a
 * payload they are of the day, as another machine's are, too. */
#ifndef MIDGE_CLI_BENCH_CLOCK_H
#define MIDGE_CLI_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static inline uint64_t clock_read(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static inline uint64_t clock_now(void) {
  return clock_read(CLOCK_MONOTONIC);
}

/* What to add to have the time of the day. Taken once, so that a clock that is
 * set meanwhile changes nothing. */
uint64_t clock_offset(void);

#endif
