/* The life of a run: connect, measure, drain, part. */
#ifndef MIDGE_CLI_BENCH_LOOP_H
#define MIDGE_CLI_BENCH_LOOP_H

#include "bench.h"

/* What is told of it on the way; called some times a second. */
typedef void loop_teller(const bench *run, uint64_t now);

/* Runs to the end, or until a signal asks for it. `run->code` is that of the
 * process. What was measured stays; loop_free gives it back. */
void loop_run(bench *run, loop_teller *tell);
void loop_free(bench *run);

#endif
