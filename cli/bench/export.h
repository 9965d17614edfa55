/* --json: a run as one line of JSON. */
#ifndef MIDGE_CLI_BENCH_EXPORT_H
#define MIDGE_CLI_BENCH_EXPORT_H

#include <stdio.h>

#include "results.h"

/* Times are microseconds, and say so in their names. */
void export_print(const results *all, FILE *out);

#endif
