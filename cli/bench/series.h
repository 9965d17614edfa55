/* What a run was like over time: a sample at the end of each interval. */
#ifndef MIDGE_CLI_BENCH_SERIES_H
#define MIDGE_CLI_BENCH_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "histogram.h"

typedef struct sample {
  double at_s, length_s;         /* since the beginning; of its interval */
  uint64_t done;                 /* that ended in it */
  uint64_t p50, p99, max;        /* of their latencies; 0 if there are none */
  uint64_t in_flight, connected; /* at its end */
} sample;

typedef struct series {
  sample *list;
  size_t count, room;
  histogram now; /* of the interval under way */
  uint64_t done; /* in it */
  double begun_s;
} series;

/* Ends the interval under way. What there is no memory for is left out. */
void series_sample(series *all, double at_s, uint64_t in_flight,
                   uint64_t connected);
/* The last one, or null. */
const sample *series_last(const series *all);
void series_free(series *all);

#endif
