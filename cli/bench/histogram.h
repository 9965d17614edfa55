/* How often each time was measured, in so many places that no answer is wrong
 * by more than a 128th: below 256 ns each nanosecond has its own place, above
 * it each doubling has 128. What it takes does not grow with what is added. */
#ifndef MIDGE_CLI_BENCH_HISTOGRAM_H
#define MIDGE_CLI_BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
  HISTOGRAM_BITS = 7, /* of a value, behind its first, that choose its place */
  HISTOGRAM_PLACES = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS,
};

/* Zero is empty. */
typedef struct histogram {
  uint64_t places[HISTOGRAM_PLACES];
  uint64_t count, max;
  double sum;
} histogram;

void histogram_add(histogram *times, uint64_t ns);
void histogram_clear(histogram *times);

/* So many of a hundred were not above it: the highest time of the place where
 * that is, or the highest there was. Of an empty one 0. */
uint64_t histogram_percentile(const histogram *times, double percent);
double histogram_mean(const histogram *times);

#endif
