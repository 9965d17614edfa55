/* --html: a run as a page that needs nothing else, with charts. */
#ifndef MIDGE_CLI_BENCH_REPORT_H
#define MIDGE_CLI_BENCH_REPORT_H

#include <stdio.h>

#include "results.h"

/* False: it could not be written, and errno says why. */
bool report_print(const results *all, FILE *out);

#endif
