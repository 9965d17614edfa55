/* --assert 'p99<5ms,lost=0': what a run is expected to measure. */
#ifndef MIDGE_CLI_BENCH_EXPECT_H
#define MIDGE_CLI_BENCH_EXPECT_H

#include "figures.h"

enum { EXPECTATIONS_MAX = 32, EXPECT_WHY = 512 };

typedef struct expectation {
  figure which;
  char relation[3]; /* "<", "<=", "=", "!=", ">=" or ">" */
  double value;
} expectation;

typedef struct expectations {
  expectation list[EXPECTATIONS_MAX];
  size_t count;
} expectations;

/* Adds those of `text`, with commas between. False: `why` says what is wrong
 * and what would be right. */
bool expect_read(expectations *all, const char *text, char why[EXPECT_WHY]);

/* What was not measured meets no expectation. */
bool expect_met(const expectation *one, const figures *measured);

/* "p99<5.00 ms: it was 7.21 ms". Returns `text`. */
const char *expect_text(const expectation *one, const figures *measured,
                        char text[EXPECT_WHY]);

#endif
