/* A chart in a page of HTML: lines in an SVG that stretches, and labels around
 * it that do not, so that it is read on a phone, too. */
#ifndef MIDGE_CLI_BENCH_CHART_H
#define MIDGE_CLI_BENCH_CHART_H

#include <stdio.h>

#include "figures.h"

enum { CHART_LINES = 3, CHART_MARKS = 8 };

typedef struct chart_line {
  const char *name;
  double *values; /* not a number: there is none */
} chart_line;

/* A label below, at a value of `x`. */
typedef struct chart_mark {
  double at;
  const char *text;
} chart_mark;

typedef struct chart {
  const char *title, *note;
  figure_kind kind;    /* of the values */
  bool is_logarithmic; /* else it begins at 0 */
  double x_max;
  const double *x;
  size_t count;
  chart_line lines[CHART_LINES];
  size_t line_count;
  chart_mark marks[CHART_MARKS];
  size_t mark_count;
} chart;

/* What charts need in the page's style. */
extern const char chart_style[];

void chart_print(FILE *out, const chart *of);

#endif
