/* From what a run has counted to its figures. */
#ifndef MIDGE_CLI_BENCH_RESULTS_H
#define MIDGE_CLI_BENCH_RESULTS_H

#include "bench.h"
#include "expect.h"

typedef struct results {
  const bench *run;
  figures figures;
  verdict by_qos[3]; /* of sub and echo */
  expectations expectations;
} results;

void results_make(results *all, const bench *run);
/* Whether every expectation is met. */
bool results_hold(const results *all);

/* "10 clients, QoS 1, 64 bytes, 1,000 a second". Returns `text`. */
enum { RESULTS_TITLE = 160 };
const char *results_title(const bench *run, char text[RESULTS_TITLE]);
/* From when to when a latency is. */
const char *results_latency(const bench *run);

#endif
