#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "clock.h"

/* More points than pixels say nothing: samples are put together. */
enum { POINTS_MAX = 300 };

static const char head[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";

static const char style[] =
    ":root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--faint:#5c6670;"
    "--line:#dde1e6;--card:#f5f6f8;--c0:#1c6fd8;--c1:#c4560c;--c2:#8a93a0;"
    "--good:#137333;--bad:#c5221f}"
    "@media(prefers-color-scheme:dark){:root{--back:#14171b;--text:#e6e9ed;"
    "--faint:#9aa4af;--line:#323840;--card:#1e2329;--c0:#6aa8ff;--c1:#ff9d5c;"
    "--c2:#7d8794;--good:#6fcf8f;--bad:#ff8a80}}"
    "body{margin:0 auto;max-width:62rem;padding:1.2rem;background:var(--back);"
    "color:var(--text);font:16px/1.5 system-ui,sans-serif}"
    "h1{margin:.4rem 0 0;font-size:1.6rem}h2{font-size:1.1rem;margin:2rem 0 "
    ".5rem}"
    "p{margin:.3rem 0;color:var(--faint)}"
    ".cards{display:grid;gap:.7rem;margin:1.4rem 0;"
    "grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr))}"
    ".cards div{background:var(--card);border-radius:.5rem;padding:.7rem .9rem}"
    ".cards b{display:block;font-size:1.25rem;white-space:nowrap}"
    ".cards small{color:var(--faint)}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);"
    "text-align:left;vertical-align:top;font-weight:400}"
    "td.n,th.n{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}"
    "td.h,th{color:var(--faint)}.good{color:var(--good)}.bad{color:var(--bad)}"
    "@media(max-width:34rem){td.h{display:none}}";

static void put_text(FILE *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (strchr("<>&\"'", *text) != NULL)
      fprintf(out, "&#%d;", *text);
    else
      fputc(*text, out);
  }
}

/* --- Charts --- */

/* Columns of numbers, by point. */
typedef struct points {
  size_t count;
  double end;
  double at[POINTS_MAX], rate[POINTS_MAX], p50[POINTS_MAX], p99[POINTS_MAX],
      max[POINTS_MAX], in_flight[POINTS_MAX], connected[POINTS_MAX];
} points;

static double greater(double a, uint64_t b) {
  return isnan(a) || (double)b > a ? (double)b : a;
}

/* Of what is put together rates are the mean, and the others the highest. */
static void put_together(points *to, const sample *list, size_t count) {
  double length = 0, done = 0;
  size_t at = to->count++;
  to->p50[at] = to->p99[at] = to->max[at] = (double)NAN;
  to->in_flight[at] = to->connected[at] = 0;
  for (size_t i = 0; i < count; i++) {
    const sample *of = &list[i];
    length += of->length_s;
    done += (double)of->done;
    to->in_flight[at] = greater(to->in_flight[at], of->in_flight);
    to->connected[at] = greater(to->connected[at], of->connected);
    if (of->max == 0) continue;
    to->p50[at] = greater(to->p50[at], of->p50);
    to->p99[at] = greater(to->p99[at], of->p99);
    to->max[at] = greater(to->max[at], of->max);
  }
  to->rate[at] = length > 0 ? done / length : (double)NAN;
  to->at[at] = to->end = list[count - 1].at_s;
}

static void collect(points *to, const series *from) {
  size_t each = (from->count + POINTS_MAX - 1) / POINTS_MAX;
  to->count = 0;
  for (size_t i = 0; i < from->count; i += each) {
    size_t left = from->count - i;
    put_together(to, from->list + i, left < each ? left : each);
  }
}

static void over_time(FILE *out, const points *from, chart of) {
  char half[FIGURE_TEXT], whole[FIGURE_TEXT];
  of.x = from->at;
  of.count = from->count;
  of.x_max = from->end;
  of.marks[0] = (chart_mark){0, "0 s"};
  of.marks[1] = (chart_mark){
      from->end / 2, figure_text(IS_TIME, from->end / 2 * NS_PER_S, half)};
  of.marks[2] = (chart_mark){from->end,
                             figure_text(IS_TIME, from->end * NS_PER_S, whole)};
  of.mark_count = 3;
  chart_print(out, &of);
}

/* One decade of what is above a percentile after the other, as far as there are
 * times enough to tell them. */
static void by_percentile(FILE *out, const results *all) {
  static const char *const names[] = {"0",     "90",     "99",     "99.9",
                                      "99.99", "99.999", "99.9999"};
  const histogram *times = &all->run->latency;
  double x[POINTS_MAX], y[POINTS_MAX];
  double decades = floor(log10((double)times->count));
  if (decades < 1) return;
  if (decades > 6) decades = 6;
  for (size_t i = 0; i < POINTS_MAX; i++) {
    x[i] = decades * (double)i / (POINTS_MAX - 1);
    y[i] = (double)histogram_percentile(times, 100 * (1 - pow(10, -x[i])));
  }
  chart of = {.title = "Latency by percentile",
              .note = "so many per cent of all were not above it",
              .kind = IS_TIME,
              .is_logarithmic = true,
              .x_max = decades,
              .x = x,
              .count = POINTS_MAX,
              .lines = {{"latency", y}},
              .line_count = 1};
  for (int i = 0; i <= (int)decades; i++)
    of.marks[of.mark_count++] = (chart_mark){i, names[i]};
  chart_print(out, &of);
}

static void print_charts(FILE *out, const results *all, points *from) {
  bool is_conn = all->run->kind == BENCH_CONN;
  collect(from, &all->run->series);
  if (from->count == 0 || from->end <= 0) return;
  over_time(
      out, from,
      (chart){.title = is_conn ? "Connections a second" : "Messages a second",
              .note = "that ended well, over time",
              .kind = IS_RATE,
              .lines = {{"rate", from->rate}},
              .line_count = 1});
  over_time(
      out, from,
      (chart){
          .title = "Latency",
          .note = results_latency(all->run),
          .kind = IS_TIME,
          .is_logarithmic = true,
          .lines = {{"p50", from->p50}, {"p99", from->p99}, {"max", from->max}},
          .line_count = 3});
  by_percentile(out, all);
  over_time(
      out, from,
      (chart){.title = is_conn ? "Connections" : "In flight",
              .note = is_conn ? "that are open" : "sent, and not ended",
              .kind = IS_COUNT,
              .lines = {{"", is_conn ? from->connected : from->in_flight}},
              .line_count = 1});
}

/* --- Numbers --- */

static void print_cards(FILE *out, const results *all) {
  static const figure shown[] = {
      FIGURE_RATE,      FIGURE_P50,      FIGURE_P99,        FIGURE_MAX,
      FIGURE_LOST,      FIGURE_BROKEN,   FIGURE_ERRORS,     FIGURE_MADE,
      FIGURE_CONNECTED, FIGURE_CPU_EACH, FIGURE_MEMORY_EACH};
  fputs("<div class=\"cards\">", out);
  for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
    double value = all->figures.of[shown[i]];
    char text[FIGURE_TEXT];
    if (isnan(value)) continue;
    bool is_rate = figure_kind_of(shown[i]) == IS_RATE;
    figure_kind kind = is_rate ? IS_COUNT : figure_kind_of(shown[i]);
    fprintf(out, "<div><b>%s</b><small>%s%s</small></div>",
            figure_text(kind, value, text), figure_name(shown[i]),
            is_rate ? ", a second" : "");
  }
  fputs("</div>\n", out);
}

static void print_expectations(FILE *out, const results *all) {
  char text[EXPECT_WHY];
  if (all->expectations.count == 0) return;
  fputs("<h2>Asserted</h2>\n<table>", out);
  for (size_t i = 0; i < all->expectations.count; i++) {
    const expectation *one = &all->expectations.list[i];
    bool met = expect_met(one, &all->figures);
    fprintf(out, "<tr><td class=\"%s\">%s<td>", met ? "good" : "bad",
            met ? "holds" : "fails");
    put_text(out, expect_text(one, &all->figures, text));
  }
  fputs("</table>\n", out);
}

static void print_verdicts(FILE *out, const results *all) {
  bool sees = all->run->kind == BENCH_SUB || all->run->kind == BENCH_ECHO;
  if (!sees) return;
  fputs(
      "<h2>By QoS</h2>\n<table><tr><th>QoS<th class=\"n\">received"
      "<th class=\"n\">lost<th class=\"n\">doubled<th class=\"n\">overtaken",
      out);
  for (midge_qos qos = 0; qos <= 2; qos++) {
    const verdict *of = &all->by_qos[qos];
    const uint64_t numbers[] = {of->received, of->lost, of->duplicates,
                                of->reordered};
    if (of->received + of->lost == 0) continue;
    fprintf(out, "<tr><td>%d", qos);
    for (int i = 0; i < 4; i++) {
      char text[FIGURE_TEXT];
      fprintf(out, "<td class=\"n\">%s",
              figure_text(IS_COUNT, (double)numbers[i], text));
    }
  }
  fputs("</table>\n", out);
}

static void print_figures(FILE *out, const results *all) {
  fputs("<h2>Figures</h2>\n<table>", out);
  for (figure which = 0; which < FIGURES; which++) {
    double value = all->figures.of[which];
    char text[FIGURE_TEXT];
    if (isnan(value)) continue;
    fprintf(out, "<tr><td>%s<td class=\"n\">%s<td class=\"h\">%s\n",
            figure_name(which), figure_text(figure_kind_of(which), value, text),
            figure_help(which));
  }
  fputs("</table>\n", out);
}

static void print_faults(FILE *out, const bench *run) {
  if (run->faults[0].count == 0) return;
  fputs("<h2>What failed</h2>\n<table>", out);
  for (size_t i = 0; i < FAULTS_MAX && run->faults[i].count != 0; i++) {
    fprintf(out, "<tr><td class=\"n\">%llu<td>",
            (unsigned long long)run->faults[i].count);
    put_text(out, run->faults[i].text);
  }
  fputs("</table>\n", out);
}

bool report_print(const results *all, FILE *out) {
  char title[RESULTS_TITLE], when[40];
  time_t now = time(NULL);
  struct tm local;
  points *from = malloc(sizeof *from);
  if (from == NULL) return false;
  strftime(when, sizeof when, "%Y-%m-%d %H:%M", localtime_r(&now, &local));
  results_title(all->run, title);
  fprintf(out, "%s<title>midge bench %s: %s</title>\n<style>%s%s</style>\n",
          head, bench_name(all->run->kind), title, style, chart_style);
  fprintf(out, "<h1>midge bench %s</h1>\n<p>%s<p>%s\n",
          bench_name(all->run->kind), title, when);
  print_cards(out, all);
  print_expectations(out, all);
  print_charts(out, all, from);
  print_verdicts(out, all);
  print_faults(out, all->run);
  print_figures(out, all);
  fputs("</html>\n", out);
  free(from);
  return fflush(out) == 0 && ferror(out) == 0;
}
