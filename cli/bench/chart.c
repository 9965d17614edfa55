#include "chart.h"

#include <math.h>
#include <string.h>

const char chart_style[] =
    ".chart{margin:2.4rem 0}.chart figcaption{margin-bottom:.6rem}"
    ".chart figcaption b{font-size:1.1rem}"
    ".chart small{color:var(--faint);display:block}"
    ".legend{display:flex;flex-wrap:wrap;gap:0 1.2rem;margin-top:.3rem}"
    ".legend i{display:inline-block;width:1.1rem;height:.2rem;"
    "margin-right:.4rem;vertical-align:middle}"
    ".plot{position:relative;height:15rem;margin:0 0 1.6rem 4.6rem;"
    "border:1px solid var(--line)}"
    ".plot svg{position:absolute;width:100%;height:100%}"
    ".plot span{position:absolute;color:var(--faint);font-size:.8rem;"
    "white-space:nowrap}"
    ".plot .y{right:100%;margin-right:.5rem;transform:translateY(50%)}"
    ".plot .x{top:100%;margin-top:.3rem;transform:translateX(-50%)}"
    ".plot .x.last{transform:translateX(-100%)}"
    ".plot .x.first{transform:none}"
    ".plot polyline{fill:none;stroke-width:2;stroke-linejoin:round;"
    "vector-effect:non-scaling-stroke}"
    ".plot line{stroke:var(--line);vector-effect:non-scaling-stroke}"
    ".c0{stroke:var(--c0);background:var(--c0)}"
    ".c1{stroke:var(--c1);background:var(--c1)}"
    ".c2{stroke:var(--c2);background:var(--c2)}";

enum { WIDTH = 1000, HEIGHT = 300, GRID_MAX = 6 };

typedef struct axis {
  double low, high;
  bool is_logarithmic;
} axis;

static double place(const axis *of, double value) {
  if (!of->is_logarithmic) return (value - of->low) / (of->high - of->low);
  if (value < of->low) value = of->low;
  return log10(value / of->low) / log10(of->high / of->low);
}

/* Not below `value`, and with one digit or a half; `step`: one that people
 * count in. */
static double round_up(double value, bool step) {
  double magnitude = pow(10, floor(log10(value)));
  double rest = ceil(2 * value / magnitude - 1e-9) / 2;
  if (step) rest = rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10;
  return magnitude * rest;
}

static axis axis_of(const chart *of) {
  double low = INFINITY, high = 0;
  for (size_t line = 0; line < of->line_count; line++) {
    for (size_t i = 0; i < of->count; i++) {
      double value = of->lines[line].values[i];
      if (isnan(value)) continue;
      if (value > high) high = value;
      if (value > 0 && value < low) low = value;
    }
  }
  if (high <= 0) return (axis){0, 1, false};
  if (!of->is_logarithmic)
    return (axis){0, round_up(high * 1.02, false), false};
  double floor_of = pow(10, floor(log10(low)));
  return (axis){
      floor_of,
      round_up(high, false) <= floor_of ? floor_of * 10 : round_up(high, false),
      true};
}

static void print_grid(FILE *out, double share) {
  double y = HEIGHT * (1 - share);
  fprintf(out, "<line x1=\"0\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", WIDTH, y,
          y);
}

/* Calls for each value that has a line across. */
static void each_grid(FILE *out, const axis *of, figure_kind kind,
                      bool is_label) {
  double step = of->is_logarithmic ? 10 : round_up(of->high / GRID_MAX, true);
  double value = of->low;
  for (int i = 0; i < 24 && value <= of->high * 1.0001; i++) {
    double share = place(of, value);
    char text[FIGURE_TEXT];
    if (!is_label)
      print_grid(out, share);
    else
      fprintf(out, "<span class=\"y\" style=\"bottom:%.2f%%\">%s</span>",
              share * 100,
              figure_text(kind == IS_RATE ? IS_COUNT : kind, value, text));
    value = of->is_logarithmic ? value * step : value + step;
  }
}

static void print_line(FILE *out, const chart *of, const axis *y, size_t line) {
  const double *values = of->lines[line].values;
  bool is_open = false;
  for (size_t i = 0; i < of->count; i++) {
    if (isnan(values[i])) {
      if (is_open) fputs("\"/>", out);
      is_open = false;
      continue;
    }
    double x = WIDTH * of->x[i] / of->x_max;
    double at = HEIGHT * (1 - place(y, values[i]));
    if (!is_open) fprintf(out, "<polyline class=\"c%zu\" points=\"", line);
    if (!is_open) fprintf(out, "%.1f,%.1f ", x > 1 ? x - 1 : 0, at);
    fprintf(out, "%.1f,%.1f ", x, at);
    is_open = true;
  }
  if (is_open) fputs("\"/>", out);
}

static void print_marks(FILE *out, const chart *of) {
  for (size_t i = 0; i < of->mark_count; i++) {
    double share = of->marks[i].at / of->x_max;
    const char *end = share < 0.02 ? " first" : share > 0.98 ? " last" : "";
    fprintf(out, "<span class=\"x%s\" style=\"left:%.2f%%\">%s</span>", end,
            share * 100, of->marks[i].text);
  }
}

void chart_print(FILE *out, const chart *of) {
  axis y = axis_of(of);
  fprintf(out, "<figure class=\"chart\"><figcaption><b>%s</b><small>%s</small>",
          of->title, of->note);
  if (of->line_count > 1) fputs("<div class=\"legend\">", out);
  for (size_t i = 0; of->line_count > 1 && i < of->line_count; i++)
    fprintf(out, "<span><i class=\"c%zu\"></i>%s</span>", i, of->lines[i].name);
  if (of->line_count > 1) fputs("</div>", out);
  fprintf(out,
          "</figcaption>\n<div class=\"plot\"><svg viewBox=\"0 0 %d %d\""
          " preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%s\">",
          WIDTH, HEIGHT, of->title);
  each_grid(out, &y, of->kind, false);
  for (size_t i = of->line_count; i-- > 0;) print_line(out, of, &y, i);
  fputs("</svg>", out);
  each_grid(out, &y, of->kind, true);
  print_marks(out, of);
  fputs("</div></figure>\n", out);
}
