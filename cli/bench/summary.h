/* What a run is like, and was like, for people at a terminal. */
#ifndef MIDGE_CLI_BENCH_SUMMARY_H
#define MIDGE_CLI_BENCH_SUMMARY_H

#include <stdio.h>

#include "results.h"

/* One line that is written over by the next; only on a terminal. */
void summary_progress(const bench *run, uint64_t now);
void summary_clear(const bench *run);

void summary_print(const results *all, FILE *out);
/* What was expected and is not so, a line each. */
void summary_complain(const results *all);

#endif
